import assert from 'node:assert/strict';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, test } from 'vitest';
import session from 'websauna-session/express-session';
import { waitFor } from '../../support/wait-for.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { Browser, SECRET, serve } from './site.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const STORES = {
  memory: () => session.createStore(),
  Redis: () => session.createStore({ redis: { url: server.url, prefix: `face-${Math.random()}:`, socketTimeout: 30 } }),
};

/** The methods of a store as functions that return promises. */
function methodsOf(store: ReturnType<typeof session.createStore>) {
  return {
    get: promisify(
      store.get.bind(store) as (sid: string, done: (error: unknown, data?: object | null) => void) => void,
    ),
    set: promisify(store.set.bind(store) as (sid: string, data: object, done: (error?: unknown) => void) => void),
    touch: promisify(store.touch!.bind(store) as (sid: string, data: object, done: (error?: unknown) => void) => void),
    destroy: promisify(store.destroy.bind(store) as (sid: string, done: (error?: unknown) => void) => void),
    all: promisify(store.all!.bind(store) as (done: (error: unknown, all?: object | null) => void) => void),
    length: promisify(store.length!.bind(store) as (done: (error: unknown, length?: number) => void) => void),
    clear: promisify(store.clear!.bind(store) as (done: (error?: unknown) => void) => void),
    load: promisify(store.load.bind(store) as (sid: string, done: (error: unknown, loaded?: object) => void) => void),
  };
}

describe.each(Object.entries(STORES))('The store over %s', (_, open) => {
  test('reads, changes and ends the session of a request by its id', async () => {
    const store = open();
    const { get, set, destroy, load } = methodsOf(store);
    await serve(
      (app) => {
        app.use(session({ secret: SECRET, saveUninitialized: false, store, cookie: { maxAge: 60_000 } }));
        app.get('/', (req, res) => {
          req.session.views = (req.session.views ?? 0) + 1;
          res.json([req.session.views, req.sessionID]);
        });
      },
      async (port) => {
        const browser = new Browser(port);
        const [, sid] = JSON.parse(await browser.text('/'));
        const data = (await get(sid)) as { views: number; user?: string };
        assert.equal(data.views, 1);
        data.user = 'ada';
        data.views = 10;
        await set(sid, data);
        assert.deepEqual(JSON.parse(await browser.text('/')), [11, sid]);
        const loaded = (await load(sid)) as { user: string; id: string };
        assert.deepEqual([loaded.user, loaded.id], ['ada', sid]);
        await destroy(sid);
        assert.equal(await get(sid), null);
        const [views, next] = JSON.parse(await browser.text('/'));
        assert.equal(views, 1);
        assert.notEqual(next, sid);
      },
    );
  });

  test('keeps sessions of others under any id, with the time that their cookie says', async () => {
    const { get, set, touch } = methodsOf(open());
    await set('odd id', { cookie: { expires: new Date(Date.now() + 60_000) }, data: { a: [1] } });
    const found = (await get('odd id')) as { data: object; cookie: { expires: Date; maxAge: number } };
    assert.deepEqual(found.data, { a: [1] });
    await touch('odd id', { cookie: { originalMaxAge: 120_000 } });
    await touch('nothing', { cookie: {} });
    assert.equal(await get('nothing'), null);
    assert.equal(await get('other id'), null);
  });

  test('counts, lists and clears, without knowing the ids', async () => {
    const { set, all, length, clear } = methodsOf(open());
    for (const n of [1, 2, 3]) await set(`sid-${n}`, { cookie: {}, n });
    assert.equal(await length(), 3);
    const listed = Object.entries((await all()) as Record<string, { n: number }>);
    assert.deepEqual(
      listed.map(([, { n }]) => n).toSorted((a, b) => a - b),
      [1, 2, 3],
    );
    assert.ok(listed.every(([name]) => /^[\w-]{43}$/.test(name)));
    await clear();
    assert.equal(await length(), 0);
  });

  test('deletes the fields that a `set` does not have', async () => {
    const { get, set } = methodsOf(open());
    await set('sid', { cookie: {}, a: 1, b: 2 });
    await set('sid', { cookie: {}, b: 3 });
    const { cookie: _cookie, ...fields } = (await get('sid')) as Record<string, unknown>;
    assert.deepEqual(fields, { b: 3 });
  });
});

test('`set` without a callback is carried out', async () => {
  const store = session.createStore();
  store.set('sid', { cookie: {}, a: 1 } as never);
  const { length } = methodsOf(store);
  await waitFor('the session', async () => (await length()) === 1);
});

test('`set` by the id of a session that another one has replaced is refused', () => {
  const store = session.createStore();
  const { get, set } = methodsOf(store);
  return serve(
    (app) => {
      app.use(session({ secret: SECRET, store, saveUninitialized: false }));
      app.get('/', (req, res) => {
        req.session.views = 1;
        res.send(req.sessionID);
      });
      app.get('/regenerate', (req, res, next) => {
        req.session.regenerate((error) => {
          if (error) return next(error);
          req.session.views = 2;
          return res.end();
        });
      });
    },
    async (port) => {
      const browser = new Browser(port);
      const sid = await browser.text('/');
      const data = (await get(sid)) as object;
      await browser.visit('/regenerate');
      await assert.rejects(set(sid, data), { code: 'ERR_SESSION_ENDED' });
      assert.equal(await get(sid), null);
    },
  );
});

test('store.regenerate(req) begins another session', () => {
  const store = new session.MemoryStore();
  return serve(
    (app) => {
      app.use(session({ secret: SECRET, store, saveUninitialized: false }));
      app.get('/', (req, res) => {
        req.session.views = 1;
        res.send(req.sessionID);
      });
      app.get('/regenerate', (req, res, next) => {
        void req.session.views;
        req.sessionStore.regenerate(req, (error) => {
          if (error) return next(error);
          req.session.user = 'ada';
          return res.json([req.session.views ?? null, req.sessionID]);
        });
      });
    },
    async (port) => {
      const browser = new Browser(port);
      const first = await browser.text('/');
      const [views, sid] = JSON.parse(await browser.text('/regenerate'));
      assert.equal(views, null);
      assert.notEqual(sid, first);
      const { length } = methodsOf(store);
      assert.equal(await length(), 1);
    },
  );
});
