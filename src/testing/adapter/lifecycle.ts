import assert from 'node:assert/strict';
import type { AdapterCheck, RouteHandler } from './check.ts';
import { appCheck, reads, writes } from './fixtures.ts';
import { parseCookie } from './browser.ts';

const login: RouteHandler = (session) => {
  session.login('alice');
  return { redirect: '/' };
};

const whoAmI: RouteHandler = (session) => ({ body: `${session.owner} ${JSON.stringify(session.get('written', 0))}` });

/** What a visitor does: come back, log in and out, see messages. */
export const LIFECYCLE: readonly AdapterCheck[] = [
  appCheck(
    "C5: a change is seen by the next request and by a redirect's target",
    {
      routes: {
        '/': reads(),
        '/add': writes(),
        '/go': writes({ redirect: '/' }),
      },
    },
    async (app) => {
      const browser = app.browser();
      await browser.visit('/add');
      assert.equal((await browser.visit('/')).body, '1');
      const redirect = await browser.visit('/go', { method: 'POST' });
      assert.equal(redirect.status, 302);
      assert.equal((await browser.follow(redirect)).body, '2');
    },
  ),
  appCheck(
    'C2: parallel requests of one browser all count',
    {
      routes: {
        '/': (session) => ({ body: session.keys().toSorted().join() }),
        '/a': (session) => ({ body: String(session.set('a', 1).size) }),
        '/b': (session) => ({ body: String(session.set('b', 1).size) }),
        '/c': (session) => ({ body: String(session.set('c', 1).size) }),
      },
    },
    async (app) => {
      const browser = app.browser();
      await browser.visit('/a');
      await Promise.all(['/b', '/c', '/a'].map((path) => browser.visit(path)));
      assert.equal((await browser.visit('/')).body, 'a,b,c');
    },
  ),
  appCheck(
    'C6: a login changes the cookie and keeps the data; the old cookie is dead',
    { routes: { '/': whoAmI, '/add': writes(), '/login': login } },
    async (app) => {
      const browser = app.browser();
      await browser.visit('/add');
      const thief = browser.clone();
      const reply = await browser.visit('/login', { method: 'POST' });
      assert.equal(reply.cookies.length, 1);
      assert.match(parseCookie(reply.cookies[0]!).value, /^[\w-]{16}\.[\w-]{43}\.[\w-]{43}$/);
      assert.equal((await browser.follow(reply)).body, 'alice 1');
      assert.equal((await thief.visit('/')).body, 'null 0');
    },
  ),
  appCheck(
    'C6: a rotation changes the cookie; for a while the old one leads to the same session',
    {
      routes: {
        '/': reads(),
        '/add': writes(),
        '/rotate': (session) => {
          session.rotate();
          return {};
        },
      },
    },
    async (app) => {
      const browser = app.browser();
      await browser.visit('/add');
      const late = browser.clone();
      assert.equal((await browser.visit('/rotate')).cookies.length, 1);
      assert.notEqual(browser.cookies.get('session'), late.cookies.get('session'));
      assert.equal((await late.visit('/')).body, '1');
      assert.equal(late.cookies.get('session'), browser.cookies.get('session'));
    },
  ),
  ...(['logout', 'invalidate'] as const).map((end) =>
    appCheck(
      `C1: after ${end}() the cookie is deleted with the attributes that it had, and does not come back`,
      {
        routes: {
          '/': whoAmI,
          '/add': writes(),
          '/end': (session) => {
            session[end]();
            return {};
          },
        },
        options: { cookie: { path: '/', sameSite: 'strict', priority: 'high' } },
      },
      async (app) => {
        const browser = app.browser();
        const attributes = parseCookie((await browser.visit('/add')).cookies[0]!).attributes;
        const other = browser.clone();
        const { cookies } = await browser.visit('/end', { method: 'POST' });
        assert.equal(cookies.length, 1);
        const deletion = parseCookie(cookies[0]!);
        assert.equal(deletion.value, '');
        for (const extra of ['Max-Age=0', 'Expires=Thu, 01 Jan 1970 00:00:00 GMT']) {
          assert.ok(deletion.attributes.delete(extra));
        }
        assert.deepEqual(deletion.attributes, attributes);
        assert.equal(app.stored, 0);
        const back = await other.visit('/');
        assert.equal(back.body, 'null 0');
        assert.equal(other.cookies.size, 1, 'C13: a request deletes no cookie for an end that it did not ask for');
      },
    ),
  ),
  appCheck(
    'a flash message crosses a redirect, and is shown once',
    {
      routes: {
        '/': (session) => ({ body: session.popFlash().join() }),
        '/save': (session) => {
          session.flash('saved');
          return { redirect: '/' };
        },
      },
    },
    async (app) => {
      const browser = app.browser();
      const redirect = await browser.visit('/save', { method: 'POST' });
      assert.equal((await browser.follow(redirect)).body, 'saved');
      assert.equal((await browser.visit('/')).body, '');
    },
  ),
  appCheck(
    'a tampered, a malformed and an unknown cookie begin a new session, without an error',
    { routes: { '/': reads(), '/add': writes() } },
    async (app) => {
      const browser = app.browser();
      await browser.visit('/add');
      const good = browser.cookies.get('session')!;
      const swapped = good.startsWith('A') ? `B${good.slice(1)}` : `A${good.slice(1)}`;
      for (const value of [swapped, 'garbage', '', '%00', `${good}.${good}`]) {
        browser.cookies.set('session', value);
        const reply = await browser.visit('/');
        assert.equal(reply.status, 200);
        assert.equal(reply.body, '0');
      }
      assert.deepEqual(app.commands, ['create'], 'the store is not asked about any of these');
      browser.cookies.set('session', good);
      assert.equal((await browser.visit('/')).body, '1');
      assert.deepEqual(app.errors, []);
    },
  ),
];
