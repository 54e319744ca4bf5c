import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, request as secureRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { describe, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type WebsaunaSession } from 'websauna-session';
import { sessions, withSession } from 'websauna-session/node';
import { certificate } from '../support/certificate.ts';
import { ask } from './support/client.ts';
import { listen } from './support/listen.ts';
import { FILE } from './support/responses.ts';
import { StoreGate } from './support/store-gate.ts';

const SECRET = 'nothing that a site may use, but long enough';

/** A store whose next write fails. */
function failingStore(): StoreGate['store'] {
  const gate = new StoreGate();
  gate.hold().fail();
  return gate.store;
}

function failingFactory(): SessionFactory {
  return createSessionFactory({ secret: SECRET, store: failingStore() });
}

async function serve(listener: RequestListener, act: (port: number) => Promise<void>): Promise<void> {
  await listen(createServer(listener), act);
}

describe('withSession, without an error handler', () => {
  test('answers a failure of the store with 503, and reveals nothing else', async () => {
    const listener = withSession(failingFactory(), (req, res) => res.end(String(req.session.set('a', 1).size)));
    await serve(listener, async (port) => {
      const { status, headers, cookies, body } = await ask(port);
      assert.equal(status, 503);
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(body.toString(), 'The service is unavailable for a moment\n');
      assert.deepEqual(cookies, []);
      assert.equal((await ask(port)).status, 200);
    });
  });

  test('answers what is wrong with the application with 500, and reveals nothing else', async () => {
    const invalidateBefore = (): Promise<never> => Promise.reject(new Error('the password of the database'));
    const factory = createSessionFactory({ secret: SECRET, invalidateBefore });
    const listener = withSession(factory, (req, res) => {
      req.session.login('alice');
      res.end();
    });
    await serve(listener, async (port) => {
      const { cookies } = await ask(port);
      const { status, body } = await ask(port, { headers: { cookie: cookies[0]!.split(';')[0]! } });
      assert.deepEqual([status, body.toString()], [500, 'The request failed\n']);
    });
  });

  test.each<[string, (session: WebsaunaSession) => void, number]>([
    ['a login that is not fresh', (session) => session.requireFresh(60), 403],
    ['a form without its token', (session) => session.requireCsrfToken(undefined), 403],
  ])('answers %s that its listener requires', async (_name, act, expected) => {
    for (const listener of [
      withSession({ secret: SECRET }, (req) => act(req.session)),
      withSession({ secret: SECRET }, async (req) => act(req.session)),
    ]) {
      await serve(listener, async (port) => {
        const { status, body } = await ask(port, { method: 'POST' });
        assert.equal(status, expected);
        assert.equal(body.toString(), 'The request failed\n');
      });
    }
  });

  test('does not end the process for what its listener could no longer send', async () => {
    const listener = withSession(failingFactory(), async (req, res) => {
      req.session.set('a', 1);
      await pipeline(createReadStream(FILE), res);
    });
    await serve(listener, async (port) => {
      assert.equal((await ask(port)).status, 503);
      assert.equal((await ask(port)).status, 200);
    });
  });

  test('cuts a response that its listener has begun when it meets an error of the session', async () => {
    const listener = withSession({ secret: SECRET }, (req, res) => {
      res.write('one');
      req.session.requireFresh(60);
    });
    await serve(listener, async (port) => await assert.rejects(ask(port), { code: 'ECONNRESET' }));
  });

  test('leaves a response alone that is complete when the error comes', async () => {
    const listener = withSession({ secret: SECRET }, (req, res) => {
      res.end('hello');
      req.session.requireFresh(60);
    });
    await serve(listener, async (port) => assert.equal((await ask(port)).body.toString(), 'hello'));
  });
});

describe('an error handler', () => {
  test('that fails itself ends the connection, not the process', async () => {
    const onError = (): never => {
      throw new Error('sorry, too');
    };
    const listener = withSession(failingFactory(), (req, res) => res.end(String(req.session.set('a', 1).size)), {
      onError,
    });
    await serve(listener, async (port) => {
      await assert.rejects(ask(port), { code: 'ECONNRESET' });
      assert.equal((await ask(port)).status, 200);
    });
  });

  test('may answer in pieces, later, and with the session', async () => {
    const onError = async (_error: unknown, req: IncomingMessage, res: ServerResponse): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      const { size } = (req as IncomingMessage & { session: WebsaunaSession }).session;
      res.writeHead(503, { 'content-type': 'text/plain' });
      res.write('sorry, ');
      res.end(String(size));
    };
    const listener = withSession(failingFactory(), (req, res) => res.end(String(req.session.set('a', 1).size)), {
      onError: (...args) => void onError(...args),
    });
    await serve(listener, async (port) => {
      const { status, body, cookies } = await ask(port);
      assert.deepEqual([status, body.toString(), cookies], [503, 'sorry, 1', []]);
    });
  });
});

describe('two sessions on one response', () => {
  test('of which one cannot be stored: an error, with the cookie of the other, which was', async () => {
    const gate = new StoreGate();
    const first = sessions(createSessionFactory({ secret: SECRET, store: gate.store }));
    const second = sessions(
      createSessionFactory({ secret: SECRET, store: failingStore(), cookie: { name: 'second' } }),
      { property: 'second' },
    );
    const listener: RequestListener = (req, res) => {
      const fail = (): void => void res.writeHead(503).end('failed');
      first(req, res, (error) => {
        if (error !== undefined) return fail();
        second(req, res, (failure) => {
          if (failure !== undefined) return fail();
          const held = req as unknown as Record<'session' | 'second', WebsaunaSession>;
          held.session.set('a', 1);
          held.second.set('b', 2);
          res.end('hello');
        });
      });
    };
    await serve(listener, async (port) => {
      const { status, cookies } = await ask(port);
      assert.equal(status, 503);
      assert.deepEqual(
        cookies.map((cookie) => cookie.split('=')[0]),
        ['session'],
      );
      assert.equal(gate.memory.size, 1);
    });
  });
});

test('HTTPS makes the cookie `Secure`', async () => {
  const listener = withSession({ secret: SECRET }, (req, res) => res.end(String(req.session.set('a', 1).size)));
  await listen(createSecureServer(certificate(), listener), async (port) => {
    const asking = secureRequest({ host: '127.0.0.1', port, agent: false, rejectUnauthorized: false }).end();
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    response.resume();
    assert.match(response.headers['set-cookie']?.[0] ?? '', /; Secure/);
  });
});

describe('sessions, for a framework that describes its requests', () => {
  type Visited = IncomingMessage & { session: WebsaunaSession<{ n: number }> };

  test('hands its own request to callbacks, and takes HTTPS and the address from it', async () => {
    const call = { name: 'a call of the framework' };
    const seen: unknown[] = [];
    const factory = createSessionFactory<{ n: number }>({
      secret: SECRET,
      trustProxy: 1,
      invalidateBefore: (_owner, request) => {
        seen.push(request);
        return null;
      },
    });
    const attach = sessions(factory, { secure: () => true, clientAddress: () => '203.0.113.7', native: () => call });
    const listener: RequestListener = (req, res) => {
      attach(req, res, () => {
        const { session } = req as Visited;
        if (session.isNew) session.login('alice');
        res.end(session.clientAddress);
      });
    };
    await serve(listener, async (port) => {
      const headers = { 'x-forwarded-for': '198.51.100.1', 'x-forwarded-proto': 'http' };
      const { cookies, body } = await ask(port, { headers });
      assert.equal(body.toString(), '203.0.113.7');
      assert.match(cookies.join(), /; Secure/);
      await ask(port, { headers: { ...headers, cookie: cookies[0]!.split(';')[0]! } });
      assert.deepEqual(seen, [call]);
    });
  });

  test('keeps what it does not describe, and an address that it does not know is none', async () => {
    const attach = sessions({ secret: SECRET, trustProxy: 1 }, { clientAddress: () => undefined });
    const listener: RequestListener = (req, res) => {
      attach(req, res, () => {
        const { session } = req as Visited;
        session.set('n', 1);
        res.end(String(session.clientAddress));
      });
    };
    await serve(listener, async (port) => {
      const headers = { 'x-forwarded-for': '198.51.100.1', 'x-forwarded-proto': 'https' };
      const { cookies, body } = await ask(port, { headers });
      assert.equal(body.toString(), 'null');
      assert.match(cookies.join(), /; Secure/);
    });
  });

  test.each(['secure', 'clientAddress', 'native'])('refuses `%s` that is no function', (name) => {
    assert.throws(() => sessions({ secret: SECRET }, { [name]: true }), {
      name: 'TypeError',
      message: new RegExp(`Expected \`options.${name}\` to be a function of the request`),
    });
  });
});

test('sessions have the address that the application finds, none, or that of the connection', async () => {
  const factory = createSessionFactory({ secret: SECRET });
  for (const options of [
    { clientAddress: () => '192.0.2.7' },
    { clientAddress: () => undefined },
    { secure: () => false },
  ]) {
    const middleware = sessions(factory, options);
    const listener: RequestListener = (req, res) =>
      middleware(req, res, () => {
        (req as IncomingMessage & { session: WebsaunaSession }).session.login('alice');
        res.end();
      });
    await serve(listener, async (port) => void (await ask(port)));
  }
  const listed = await factory.owners.list('alice');
  assert.deepEqual(new Set(listed.map((session) => session.clientAddress)), new Set(['192.0.2.7', null, '127.0.0.1']));
});
