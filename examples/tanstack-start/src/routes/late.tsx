import { Await, createFileRoute } from '@tanstack/react-router';
import { createServerFn } from '@tanstack/react-start';
import { SessionError } from 'websauna-session';
import { getSession } from 'websauna-session/context';
import { factory } from '../session.server.ts';

/** What is read after the headers have left must not be stored by shared caches. */
const announce = createServerFn().handler(() => getSession(factory).markPersonal());

const useLate = createServerFn().handler(async () => {
  const session = getSession(factory);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const login = await outcomeOf(() => session.login('mallory'));
  const write = await outcomeOf(async () => {
    session.set('late', true);
    await session.save();
  });
  return `login: ${login}, write: ${write}`;
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

// A promise that is not awaited: the page is sent, and the value when it is there.
export const Route = createFileRoute('/late')({
  async loader() {
    await announce();
    return { late: useLate() };
  },
  component: Late,
});

function Late() {
  const { late } = Route.useLoaderData();
  return (
    <Await promise={late} fallback={<p>Wait</p>}>
      {(text) => <p>{text}</p>}
    </Await>
  );
}
