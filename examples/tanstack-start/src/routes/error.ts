import { createFileRoute } from '@tanstack/react-router';
import { getSession } from 'websauna-session/context';
import { factory } from '../session.server.ts';

export const Route = createFileRoute('/error')({
  server: {
    handlers: {
      GET() {
        getSession(factory).set('failed', true);
        throw new Response('Not now', { status: 409 });
      },
    },
  },
});
