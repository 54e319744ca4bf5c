import assert from 'node:assert/strict';
import { test } from 'vitest';
import { MemoryStore } from 'websauna-session/memory';
import { interceptStore } from 'websauna-session/testing';
import session from 'websauna-session/express-session';
import { Browser, SECRET, serve } from './site.ts';

/** A site whose store fails at the operations that `failing` names. */
async function site(act: (browser: Browser, failing: Set<string>) => Promise<void>): Promise<void> {
  const failing = new Set<string>();
  const store = interceptStore(new MemoryStore(), (operation) => {
    if (failing.has(operation)) throw new Error('connection lost');
  });
  await serve(
    (app) => {
      app.use(session({ secret: SECRET, saveUninitialized: false, store }));
      app.get('/write', (req, res) => {
        req.session.views = (req.session.views ?? 0) + 1;
        res.send('written');
      });
      app.get('/save', (req, res) => {
        req.session.views = (req.session.views ?? 0) + 1;
        req.session.save((error: { code?: string } | null) => res.send(error?.code ?? 'saved'));
      });
      app.get('/read', (req, res) => res.send(String(req.session.views)));
      app.get('/logout', (req, res) => {
        req.session.destroy((error: { code?: string } | null) => res.send(error?.code ?? 'bye'));
      });
    },
    async (port) => act(new Browser(port), failing),
  );
}

test('C5: a session that could not be stored is answered with an error and no cookie', () =>
  site(async (browser, failing) => {
    failing.add('create');
    const page = await browser.visit('/write');
    assert.deepEqual([page.status, page.cookies], [503, []]);
  }));

test('a session that could not be read is an error, and not a new session', () =>
  site(async (browser, failing) => {
    await browser.visit('/write');
    failing.add('load');
    const page = await browser.visit('/read');
    assert.deepEqual([page.status, page.cookies], [503, []]);
  }));

test('a save that failed and was swallowed still fails the response', () =>
  site(async (browser, failing) => {
    await browser.visit('/write');
    failing.add('save');
    assert.equal((await browser.visit('/save')).status, 503);
    failing.clear();
    assert.equal(await browser.text('/read'), '1');
  }));

test('an end that failed is reported to the callback, and fails the response', () =>
  site(async (browser, failing) => {
    await browser.visit('/write');
    failing.add('destroy');
    const page = await browser.visit('/logout');
    assert.deepEqual([page.status, page.cookies], [503, []]);
    failing.clear();
    assert.equal(await browser.text('/read'), '1');
  }));

/** A site whose pages store what cannot be stored. */
const circular = (act: (browser: Browser) => Promise<void>): Promise<void> =>
  serve(
    (app) => {
      app.use(session({ secret: SECRET, saveUninitialized: false }));
      app.get('/ok', (req, res) => {
        req.session.views = (req.session.views ?? 0) + 1;
        res.send(String(req.session.views));
      });
      app.get('/head', (req, res) => {
        Object.assign(req.session, { self: req.session, views: 100 });
        res.send('sent');
      });
      app.get('/late', (req, res) => {
        res.write('one ');
        Object.assign(req.session, { self: req.session, views: 100 });
        res.end('two');
      });
    },
    async (port) => act(new Browser(port)),
  );

test('a value that has no JSON fails the response, and nothing of it is stored', () =>
  circular(async (browser) => {
    await browser.visit('/ok');
    const page = await browser.visit('/head');
    assert.equal(page.status, 500);
    assert.match(page.text, /circular/);
    assert.equal(await browser.text('/ok'), '2');
  }));

test('a value that has no JSON breaks a response that has begun', () =>
  circular(async (browser) => {
    await browser.visit('/ok');
    await assert.rejects(browser.visit('/late'), /aborted|hang up/);
    assert.equal(await browser.text('/ok'), '2');
  }));

test('an owner that is none fails the response', () =>
  serve(
    (app) => {
      app.use(session({ secret: SECRET, saveUninitialized: false, owner: () => ({ id: 1 }) as never }));
      app.get('/', (req, res) => {
        req.session.views = 1;
        res.send('sent');
      });
    },
    async (port) => {
      const page = await new Browser(port).visit('/');
      assert.deepEqual([page.status, page.cookies], [500, []]);
      assert.match(page.text, /Expected `owner` to be a function that returns a user id, a string or a number/);
    },
  ));
