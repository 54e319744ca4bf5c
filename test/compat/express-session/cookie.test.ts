import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'vitest';
import { MemoryStore } from 'websauna-session/memory';
import session, { type SessionOptions } from 'websauna-session/express-session';
import { Browser, SECRET, serve, type Page } from './site.ts';

const DAY = 86_400_000;
const base: SessionOptions = { secret: SECRET, saveUninitialized: false };

/** A site whose pages say what they do to the session. */
function site(options: SessionOptions, act: (port: number) => Promise<void>): Promise<void> {
  return serve((app) => {
    app.use(session({ ...base, ...options }));
    app.get('/write', (req, res) => {
      req.session.views = (req.session.views ?? 0) + 1;
      res.send(String(req.session.views));
    });
    app.get('/read', (req, res) => res.send(String(req.session.views)));
    app.get('/remember', (req, res) => {
      req.session.cookie.maxAge = 30 * DAY;
      res.end();
    });
    app.get('/lax', (req, res) => {
      req.session.cookie.sameSite = 'strict';
      res.end();
    });
    app.get('/nothing', (_req, res) => res.end());
    app.get('/save', (req, res) => {
      req.session.views = 7;
      req.session.save(() => res.end());
    });
    app.get('/age', (req, res) => res.json(req.session.cookie.originalMaxAge));
    app.get('/id', (req, res) => res.send(req.sessionID));
    app.get('/logout', (req, res, next) => {
      req.session.destroy((error) => (error ? next(error) : res.send('bye')));
    });
    app.get('/regenerate', (req, res, next) => {
      req.session.regenerate((error) => (error ? next(error) : res.send('fresh')));
    });
    app.get('/public', (req, res) => {
      req.session.views = 1;
      res.set('Cache-Control', 'public, max-age=600').send('page');
    });
    app.get('/expires', (req, res) => {
      req.session.views = 1;
      res.set('Expires', new Date(Date.now() + DAY).toUTCString()).send('page');
    });
    app.get('/cdn', (req, res) => {
      req.session.views = 1;
      res.set({ 'Cache-Control': 'private', 'CDN-Cache-Control': 'max-age=600' }).send('page');
    });
    app.get('/unused-null', (req, res) => {
      (req as { session: unknown }).session = null;
      res.end();
    });
    app.get('/own', (req, res) => {
      req.session.views = 1;
      req.session.cookie = { maxAge: DAY, path: '/', sameSite: 'lax' } as never;
      res.end();
    });
    app.get('/no-cookie', (req, res) => {
      req.session.views = 2;
      req.session.cookie = null as never;
      res.end();
    });
    app.get('/plain', (req, res) => {
      (req as { session: unknown }).session = { views: 3 };
      res.end();
    });
    app.get('/null', (req, res) => {
      void req.session.views;
      (req as { session: unknown }).session = null;
      res.end();
    });
  }, act);
}

const attributes = ({ cookies: [text = ''] }: Page): string => text.replace(/^[^;]*(?:; )?/, '');
/** Seconds from now to the `Expires` of a cookie. */
const lifetime = (page: Page): number =>
  (Date.parse(/Expires=([^;]*)/.exec(attributes(page))![1]!) - Date.now()) / 1000;

describe('The cookie', () => {
  test('has the form and the signature of express-session', () =>
    site({}, async (port) => {
      const browser = new Browser(port);
      const page = await browser.visit('/write');
      const sid = await browser.text('/id');
      const signature = createHmac('sha256', SECRET).update(sid).digest('base64').replace(/=+$/, '');
      assert.equal(page.cookies[0], `connect.sid=${encodeURIComponent(`s:${sid}.${signature}`)}; Path=/; HttpOnly`);
    }));

  test('is sent when a session begins, and without `maxAge` not again', () =>
    site({}, async (port) => {
      const browser = new Browser(port);
      const counts = [];
      for (const path of ['/read', '/write', '/write', '/save', '/read'])
        counts.push((await browser.visit(path)).cookies.length);
      assert.deepEqual(counts, [0, 1, 0, 0, 0]);
    }));

  test('with `maxAge` is sent again when the session has changed', () =>
    site({ cookie: { maxAge: DAY } }, async (port) => {
      const browser = new Browser(port);
      const counts = [];
      for (const path of ['/write', '/read', '/write', '/read'])
        counts.push((await browser.visit(path)).cookies.length);
      assert.deepEqual(counts, [1, 0, 1, 0]);
    }));

  test('with `rolling` is sent with each response of a session', () =>
    site({ rolling: true }, async (port) => {
      const browser = new Browser(port);
      const counts = [];
      for (const path of ['/read', '/write', '/nothing', '/read'])
        counts.push((await browser.visit(path)).cookies.length);
      assert.deepEqual(counts, [0, 1, 1, 1]);
    }));

  test('keeps what one session has set: `maxAge` for "remember me" and other attributes', () =>
    site({ cookie: { maxAge: DAY } }, async (port) => {
      const browser = new Browser(port);
      assert.ok(Math.abs(lifetime(await browser.visit('/write')) - 86_400) < 5);
      assert.ok(Math.abs(lifetime(await browser.visit('/remember')) - 30 * 86_400) < 5);
      assert.ok(Math.abs(lifetime(await browser.visit('/write')) - 30 * 86_400) < 5);
      assert.match(attributes(await browser.visit('/lax')), /SameSite=Strict/);
      const page = await browser.visit('/write');
      assert.match(attributes(page), /SameSite=Strict/);
      assert.ok(Math.abs(lifetime(page) - 30 * 86_400) < 5);
      assert.equal(await browser.text('/age'), String(30 * DAY));
    }));

  test('is deleted by destroy(), with its own attributes, and by nothing else', () =>
    site({ cookie: { path: '/', domain: '127.0.0.1' } }, async (port) => {
      const browser = new Browser(port);
      await browser.visit('/write');
      const stale = browser.clone();
      assert.deepEqual((await browser.visit('/regenerate')).cookies, []);
      await browser.visit('/write');
      const page = await browser.visit('/logout');
      assert.match(page.cookies[0]!, /^connect\.sid=; Domain=127\.0\.0\.1; Path=\/; Expires=Thu, 01 Jan 1970/);
      assert.equal(browser.cookies.size, 0);
      assert.deepEqual((await stale.visit('/read')).cookies, []);
    }));

  test('of a session that was unset is deleted with `unset: "destroy"` alone', () =>
    site({ unset: 'destroy' }, async (port) => {
      const browser = new Browser(port);
      await browser.visit('/write');
      await browser.visit('/null');
      assert.equal(browser.cookies.size, 0);
    }));

  test('of a session that was not even used is deleted with `unset: "destroy"`, with its own attributes', () =>
    site({ unset: 'destroy' }, async (port) => {
      const browser = new Browser(port);
      assert.deepEqual((await browser.visit('/unused-null')).cookies, []);
      await browser.visit('/write');
      await browser.visit('/lax');
      const page = await browser.visit('/unused-null');
      assert.equal(attributes(page), 'Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Strict');
      assert.equal(browser.cookies.size, 0);
    }));

  test('may be replaced by any object, and so may the session', () =>
    site({}, async (port) => {
      const browser = new Browser(port);
      const page = await browser.visit('/own');
      assert.match(attributes(page), /; SameSite=Lax$/);
      assert.ok(Math.abs(lifetime(page) - 86_400) < 5);
      assert.equal(await browser.text('/age'), String(DAY));
      // What has no attributes gets the configured ones.
      assert.equal(attributes(await browser.visit('/no-cookie')), 'Path=/; HttpOnly');
      assert.deepEqual([await browser.text('/read'), await browser.text('/age')], ['2', 'null']);
      await browser.visit('/plain');
      assert.deepEqual([await browser.text('/read'), await browser.text('/age')], ['3', 'null']);
    }));

  test('and the session stay when it is unset otherwise', () =>
    site({}, async (port) => {
      const browser = new Browser(port);
      await browser.visit('/write');
      await browser.visit('/null');
      assert.equal(await browser.text('/read'), '1');
    }));

  test('is sent with a response that caches may store, which they may not any longer', () =>
    site({}, async (port) => {
      const browser = new Browser(port);
      const page = await browser.visit('/public');
      assert.deepEqual([page.cookies.length, page.headers['cache-control']], [1, 'private, no-cache']);
      assert.equal((await browser.visit('/public')).headers['cache-control'], 'public, max-age=600');
    }));

  test.each([
    ['/expires', 'private, no-cache', undefined],
    ['/cdn', 'private', 'no-store'],
  ])('is sent with a response that caches may store by another header: %s', (path, ...headers) =>
    site({}, async (port) => {
      const page = await new Browser(port).visit(path);
      assert.equal(page.cookies.length, 1);
      assert.deepEqual([page.headers['cache-control'], page.headers['cdn-cache-control']], headers);
    }),
  );

  test('that is `secure` is not sent over plain HTTP, and no session is stored for it', async () => {
    const store = new MemoryStore();
    await site({ cookie: { secure: true }, store }, async (port) => {
      const page = await new Browser(port).visit('/write');
      assert.deepEqual([page.status, page.cookies, store.size], [200, [], 0]);
    });
  });

  test('that is `secure` is not renewed over plain HTTP', async () => {
    const options: SessionOptions = { store: new MemoryStore(), proxy: true, cookie: { secure: true } };
    let { cookies } = new Browser(0);
    await site({ ...options, secret: 'old' }, async (port) => {
      const browser = new Browser(port);
      await browser.visit('/write', { headers: { 'x-forwarded-proto': 'https' } });
      ({ cookies } = browser);
    });
    await site({ ...options, secret: ['new', 'old'], rolling: true }, async (port) => {
      const page = await new Browser(port, cookies).visit('/read');
      assert.deepEqual([page.text, page.cookies], ['1', []]);
    });
  });

  test('that is `secure` is sent where the proxy is trusted', () =>
    site({ cookie: { secure: true }, proxy: true }, async (port) => {
      const page = await new Browser(port).visit('/write', { headers: { 'x-forwarded-proto': 'https' } });
      assert.match(attributes(page), /Secure/);
    }));
});

describe('Secrets', () => {
  test('are rotated: an older one opens the session, whose cookie the first one signs', async () => {
    const memory = session.createStore();
    let browser!: Browser;
    await site({ secret: 'the old one', store: memory }, async (port) => {
      browser = new Browser(port);
      await browser.visit('/write');
    });
    const { cookies } = browser;
    await site({ secret: ['the new one', 'the old one'], store: memory }, async (port) => {
      assert.equal((await new Browser(port, cookies).visit('/nothing')).cookies.length, 1, 'used or not');
      browser = new Browser(port, cookies);
      const page = await browser.visit('/read');
      assert.deepEqual([page.text, page.cookies.length], ['1', 1]);
    });
    await site({ secret: 'the new one', store: memory }, async (port) => {
      assert.equal(await new Browser(port, browser.cookies).text('/read'), '1');
      assert.equal(await new Browser(port, cookies).text('/read'), 'undefined');
    });
  });

  test('may be bytes', () =>
    site({ secret: Buffer.from('bytes') }, async (port) => {
      const browser = new Browser(port);
      await browser.visit('/write');
      assert.equal(await browser.text('/read'), '1');
    }));
});

describe('genid', () => {
  test('is used as it is when it is worth 128 bits', () =>
    site({ genid: () => 'aZ0_'.repeat(8) }, async (port) => {
      assert.equal(await new Browser(port).text('/id'), 'aZ0_'.repeat(8));
    }));

  test('must return a string', () =>
    site({ genid: () => 5 as never }, async (port) => {
      const page = await new Browser(port).visit('/write');
      assert.deepEqual([page.status, page.cookies], [500, []]);
      assert.equal(page.text, 'Expected `genid` to be a function that returns a string, got 5');
    }));

  test.each(['apple', '550e8400-e29b-41d4-a716-446655440000', '/a path;', ''])('%j gets a random id in front', (weak) =>
    site({ genid: () => weak }, async (port) => {
      const browser = new Browser(port);
      const sid = await browser.text('/id');
      assert.match(sid, /^[\w-]{43}-/);
      assert.notEqual(await browser.text('/id'), sid);
      await browser.visit('/write');
      assert.equal(await browser.text('/read'), '1');
    }),
  );
});
