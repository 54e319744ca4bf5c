import { Readable } from 'node:stream';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { SessionError } from 'websauna-session';
import { sessions } from 'websauna-session/express';
import { latePage } from './late.js';
import { homePage } from './pages.js';
import { factory } from './session.js';

const answerErrors: ErrorRequestHandler = (error, _req, res, next) => {
  if (!(error instanceof SessionError)) return next(error);
  res.status(error.status).send(error.status === 503 ? 'Come back in a moment' : 'This cannot be done');
};

export function createApp(): Express {
  const app = express();
  app.get('/about', (_req, res) => {
    res.send('This page is the same for everybody.');
  });
  app.use(sessions(factory));
  app.use(express.urlencoded());
  app.use((req, _res, next) => {
    req.session.requireCsrfToken((req.body as { csrf?: string } | undefined)?.csrf);
    next();
  });

  app.get('/', async (req, res) => {
    res.send(await homePage(req.session));
  });
  app.get('/me', ({ session }, res) => {
    res.json({ owner: session.owner, ...session.data });
  });

  // A real application checks the password here.
  app.post('/login', (req, res) => {
    const { user } = req.body as { user: string };
    req.session.login(user, { method: 'password' });
    req.session.flash(`Welcome, ${user}`);
    res.redirect(303, '/');
  });
  app.post('/logout', (req, res) => {
    req.session.logout();
    res.redirect(303, '/');
  });
  app.post('/logout-everywhere', async (req, res) => {
    const { owner } = req.session;
    // Closes the sockets of this owner, too, in all processes.
    if (owner !== null) await factory.owners.revoke(owner);
    res.redirect(303, '/');
  });

  app.get('/raw', (req, res) => {
    req.session.set('raw', true);
    res.cookie('theme', 'dark').send('Dark');
  });
  app.get('/nested', (req, _res, next) => {
    req.session.set('outer', String(req.query['name']));
    // Goes on as another request; it is one session, and one cookie.
    req.url = req.url.replace('/nested', '/inner');
    next();
  });
  app.get('/inner', (req, res) => {
    req.session.set('inner', String(req.query['name']));
    res.send(`Inner: ${req.session.owner ?? 'stranger'}`);
  });
  app.get('/late', (req, res) => {
    req.session.markPersonal();
    res.type('html');
    Readable.from(latePage(req.session)).pipe(res);
  });
  app.get('/error', (req) => {
    req.session.set('failed', true);
    throw Object.assign(new Error('Not now'), { status: 409 });
  });

  app.use(answerErrors);
  return app;
}
