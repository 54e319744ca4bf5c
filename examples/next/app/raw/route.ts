import { route } from '@/lib/session';

export const GET = route((_request, session) => {
  session.set('raw', true);
  return new Response('Dark', { headers: { 'set-cookie': 'theme=dark; Path=/' } });
});
