import { SessionError, type Session } from 'websauna-session';
import type { Data } from '#lib/server/session.ts';
import type { PageServerLoad } from './$types';

// A promise that is not awaited: SvelteKit sends the page, and the value when it is there.
export const load: PageServerLoad = ({ locals: { session } }) => {
  session.markPersonal();
  return { late: useLate(session) };
};

async function useLate(session: Session<Data>): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, 50));
  const outcomes = [
    `login: ${await outcomeOf(() => session.login('mallory'))}`,
    `write: ${await outcomeOf(async () => {
      session.set('late', true);
      await session.save();
    })}`,
  ];
  return outcomes.join(', ');
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
