import { serve } from '@hono/node-server';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { withSession } from 'websauna-session/fetch';
import { appRouter } from './router.js';
import { factory } from './session.js';

const { PORT: port = 3000, HOST: hostname = 'localhost' } = process.env;

const trpc = withSession(factory, (req, session) =>
  fetchRequestHandler({
    endpoint: '/trpc',
    req,
    router: appRouter,
    createContext() {
      // A stream is answered when the headers have left.
      session.markPersonal();
      return { session, csrfToken: req.headers.get('x-csrf-token') };
    },
  }),
);

serve({
  port: Number(port),
  hostname,
  fetch(request) {
    if (new URL(request.url).pathname.startsWith('/trpc/')) return trpc(request);
    return new Response('This page is the same for everybody.');
  },
});
