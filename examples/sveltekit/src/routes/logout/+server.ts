import { redirect } from '@sveltejs/kit';
import { readForm } from '#lib/server/form.ts';
import type { RequestHandler } from './$types';

export const POST: RequestHandler = async ({ request, locals: { session } }) => {
  await readForm(request);
  session.logout();
  redirect(303, '/');
};
