import fastify from 'fastify';
import { nodeRedis, ourOptions, ourSession, SECRET } from '../lib/clients.mjs';
import { Baseline } from '../lib/baseline.mjs';
import { ROUTES } from '../lib/routes.mjs';
import { baselineSession } from '../lib/baseline-session.mjs';

async function choose(app, kind, url) {
  const ours = await ourOptions(kind, url);
  if (ours !== undefined) {
    const { sessions } = await import('websauna-session/fastify');
    await app.register(sessions(ours));
    return (request) => ourSession(request.session);
  }
  switch (kind) {
    case 'none':
      return () => ({ get: () => 1, set() {}, login() {} });
    case 'baseline': {
      const store = new Baseline(await nodeRedis(url));
      return (request, reply) =>
        baselineSession(store, request.headers.cookie, (cookie) => reply.header('set-cookie', cookie));
    }
    case 'peer':
      return await fastifySession(app, url);
  }
  return undefined;
}

async function fastifySession(app, url) {
  const [{ default: cookie }, { default: session }, { RedisStore }] = await Promise.all([
    import('@fastify/cookie'),
    import('@fastify/session'),
    import('connect-redis'),
  ]);
  await app.register(cookie);
  await app.register(session, {
    secret: SECRET,
    cookie: { secure: false },
    saveUninitialized: false,
    store: new RedisStore({ client: await nodeRedis(url), ttl: 1200 }),
  });
  return (request) => ({
    get: (key) => request.session.get(key),
    set: (key, value) => request.session.set(key, value),
    login: async (owner) => {
      await request.session.regenerate(['views', 'user', 'theme', 'cart', 'last', 'flags']);
      request.session.set('owner', owner);
    },
  });
}

export async function start(kind, url) {
  const app = fastify();
  const session = await choose(app, kind, url);
  for (const [path, act] of Object.entries(ROUTES)) {
    app.get(path, async (request, reply) => {
      if (act.length === 0) return act();
      const used = session(request, reply);
      const text = await act(used, request.url);
      if (used.end !== undefined) await used.end();
      return text;
    });
  }
  await app.ready();
  return app.server;
}
