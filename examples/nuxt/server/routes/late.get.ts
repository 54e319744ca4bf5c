import { SessionError, type Session } from 'websauna-session';
import type { Data } from '../utils/session';

// Sends the head at once, and uses the session when it has left.
export default defineEventHandler(({ context: { session } }) => {
  session.markPersonal();
  return new ReadableStream({
    async start(controller) {
      const encoder = new TextEncoder();
      controller.enqueue(encoder.encode('Late use, '));
      await new Promise((resolve) => setTimeout(resolve, 50));
      controller.enqueue(encoder.encode(await useLate(session)));
      controller.close();
    },
  });
});

async function useLate(session: Session<Data>): Promise<string> {
  const login = await outcomeOf(() => session.login('mallory'));
  const write = await outcomeOf(async () => {
    session.set('late', true);
    await session.save();
  });
  return `login: ${login}, write: ${write}`;
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
