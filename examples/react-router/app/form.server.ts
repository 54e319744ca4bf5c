import { data } from 'react-router';
import { SessionError } from 'websauna-session';
import { getSession } from 'websauna-session/react-router';
import { factory } from './session.server.ts';

/** Reads a form that was sent from a page of ours. */
export async function readForm(request: Request): Promise<FormData> {
  const form = await request.formData();
  try {
    getSession(factory).requireCsrfToken(form.get('csrf'));
  } catch (error) {
    // React Router answers errors that it does not know with status 500.
    if (error instanceof SessionError) throw data('The form is too old: load its page again', { status: error.status });
    throw error;
  }
  return form;
}
