import { createExpressMiddleware } from '@trpc/server/adapters/express';
import express from 'express';
import { sessions } from 'websauna-session/express';
import { appRouter } from './router.js';
import { factory } from './session.js';

const { PORT: port = 3000, HOST: host = 'localhost' } = process.env;

const app = express();
app.get('/about', (_req, res) => {
  res.send('This page is the same for everybody.');
});
app.use(sessions(factory));
app.use(
  '/trpc',
  createExpressMiddleware({
    router: appRouter,
    createContext({ req }) {
      // A stream is answered when the headers have left.
      req.session.markPersonal();
      return { session: req.session, csrfToken: req.get('x-csrf-token') };
    },
  }),
);
app.listen(Number(port), host);
