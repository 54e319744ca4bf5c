import { text } from '@sveltejs/kit';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = ({ url, locals: { session } }) => {
  session.set('inner', url.searchParams.get('name') ?? '');
  return text(`Inner: ${session.owner ?? 'stranger'}`);
};
