import express from 'express';
import { createSessionFactory } from 'websauna-session';
import { sessions } from 'websauna-session/express';

export function createApp({ factory, slowWork }) {
  const app = express();
  app.use(sessions(factory));

  app.post('/log-in', (req, res) => {
    req.session.login('Ada');
    res.end();
  });

  app.post('/items/:item', async (req, res) => {
    await slowWork(req); // a database, another service
    req.session.set(req.params.item, true);
    res.end();
  });

  app.post('/log-out', (req, res) => {
    req.session.logout();
    res.end();
  });

  app.get('/', (req, res) => {
    const { owner } = req.session;
    res.json({ user: owner, items: req.session.keys() });
  });

  return app;
}

export function createFactory({ client, store, secret }) {
  if (client === null) {
    return createSessionFactory({ store, secret });
  }
  const redis = { client, prefix: 'demo:own:' };
  return createSessionFactory({ redis, secret });
}
