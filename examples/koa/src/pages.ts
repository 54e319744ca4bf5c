import type { Session } from 'websauna-session';

const escapeHtml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

export async function homePage(session: Session): Promise<string> {
  const visits = await session.update('visits', (n = 0) => n + 1);
  const messages = session.popFlash().map((message) => `<p role="status">${escapeHtml(String(message))}</p>`);
  const form =
    session.owner === null
      ? '<label>Name <input name="user" required></label> <button>Log in</button>'
      : '<button>Log out</button>';
  return `<!doctype html>
<h1>Hello ${escapeHtml(session.owner ?? 'stranger')}</h1>
${messages.join('\n')}
<p>Visits: ${visits}</p>
<form method="post" action="${session.owner === null ? '/login' : '/logout'}">
  <input type="hidden" name="csrf" value="${session.getCsrfToken()}">
  ${form}
</form>`;
}
