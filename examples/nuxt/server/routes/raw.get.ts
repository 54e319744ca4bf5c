export default defineEventHandler(({ context: { session } }) => {
  session.set('raw', true);
  return new Response('Dark', { headers: { 'set-cookie': 'theme=dark; Path=/' } });
});
