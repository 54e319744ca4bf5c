import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import session, { type SessionOptions } from 'websauna-session/express-session';
import { passportSite } from './passport-site.ts';
import { Browser, SECRET, serve } from './site.ts';

/** What a browser says of a form that a page of another site posts. */
const CROSS_SITE = { 'sec-fetch-site': 'cross-site' };
const PREFETCH = { 'sec-purpose': 'prefetch' };

function site(options: SessionOptions, act: (port: number) => Promise<void>): Promise<void> {
  return serve((app) => {
    passportSite(app, session({ secret: SECRET, saveUninitialized: false, ...options }));
    app.post('/count', (req, res) => {
      req.session.views = (req.session.views ?? 0) + 1;
      res.send(String(req.session.views));
    });
    app.get('/logout', (req, res, next) => req.session.destroy((error) => (error ? next(error) : res.end())));
  }, act);
}

const count = (browser: Browser, headers: Record<string, string> = {}) =>
  browser.visit('/count', { method: 'POST', headers });

describe('A form that another site posts, without the cookie', () => {
  test('logs in by passport, as the response of an identity provider does', () =>
    site({}, async (port) => {
      const browser = new Browser(port);
      const form = { username: 'ada', password: 'right' };
      const page = await browser.visit('/login', { method: 'POST', form, headers: CROSS_SITE });
      assert.equal(page.headers['location'], '/account');
      assert.equal(JSON.parse(await browser.text('/account')).user, 'ada');
    }));

  test('does not replace the session of the client by one of its own', () =>
    site({}, async (port) => {
      const browser = new Browser(port);
      await count(browser);
      const page = await count(new Browser(port), CROSS_SITE);
      assert.deepEqual([page.text, page.cookies], ['1', []]);
      assert.equal((await count(browser)).text, '2');
    }));

  test('begins a session where the cookie goes to other sites, too', () =>
    site({ proxy: true, cookie: { secure: true, sameSite: 'none' } }, async (port) => {
      const page = await count(new Browser(port), { ...CROSS_SITE, 'x-forwarded-proto': 'https' });
      assert.equal(page.cookies.length, 1);
    }));
});

test('a page that a browser fetches ahead does not log out', () =>
  site({}, async (port) => {
    const browser = new Browser(port);
    await count(browser);
    assert.notEqual((await browser.visit('/logout', { headers: PREFETCH })).status, 200);
    assert.equal((await count(browser)).text, '2');
    assert.equal((await browser.visit('/logout')).status, 200);
    assert.equal((await count(browser)).text, '1');
  }));
