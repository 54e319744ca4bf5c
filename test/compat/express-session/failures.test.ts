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
