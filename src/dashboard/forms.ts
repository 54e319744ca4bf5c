import type { SessionError } from '../index.ts';
import { html, type Child, type Html } from './html.ts';
import { link } from './link.ts';
import { denied } from './respond.ts';
import { render } from './layout.ts';
import type { Act, Visit } from './visit.ts';

/** The name of the field with the token: the one that the applications of the documentation use, too. */
const CSRF_FIELD = '_csrf';
/** Longer than any form of the dashboard. */
const MAX_FORM_BYTES = 16_384;

/** A form that changes something, with the session's token. */
export function actForm(
  { session }: Visit,
  action: string,
  fields: Readonly<Record<string, string>>,
  content: Child,
): Html {
  return html`<form method="post" action="${link(action)}">
    <input type="hidden" name="${CSRF_FIELD}" value="${session.getCsrfToken()}" />
    ${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
    ${content}
  </form>`;
}

/** A button that asks once more before it does what cannot be undone; it needs no script. */
export function confirmedForm(
  visit: Visit,
  action: string,
  fields: Readonly<Record<string, string>>,
  { label, question, confirm }: { readonly label: string; readonly question: Child; readonly confirm: string },
): Html {
  const form = actForm(visit, action, fields, html`<button class="button danger">${confirm}</button>`);
  return html`<details class="confirm">
    <summary class="button quiet">${label}</summary>
    <div>
      <p>${question}</p>
      ${form}
    </div>
  </details>`;
}

/**
 * Checks an act: the right, the form's origin and token, and that the login is fresh. What it is about is not looked at
 * before, so that a refusal says nothing of it.
 */
export async function checkAct(visit: Visit): Promise<Act | Response> {
  const { session, request, options } = visit;
  if (!visit.mayAct) return denied();
  const form = await readForm(request);
  if (form === null) return denied();
  try {
    session.requireCsrfToken(form.get(CSRF_FIELD));
    if (options.freshFor !== null) session.requireFresh(options.freshFor);
  } catch (error) {
    const { code } = error as Partial<SessionError>;
    if (code === 'ERR_SESSION_NOT_FRESH') return await answerNotFresh(visit);
    if (code === 'ERR_SESSION_CSRF') return render(visit, OUTDATED);
    throw error;
  }
  return { ...visit, form };
}

async function readForm(request: Request): Promise<URLSearchParams | null> {
  if (!/^application\/x-www-form-urlencoded\b/i.test(request.headers.get('content-type') ?? '')) return null;
  if (Number(request.headers.get('content-length') ?? 0) > MAX_FORM_BYTES) return null;
  const text = await request.text();
  return text.length > MAX_FORM_BYTES ? null : new URLSearchParams(text);
}

async function answerNotFresh(visit: Visit): Promise<Response> {
  const { onNotFresh } = visit.options;
  return onNotFresh === null ? render(visit, NOT_FRESH) : await onNotFresh(visit.session, visit.request);
}

const OUTDATED = {
  title: 'Out of date',
  section: null,
  status: 403,
  content: html`<h1>This page was out of date</h1>
    <p>Nothing was done. Go back, reload the page and try again.</p>`,
} as const;

const NOT_FRESH = {
  title: 'Log in again',
  section: null,
  status: 403,
  content: html`<h1>Log in again first</h1>
    <p>Nothing was done: sessions can be ended only soon after a login. Log in again, then come back.</p>`,
} as const;
