import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import session, { handleOf, type SessionMiddleware, type SessionOptions } from 'websauna-session/express-session';
import { Browser, SECRET, serve } from './site.ts';

const DAY = 86_400_000;

async function site(
  options: SessionOptions,
  act: (browser: Browser, timeout: () => Promise<number>, middleware: SessionMiddleware) => Promise<void>,
): Promise<void> {
  const middleware = session({ secret: SECRET, saveUninitialized: false, ...options });
  await serve(
    (app) => {
      app.use(middleware);
      app.get('/write', (req, res) => {
        req.session.views = 1;
        res.end();
      });
      app.get('/remember', (req, res) => {
        req.session.cookie.maxAge = 30 * DAY;
        res.end();
      });
      app.get('/forget', (req, res) => {
        req.session.cookie.maxAge = DAY;
        res.end();
      });
      app.get('/login', (req, res) => {
        req.session.user = 'ada';
        res.end();
      });
      app.get('/login-and-remember', (req, res, next) => {
        req.session.regenerate((error) => {
          if (error) return next(error);
          req.session.user = 'ada';
          req.session.cookie.maxAge = 30 * DAY;
          return res.end();
        });
      });
      app.get('/timeout', async (req, res) => {
        void req.session.views;
        const owner = req.session.user;
        const stored = await middleware.factory.sessions.get(handleOf(req), owner === undefined ? {} : { owner });
        res.send(String(stored!.timeout));
      });
    },
    async (port) => {
      const browser = new Browser(port);
      await act(browser, async () => Number(await browser.text('/timeout')), middleware);
    },
  );
}

describe('A session lives without being used', () => {
  test('for a day by default, and as long as `ttl` says', async () => {
    for (const [options, seconds] of [
      [{}, 86_400],
      [{ ttl: 600 }, 600],
      [{ cookie: { maxAge: 90_500 } }, 91],
      [{ cookie: { maxAge: 1 } }, 1],
      [{ cookie: { maxAge: 1000 * DAY } }, 34_560_000],
    ] as const) {
      await site(options, async (_browser, _timeout, { factory }) => assert.equal(factory.policy.timeout, seconds));
    }
  });

  test('as long as its own `maxAge` says', () =>
    site({ cookie: { maxAge: DAY } }, async (browser, timeout) => {
      await browser.visit('/write');
      assert.equal(await timeout(), 86_400);
      await browser.visit('/remember');
      assert.equal(await timeout(), 30 * 86_400);
      await browser.visit('/write');
      assert.equal(await timeout(), 30 * 86_400);
      await browser.visit('/forget');
      assert.equal(await timeout(), 86_400);
    }));

  test('as long as its own `maxAge` says after it has got an owner, too', () =>
    site({ cookie: { maxAge: DAY }, owner: ({ user }) => user }, async (browser, timeout) => {
      await browser.visit('/write');
      await browser.visit('/remember');
      await browser.visit('/login');
      assert.equal(await timeout(), 30 * 86_400);
      await browser.visit('/login-and-remember');
      assert.equal(await timeout(), 30 * 86_400);
    }));
});
