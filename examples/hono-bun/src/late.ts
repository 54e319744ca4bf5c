import type { Context } from 'hono';
import { streamText } from 'hono/streaming';
import { SessionError } from 'websauna-session';
import type { AppSession } from './session';

/** Sends the head at once, and uses the session when it has left. */
export function latePage(c: Context, session: AppSession): Response {
  session.markPersonal();
  return streamText(c, async (stream) => {
    await stream.sleep(50);
    const login = await outcomeOf(() => session.login('mallory'));
    const write = await outcomeOf(async () => {
      session.set('late', true);
      await session.save();
    });
    await stream.write(`login: ${login}, write: ${write}`);
  });
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
