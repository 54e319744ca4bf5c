import type { APIRoute } from 'astro';

export const GET: APIRoute = ({ locals: { session } }) => {
  session.set('failed', true);
  return new Response('Not now', { status: 409 });
};
