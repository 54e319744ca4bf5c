import { error } from '@sveltejs/kit';
import { getSession } from 'websauna-session/sveltekit';
import { factory } from './session.ts';

/** Reads a form that was sent from a page of ours. SvelteKit itself refuses forms of other origins. */
export async function readForm(request: Request): Promise<FormData> {
  const form = await request.formData();
  if (!getSession(factory).verifyCsrfToken(form.get('csrf'))) error(403, 'The form is too old: load its page again');
  return form;
}
