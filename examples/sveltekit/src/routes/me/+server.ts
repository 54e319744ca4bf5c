import { json } from '@sveltejs/kit';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = ({ locals: { session } }) => json({ owner: session.owner, ...session.data });
