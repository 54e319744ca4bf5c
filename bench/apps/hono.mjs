import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { nodeRedis, ourOptions, ourSession } from '../lib/clients.mjs';
import { Baseline } from '../lib/baseline.mjs';
import { baselineSession } from '../lib/baseline-session.mjs';
import { ROUTES } from '../lib/routes.mjs';

async function choose(app, kind, url) {
  const ours = await ourOptions(kind, url);
  if (ours !== undefined) {
    const { sessions } = await import('websauna-session/hono');
    app.use(sessions(ours));
    return (c) => ourSession(c.var.session);
  }
  switch (kind) {
    case 'none':
      return () => ({ get: () => 1, set() {}, login() {} });
    case 'baseline': {
      const store = new Baseline(await nodeRedis(url));
      return (c) => baselineSession(store, c.req.header('cookie'), (cookie) => c.header('set-cookie', cookie));
    }
  }
  return undefined;
}

export async function start(kind, url) {
  const app = new Hono();
  const session = await choose(app, kind, url);
  for (const [path, act] of Object.entries(ROUTES)) {
    app.get(path, async (c) => {
      if (act.length === 0) return c.text(act());
      const used = session(c);
      const text = await act(used, c.req.url);
      if (used.end !== undefined) await used.end();
      return c.text(text);
    });
  }
  return createAdaptorServer({ fetch: app.fetch });
}
