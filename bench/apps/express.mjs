import { createServer } from 'node:http';
import express from 'express';
import { nodeRedis, ourOptions, ourSession, SECRET } from '../lib/clients.mjs';
import { Baseline } from '../lib/baseline.mjs';
import { baselineSession } from '../lib/baseline-session.mjs';
import { ROUTES } from '../lib/routes.mjs';

/** Middleware, and how a request's session is used, by kind. */
async function choose(kind, url) {
  const ours = await ourOptions(kind, url);
  if (ours !== undefined) {
    const { sessions } = await import('websauna-session/express');
    return { middleware: sessions(ours), session: (req) => ourSession(req.session) };
  }
  switch (kind) {
    case 'none':
      return { session: () => ({ get: () => 1, set() {}, login() {} }) };
    case 'baseline': {
      const store = new Baseline(await nodeRedis(url));
      return {
        session: (req, res) =>
          baselineSession(store, req.headers.cookie, (cookie) => res.setHeader('Set-Cookie', cookie)),
      };
    }
    case 'peer':
      return await expressSession(url);
    case 'iron-session':
      return await ironSession();
  }
  return undefined;
}

async function expressSession(url) {
  const [{ default: session }, { RedisStore }] = await Promise.all([
    import('express-session'),
    import('connect-redis'),
  ]);
  const store = new RedisStore({ client: await nodeRedis(url), ttl: 1200 });
  return {
    middleware: session({ store, secret: SECRET, resave: false, saveUninitialized: false }),
    session: (req) => ({
      get: (key) => req.session[key],
      set: (key, value) => {
        req.session[key] = value;
      },
      login: (owner) =>
        new Promise((resolve, reject) => {
          const data = { ...req.session };
          req.session.regenerate((error) => {
            if (error) return reject(error);
            delete data.cookie;
            Object.assign(req.session, data, { owner });
            resolve();
          });
        }),
    }),
  };
}

async function ironSession() {
  const { getIronSession } = await import('iron-session');
  return {
    session: (req, res) => {
      const loaded = getIronSession(req, res, {
        password: SECRET,
        cookieName: 'iron',
        cookieOptions: { secure: false },
      });
      let changed = false;
      const set = async (key, value) => {
        (await loaded)[key] = value;
        changed = true;
      };
      return {
        get: async (key) => (await loaded)[key],
        set,
        login: (owner) => set('owner', owner),
        end: async () => changed && (await loaded).save(),
      };
    },
  };
}

export async function start(kind, url) {
  const { middleware, session } = await choose(kind, url);
  const app = express();
  if (middleware !== undefined) app.use(middleware);
  for (const [path, act] of Object.entries(ROUTES)) {
    app.get(path, async (req, res) => {
      if (act.length === 0) return res.send(act());
      const used = session(req, res);
      const text = await act(used, req.url);
      if (used.end !== undefined) await used.end();
      res.send(text);
    });
  }
  return createServer(app);
}
