import type { Session } from 'websauna-session';

const escapeHtml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

export async function homePage(session: Session): Promise<string> {
  const visits = await session.update('visits', (n = 0) => n + 1);
  const messages = session.popFlash().map((message) => `<p role="status">${escapeHtml(String(message))}</p>`);
  const csrf = `<input type="hidden" name="csrf" value="${session.getCsrfToken()}">`;
  const forms =
    session.owner === null
      ? `<form method="post" action="/login">${csrf}
  <label>Name <input name="user" required></label> <button>Log in</button>
</form>`
      : `<form method="post" action="/logout">${csrf} <button>Log out</button></form>
<form method="post" action="/logout-everywhere">${csrf} <button>Log out everywhere</button></form>`;
  return `<!doctype html>
<h1>Hello ${escapeHtml(session.owner ?? 'stranger')}</h1>
${messages.join('\n')}
<p>Visits: ${visits}</p>
${forms}`;
}
