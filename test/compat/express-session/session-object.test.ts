import assert from 'node:assert/strict';
import original from 'express-session';
import { test } from 'vitest';
import session from 'websauna-session/express-session';
import { MemoryStore } from 'websauna-session/memory';
import { keyOf } from '../../../src/crypto/session-id.ts';
import { NO_CHANGE } from '../../../src/stores/store.ts';
import { Browser, fieldsOf, SECRET, serve } from './site.ts';

const middleware = () => session({ secret: SECRET, resave: false, saveUninitialized: false });

test('fields and `cookie` are own enumerable properties, and the methods are not enumerable', () =>
  serve(
    (app) => {
      app.use(middleware());
      app.get('/', (req, res) => {
        req.session.views = 1;
        const names: string[] = [];
        for (const name in req.session) names.push(name);
        res.json([
          names.toSorted(),
          Object.keys(req.session).toSorted(),
          Object.getPrototypeOf(req.session).save.length,
        ]);
      });
    },
    async (port) =>
      assert.deepEqual(JSON.parse(await new Browser(port).text('/')), [['cookie', 'views'], ['cookie', 'views'], 1]),
  ));

test('fields, nested values and deletions persist', () =>
  serve(
    (app) => {
      app.use(middleware());
      app.get('/add', (req, res) => {
        (req.session.cart ??= []).push('book');
        req.session.user = 'ada';
        res.end();
      });
      app.get('/drop', (req, res) => {
        delete req.session.user;
        res.end();
      });
      app.get('/', (req, res) => res.json(req.session));
    },
    async (port) => {
      const browser = new Browser(port);
      await browser.visit('/add');
      await browser.visit('/add');
      await browser.visit('/drop');
      const { cookie, ...fields } = JSON.parse(await browser.text('/'));
      assert.deepEqual(fields, { cart: ['book', 'book'] });
      assert.deepEqual(cookie, { originalMaxAge: null, expires: null, httpOnly: true, path: '/' });
    },
  ));

test('values become what JSON makes of them, and what has no JSON is left out', () =>
  serve(
    (app) => {
      app.use(middleware());
      app.get('/set', (req, res) => {
        Object.assign(req.session, { at: new Date(0), nothing: undefined, run: () => 1, set: new Set([1]) });
        res.end();
      });
      app.get('/', (req, res) => res.json(fieldsOf(req.session)));
    },
    async (port) => {
      const browser = new Browser(port);
      await browser.visit('/set');
      assert.deepEqual(JSON.parse(await browser.text('/')), { at: '1970-01-01T00:00:00.000Z', set: {} });
    },
  ));

test('a request that does not use its session gets no cookie, and stays cacheable', () =>
  serve(
    (app) => {
      app.use(middleware());
      app.get('/', (_req, res) => res.set('Cache-Control', 'public, max-age=60').send('page'));
      app.get('/use', (req, res) => res.send(String(req.session.views)));
    },
    async (port) => {
      const browser = new Browser(port);
      const page = await browser.visit('/');
      assert.deepEqual(
        [page.headers['vary'], page.headers['cache-control'], page.cookies],
        [undefined, 'public, max-age=60', []],
      );
      const used = await browser.visit('/use');
      assert.deepEqual([used.headers['vary'], used.headers['cache-control']], ['Cookie', 'private, no-cache']);
    },
  ));

test('regenerate carries nothing over, and gives `req.session` and `req.sessionID` another value', () =>
  serve(
    (app) => {
      app.use(middleware());
      app.get('/', (req, res) => {
        req.session.user = 'ada';
        res.send(req.sessionID);
      });
      app.get('/regenerate', (req, res, next) => {
        const before = req.session;
        const { id } = before;
        before.regenerate((error) => {
          if (error) return next(error);
          const { user } = req.session;
          req.session.views = 1;
          return res.json({
            user: user ?? null,
            same: req.session === before || req.session.id === id,
            id: req.sessionID,
          });
        });
      });
      app.get('/show', (req, res) => res.json([req.session.user ?? null, req.session.views ?? null, req.session.id]));
    },
    async (port) => {
      const browser = new Browser(port);
      const first = await browser.text('/');
      const stale = browser.clone();
      const { user, same, id } = JSON.parse(await browser.text('/regenerate'));
      assert.deepEqual([user, same], [null, false]);
      assert.notEqual(id, first);
      assert.deepEqual(JSON.parse(await browser.text('/show')), [null, 1, id]);
      assert.deepEqual(JSON.parse(await stale.text('/show')).slice(0, 2), [null, null]);
    },
  ));

test('methods return promises without a callback', () =>
  serve(
    (app) => {
      app.use(middleware());
      app.get('/', async (req, res) => {
        req.session.views = 1;
        await (req.session as unknown as { save(): Promise<void> }).save();
        req.session.views = 2;
        await (req.session as unknown as { reload(): Promise<void> }).reload();
        const { views } = req.session;
        await (req.session as unknown as { regenerate(): Promise<void> }).regenerate();
        const after = req.session.views;
        await (req.session as unknown as { destroy(): Promise<void> }).destroy();
        res.json([views, after ?? null, typeof req.session]);
      });
    },
    async (port) => assert.deepEqual(JSON.parse(await new Browser(port).text('/')), [1, null, 'undefined']),
  ));

test('reload fails for a session that is not stored, and for one that has ended', () =>
  serve(
    (app) => {
      app.use(middleware());
      app.get('/new', (req, res) => {
        req.session.views = 1;
        req.session.reload((error: Error) => res.send(error.message));
      });
      app.get('/ended', (req, res) => {
        void req.session.views;
        req.sessionStore.destroy(req.sessionID, () => req.session.reload((error: Error) => res.send(error.message)));
      });
    },
    async (port) => {
      const browser = new Browser(port);
      assert.equal(await browser.text('/new'), 'failed to load session');
      assert.equal(browser.cookies.size, 1, 'what was written before is stored');
      assert.equal(await browser.text('/ended'), 'failed to load session');
    },
  ));

test('names of methods and `__proto__` in stored data stay inert', () =>
  serve(
    (app) => {
      app.use(middleware());
      app.get('/', (req, res) => {
        Object.defineProperty(req.session, '__proto__', {
          value: { admin: true },
          enumerable: true,
          configurable: true,
        });
        Object.assign(req.session, { views: 1 });
        res.send(req.sessionID);
      });
      app.get('/poison', (req, res, next) => {
        const data = JSON.parse('{"save":"no","views":2,"__proto__":{"admin":true}}');
        req.sessionStore.set(req.sessionID, data, (error) => (error ? next(error) : res.end()));
      });
      app.get('/show', (req, res) => {
        const { admin } = req.session as unknown as { admin?: boolean };
        res.json([typeof req.session.save, req.session.views, admin ?? null]);
      });
    },
    async (port) => {
      const browser = new Browser(port);
      await browser.visit('/');
      assert.deepEqual(JSON.parse(await browser.text('/show')), ['function', 1, null]);
      await browser.visit('/poison');
      assert.deepEqual(JSON.parse(await browser.text('/show')), ['function', 2, null]);
    },
  ));

test('a session object that was replaced cannot end the one that has replaced it', () =>
  serve(
    (app) => {
      app.use(middleware());
      app.get('/', (req, res) => {
        const before = req.session;
        before.views = 1;
        before.regenerate(() => {
          req.session.views = 2;
          before.destroy(() => res.end());
        });
      });
      app.get('/show', (req, res) => res.json(req.session.views ?? null));
    },
    async (port) => {
      const browser = new Browser(port);
      await browser.visit('/');
      assert.equal(await browser.text('/show'), '2');
    },
  ));

test.each([
  ['express-session', original],
  ['websauna-session', session],
])('with an id that is no text, nothing is stored: %s', (_, make) =>
  serve(
    (app) => {
      app.use((make as typeof original)({ secret: SECRET, resave: false, saveUninitialized: false }));
      app.get('/', (req, res) => {
        Object.assign(req, { sessionID: 5 });
        req.session.views = 1;
        res.json(req.sessionID);
      });
    },
    async (port) => {
      const page = await new Browser(port).visit('/');
      assert.deepEqual([page.text, page.cookies], ['5', []]);
    },
  ),
);

test('save() stores nothing for a request whose id is no text', async () => {
  const store = new MemoryStore();
  await serve(
    (app) => {
      app.use(session({ secret: SECRET, saveUninitialized: false, store }));
      app.get('/', (req, res, next) => {
        Object.assign(req, { sessionID: null });
        req.session.views = 1;
        req.session.save((error) => (error ? next(error) : res.end()));
      });
    },
    async (port) => {
      const page = await new Browser(port).visit('/');
      assert.deepEqual([page.status, page.cookies, store.size], [200, [], 0]);
    },
  );
});

test('a session that cannot be read is given up for an empty one', async () => {
  const store = new MemoryStore();
  const sessions = session({ secret: SECRET, saveUninitialized: false, store });
  const reasons: string[] = [];
  sessions.factory.on('rejected', ({ reason }) => reasons.push(reason));
  await serve(
    (app) => {
      app.use(sessions);
      app.get('/', (req, res) => {
        req.session.views = 1;
        res.send(req.sessionID);
      });
      app.get('/show', (req, res) => res.json([req.session.views ?? null, req.sessionID]));
    },
    async (port) => {
      const browser = new Browser(port);
      const sid = await browser.text('/');
      await store.save(keyOf(sid), { ...NO_CHANGE, set: new Map([['views', '{']]) });
      const [views, id] = JSON.parse(await browser.text('/show')) as [null, string];
      assert.deepEqual([views, reasons], [null, ['corrupt']]);
      assert.notEqual(id, sid);
    },
  );
});

test('a session object that was replaced cannot save', () =>
  serve(
    (app) => {
      app.use(middleware());
      app.get('/', (req, res) => {
        const before = req.session;
        before.views = 1;
        before.regenerate(() => before.save((error: { code?: string }) => res.send(error.code)));
      });
    },
    async (port) => assert.equal(await new Browser(port).text('/'), 'ERR_SESSION_ENDED'),
  ));

test('two middlewares in a row make one session', () =>
  serve(
    (app) => {
      app.use(middleware());
      app.use((req, _res, next) => {
        req.session.views = (req.session.views ?? 0) + 1;
        next();
      });
      app.use(middleware());
      app.get('/', (req, res) => res.send(String(req.session.views)));
    },
    async (port) => {
      const browser = new Browser(port);
      const page = await browser.visit('/');
      assert.deepEqual([page.text, page.cookies.length, await browser.text('/')], ['1', 1, '2']);
    },
  ));
