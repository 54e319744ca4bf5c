import { SessionError } from 'websauna-session';
import { route } from '@/lib/session';

// Sends the head at once, and uses the session when it has left.
export const GET = route((_request, session) => {
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
});

async function outcomeOf(work: () => void | Promise<void>): Promise<string> {
  try {
    await work();
    return 'saved';
  } catch (error) {
    if (error instanceof SessionError) return error.code;
    throw error;
  }
}
