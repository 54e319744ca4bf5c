import { createServer } from 'node:http';
import { nodeRedis, ourOptions, ourSession } from '../lib/clients.mjs';
import { Baseline } from '../lib/baseline.mjs';
import { baselineSession } from '../lib/baseline-session.mjs';
import { routeOf } from '../lib/routes.mjs';

function answer(session) {
  return async (req, res) => {
    const act = routeOf(req.url.split('?')[0]);
    if (act.length === 0) return res.end(act());
    const used = session(req, res);
    const text = await act(used, req.url);
    if (used.end !== undefined) await used.end();
    return res.end(text);
  };
}

export async function start(kind, url) {
  const ours = await ourOptions(kind, url);
  if (ours !== undefined) {
    const { withSession } = await import('websauna-session/node');
    return createServer(
      withSession(
        ours,
        answer((req) => ourSession(req.session)),
      ),
    );
  }
  if (kind === 'none') return createServer(answer(() => ({ get: () => 1, set() {}, login() {} })));
  const store = new Baseline(await nodeRedis(url));
  return createServer(
    answer((req, res) => baselineSession(store, req.headers.cookie, (cookie) => res.setHeader('Set-Cookie', cookie))),
  );
}
