import { redirect } from '@sveltejs/kit';
import { readForm } from '#lib/server/form.ts';
import type { Actions } from './$types';

export const actions: Actions = {
  // A real application checks the password here.
  async default({ request, locals: { session } }) {
    const user = String((await readForm(request)).get('user'));
    session.login(user, { method: 'password' });
    session.flash(`Welcome, ${user}`);
    redirect(303, '/');
  },
};
