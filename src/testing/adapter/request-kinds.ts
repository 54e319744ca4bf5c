import assert from 'node:assert/strict';
import type { AdapterCheck, RouteHandler } from './check.ts';
import { appCheck, reads, writes } from './fixtures.ts';

const flashes: RouteHandler = (session) => {
  session.flash('welcome');
  return { body: 'flashed' };
};

const pops: RouteHandler = (session) => ({ body: session.popFlash().join() });

const logsIn: RouteHandler = (session) => {
  session.login('alice');
  return { redirect: '/' };
};

/** What says that a page is fetched ahead of a visit: headers of browsers, and of the links of Next.js. */
const AHEAD = [
  ['Sec-Purpose', 'prefetch'],
  ['Sec-Purpose', 'prefetch;prerender'],
  ['Next-Router-Prefetch', '1'],
] as const;

/** Requests that are no visits: pages that a browser fetches ahead, and forms that come from other sites. */
export const REQUEST_KINDS: readonly AdapterCheck[] = [
  ...AHEAD.map(([name, value]) =>
    appCheck(
      `a page that is fetched ahead, \`${name}: ${value}\`, takes no flash message and performs no login`,
      { routes: { '/flash': flashes, '/': pops, '/login': logsIn } },
      async (app) => {
        const ahead = { headers: { [name]: value } };
        const browser = app.browser();
        await browser.visit('/flash');
        const before = app.commands.length;
        assert.equal((await browser.visit('/', ahead)).body, '');
        assert.deepEqual(app.commands.slice(before), ['load']);
        assert.equal((await browser.visit('/')).body, 'welcome');
        app.assertFailed(await app.visit('/login', ahead), 'ERR_SESSION_PREFETCH', 503);
        assert.equal(app.stored, 1);
      },
    ),
  ),
  appCheck(
    'C13: a form of another site, which comes without the cookie, replaces the session by a login alone',
    { routes: { '/': reads(), '/write': writes(), '/login': logsIn } },
    async (app) => {
      const browser = app.browser();
      const [form, other] = [{ method: 'POST' }, { headers: { 'sec-fetch-site': 'cross-site' } }];
      await browser.visit('/write');
      // `SameSite=Lax` keeps the cookie from it.
      const reply = await app.visit('/write', { ...form, ...other });
      assert.deepEqual([reply.cookies, app.stored], [[], 1]);
      assert.deepEqual(app.reasons('discarded'), ['cross-site']);
      assert.equal((await app.visit('/login', { ...form, ...other })).cookies.length, 1);
      assert.equal((await browser.visit('/')).body, '1');
    },
  ),
];
