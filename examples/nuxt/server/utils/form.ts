import type { H3Event } from 'h3';

/** Reads a form that was sent from a page of ours. */
export async function readForm(event: H3Event): Promise<Record<string, string>> {
  const form = await readBody<Record<string, string>>(event);
  event.context.session.requireCsrfToken(form?.csrf);
  return form;
}
