import type { APIRoute } from 'astro';

export const GET: APIRoute = ({ locals: { session } }) => {
  session.set('raw', true);
  return new Response('Dark', { headers: { 'set-cookie': 'theme=dark; Path=/' } });
};
