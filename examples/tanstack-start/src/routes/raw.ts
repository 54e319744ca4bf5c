import { createFileRoute } from '@tanstack/react-router';
import { getSession } from 'websauna-session/context';
import { factory } from '../session.server.ts';

export const Route = createFileRoute('/raw')({
  server: {
    handlers: {
      GET() {
        getSession(factory).set('raw', true);
        return new Response('Dark', { headers: { 'set-cookie': 'theme=dark; Path=/' } });
      },
    },
  },
});
