import type { RequestHandler } from './$types';

export const GET: RequestHandler = ({ locals: { session } }) => {
  session.set('raw', true);
  return new Response('Dark', { headers: { 'set-cookie': 'theme=dark; Path=/' } });
};
