import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, test } from 'vitest';
import session, { type SessionOptions } from 'websauna-session/express-session';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { passportSite } from './passport-site.ts';
import { Browser, SECRET, serve } from './site.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const BACKENDS: Record<string, () => SessionOptions> = {
  memory: () => ({}),
  'memory, with owners': () => ({ owner: ({ passport }) => passport?.user }),
  Redis: () => ({ redis: { url: server.url, prefix: 'passport:', socketTimeout: 30 } }),
  'Redis, with owners': () => ({
    redis: { url: server.url, prefix: 'owners:', socketTimeout: 30 },
    owner: ({ passport }) => passport?.user,
  }),
  'a store for express-session': () => ({ store: new session.MemoryStore() }),
};

async function site(options: SessionOptions, act: (browser: Browser) => Promise<void>): Promise<void> {
  const sessions = session({ secret: SECRET, resave: false, saveUninitialized: false, ...options });
  try {
    await serve(
      (app) => passportSite(app, sessions),
      async (port) => act(new Browser(port)),
    );
  } finally {
    await sessions.factory.close();
  }
}

const account = async (browser: Browser): Promise<{ user: string | null; cart: string[] | null; sid: string }> =>
  JSON.parse(await browser.text('/account'));
const login = (browser: Browser, path = '/login', password = 'right') =>
  browser.visit(path, { method: 'POST', form: { username: 'ada', password } });

describe.each(Object.entries(BACKENDS))('passport over %s', (_, options) => {
  test('logs in with a new id, and starts an empty session', () =>
    site(options(), async (browser) => {
      await browser.visit('/basket');
      const before = await account(browser);
      const stale = browser.clone();
      const page = await login(browser);
      assert.deepEqual([page.status, page.headers['location']], [302, '/account']);
      const { user, cart, sid } = await account(browser);
      assert.deepEqual([user, cart], ['ada', null]);
      assert.notEqual(sid, before.sid);
      assert.equal((await account(stale)).user, null);
    }));

  test('carries the session over with keepSessionInfo', () =>
    site(options(), async (browser) => {
      await browser.visit('/basket');
      await login(browser, '/login-keep');
      const { user, cart } = await account(browser);
      assert.deepEqual([user, cart], ['ada', ['book']]);
    }));

  test('logs out, and the old cookie opens nothing', () =>
    site(options(), async (browser) => {
      await login(browser);
      const stale = browser.clone();
      await browser.visit('/logout', { method: 'POST' });
      assert.equal((await account(browser)).user, null);
      assert.equal((await account(stale)).user, null);
    }));

  test('leaves its message by connect-flash, for one page', () =>
    site(options(), async (browser) => {
      const page = await login(browser, '/login', 'wrong');
      assert.equal(page.headers['location'], '/failed');
      assert.deepEqual(JSON.parse(await browser.text('/failed')), ['Wrong password']);
      assert.deepEqual(JSON.parse(await browser.text('/failed')), []);
    }));
});
