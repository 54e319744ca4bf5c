import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';

export function createApp({ store, secret, slowWork }) {
  const app = express();
  const options = {
    store,
    secret,
    resave: false,
    saveUninitialized: false,
  };
  app.use(session(options));

  app.post('/log-in', (req, res, next) => {
    req.session.regenerate((error) => {
      if (error) return next(error);
      req.session.user = 'Ada';
      res.end();
    });
  });

  app.post('/items/:item', async (req, res) => {
    await slowWork(req); // a database, another service
    req.session[req.params.item] = true;
    res.end();
  });

  app.post('/log-out', (req, res, next) => {
    req.session.destroy((error) => {
      if (error) return next(error);
      res.end();
    });
  });

  app.get('/', (req, res) => {
    const { user = null } = req.session;
    res.json({ user, items: Object.keys(req.session) });
  });

  return app;
}

export function createStore(client) {
  if (client === null) return new session.MemoryStore();
  return new RedisStore({ client, prefix: 'demo:peer:' });
}
