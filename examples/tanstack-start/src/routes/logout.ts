import { createFileRoute, redirect } from '@tanstack/react-router';
import { getSession } from 'websauna-session/context';
import { readForm } from '../form.server.ts';
import { factory } from '../session.server.ts';

export const Route = createFileRoute('/logout')({
  server: {
    handlers: {
      async POST({ request }) {
        await readForm(request);
        getSession(factory).logout();
        throw redirect({ to: '/', statusCode: 303 });
      },
    },
  },
});
