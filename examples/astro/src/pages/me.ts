import type { APIRoute } from 'astro';

export const GET: APIRoute = ({ locals: { session } }) => Response.json({ owner: session.owner, ...session.data });
