import { Suspense } from 'react';
import { Await } from 'react-router';
import { SessionError } from 'websauna-session';
import { getSession } from 'websauna-session/react-router';
import { factory } from '../session.server.ts';
import type { Route } from './+types/late.ts';

// A promise that is not awaited: React Router sends the page, and the value when it is there.
export function loader() {
  getSession(factory).markPersonal();
  return { late: useLate() };
}

async function useLate(): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, 200));
  const session = getSession(factory);
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

export default function Late({ loaderData }: Route.ComponentProps) {
  return (
    <Suspense fallback={<p>Wait</p>}>
      <Await resolve={loaderData.late}>{(late) => <p>{late}</p>}</Await>
    </Suspense>
  );
}
