import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import fastify from 'fastify';
import { Hono } from 'hono';
import { beforeAll, describe, test, vi } from 'vitest';
import { createSessionFactory, SessionError, type SessionFactory } from 'websauna-session';
import { ask } from './support/client.ts';
import { listen } from './support/listen.ts';

const secret = 'nothing that a site may use, but long enough';

/** The package once more, as bundlers, hot reloading and two versions load it. */
async function secondCopy() {
  vi.resetModules();
  const [main, node, fetch, hono, fastifyAdapter] = await Promise.all([
    import('websauna-session'),
    import('websauna-session/node'),
    import('websauna-session/fetch'),
    import('websauna-session/hono'),
    import('websauna-session/fastify'),
  ]);
  return { main, node, fetch, hono, fastify: fastifyAdapter };
}

let copy: Awaited<ReturnType<typeof secondCopy>>;
beforeAll(async () => {
  copy = await secondCopy();
});

const newFactory = (): SessionFactory => createSessionFactory({ secret });

describe('A factory of another copy of the package', () => {
  test('is another class', () => assert.ok(!(newFactory() instanceof copy.main.SessionFactory)));

  test('is taken by node:http', async () => {
    const listener = copy.node.withSession(newFactory(), (req, res) => res.end(String(req.session.set('a', 1).size)));
    await listen(createServer(listener), async (port) => assert.equal((await ask(port)).cookies.length, 1));
  });

  test('is taken by Fetch', async () => {
    const handler = copy.fetch.withSession(
      newFactory(),
      (_request, session) => new Response(String(session.set('a', 1).size)),
    );
    const { headers } = await handler(new Request('https://shop.example/'));
    assert.equal(headers.getSetCookie().length, 1);
  });

  test('is taken by Hono', async () => {
    const app = new Hono();
    app.use(copy.hono.sessions(newFactory()));
    app.get('/', (c) => c.text(String((c.get as (name: string) => Map<string, number>)('session').set('a', 1).size)));
    assert.equal((await app.request('/')).headers.getSetCookie().length, 1);
  });

  test('is taken by Fastify', async () => {
    const app = fastify();
    await app.register(copy.fastify.sessions(newFactory()));
    app.get('/', (request) => request.session.set('a', 1).size);
    assert.match(String((await app.inject('/')).headers['set-cookie']), /^session=/);
    await app.close();
  });
});

describe('An error of another copy of the package', () => {
  test('is a SessionError', () => {
    assert.ok(new SessionError('ERR_SESSION_CSRF', 'no') instanceof copy.main.SessionError);
    assert.ok(new copy.main.SessionError('ERR_SESSION_CSRF', 'no') instanceof SessionError);
    class Own extends SessionError {}
    assert.ok(new Own('ERR_SESSION_CSRF', 'no') instanceof Own);
    assert.ok(!(new SessionError('ERR_SESSION_CSRF', 'no') instanceof Own));
    for (const other of [new Error('no'), null, undefined, 'no', {}]) {
      assert.ok(!(other instanceof SessionError));
    }
  });

  test('is answered with its status', async () => {
    const handler = copy.fetch.withSession(newFactory(), (_request, session) => {
      session.requireFresh(60);
      return new Response('secret');
    });
    assert.equal((await handler(new Request('https://shop.example/'))).status, 403);
  });
});
