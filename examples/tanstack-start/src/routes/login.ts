import { createFileRoute, redirect } from '@tanstack/react-router';
import { getSession } from 'websauna-session/context';
import { readForm } from '../form.server.ts';
import { factory } from '../session.server.ts';

export const Route = createFileRoute('/login')({
  server: {
    handlers: {
      async POST({ request }) {
        const user = (await readForm(request)).get('user') ?? '';
        const session = getSession(factory);
        // A real application checks the password here.
        session.login(user, { method: 'password' });
        session.flash(`Welcome, ${user}`);
        throw redirect({ to: '/', statusCode: 303 });
      },
    },
  },
});
