export default defineEventHandler(({ context: { session } }) => {
  session.set('failed', true);
  throw createError({ statusCode: 409, statusMessage: 'Not now' });
});
