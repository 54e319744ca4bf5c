import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, test } from 'vitest';
import session, { type SessionMiddleware, type SessionOptions } from 'websauna-session/express-session';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { Browser, fieldsOf, Gate, SECRET, serve } from './site.ts';

const WRITERS = 40;

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

interface Site {
  readonly browser: Browser;
  /** Opened by the test: `/slow` answers then. */
  readonly gate: Gate;
  /** Opened when `/slow` has its session. */
  readonly waiting: Gate;
}

async function site(options: SessionOptions, act: (site: Site) => Promise<void>): Promise<void> {
  const middleware: SessionMiddleware = session({ secret: SECRET, saveUninitialized: false, ...options });
  const [gate, waiting, everyone] = [new Gate(), new Gate(), new Gate()];
  let present = 0;
  try {
    await serve(
      (app) => {
        app.use(middleware);
        app.get('/begin', (req, res) => {
          req.session.user = 'ada';
          res.end();
        });
        // Each of the writers has its session before any of them writes.
        app.get('/write/:n', async (req, res) => {
          void req.session.user;
          if (++present === WRITERS) everyone.open();
          await everyone.opened;
          req.session[`f${Number(req.params.n)}`] = 1;
          res.end();
        });
        app.get('/slow', async (req, res) => {
          void req.session.user;
          waiting.open();
          await gate.opened;
          req.session.views = 1;
          res.end();
        });
        app.get('/slow-reader', async (req, res) => {
          const { user } = req.session;
          waiting.open();
          await gate.opened;
          res.send(user);
        });
        app.get('/save', async (req, res) => {
          void req.session.user;
          waiting.open();
          await gate.opened;
          req.session.views = 1;
          req.session.save((error: { code?: string } | null) => res.send(error?.code ?? 'saved'));
        });
        app.get('/logout', (req, res, next) => req.session.destroy((error) => (error ? next(error) : res.end())));
        app.get('/login', (req, res, next) => {
          req.session.regenerate((error) => {
            if (error) return next(error);
            req.session.user = 'bea';
            return res.end();
          });
        });
        app.get('/rename', (req, res) => {
          req.session.user = 'eve';
          res.end();
        });
        app.get('/show', (req, res) => res.json(fieldsOf(req.session)));
      },
      async (port) => {
        const browser = new Browser(port);
        await browser.visit('/begin');
        await act({ browser, gate, waiting });
      },
    );
  } finally {
    await middleware.factory.close();
  }
}

const BACKENDS: Record<string, () => SessionOptions> = {
  memory: () => ({}),
  Redis: () => ({ redis: { url: server.url, prefix: 'races:', socketTimeout: 30 } }),
  // In one process.
  'a store for express-session': () => ({ store: new session.MemoryStore() }),
};

describe.each(Object.entries(BACKENDS))('%s', (name, options) => {
  test('C2: forty parallel writers of different fields keep forty', () =>
    site(options(), async ({ browser }) => {
      await Promise.all(Array.from({ length: WRITERS }, (_, n) => browser.clone().visit(`/write/${n}`)));
      const fields = Object.keys(JSON.parse(await browser.text('/show')));
      assert.equal(fields.filter((field) => /^f\d+$/.test(field)).length, WRITERS);
    }));

  test.each(['/slow', '/slow-reader', '/save'])('C1: %s does not revive a session that was destroyed', (path) =>
    site(options(), async ({ browser, gate, waiting }) => {
      const [slow, thief] = [browser.clone(), browser.clone()];
      const answer = slow.visit(path);
      await waiting.opened;
      await browser.visit('/logout');
      gate.open();
      const page = await answer;
      assert.equal(page.text, path === '/save' ? 'ERR_SESSION_ENDED' : path === '/slow' ? '' : 'ada');
      assert.deepEqual(page.cookies, []);
      assert.deepEqual(JSON.parse(await thief.text('/show')), {});
    }),
  );

  test('C1: a slow writer does not revive the session that regenerate has ended', () =>
    site(options(), async ({ browser, gate, waiting }) => {
      const [slow, thief] = [browser.clone(), browser.clone()];
      const answer = slow.visit('/slow');
      await waiting.opened;
      await browser.visit('/login');
      gate.open();
      assert.deepEqual((await answer).cookies, []);
      assert.deepEqual(JSON.parse(await thief.text('/show')), {});
      assert.deepEqual(JSON.parse(await browser.text('/show')), { user: 'bea' });
    }));

  test('C13: a request with the old cookie does not replace the cookie of a login', () =>
    site({ ...options(), saveUninitialized: true }, async ({ browser }) => {
      const stale = browser.clone();
      await browser.visit('/login');
      assert.deepEqual((await stale.visit('/rename')).cookies, []);
    }));

  test('C4: a slow reader does not write', () =>
    site(options(), async ({ browser, gate, waiting }) => {
      const answer = browser.clone().visit('/slow-reader');
      await waiting.opened;
      await browser.visit('/rename');
      gate.open();
      assert.equal((await answer).text, 'ada');
      assert.deepEqual(JSON.parse(await browser.text('/show')), { user: 'eve' });
    }));
});
