import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { Request, Response } from 'express';
import { test } from 'vitest';
import { MemoryStore } from 'websauna-session/memory';
import { interceptStore } from 'websauna-session/testing';
import session, { type SessionMiddleware } from 'websauna-session/express-session';
import { listen } from '../../adapters/support/listen.ts';
import { Browser, SECRET, serve } from './site.ts';

/** What the store shall do at a save. */
let failing = false;
const newMiddleware = (): SessionMiddleware =>
  session({
    secret: SECRET,
    saveUninitialized: false,
    store: interceptStore(new MemoryStore(), (operation) => {
      if (operation === 'save' && failing) throw new Error('connection lost');
    }),
  });

async function site(middleware: SessionMiddleware, act: (browser: Browser) => Promise<void>): Promise<void> {
  failing = false;
  await serve(
    (app) => {
      app.use(middleware);
      app.get('/begin', (req, res) => {
        req.session.views = 1;
        res.end();
      });
      app.get('/stream', (req, res) => {
        res.write('one ');
        req.session.views = (req.session.views ?? 0) + 1;
        res.end('two');
      });
      app.get('/twice', (req, res) => {
        res.write('one ');
        req.session.views = 5;
        res.end('two');
        res.end('three');
      });
      app.get('/destroy', (req, res) => {
        void req.session.views;
        res.write('one ');
        req.session.destroy(() => res.end('two'));
      });
      app.get('/regenerate', (req, res) => {
        void req.session.views;
        res.write('one ');
        req.session.regenerate((error: { code?: string }) => res.end(error.code));
      });
      app.get('/show', (req, res) => res.send(String(req.session.views)));
    },
    async (port) => act(new Browser(port)),
  );
}

test('what changes after the head is saved before the response ends', () =>
  site(newMiddleware(), async (browser) => {
    await browser.visit('/begin');
    assert.equal((await browser.visit('/stream')).text, 'one two');
    assert.equal(await browser.text('/show'), '2');
  }));

test('a second end while the first one waits is ignored', () =>
  site(newMiddleware(), async (browser) => {
    await browser.visit('/begin');
    assert.equal((await browser.visit('/twice')).text, 'one two');
    assert.equal(await browser.text('/show'), '5');
  }));

test('a session that begins after the head is discarded, and an event says so', async () => {
  const middleware = newMiddleware();
  const reasons: string[] = [];
  middleware.factory.on('discarded', ({ reason }) => reasons.push(reason));
  await site(middleware, async (browser) => {
    const page = await browser.visit('/stream');
    assert.deepEqual([page.text, page.cookies, reasons], ['one two', [], ['late']]);
  });
});

test('a response whose late changes cannot be saved does not look complete', () =>
  site(newMiddleware(), async (browser) => {
    await browser.visit('/begin');
    failing = true;
    await assert.rejects(browser.visit('/stream'), /aborted|hang up/);
    failing = false;
    assert.equal(await browser.text('/show'), '1');
  }));

test('nor does it without a framework', async () => {
  const middleware = newMiddleware();
  const server = createServer((req, res) => {
    let calls = 0;
    middleware(req as Request, res as Response, () => {
      // What is told of later errors is not answered.
      if (calls++ > 0) return;
      const { session: visit } = req as Request;
      if (req.url === '/stream') res.write('one ');
      visit.views = (visit.views ?? 0) + 1;
      res.end('two');
    });
  });
  failing = false;
  await listen(server, async (port) => {
    const browser = new Browser(port);
    await browser.visit('/begin');
    assert.equal((await browser.visit('/stream')).text, 'one two');
    failing = true;
    await assert.rejects(browser.visit('/stream'), /aborted|hang up/);
  });
});

test('destroy after the head ends the session', () =>
  site(newMiddleware(), async (browser) => {
    await browser.visit('/begin');
    assert.equal((await browser.visit('/destroy')).text, 'one two');
    assert.equal(await browser.text('/show'), 'undefined');
  }));

test('regenerate after the head fails, because no cookie can be sent', () =>
  site(newMiddleware(), async (browser) => {
    await browser.visit('/begin');
    assert.equal((await browser.visit('/regenerate')).text, 'one ERR_SESSION_HEADERS_SENT');
  }));
