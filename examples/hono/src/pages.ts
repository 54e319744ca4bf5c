import { SessionError, type Session } from 'websauna-session';
import type { Data } from './session.ts';

const escapeHtml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

export async function homePage(session: Session<Data>): Promise<string> {
  const visits = await session.update('visits', (n = 0) => n + 1);
  const messages = session.popFlash().map((message) => `<p role="status">${escapeHtml(String(message))}</p>`);
  const form = session.owner
    ? '<button>Log out</button>'
    : '<label>Name <input name="user" required></label> <button>Log in</button>';
  return `<!doctype html>
<h1>Hello ${escapeHtml(session.owner ?? 'stranger')}</h1>
${messages.join('\n')}
<p>Visits: ${visits}</p>
<form method="post" action="${session.owner ? '/logout' : '/login'}">
  <input type="hidden" name="csrf" value="${session.getCsrfToken()}">
  ${form}
</form>`;
}

/** Sends the head at once, and uses the session when it has left. */
export function latePage(session: Session<Data>): Response {
  session.markPersonal();
  const body = new ReadableStream({
    async start(controller) {
      const encoder = new TextEncoder();
      controller.enqueue(encoder.encode('<!doctype html><p>'));
      await new Promise((resolve) => setTimeout(resolve, 50));
      const login = await outcomeOf(() => session.login('mallory'));
      const write = await outcomeOf(async () => {
        session.set('late', true);
        await session.save();
      });
      controller.enqueue(encoder.encode(`login: ${login}, write: ${write}</p>`));
      controller.close();
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/html; charset=utf-8' } });
}

async function outcomeOf(work: () => void | Promise<void>): Promise<string> {
  try {
    await work();
    return 'saved';
  } catch (error) {
    if (error instanceof SessionError) return error.code;
    throw error;
  }
}
