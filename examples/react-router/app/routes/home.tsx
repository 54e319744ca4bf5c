import { Form } from 'react-router';
import { getSession } from 'websauna-session/react-router';
import { factory } from '../session.server.ts';
import type { Route } from './+types/home.ts';

export async function loader() {
  const session = getSession(factory);
  return {
    visits: await session.update('visits', (n = 0) => n + 1),
    owner: session.owner,
    messages: session.popFlash().map(String),
    csrf: session.getCsrfToken(),
  };
}

export default function Home({ loaderData: { visits, owner, messages, csrf } }: Route.ComponentProps) {
  return (
    <>
      <h1>Hello {owner ?? 'stranger'}</h1>
      {messages.map((message) => (
        <p role="status" key={message}>
          {message}
        </p>
      ))}
      <p>Visits: {visits}</p>
      <Form method="post" action={owner ? '/logout' : '/login'}>
        <input type="hidden" name="csrf" value={csrf} />
        {owner ? (
          <button>Log out</button>
        ) : (
          <>
            <label>
              Name <input name="user" required />
            </label>
            <button>Log in</button>
          </>
        )}
      </Form>
    </>
  );
}
