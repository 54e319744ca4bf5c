import assert from 'node:assert/strict';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, test } from 'vitest';
import session from 'websauna-session/express-session';
import { fromExpressStore } from 'websauna-session/express-store';
import { MemoryStore } from 'websauna-session/memory';
import { interceptStore } from 'websauna-session/testing';
import { engineIdOf } from '../../../src/compat/express-session/session-id.ts';
import { keyOf } from '../../../src/crypto/session-id.ts';
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

/** A session that `load` has returned. */
interface Loaded {
  views: number;
  readonly req: { readonly session?: Loaded };
  save(): Promise<void>;
  reload(): Promise<void>;
  destroy(): Promise<void>;
  regenerate(): Promise<void>;
}

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

  test('says when a session expires whose cookie has a `maxAge`', async () => {
    const { get, set, touch } = methodsOf(open());
    const lifetime = async (): Promise<[number, number]> => {
      const { cookie } = (await get('sid')) as { cookie: { expires: Date; originalMaxAge: number } };
      return [cookie.originalMaxAge, Math.round((Number(cookie.expires) - Date.now()) / 10_000)];
    };
    await set('sid', { cookie: { originalMaxAge: 60_000 } });
    assert.deepEqual(await lifetime(), [60_000, 6]);
    await touch('sid', { cookie: { originalMaxAge: 120_000 } });
    assert.deepEqual(await lifetime(), [60_000, 12]);
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

test.each([...Object.entries(STORES), ['MemoryStore', () => new session.MemoryStore() as never] as const])(
  'sessions without a request have the methods of those with one: %s',
  async (_, open) => {
    const store = open();
    const { get, set, load } = methodsOf(store);
    await set('sid', { cookie: { path: '/' }, views: 1 });
    const loaded = (await load('sid')) as unknown as Loaded;
    loaded.views = 2;
    await loaded.save();
    assert.equal(((await get('sid')) as Loaded).views, 2);
    await set('sid', { cookie: { path: '/' }, views: 3 });
    await loaded.reload();
    assert.deepEqual([loaded.views, loaded.req.session!.views], [2, 3]);
    await loaded.destroy();
    assert.deepEqual([(await get('sid')) ?? null, loaded.req.session, await load('sid')], [null, undefined, undefined]);
    await assert.rejects(loaded.reload(), /failed to load session/);
    await set('sid', { cookie: {} });
    await loaded.regenerate();
    assert.equal((await get('sid')) ?? null, null);
  },
);

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

describe('A store of express-session over one of ours', () => {
  const KEY = keyOf(engineIdOf('sid'));

  /** A store in memory, and what shall happen before one of its operations. */
  function intercepted(): { memory: MemoryStore; before: Record<string, () => Promise<unknown>>; store: object } {
    const memory = new MemoryStore();
    const before: Record<string, () => Promise<unknown>> = {};
    const backing = interceptStore(memory, async (operation) => {
      const once = before[operation];
      delete before[operation];
      await once?.();
    });
    return { memory, before, store: session.createStore({ store: backing }) };
  }

  test('writes again what another writer has made, or ended, since it looked', async () => {
    const { memory, before, store } = intercepted();
    const { get, set } = methodsOf(store as never);
    const other = methodsOf(session.createStore({ store: memory }));
    before['create'] = () => other.set('sid', { cookie: {}, views: 1 });
    await set('sid', { cookie: {}, user: 'ada' });
    assert.equal(((await get('sid')) as { user?: string }).user, 'ada');
    before['save'] = () => memory.destroy(KEY);
    await set('sid', { cookie: {}, user: 'eve' });
    assert.equal(((await get('sid')) as { user?: string }).user, 'eve');
  });

  test('lists no session that ends meanwhile', async () => {
    const memory = new MemoryStore();
    const { all, set } = methodsOf(session.createStore({ store: memory }));
    await set('sid', { cookie: {} });
    const load = memory.load.bind(memory);
    memory.load = async (key) => {
      await memory.destroy(key);
      return await load(key);
    };
    assert.deepEqual(Object.keys((await all()) as object), []);
  });

  test('keeps a session whose cookie is missing, or has no time that can be read', async () => {
    const memory = new MemoryStore();
    const { set } = methodsOf(session.createStore({ store: memory, ttl: 600 }));
    const seconds = async (data: object): Promise<number> => {
      await set('sid', data);
      const record = await memory.load(KEY);
      assert.equal(record?.status, 'found');
      return record.meta.timeout.seconds;
    };
    assert.equal(await seconds({ cookie: undefined, views: 1 }), 600);
    assert.equal(await seconds({ cookie: { expires: 'no date' } }), 1);
  });

  test('cannot go through the sessions of a store that has no scan, and says so', async () => {
    const { all, length } = methodsOf(session.createStore({ store: fromExpressStore(new session.MemoryStore()) }));
    await assert.rejects(all(), { code: 'ERR_SESSION_UNSUPPORTED' });
    await assert.rejects(length(), { code: 'ERR_SESSION_UNSUPPORTED' });
  });

  test('passes on errors to `load`', async () => {
    const { before, store } = intercepted();
    before['load'] = () => Promise.reject(new Error('connection lost'));
    await assert.rejects(methodsOf(store as never).load('sid'), /connection lost/);
  });

  test('reads a session of a site whose cookie depends on the request', () =>
    serve(
      (app) => {
        app.use(session({ secret: SECRET, cookie: () => ({ sameSite: 'lax' }), saveUninitialized: false }));
        app.get('/', (req, res) => {
          req.session.views = 1;
          res.end();
        });
        app.get('/show', (req, res, next) => {
          req.sessionStore.get(req.sessionID, (error, data) => (error ? next(error) : res.send(String(data?.views))));
        });
      },
      async (port) => {
        const browser = new Browser(port);
        await browser.visit('/');
        assert.equal(await browser.text('/show'), '1');
      },
    ));
});

describe('MemoryStore', () => {
  test('drops the session that was written longest ago beyond 100000', async () => {
    const store = new session.MemoryStore();
    const data = { cookie: {} } as never;
    for (let n = 0; n < 100_000; n++) store.set(`sid-${n}`, data);
    store.set('sid-0', data);
    store.set('one more', data);
    const { length, load } = methodsOf(store);
    assert.equal(await length(), 100_000);
    assert.equal(await load('sid-1'), undefined);
    for (const sid of ['sid-0', 'sid-2', 'one more']) assert.notEqual(await load(sid), undefined, sid);
  });

  test('drops expired sessions first when it is full, and does not list them', async () => {
    const store = new session.MemoryStore();
    const data = { cookie: {} } as never;
    for (let n = 0; n < 99_999; n++) store.set(`sid-${n}`, data);
    store.set('expired', { cookie: { expires: new Date(Date.now() - 1000) } } as never);
    assert.equal(await methodsOf(store as never).length(), 99_999);
    store.set('expired', { cookie: { expires: new Date(Date.now() - 1000) } } as never);
    store.set('one more', data);
    const { sessions } = store as unknown as { sessions: object };
    assert.deepEqual([Object.keys(sessions).length, 'sid-0' in sessions], [100_000, true]);
  });

  test('works without callbacks', async () => {
    const store = new session.MemoryStore();
    const { get, length } = methodsOf(store);
    store.set('sid', { cookie: {}, views: 1 } as never);
    store.touch('sid', { cookie: { originalMaxAge: 1000 } } as never);
    store.touch('other', { cookie: {} } as never);
    assert.deepEqual(await get('sid'), { cookie: { originalMaxAge: 1000 }, views: 1 });
    store.destroy('sid');
    assert.equal(await get('sid'), undefined);
    store.set('sid', { cookie: {} } as never);
    store.clear();
    assert.equal(await length(), 0);
  });
});
