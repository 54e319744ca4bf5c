// Browsers that log in and rotate while handshakes, uploads, polls and requests that they abort are under way.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { Agent, createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Server as EngineServer } from 'engine.io';
import express from 'express';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory } from 'websauna-session';
import { sessions } from 'websauna-session/express';
import { MemoryStore } from 'websauna-session/memory';
import { WEBSOCKET_HEADERS, WEBSOCKET_PATH } from '../../support/websocket.ts';

const BROWSERS = 20;
const ROUNDS = 55;
const GRACE = 10;

/** Milliseconds that the store's clock is ahead. */
let ahead = 0;
let factory: SessionFactory;
let server: ReturnType<typeof createServer>;
let engine: EngineServer;
let port: number;
/** Of each user: when polls are to be answered, and when a rotation is stored. */
const events = new EventEmitter().setMaxListeners(0);
/** Uploads that the server has seen ending in the middle. */
let cutUploads = 0;

const userOf = (req: express.Request): string => req.get('x-user')!;

function application(): express.Express {
  const app = express().set('env', 'test');
  app.use(sessions(factory));
  app.get('/me', (req, res) => void res.json(req.session.owner));
  app.post('/login', (req, res) => {
    req.session.login(userOf(req));
    res.redirect('/me');
  });
  app.post('/rotate', (req, res, next) => {
    req.session.rotate();
    req.session.save().then(() => {
      events.emit(`rotated ${userOf(req)}`);
      res.end();
    }, next);
  });
  app.post('/upload', (req, res) => {
    // A client that gives up sends the connection's end in place of the body's.
    buffer(req).then(
      ({ length }) => {
        req.session.set('size', length);
        res.end();
      },
      () => {
        cutUploads++;
        res.destroy();
      },
    );
  });
  let polled = 0;
  app.get('/poll', (req, res) => {
    events.once(`answer ${userOf(req)}`, () => {
      req.session.set('polled', ++polled);
      res.end();
    });
  });
  return app;
}

beforeAll(async () => {
  factory = createSessionFactory({
    secret: 'a secret of more than thirty-two bytes',
    store: new MemoryStore({ now: () => Date.now() + ahead }),
    rotationGrace: GRACE,
    touchInterval: 0,
  });
  server = createServer(application());
  engine = new EngineServer({ transports: ['websocket'] });
  engine.use(sessions(factory) as never);
  engine.attach(server, { path: '/engine.io' });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});

afterAll(async () => {
  engine?.close();
  server?.closeAllConnections();
  server?.close();
  await factory?.close();
});

interface Sending {
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A browser: it keeps the cookie that it was sent last. */
class Browser {
  readonly user: string;
  readonly stolen: string[] = [];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 6 });
  cookie: string | undefined;
  sent = 0;

  constructor(user: string) {
    this.user = user;
  }

  async ask(path: string, { method = 'GET', body, headers }: Sending = {}): Promise<string> {
    const asking = this.#send(path, method, headers).end(body);
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    for (const cookie of response.headers['set-cookie'] ?? []) this.cookie = cookie.split(';')[0]!;
    const text = String(await buffer(response));
    assert.ok(response.statusCode! < 400, `${path} answered ${response.statusCode}: ${text}`);
    return text;
  }

  /** Sends a request, and closes the connection before the response can be read. */
  async abort(path: string, method: string, body?: string): Promise<void> {
    const headers = body === undefined ? {} : { 'content-length': '1000000' };
    const asking = this.#send(path, method, headers).on('error', () => {});
    await new Promise((resolve) => {
      if (body === undefined) asking.end(resolve);
      else asking.write(body, resolve);
    });
    asking.destroy();
  }

  async handshake(): Promise<void> {
    const asking = this.#send(WEBSOCKET_PATH, 'GET', WEBSOCKET_HEADERS).end();
    const [response, socket] = (await once(asking, 'upgrade')) as [IncomingMessage, NodeJS.WritableStream];
    assert.equal(response.statusCode, 101);
    socket.on('error', () => {}).end();
  }

  copyCookie(): void {
    if (this.cookie !== undefined) this.stolen.push(this.cookie);
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(path: string, method: string, headers: Readonly<Record<string, string>> = {}): ReturnType<typeof httpRequest> {
    this.sent++;
    const cookie = this.cookie === undefined ? {} : { cookie: this.cookie };
    const own = { 'x-user': this.user, ...cookie };
    const agent = 'upgrade' in headers ? false : this.#agent;
    return httpRequest({ host: '127.0.0.1', port, path, method, agent, headers: { ...own, ...headers } });
  }
}

/** Rotates without hearing of it, and goes on after the grace. */
async function loseRotation(browser: Browser): Promise<void> {
  const rotated = once(events, `rotated ${browser.user}`);
  await browser.abort('/rotate', 'POST');
  await rotated;
  ahead += (GRACE + 1) * 1000;
}

/** One round of a browser: a change of its id, in the middle of everything else. */
async function round(browser: Browser, number: number): Promise<void> {
  const polls = [1, 2].map(() => browser.ask('/poll'));
  const others = [
    browser.handshake(),
    browser.ask('/upload', { method: 'POST', body: Buffer.alloc(20_000) }),
    browser.abort('/upload', 'POST', 'only the beginning'),
    browser.abort('/me', 'GET'),
  ];
  const all = Promise.all([...polls, ...others]);
  // One failure is enough to read.
  all.catch(() => {});
  browser.copyCookie();
  if (number % 5 === 0) await browser.ask('/login', { method: 'POST' });
  else if (number % 5 === 1) await loseRotation(browser);
  else await browser.ask('/rotate', { method: 'POST' });
  expect(JSON.parse(await browser.ask('/me'))).toBe(browser.user);
  // The polls have waited since before the change; they end in it or after its grace.
  if (number % 7 === 0) ahead += (GRACE + 1) * 1000;
  const answer = `answer ${browser.user}`;
  while (events.listenerCount(answer) < polls.length) await new Promise((resolve) => setImmediate(resolve));
  events.emit(answer);
  await all;
  expect(JSON.parse(await browser.ask('/me'))).toBe(browser.user);
}

test('C6, C11, C13: no browser is logged out, no copied id gains anything, and the process goes on', async () => {
  const browsers = Array.from({ length: BROWSERS }, (_, i) => new Browser(`user-${i}`));
  try {
    await Promise.all(
      browsers.map(async (browser) => {
        // Before that each of several first requests would begin a session of its own.
        await browser.ask('/login', { method: 'POST' });
        for (let number = 0; number < ROUNDS; number++) await round(browser, number);
      }),
    );
    ahead += (GRACE + 1) * 1000;
    for (const browser of browsers) {
      expect(JSON.parse(await browser.ask('/me'))).toBe(browser.user);
      const current = browser.cookie;
      const thief = new Browser('thief');
      for (const cookie of new Set(browser.stolen)) {
        if (cookie === current) continue;
        thief.cookie = cookie;
        expect(JSON.parse(await thief.ask('/me'))).toBe(null);
      }
      browser.sent += thief.sent;
      thief.close();
    }
    expect(cutUploads).toBeGreaterThan(100);
    expect(browsers.reduce((sum, { sent }) => sum + sent, 0)).toBeGreaterThan(10_000);
  } finally {
    for (const browser of browsers) browser.close();
  }
}, 120_000);
