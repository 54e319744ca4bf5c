import assert from 'node:assert/strict';
import type { AdapterCheck } from './check.ts';
import { appCheck, reads, writes } from './fixtures.ts';
import { parseCookie } from './browser.ts';

/** When a cookie is set, with which attributes, and what the response says about caching. */
export const COOKIES: readonly AdapterCheck[] = [
  appCheck(
    'a session that is not used leaves no trace in response and store',
    { routes: { '/': () => ({ body: 'hello' }) } },
    async (app) => {
      const reply = await app.visit('/');
      assert.equal(reply.body, 'hello');
      assert.deepEqual(reply.cookies, []);
      assert.equal(reply.headers.get('vary'), null);
      assert.equal(reply.headers.get('cache-control'), null);
      assert.deepEqual(app.commands, []);
    },
  ),
  appCheck(
    'a new session sets exactly one cookie, with the secure defaults, and once',
    { routes: { '/': writes() } },
    async (app) => {
      const browser = app.browser();
      const reply = await browser.visit('/');
      assert.equal(reply.cookies.length, 1);
      const { name, value, attributes } = parseCookie(reply.cookies[0]!);
      assert.equal(name, 'session');
      assert.match(value, /^[\w-]{43}\.[\w-]{43}$/);
      assert.deepEqual(attributes, new Set(['Path=/', 'HttpOnly', 'SameSite=Lax']));
      assert.deepEqual((await browser.visit('/')).cookies, []);
      assert.deepEqual(app.commands, ['create', 'load', 'save']);
    },
  ),
  appCheck(
    'a response that a session was read for depends on the cookie, and is not for shared caches',
    { routes: { '/': reads() } },
    async (app) => {
      const reply = await app.visit('/');
      assert.equal(reply.body, '0');
      assert.equal(reply.headers.get('vary'), 'Cookie');
      assert.equal(reply.headers.get('cache-control'), 'private, no-cache');
      assert.deepEqual(reply.cookies, []);
      assert.deepEqual(app.commands, []);
    },
  ),
  appCheck(
    "`Vary` is merged, and an application's `Cache-Control` is kept",
    {
      routes: {
        '/other': reads({ headers: { vary: 'Accept-Language' } }),
        '/same': reads({ headers: { vary: 'cookie, Origin' } }),
        '/all': reads({ headers: { vary: '*' } }),
        '/cache': reads({ headers: { 'cache-control': 'no-store' } }),
      },
    },
    async (app) => {
      assert.equal((await app.visit('/other')).headers.get('vary'), 'Accept-Language, Cookie');
      assert.equal((await app.visit('/same')).headers.get('vary'), 'cookie, Origin');
      assert.equal((await app.visit('/all')).headers.get('vary'), '*');
      assert.equal((await app.visit('/cache')).headers.get('cache-control'), 'no-store');
    },
  ),
  appCheck(
    "the application's own cookies are kept",
    { routes: { '/': writes({ headers: { 'set-cookie': 'theme=dark; Path=/' } }) } },
    async (app) => {
      const reply = await app.visit('/');
      assert.deepEqual(reply.cookies.map((cookie) => parseCookie(cookie).name).toSorted(), ['session', 'theme']);
    },
  ),
  appCheck('HEAD has the head of GET', { routes: { '/': writes({ body: 'hello' }) } }, async (app) => {
    const reply = await app.visit('/', { method: 'HEAD' });
    assert.equal(reply.body, '');
    assert.equal(reply.cookies.length, 1);
    assert.equal(reply.headers.get('vary'), 'Cookie');
  }),
  appCheck(
    'HTTPS as far as a trusted proxy makes the cookie `Secure`',
    { trustProxy: true, routes: { '/': writes() } },
    async (app) => {
      const https = await app.visit('/', { headers: { 'x-forwarded-proto': 'https' } });
      assert.ok(parseCookie(https.cookies[0]!).attributes.has('Secure'));
      const http = await app.visit('/', { headers: { 'x-forwarded-proto': 'http' } });
      assert.ok(!parseCookie(http.cookies[0]!).attributes.has('Secure'));
    },
  ),
  appCheck(
    "the client's address is what a trusted proxy says",
    {
      trustProxy: true,
      options: { clientAddress: 'full' },
      routes: { '/': (session) => ({ body: String(session.clientAddress) }) },
    },
    async (app) => {
      const reply = await app.visit('/', { headers: { 'x-forwarded-for': '203.0.113.9' } });
      assert.equal(reply.body, '203.0.113.9');
    },
  ),
  appCheck(
    'the headers of an untrusted proxy are ignored',
    {
      options: { clientAddress: 'full' },
      routes: { '/': (session) => ({ body: String(session.set('a', 1).clientAddress) }) },
    },
    async (app) => {
      const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' };
      const reply = await app.visit('/', { headers });
      assert.ok(!parseCookie(reply.cookies[0]!).attributes.has('Secure'));
      assert.equal(reply.body, app.peer);
    },
  ),
];
