import { createFileRoute } from '@tanstack/react-router';
import { getSession } from 'websauna-session/context';
import { factory } from '../session.server.ts';

export const Route = createFileRoute('/me')({
  server: {
    handlers: {
      GET() {
        const { owner, data } = getSession(factory);
        return Response.json({ owner, ...data });
      },
    },
  },
});
