import assert from 'node:assert/strict';
import type { AdapterCheck, RouteHandler } from './check.ts';
import { appCheck, reads, writes } from './fixtures.ts';
import type { Browser, Reply } from './browser.ts';

/** Asserts that a response has the session's id and cookie in `Set-Cookie` alone. */
function assertOnlyInCookie({ headers, body }: Reply, cookie: string): void {
  const id = cookie.slice(0, -'.'.length - 43);
  const rest = [...headers].filter(([name]) => name !== 'set-cookie').map((header) => header.join(': '));
  for (const text of [...rest, body]) assert.ok(!text.includes(id), `the id is in ${JSON.stringify(text)}`);
}

const guarded: RouteHandler = (session) => {
  session.requireCsrfToken(session.get('form'));
  return { body: 'accepted' };
};

/** Where the session's id may come from and go to, and what else a request has to bring. */
export const SECRETS: readonly AdapterCheck[] = [
  appCheck(
    'the id is accepted from the cookie alone, not from the URL or from other headers',
    { routes: { '/': reads(), '/add': writes() } },
    async (app) => {
      const browser = app.browser();
      await browser.visit('/add');
      const cookie = browser.cookies.get('session')!;
      const id = cookie.slice(0, 43);
      for (const value of [cookie, id]) {
        const pairs = ['session', 'sid', 'id', 'token', 'PHPSESSID', 'connect.sid'].map((name) => `${name}=${value}`);
        for (const query of [...pairs, value]) assert.equal((await app.visit(`/?${query}`)).body, '0');
        for (const name of ['authorization', 'x-session', 'x-session-id', 'session', 'cookie2', 'set-cookie']) {
          for (const text of [value, `Bearer ${value}`, `session=${value}`]) {
            assert.equal((await app.visit('/', { headers: { [name]: text } })).body, '0', `${name}: ${text}`);
          }
        }
      }
      assert.equal((await browser.visit('/')).body, '1');
    },
  ),
  appCheck(
    'an id that is made up or of an ended session is never adopted, and an event reports it',
    {
      routes: {
        '/': reads(),
        '/add': writes(),
        '/end': (session) => {
          session.invalidate();
          return {};
        },
      },
    },
    async (app) => {
      const browser = app.browser();
      await browser.visit('/add');
      const ended = browser.cookies.get('session')!;
      await browser.clone().visit('/end');
      const forged = `${ended.slice(0, 43)}.${'A'.repeat(43)}`;
      for (const cookie of [ended, forged, ended.slice(0, 43)]) {
        browser.cookies.set('session', cookie);
        assert.equal((await browser.visit('/add')).cookies.length, 1);
        assert.ok(!browser.cookies.get('session')!.includes(ended.slice(0, 43)), 'the id is one of our own');
        assert.equal((await browser.visit('/')).body, '1');
      }
      assert.deepEqual(app.reasons('rejected'), ['not-found', 'signature', 'malformed']);
    },
  ),
  appCheck(
    'the id leaves in `Set-Cookie` alone: no other header and no body has it',
    {
      routes: {
        '/': reads(),
        '/add': writes(),
        '/go': writes({ redirect: '/' }),
        '/rotate': (session) => {
          session.rotate();
          return { body: JSON.stringify(session) };
        },
        '/login': (session) => {
          session.login('alice');
          return { redirect: '/' };
        },
        '/fail': (session) => {
          session.rotate();
          throw new Error('The handler failed');
        },
        '/logout': (session) => {
          session.logout();
          return { body: 'bye' };
        },
      },
    },
    async (app) => {
      const browser = app.browser();
      for (const path of ['/add', '/', '/go', '/rotate', '/login', '/rotate', '/fail', '/', '/logout']) {
        const before = browser.cookies.get('session');
        const reply = await browser.visit(path);
        for (const cookie of [before, browser.cookies.get('session')]) {
          if (cookie !== undefined) assertOnlyInCookie(reply, cookie);
        }
      }
      assert.equal(browser.cookies.size, 0);
    },
  ),
  appCheck(
    '`Clear-Site-Data` is sent by `logout({ clearSiteData: true })`, and by no other response',
    {
      routes: {
        '/add': writes(),
        '/logout': (session) => {
          session.logout();
          return {};
        },
        '/clear': (session) => {
          session.logout({ clearSiteData: true });
          return {};
        },
      },
    },
    async (app) => {
      const browser = app.browser();
      for (const [path, expected] of [
        ['/add', null],
        ['/logout', null],
        ['/add', null],
        ['/clear', '"cache", "storage"'],
      ] as const) {
        assert.equal((await browser.visit(path)).headers.get('clear-site-data'), expected);
      }
    },
  ),
  appCheck(
    '`requireCsrfToken` refuses another site, by `Sec-Fetch-Site` or `Origin`, and a wrong token',
    {
      routes: {
        '/keep': (session) => {
          session.set('form', session.getCsrfToken());
          return {};
        },
        '/other': (session) => {
          session.set('form', 'A'.repeat(86));
          return {};
        },
        '/guarded': guarded,
      },
    },
    async (app) => {
      const post = async (browser: Browser, headers: Record<string, string>): Promise<number> =>
        (await browser.visit('/guarded', { method: 'POST', headers })).status;
      const browser = app.browser();
      await browser.visit('/keep');
      assert.equal(await post(browser, { 'sec-fetch-site': 'same-origin' }), 200);
      assert.equal(await post(browser, {}), 200);
      for (const site of ['cross-site', 'same-site']) {
        assert.equal(await post(browser, { 'sec-fetch-site': site }), 403, site);
      }
      assert.equal(await post(browser, { origin: 'https://evil.example' }), 403);
      assert.equal(await post(browser, { origin: 'null' }), 403);
      assert.equal((await browser.visit('/guarded', { headers: { 'sec-fetch-site': 'cross-site' } })).status, 200);
      await browser.visit('/other');
      assert.equal(await post(browser, { 'sec-fetch-site': 'same-origin' }), 403);
      const codes = app.errors.map((error) => (error as { code?: string }).code);
      assert.deepEqual(codes, Array(5).fill('ERR_SESSION_CSRF'));
    },
  ),
];
