import { createServer } from 'node:http';
import Koa from 'koa';
import { nodeRedis, ourOptions, ourSession, SECRET } from '../lib/clients.mjs';
import { Baseline } from '../lib/baseline.mjs';
import { baselineSession } from '../lib/baseline-session.mjs';
import { routeOf } from '../lib/routes.mjs';

async function choose(app, kind, url) {
  const ours = await ourOptions(kind, url);
  if (ours !== undefined) {
    const { sessions } = await import('websauna-session/koa');
    app.use(sessions(ours));
    return (ctx) => ourSession(ctx.session);
  }
  switch (kind) {
    case 'none':
      return () => ({ get: () => 1, set() {}, login() {} });
    case 'baseline': {
      const store = new Baseline(await nodeRedis(url));
      return (ctx) => baselineSession(store, ctx.headers.cookie, (cookie) => ctx.append('Set-Cookie', cookie));
    }
    case 'peer':
      return await koaSession(app, url);
  }
  return undefined;
}

/** With the store that its README asks one to write. */
async function koaSession(app, url) {
  const { createSession } = await import('koa-session');
  const client = await nodeRedis(url);
  const store = {
    get: async (key) => JSON.parse((await client.get(key)) ?? 'null'),
    set: (key, session) => client.set(key, JSON.stringify(session), { expiration: { type: 'EX', value: 1200 } }),
    destroy: (key) => client.del(key),
  };
  app.keys = [SECRET];
  app.use(createSession({ store, maxAge: 1_200_000, signed: true }, app));
  return (ctx) => ({
    get: (key) => ctx.session[key],
    set: (key, value) => {
      ctx.session[key] = value;
    },
    login: async (owner) => {
      ctx.session.owner = owner;
      await ctx.session.regenerate();
    },
  });
}

export async function start(kind, url) {
  const app = new Koa();
  const session = await choose(app, kind, url);
  app.use(async (ctx) => {
    const act = routeOf(ctx.path);
    if (act.length === 0) {
      ctx.body = act();
      return;
    }
    const used = session(ctx);
    ctx.body = await act(used, ctx.url);
    if (used.end !== undefined) await used.end();
  });
  return createServer(app.callback());
}
