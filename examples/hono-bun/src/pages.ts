import { html } from 'hono/html';
import type { AppSession } from './session';

type Html = ReturnType<typeof html>;

export async function homePage(session: AppSession): Promise<Html> {
  const visits = await session.update('visits', (n = 0) => n + 1);
  const csrf = html`<input type="hidden" name="csrf" value="${session.getCsrfToken()}" />`;
  return html`<!doctype html>
    <h1>Hello ${session.owner ?? 'stranger'}</h1>
    ${session.popFlash().map((message) => html`<p role="status">${String(message)}</p>`)}
    <p>Visits: ${visits}</p>
    ${session.owner === null ? loginForm(csrf) : logoutForms(csrf)}`;
}

function loginForm(csrf: Html): Html {
  return html`<form method="post" action="/login">
    ${csrf} <label>Name <input name="user" required /></label> <button>Log in</button>
  </form>`;
}

function logoutForms(csrf: Html): Html {
  return html`<form method="post" action="/logout">${csrf} <button>Log out</button></form>
    <form method="post" action="/logout-everywhere">${csrf} <button>Log out everywhere</button></form>`;
}
