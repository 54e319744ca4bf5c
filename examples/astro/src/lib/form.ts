import type { APIContext } from 'astro';

/** Reads a form that was sent from a page of ours. */
export async function readForm({ request, locals: { session } }: APIContext): Promise<FormData> {
  const form = await request.formData();
  session.requireCsrfToken(form.get('csrf'));
  return form;
}
