import assert from 'node:assert/strict';
import type { AdapterCheck, RouteHandler } from './check.ts';
import { appCheck, reads, writes } from './fixtures.ts';

const fails: RouteHandler = (session) => {
  session.set('written', 1);
  throw new Error('the handler failed');
};

const endsAndFails: RouteHandler = (session) => {
  session.invalidate();
  session.set('written', 2);
  throw new Error('the handler failed');
};

/** What happens when the handler, the data or the store fails. */
export const FAILURES: readonly AdapterCheck[] = [
  appCheck('a handler that fails has changed its session all the same', { routes: { '/': fails } }, async (app) => {
    const reply = await app.visit('/');
    assert.equal(reply.status, 500);
    assert.equal(reply.cookies.length, 1);
    assert.equal(app.stored, 1);
    assert.deepEqual(app.errors.map(String), ['Error: the handler failed']);
  }),
  appCheck(
    'with `cookie.onException: false` it has not, and a dead session is dead all the same',
    {
      routes: { '/': reads(), '/add': writes(), '/fail': fails, '/end': endsAndFails },
      options: { cookie: { onException: false } },
    },
    async (app) => {
      const reply = await app.visit('/fail');
      assert.equal(reply.status, 500);
      assert.deepEqual(reply.cookies, []);
      assert.equal(app.stored, 0);
      assert.deepEqual(app.reasons('discarded'), ['exception']);
      const browser = app.browser();
      await browser.visit('/add');
      assert.equal((await browser.visit('/end')).status, 500);
      assert.equal(browser.cookies.size, 0);
      assert.equal(app.stored, 0);
    },
  ),
  appCheck(
    "a store that cannot be read is the framework's own error, with status 503",
    { routes: { '/': reads(), '/add': writes() } },
    async (app) => {
      const browser = app.browser();
      await browser.visit('/add');
      app.failing.add('load');
      const reply = await browser.visit('/');
      app.assertFailed(reply, 'ERR_SESSION_STORE', 503);
      assert.deepEqual(app.reasons('storeError').length, 1);
      app.failing.clear();
      assert.equal((await browser.visit('/')).body, '1');
    },
  ),
  appCheck(
    'a store that cannot be written never makes a success, and the error has no header of it',
    {
      routes: {
        '/': writes({
          body: 'stored!',
          headers: { location: '/elsewhere', etag: '"1"', 'content-language': 'en', 'x-request-id': '7' },
        }),
      },
    },
    async (app) => {
      app.failing.add('create');
      const reply = await app.visit('/');
      app.assertCommitFailed(reply, 'ERR_SESSION_STORE', 503);
      assert.doesNotMatch(reply.body, /stored!/);
      for (const name of ['location', 'etag', 'content-language']) assert.equal(reply.headers.get(name), null, name);
    },
  ),
  appCheck(
    'the same with a redirect, and with an existing session',
    { routes: { '/add': writes(), '/go': writes({ redirect: '/add' }) } },
    async (app) => {
      const browser = app.browser();
      await browser.visit('/add');
      app.failing.add('save');
      const reply = await browser.visit('/go', { method: 'POST' });
      app.assertCommitFailed(reply, 'ERR_SESSION_STORE', 503);
      assert.equal(reply.headers.get('location'), null);
    },
  ),
  appCheck(
    'a login that the store refuses is no login',
    {
      routes: {
        '/login': (session) => {
          session.login('alice');
          return { body: 'welcome' };
        },
      },
      options: { maxSessionsPerOwner: 1, onSessionLimit: 'refuse' },
    },
    async (app) => {
      assert.equal((await app.visit('/login')).status, 200);
      app.assertCommitFailed(await app.visit('/login'), 'ERR_SESSION_FULL', 409);
    },
  ),
  appCheck(
    'what cannot be serialised is an error, and nothing is stored',
    {
      routes: {
        '/': (session) => {
          const value: Record<string, unknown> = {};
          session.set('ok', 1).set('value', value);
          // Set as it is, it would be refused at once.
          value['callback'] = () => 1;
          return { body: 'stored!' };
        },
      },
    },
    async (app) => {
      app.assertCommitFailed(await app.visit('/'), 'ERR_SESSION_SERIALIZE', 500);
      assert.equal(app.stored, 0);
    },
  ),
  appCheck(
    'with `onStoreError: "anonymous"` pages are still served, and writing is refused',
    {
      routes: { '/': (session) => ({ body: String(session.degraded) }), '/add': writes() },
      options: { onStoreError: 'anonymous' },
    },
    async (app) => {
      const browser = app.browser();
      await browser.visit('/add');
      app.failing.add('load');
      const reply = await browser.visit('/');
      assert.equal(reply.body, 'true');
      assert.deepEqual(reply.cookies, [], 'the cookie is kept for better days');
      app.assertFailed(await browser.visit('/add'), 'ERR_SESSION_DEGRADED', 503);
    },
  ),
];
