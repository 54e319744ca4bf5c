import assert from 'node:assert/strict';
import { RedisStore } from 'connect-redis';
import cookieParser from 'cookie-parser';
import type { Express } from 'express';
import original from 'express-session';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, test, vi } from 'vitest';
import { SessionError } from 'websauna-session';
import session from 'websauna-session/express-session';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { Browser, SECRET, serve } from './site.ts';

let server: RedisServer;
let client: ReturnType<typeof createClient>;
beforeAll(async () => {
  server = await startRedis();
  client = createClient({ url: server.url });
  await client.connect();
});
afterAll(async () => {
  client.destroy();
  await server.stop();
});

type Make = typeof original;

/** One site of express-session, or of what takes its place. */
function site(make: Make, store: original.Store, act: (port: number) => Promise<void>, cookie = {}): Promise<void> {
  return serve((app) => {
    app.use(make({ secret: SECRET, resave: false, saveUninitialized: false, store, cookie }));
    app.get('/write', (req, res) => {
      req.session.views = (req.session.views ?? 0) + 1;
      res.send(String(req.session.views));
    });
    app.get('/remember', (req, res) => {
      req.session.cookie.maxAge = 3_600_000;
      req.session.user = 'ada';
      res.end();
    });
    app.get('/read', (req, res) =>
      res.json([req.session.views ?? null, req.session.cookie.originalMaxAge, req.sessionID]),
    );
    app.get('/nothing', (_req, res) => res.end());
    app.get('/logout', (req, res) => req.session.destroy(() => res.end()));
  }, act);
}

const STORES = {
  MemoryStore: () => new original.MemoryStore(),
  'connect-redis': () => new RedisStore({ client, prefix: `stores-${Math.random()}:` }),
};

describe.each(Object.entries(STORES))('%s', (name, open) => {
  test('a session of express-session goes on here and back, under the same cookie', async () => {
    const store = open();
    let { cookies } = new Browser(0);
    const turns = [original, session, original, session];
    for (const [turn, make] of turns.entries()) {
      await site(make, store, async (port) => {
        const browser = new Browser(port, cookies);
        const before = cookies.get('connect.sid');
        assert.equal(await browser.text('/write'), String(turn + 1));
        if (turn > 0) assert.equal(browser.cookies.get('connect.sid'), before);
        ({ cookies } = browser);
      });
    }
  });

  test('attributes of one session go on, too', async () => {
    const store = open();
    let { cookies } = new Browser(0);
    for (const make of [original, session]) {
      await site(
        make,
        store,
        async (port) => {
          const browser = new Browser(port, cookies);
          if (make === original) await browser.visit('/remember');
          else assert.equal(JSON.parse(await browser.text('/read'))[1], 3_600_000);
          ({ cookies } = browser);
        },
        { maxAge: 60_000 },
      );
    }
  });

  test('a session that express-session has ended is no session here', async () => {
    const store = open();
    let { cookies } = new Browser(0);
    await site(session, store, async (port) => {
      const browser = new Browser(port);
      await browser.visit('/write');
      ({ cookies } = browser);
    });
    await site(original, store, async (port) => void (await new Browser(port, cookies).visit('/logout')));
    await site(session, store, async (port) => {
      assert.equal(JSON.parse(await new Browser(port, cookies).text('/read'))[0], null);
    });
  });
});

test('with `redis`, sessions of connect-redis do not open, and lose the cookie of that name with the first write', async () => {
  const old = new RedisStore({ client });
  let { cookies } = new Browser(0);
  await site(original, old, async (port) => {
    const browser = new Browser(port);
    await browser.visit('/write');
    ({ cookies } = browser);
  });
  for (const name of [undefined, 'sid']) {
    const sessions = session({ secret: SECRET, saveUninitialized: false, name, redis: { url: server.url } });
    const build = (app: Express): void => {
      app.use(sessions);
      app.get('/read', (req, res) => res.json(req.session.views ?? null));
      app.get('/write', (req, res) => res.json((req.session.views = 10)));
    };
    await serve(build, async (port) => {
      const browser = new Browser(port, cookies);
      assert.equal(await browser.text('/read'), 'null');
      assert.deepEqual(browser.cookies, cookies);
      await browser.visit('/write');
      assert.equal(browser.cookies.get('connect.sid') === cookies.get('connect.sid'), name !== undefined);
      await site(original, old, async (back) => {
        const returned = JSON.parse(await new Browser(back, browser.cookies).text('/read'))[0];
        assert.equal(returned, name === undefined ? null : 1);
      });
    });
    await sessions.factory.close();
  }
  assert.equal((await client.keys('sess:*')).length, 1);
  assert.equal((await client.keys('session:*')).length, 2);
});

test('connect-redis keeps a session as long as its cookie says, and a use renews that', async () => {
  const store = new RedisStore({ client, prefix: 'ttl:' });
  await site(
    session,
    store,
    async (port) => {
      const browser = new Browser(port);
      await browser.visit('/write');
      const [key] = await client.keys('ttl:*');
      const ttl = async (): Promise<number> => await client.ttl(key!);
      assert.ok((await ttl()) > 55 && (await ttl()) <= 60);
      // A page that does not look at the session is a use of it, too.
      for (const path of ['/read', '/nothing']) {
        await client.expire(key!, 20);
        await browser.visit(path);
        assert.ok((await ttl()) > 55, path);
      }
    },
    { maxAge: 60_000 },
  );
});

test('an id of another form than ours goes on, and is not given out', async () => {
  const store = new original.MemoryStore();
  const odd = ((options: original.SessionOptions) => original({ ...options, genid: () => 'odd/id 1' })) as Make;
  let { cookies } = new Browser(0);
  await site(odd, store, async (port) => {
    const browser = new Browser(port);
    await browser.visit('/write');
    ({ cookies } = browser);
  });
  await site(session, store, async (port) => {
    const browser = new Browser(port, cookies);
    assert.equal(await browser.text('/write'), '2');
    assert.equal(JSON.parse(await browser.text('/read'))[2], 'odd/id 1');
    await browser.visit('/logout');
    assert.deepEqual(Object.keys((store as unknown as { sessions: object }).sessions), []);
  });
});

test('a store that has lost its connection gives requests no session, as in express-session', () => {
  const store = new session.MemoryStore();
  return serve(
    (app) => {
      app.use(session({ secret: SECRET, store }));
      app.get('/', (req, res) => res.send(typeof req.session));
    },
    async (port) => {
      const browser = new Browser(port);
      store.emit('disconnect');
      assert.equal(await browser.text('/'), 'undefined');
      store.emit('connect');
      assert.equal(await browser.text('/'), 'object');
    },
  );
});

test.each([
  [500, new Error('boom')],
  [503, new SessionError('ERR_SESSION_STORE', 'boom')],
])('the error of a store reaches the application as it is, with status %i', async (status, error) => {
  const store = new session.MemoryStore();
  await site(session, store, async (port) => {
    const browser = new Browser(port);
    await browser.visit('/write');
    const { get } = store;
    store.get = (_sid, callback) => callback(error);
    const read = await browser.visit('/read');
    assert.deepEqual([read.status, read.text], [status, 'boom']);
    store.get = get;
    store.set = (_sid, _session, callback) => callback?.(error);
    const written = await new Browser(port).visit('/write');
    assert.deepEqual([written.status, written.text, written.cookies], [status, 'boom', []]);
  });
});

test('a store that reports a missing session by ENOENT, as file stores do, gives a new one', async () => {
  const store = new session.MemoryStore();
  await site(session, store, async (port) => {
    const browser = new Browser(port);
    await browser.visit('/write');
    store.get = (_sid, callback) => callback(Object.assign(new Error('no such file'), { code: 'ENOENT' }));
    assert.equal(await browser.text('/read').then((text) => (JSON.parse(text) as unknown[])[0]), null);
  });
});

test('a use is written where a store has no `touch`', async () => {
  const store = new session.MemoryStore();
  store.touch = undefined as never;
  await site(
    session,
    store,
    async (port) => {
      const browser = new Browser(port);
      await browser.visit('/write');
      const set = vi.spyOn(store, 'set');
      await browser.visit('/read');
      assert.deepEqual(
        set.mock.calls.map(([, { views }]) => views),
        [1],
      );
    },
    { maxAge: 60_000 },
  );
});

test('what a store has without a cookie goes on', async () => {
  const store = new session.MemoryStore();
  await site(session, store, async (port) => {
    const browser = new Browser(port);
    await browser.visit('/write');
    const [, , sid] = JSON.parse(await browser.text('/read')) as [number, null, string];
    await new Promise((done) => store.set(sid, { views: 7 } as never, done));
    assert.deepEqual(JSON.parse(await browser.text('/read')), [7, null, sid]);
  });
});

test('sessions cannot be found by their public names, and tools are told so', async () => {
  const { factory } = session({ secret: SECRET, store: new session.MemoryStore() });
  await assert.rejects(factory.sessions.get('h'.repeat(43)), { code: 'ERR_SESSION_UNSUPPORTED' });
});

test.each([
  ['its secret is enough', SECRET, undefined],
  ['they need none', undefined, SECRET],
])('cookies are taken from cookie-parser where the header is gone, and %s', (_, parserSecret, secret) =>
  serve(
    (app) => {
      app.use(cookieParser(parserSecret), (req, _res, next) => {
        delete req.headers.cookie;
        next();
      });
      app.use(session({ ...(secret !== undefined && { secret }), saveUninitialized: false }));
      app.get('/', (req, res) => {
        req.session.views = (req.session.views ?? 0) + 1;
        res.send(String(req.session.views));
      });
    },
    async (port) => {
      const browser = new Browser(port);
      assert.deepEqual([await browser.text('/'), await browser.text('/')], ['1', '2']);
    },
  ),
);
