import assert from 'node:assert/strict';
import type { CookieOptions } from '../../options/options.ts';
import type { AdapterCheck } from './check.ts';
import { parseCookie } from './browser.ts';
import { appCheck, reads, writes } from './fixtures.ts';

const TENANTS: Readonly<Record<string, CookieOptions>> = {
  one: { domain: 'one.example', sameSite: 'strict', maxAge: 600 },
  two: { path: '/', sameSite: 'lax' },
};

const of = (tenant: string): { headers: Record<string, string> } => ({ headers: { 'x-tenant': tenant } });

/** A `cookie` option that depends on the request. */
export const TENANT_COOKIES: readonly AdapterCheck[] = [
  appCheck(
    'the attributes of the cookie follow the request, for a login, a rotation and a logout',
    {
      routes: {
        '/add': writes(),
        '/read': reads(),
        '/rotate': (session) => (session.rotate(), {}),
        '/logout': (session) => (session.logout(), {}),
      },
      options: { cookie: ({ header }) => TENANTS[header('x-tenant') ?? 'two']! },
    },
    async (app) => {
      const attributes = {
        one: ['Domain=one.example', 'HttpOnly', 'Max-Age=600', 'Path=/', 'SameSite=Strict'],
        two: ['HttpOnly', 'Path=/', 'SameSite=Lax'],
      };
      for (const tenant of ['one', 'two'] as const) {
        const browser = app.browser();
        for (const path of ['/add', '/rotate']) {
          const { cookies } = await browser.visit(path, of(tenant));
          assert.equal(cookies.length, 1);
          assert.deepEqual([...parseCookie(cookies[0]!).attributes].toSorted(), attributes[tenant]);
        }
        const read = await browser.visit('/read', of(tenant));
        assert.deepEqual([read.body, read.cookies], ['1', []]);
        const { cookies } = await browser.visit('/logout', of(tenant));
        assert.equal(cookies.length, 1);
        const deleted = parseCookie(cookies[0]!).attributes;
        assert.ok(deleted.has('Max-Age=0'));
        assert.equal(deleted.has('Domain=one.example'), tenant === 'one');
        assert.equal(browser.cookies.size, 0);
      }
    },
  ),
  appCheck(
    'a cookie of other attributes is sent again with those of the request, and its old domain is cleared',
    {
      routes: { '/add': writes(), '/read': reads() },
      options: { cookie: ({ header }) => TENANTS[header('x-tenant') ?? 'two']! },
    },
    async (app) => {
      const browser = app.browser();
      await browser.visit('/add', of('one'));
      const { body, cookies } = await browser.clone().visit('/read', of('two'));
      assert.equal(body, '1');
      const [cleared, sent] = cookies.map(parseCookie);
      assert.equal(cookies.length, 2);
      assert.equal(sent!.value, browser.cookies.get('session'));
      assert.deepEqual([...sent!.attributes].toSorted(), ['HttpOnly', 'Path=/', 'SameSite=Lax']);
      assert.ok(cleared!.attributes.has('Domain=one.example'));
      assert.ok(cleared!.attributes.has('Max-Age=0'));
      assert.deepEqual((await browser.visit('/read', of('two'))).cookies, []);
    },
  ),
  appCheck(
    "a function that fails, or returns what is no cookie, is the framework's own error, and ignored URLs do not ask it",
    {
      routes: { '/add': writes(), '/style.css': () => ({ body: 'css' }) },
      options: {
        cookie(exchange) {
          const tenant = exchange.header('x-tenant');
          if (tenant === 'unknown') throw new Error('there is no such tenant');
          return { sameSite: tenant } as CookieOptions;
        },
      },
    },
    async (app) => {
      for (const tenant of ['unknown', 'sideways', 'sideways', 'none']) {
        const reply = await app.visit('/add', of(tenant));
        assert.deepEqual([reply.status, reply.cookies], [500, []]);
      }
      const messages = app.errors.map(String);
      assert.equal(messages.length, 4);
      assert.equal(messages[0], 'Error: there is no such tenant');
      assert.match(messages[1]!, /^TypeError: Expected `cookie.sameSite` to be 'strict', 'lax' or 'none'/);
      assert.equal(messages[2], messages[1]);
      assert.match(messages[3]!, /^TypeError: Expected `cookie.secure` to be true/);
      assert.deepEqual(app.commands, []);
      assert.equal((await app.visit('/style.css', of('unknown'))).body, 'css');
      assert.equal((await app.visit('/add', of('lax'))).cookies.length, 1);
    },
  ),
];
