import { setTimeout as delay } from 'node:timers/promises';
import { SessionError, type Session } from 'websauna-session';

/** Sends the head at once, and uses the session when it has left. */
export async function* latePage(session: Session): AsyncGenerator<string> {
  yield '<!doctype html><p>';
  await delay(50);
  const login = await outcomeOf(() => session.login('mallory'));
  const write = await outcomeOf(async () => {
    session.set('late', true);
    await session.save();
  });
  yield `login: ${login}, write: ${write}</p>`;
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
