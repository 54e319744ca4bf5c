import { createFileRoute } from '@tanstack/react-router';
import { createServerFn } from '@tanstack/react-start';
import { getSession } from 'websauna-session/context';
import { factory } from '../session.server.ts';

const visit = createServerFn().handler(async () => {
  const session = getSession(factory);
  const visits = await session.update('visits', (n = 0) => n + 1);
  return { owner: session.owner, visits, messages: session.popFlash().map(String), csrf: session.getCsrfToken() };
});

export const Route = createFileRoute('/')({ loader: () => visit(), component: Home });

function Home() {
  const { owner, visits, messages, csrf } = Route.useLoaderData();
  return (
    <>
      <h1>Hello {owner ?? 'stranger'}</h1>
      {messages.map((message) => (
        <p key={message} role="status">
          {message}
        </p>
      ))}
      <p>Visits: {visits}</p>
      <form method="post" action={owner === null ? '/login' : '/logout'}>
        <input type="hidden" name="csrf" value={csrf} />
        {owner === null ? (
          <>
            <label>
              Name <input name="user" required />
            </label>{' '}
            <button>Log in</button>
          </>
        ) : (
          <button>Log out</button>
        )}
      </form>
    </>
  );
}
