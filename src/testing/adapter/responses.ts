import assert from 'node:assert/strict';
import type { AdapterCheck, AnySession, RouteHandler } from './check.ts';
import { appCheck, reads, writes } from './fixtures.ts';
import { parseCookie } from './browser.ts';

const CACHEABLE = { 'cache-control': 'public, max-age=60' };

const logsIn =
  (headers: Record<string, string>): RouteHandler =>
  (session) => {
    session.login('alice');
    return { headers };
  };

async function* savedInTheMiddle(session: AnySession): AsyncGenerator<string> {
  yield 'one ';
  session.set('written', 2);
  await session.save();
  yield 'two';
}

async function* tooLate(session: AnySession): AsyncGenerator<string> {
  yield 'one ';
  try {
    session.set('written', 1);
    yield 'written';
  } catch (error) {
    yield (error as { code: string }).code;
  }
}

/** Responses of special kinds, and requests without a session. */
export const RESPONSES: readonly AdapterCheck[] = [
  appCheck(
    'C9: a cacheable response has no cookie, and what is lost that way is reported',
    {
      routes: {
        '/': writes({ headers: CACHEABLE }),
        '/old': writes({ headers: { expires: 'Thu, 01 Jan 2099 00:00:00 GMT' } }),
      },
    },
    async (app) => {
      for (const path of ['/', '/old']) assert.deepEqual((await app.visit(path)).cookies, []);
      assert.equal(app.stored, 0);
      assert.deepEqual(app.reasons('cookieSuppressed'), ['cacheable', 'cacheable']);
      assert.deepEqual(app.reasons('discarded'), ['cacheable', 'cacheable']);
    },
  ),
  appCheck(
    'a login is answered with `no-store`, and never with a cacheable response',
    { routes: { '/login': logsIn({ 'cache-control': 'no-store' }), '/wrong': logsIn(CACHEABLE) } },
    async (app) => {
      const reply = await app.visit('/login', { method: 'POST' });
      assert.equal(reply.cookies.length, 1);
      assert.equal(reply.headers.get('cache-control'), 'no-store');
      app.assertCommitFailed(await app.visit('/wrong', { method: 'POST' }), 'ERR_SESSION_COOKIE_WITHHELD', 500);
    },
  ),
  appCheck(
    'a stream is sent with the cookie of a session that was saved before, and can save more',
    {
      routes: {
        '/': reads(),
        '/stream': async (session) => {
          session.set('written', 1);
          await session.save();
          return { stream: savedInTheMiddle(session) };
        },
      },
    },
    async (app) => {
      const browser = app.browser();
      const reply = await browser.visit('/stream');
      assert.equal(reply.body, 'one two');
      assert.equal(reply.cookies.length, 1);
      // The second save makes sure that the session is still there when its cookie is sent.
      assert.deepEqual(app.commands, ['create', 'save', 'save']);
      assert.equal((await browser.visit('/')).body, '2');
    },
  ),
  appCheck(
    'C12: a new session cannot begin when the headers have left, and the write throws',
    { routes: { '/stream': (session) => ({ stream: tooLate(session) }) } },
    async (app) => {
      assert.equal((await app.visit('/stream')).body, 'one ERR_SESSION_HEADERS_SENT');
      assert.equal(app.stored, 0);
    },
  ),
  appCheck(
    'a URL of a static file has no session',
    { routes: { '/logo.png': writes({ body: 'PNG' }), '/add': writes() } },
    async (app) => {
      const browser = app.browser();
      await browser.visit('/add');
      const reply = await browser.visit('/logo.png?v=3');
      assert.equal(reply.body, 'PNG');
      assert.deepEqual(reply.cookies, []);
      assert.equal(reply.headers.get('vary'), null);
      assert.deepEqual(app.commands, ['create']);
      assert.deepEqual(app.reasons('discarded'), ['ignored']);
    },
  ),
  appCheck(
    'two sessions with cookies of their own live side by side',
    {
      routes: {
        '/': (session, second) => ({ body: `${String(session.get('written'))} ${String(second.get('written'))}` }),
        '/first': writes(),
        '/both': (session, second) => {
          session.set('written', 'shop');
          second.set('written', 'admin');
          return {};
        },
      },
      second: { cookie: { name: 'admin', sameSite: 'strict' } },
    },
    async (app) => {
      const browser = app.browser();
      const reply = await browser.visit('/both');
      assert.deepEqual(reply.cookies.map((cookie) => parseCookie(cookie).name).toSorted(), ['admin', 'session']);
      assert.equal(reply.headers.get('vary'), 'Cookie');
      assert.equal((await browser.visit('/')).body, 'shop admin');
      const first = await app.visit('/first');
      assert.deepEqual(
        first.cookies.map((cookie) => parseCookie(cookie).name),
        ['session'],
      );
    },
  ),
  appCheck(
    "with `load: 'lazy'` nothing is read before `load()`, and nothing can be used",
    {
      routes: {
        '/': () => ({ body: 'hello' }),
        '/add': async (session) => await writes()(await session.load(), session),
        '/load': async (session) => await reads()(await session.load(), session),
        '/use': reads(),
      },
      options: { load: 'lazy' },
    },
    async (app) => {
      const browser = app.browser();
      await browser.visit('/add');
      await browser.visit('/');
      assert.deepEqual(app.commands, ['create']);
      const reply = await browser.visit('/load');
      assert.equal(reply.body, '1');
      assert.equal(reply.headers.get('vary'), 'Cookie');
      app.assertFailed(await browser.visit('/use'), 'ERR_SESSION_NOT_LOADED', 500);
    },
  ),
];
