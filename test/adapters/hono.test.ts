import assert from 'node:assert/strict';
import type { Server } from 'node:http';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono, type Context } from 'hono';
import { timeout } from 'hono/timeout';
import { describe, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { markSubRequest, sessions, type SessionVariables } from 'websauna-session/hono';
import { MemoryStore } from 'websauna-session/memory';
import { interceptStore } from 'websauna-session/testing';
import { waitFor } from '../support/wait-for.ts';
import { ask } from './support/client.ts';
import { listen } from './support/listen.ts';

const SECRET = 'nothing that a site may use, but long enough';
type Env = { Variables: SessionVariables };

/** An application that changes its session at `/`, with a store that fails or not. */
function appWith(handler: (c: Context<Env>) => Response | Promise<Response>, failing = false): Hono<Env> {
  const store = interceptStore(new MemoryStore(), (operation) => {
    if (failing && operation === 'create') throw new Error('connection lost');
  });
  const app = new Hono<Env>();
  app.use(sessions(createSessionFactory({ secret: SECRET, store })));
  app.all('/', async (c) => {
    c.var.session.set('a', 1);
    return await handler(c);
  });
  return app;
}

const names = (response: Response): string[] => response.headers.getSetCookie().map((cookie) => cookie.split('=')[0]!);

/** As `fetch()` returns it: with headers that cannot be changed. */
function immutable(response: Response): Response {
  const frozen = new Proxy(response.headers, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (name === 'set' || name === 'append' || name === 'delete') {
        return () => {
          throw new TypeError('immutable');
        };
      }
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
  return Object.defineProperty(response, 'headers', { value: frozen });
}

/** Each of two visitors has a cookie of its own, and a request that leaves its session alone has none. */
function assertOwnCookies([first, second, plain]: readonly string[][]): void {
  assert.deepEqual([first?.length, second?.length, plain?.length], [1, 1, 0]);
  assert.notEqual(first![0], second![0]);
}

describe('Hono', () => {
  test('a request that is marked shares the sessions of its caller; another one does not', async () => {
    const first = createSessionFactory({ secret: SECRET });
    const second = createSessionFactory({ secret: SECRET, cookie: { name: 'second' } });
    const app = new Hono<{ Variables: SessionVariables & { second: SessionVariables['session'] } }>();
    app.use(sessions(first), sessions(second, { property: 'second' }));
    app.use(sessions(first));
    app.get('/inner', (c) => {
      c.var.session.set('from', c.req.query('from'));
      c.var.second.set('from', c.req.query('from'));
      return c.text('inner');
    });
    app.get('/outer', async (c) => {
      const anonymous = await app.request('/inner?from=another');
      const shared = await app.fetch(markSubRequest(new Request('http://localhost/inner?from=own'), c), c.env);
      const cookies = [anonymous.headers.getSetCookie().length, shared.headers.getSetCookie().length];
      return c.json([c.var.session.get('from'), c.var.second.get('from'), ...cookies]);
    });
    const response = await app.request('/outer');
    assert.deepEqual(await response.json(), ['own', 'own', 2, 0]);
    assert.deepEqual(names(response), ['second', 'session']);
  });

  test('a response of `fetch()` gets the cookie and keeps its own', async () => {
    const upstream = (): Response => immutable(new Response('hello', { headers: { 'set-cookie': 'upstream=1' } }));
    const response = await appWith(upstream).request('/');
    assert.equal(await response.text(), 'hello');
    assert.deepEqual(names(response).toSorted(), ['session', 'upstream']);
  });

  test.each([
    ['without a body', () => new Response(null, { status: 204, headers: { 'x-a': 'a' } }), ''],
    ['with a body', () => new Response('hello', { headers: { 'x-a': 'a', 'content-type': 'text/plain' } }), 'hello'],
  ])('C9: a constant response %s is never written into', async (_name, make, body) => {
    const constant = make();
    const before = [...constant.headers];
    const app = new Hono<Env>();
    app.use(sessions(createSessionFactory({ secret: SECRET, store: new MemoryStore() })));
    app.get('/plain', () => (body === '' ? constant : constant.clone()));
    app.get('*', (c) => {
      c.var.session.set('a', 1);
      return body === '' ? constant : constant.clone();
    });
    const cookies: string[][] = [];
    for (const path of ['/first', '/second', '/plain']) {
      const response = await app.request(path);
      assert.deepEqual([await response.text(), response.headers.get('x-a')], [body, 'a']);
      cookies.push(response.headers.getSetCookie());
    }
    assert.deepEqual([...constant.headers], before);
    assertOwnCookies(cookies);
  });

  test('C9: on @hono/node-server a constant response with a body serves every visitor', async () => {
    const app = new Hono<Env>();
    app.use(sessions(createSessionFactory({ secret: SECRET, store: new MemoryStore() })));
    const server = createAdaptorServer({ fetch: app.fetch }) as Server;
    const constant = new Response('hello', { headers: { 'x-a': 'a' } });
    app.get('/plain', () => constant);
    app.get('*', (c) => {
      c.var.session.set('a', 1);
      return constant;
    });
    await listen(server, async (port) => {
      const cookies: string[][] = [];
      for (const path of ['/first', '/second', '/plain']) {
        const answer = await ask(port, { path });
        assert.deepEqual([answer.body.toString(), answer.headers['x-a']], ['hello', 'a']);
        cookies.push([...answer.cookies]);
      }
      assertOwnCookies(cookies);
    });
  });

  test('C12: on @hono/node-server a login after hono/timeout in front has answered is reported', async () => {
    const factory = createSessionFactory({ secret: SECRET });
    const events: string[] = [];
    factory.on('login', () => events.push('login'));
    factory.on('discarded', ({ reason }) => events.push(reason));
    const app = new Hono<Env>();
    let answered!: () => void;
    const answer = new Promise<void>((resolve) => (answered = resolve));
    app.use(timeout(20), sessions(factory));
    app.get('/', async (c) => {
      await answer;
      c.var.session.login('alice');
      return c.text('late');
    });
    await listen(createAdaptorServer({ fetch: app.fetch }) as Server, async (port) => {
      const { status, cookies } = await ask(port);
      assert.deepEqual([status, cookies], [504, []]);
      answered();
      await waitFor('the report', () => events.length > 0);
      assert.deepEqual(events, ['commit-failed']);
      assert.deepEqual(await factory.owners.list('alice'), []);
    });
  });

  test('on @hono/node-server a handler that answers past Hono has a session reported that can get no cookie', async () => {
    const factory = createSessionFactory({ secret: SECRET, store: new MemoryStore() });
    const reasons: string[] = [];
    factory.on('discarded', ({ reason }) => void reasons.push(reason));
    const app = new Hono<Env & { Bindings: HttpBindings }>();
    app.use(sessions(factory));
    app.get('/', (c) => {
      c.var.session.set('a', 1);
      c.env.outgoing.writeHead(200).end('raw');
      return RESPONSE_ALREADY_SENT;
    });
    await listen(createAdaptorServer({ fetch: app.fetch }) as Server, async (port) => {
      assert.equal((await ask(port)).body.toString(), 'raw');
      await waitFor('the report', () => reasons.length === 1);
      assert.deepEqual([...RESPONSE_ALREADY_SENT.headers.keys()], ['x-hono-already-sent']);
    });
  });

  test('`Response.redirect()` gets the cookie', async () => {
    const response = await appWith(() => Response.redirect('http://localhost/elsewhere', 302)).request('/');
    assert.equal(response.headers.get('location'), 'http://localhost/elsewhere');
    assert.deepEqual(names(response), ['session']);
  });

  test('without an error handler, an error of the session is answered with its status', async () => {
    const response = await appWith((c) => c.text('hello'), true).request('/');
    assert.equal(response.status, 503);
    assert.equal(await response.text(), 'The service is unavailable for a moment\n');
    assert.equal(response.headers.get('cache-control'), 'no-store');
  });

  test.each<[string, (c: Context<Env>) => Response, boolean?]>([
    ['a redirect', (c) => c.redirect('/elsewhere')],
    ['headers of the context', (c) => c.text('hello', 200, { etag: '"1"', 'content-language': 'en' })],
    [
      'an encoded body',
      (c) => c.body(Buffer.from([1, 2, 3]), 200, { 'content-encoding': 'gzip', 'content-length': '3' }),
    ],
    ['a response of `fetch()`', () => immutable(new Response('hello', { headers: { location: '/elsewhere' } })), false],
  ])(
    'nothing of %s is left in the response of an error, but what middleware has set is',
    async (_name, handler, kept = true) => {
      const app = new Hono<Env>();
      app.use(async (c, next) => {
        c.header('x-frame-options', 'DENY');
        await next();
      });
      app.route('/', appWith(handler, true));
      app.onError((_error, c) => c.text('sorry', 503));
      const response = await app.request('/');
      assert.equal(response.status, 503);
      assert.equal(await response.text(), 'sorry');
      // Hono itself forgets it for responses that were not made by the context.
      assert.equal(response.headers.get('x-frame-options'), kept ? 'DENY' : null);
      assert.deepEqual(names(response), []);
      for (const name of ['location', 'etag', 'content-language', 'content-encoding', 'content-length']) {
        assert.equal(response.headers.get(name), null, name);
      }
    },
  );

  test('the body that is not sent is let go', async () => {
    let reason: unknown = 'not cancelled';
    const body = new ReadableStream({ cancel: (given) => void (reason = given) });
    const response = await appWith((c) => c.body(body), true).request('/');
    assert.equal(response.status, 503);
    assert.equal(reason, undefined);
  });

  test('a handler that fails has its error handler, and the session its cookie', async () => {
    const app = appWith(() => {
      throw new Error('the handler failed');
    });
    app.onError((error, c) => c.text(error.message, 500));
    const response = await app.request('/');
    assert.equal(response.status, 500);
    assert.equal(await response.text(), 'the handler failed');
    assert.deepEqual(names(response), ['session']);
  });

  test("the context is the `request` of the application's callbacks, and has the peer's address", async () => {
    const seen: unknown[] = [];
    const app = new Hono<Env>();
    const initialData = (c: unknown): Record<string, unknown> => ({ path: (c as Context).req.path });
    app.use(sessions({ secret: SECRET, initialData, clientAddress: 'full' }));
    app.get('/here', (c) => {
      seen.push(c.var.session.get('path'), c.var.session.clientAddress);
      return c.text('hello');
    });
    await app.request('/here', {}, { incoming: { socket: { remoteAddress: '192.0.2.9' } } });
    assert.deepEqual(seen, ['/here', '192.0.2.9']);
  });
});
