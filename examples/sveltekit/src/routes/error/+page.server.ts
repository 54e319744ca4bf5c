import { error } from '@sveltejs/kit';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = ({ locals: { session } }) => {
  session.set('failed', true);
  error(409, 'Not now');
};
