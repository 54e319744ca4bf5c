import type { APIRoute } from 'astro';

export const GET: APIRoute = ({ url, locals: { session } }) => {
  session.set('inner', url.searchParams.get('name') ?? '');
  return new Response(`Inner: ${session.owner ?? 'stranger'}`);
};
