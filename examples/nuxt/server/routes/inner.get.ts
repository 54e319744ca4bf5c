export default defineEventHandler((event) => {
  const { session } = event.context;
  session.set('inner', String(getQuery(event).name));
  return `Inner: ${session.owner ?? 'stranger'}`;
});
