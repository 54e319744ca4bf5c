import { getSession } from 'websauna-session/context';
import { factory } from './session.server.ts';

/** Reads a form that was sent from a page of ours. */
export async function readForm(request: Request): Promise<URLSearchParams> {
  const form = new URLSearchParams(await request.text());
  if (getSession(factory).verifyCsrfToken(form.get('csrf'))) return form;
  throw new Response('The form is too old', { status: 403 });
}
