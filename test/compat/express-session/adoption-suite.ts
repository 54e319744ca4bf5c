import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import session, { type SessionMiddleware, type SessionOptions } from 'websauna-session/express-session';
import { Browser, fieldsOf, Gate, SECRET, serve } from './site.ts';

const SAVERS = 8;
let users = 0;
/** Opened by the test, for `/slow-logout`, and by the request when it has its session. */
let [gate, waiting] = [new Gate(), new Gate()];

async function site(
  options: SessionOptions,
  act: (port: number, middleware: SessionMiddleware) => Promise<void>,
): Promise<void> {
  const middleware = session({ secret: SECRET, saveUninitialized: false, ...options });
  const everyone = new Gate();
  let present = 0;
  await serve(
    (app) => {
      app.use(middleware);
      app.get('/login/:user', (req, res) => {
        req.session.user = req.params.user;
        res.end();
      });
      app.get('/write/:n', (req, res) => {
        req.session[`f${Number(req.params.n)}`] = 1;
        res.send(req.session.user ?? 'nobody');
      });
      app.get('/logout', (req, res, next) => {
        void req.session.user;
        req.session.destroy((error) => (error ? next(error) : res.end()));
      });
      // Has its session before others change it.
      app.get('/slow-logout', async (req, res, next) => {
        void req.session.user;
        waiting.open();
        await gate.opened;
        req.session.destroy((error) => (error ? next(error) : res.end()));
      });
      // All of the savers have their session before any of them saves.
      app.get('/save', async (req, res, next) => {
        void req.session.user;
        if (++present === SAVERS) everyone.open();
        await everyone.opened;
        req.session.save((error) => (error ? next(error) : res.send(req.sessionID)));
      });
      app.get('/show', (req, res) => res.json(fieldsOf(req.session)));
    },
    async (port) => act(port, middleware),
  );
}

/** Lets a session begin without the option `owner`, and goes on with it. */
async function adoption(
  open: () => ReturnType<typeof session.createStore>,
  act: (browser: Browser, middleware: SessionMiddleware, user: string) => Promise<void>,
): Promise<void> {
  const store = open();
  const user = `user-${++users}`;
  let cookies!: Browser['cookies'];
  await site({ store }, async (port) => {
    const browser = new Browser(port);
    await browser.visit(`/login/${user}`);
    ({ cookies } = browser);
  });
  await site({ store, owner: ({ user: owner }) => owner }, async (port, middleware) =>
    act(new Browser(port, cookies), middleware, user),
  );
}

/** @param open makes a store, with sessions of its own */
export function adoptionSuite(name: string, open: () => ReturnType<typeof session.createStore>): void {
  describe(`A session of an owner that the store does not know, ${name}`, () => {
    test('becomes one that `owners` finds, with another id', () =>
      adoption(open, async (browser, { factory }, user) => {
        const before = browser.cookies.get('connect.sid');
        assert.deepEqual(JSON.parse(await browser.text('/show')), { user });
        assert.notEqual(browser.cookies.get('connect.sid'), before);
        assert.equal((await factory.owners.list(user)).length, 1);
        assert.equal(await factory.owners.revoke(user), 1);
        assert.deepEqual(JSON.parse(await browser.text('/show')), {});
      }));

    test('answers parallel requests as the owner, and keeps what all of them write', () =>
      adoption(open, async (browser, { factory }, user) => {
        const tabs = Array.from({ length: 20 }, () => browser.clone());
        const answers = await Promise.all(tabs.map(async (tab, n) => await tab.text(`/write/${n}`)));
        assert.deepEqual(new Set(answers), new Set([user]));
        const fields = Object.keys(JSON.parse(await browser.text('/show')));
        assert.equal(fields.length, 21);
        assert.equal((await factory.owners.list(user)).length, 1);
        assert.equal(new Set(tabs.map((tab) => tab.cookies.get('connect.sid'))).size, 1, 'all have the same new id');
      }));

    test('has one id more when parallel requests save it, and answer later', () =>
      adoption(open, async (browser, { factory }, user) => {
        const tabs = Array.from({ length: SAVERS }, () => browser.clone());
        const ids = await Promise.all(tabs.map(async (tab) => await tab.text('/save')));
        assert.equal(new Set(ids).size, 1);
        for (const tab of tabs)
          assert.ok(decodeURIComponent(tab.cookies.get('connect.sid')!).startsWith(`s:${ids[0]}.`));
        assert.equal((await factory.owners.list(user)).length, 1);
      }));

    test('C1: ends by a logout that has begun before', () =>
      adoption(open, async (browser, { factory }, user) => {
        [gate, waiting] = [new Gate(), new Gate()];
        const logout = browser.clone().visit('/slow-logout');
        await waiting.opened;
        await browser.visit('/show');
        assert.equal((await factory.owners.list(user)).length, 1);
        gate.open();
        await logout;
        assert.deepEqual(await factory.owners.list(user), []);
        assert.deepEqual(JSON.parse(await browser.text('/show')), {});
      }));

    test('C1: ends by a logout that has come with the old id', () =>
      adoption(open, async (browser, { factory }, user) => {
        const stale = browser.clone();
        await browser.visit('/show');
        await stale.visit('/logout');
        assert.deepEqual(JSON.parse(await browser.text('/show')), {});
        assert.deepEqual(await factory.owners.list(user), []);
      }));
  });
}
