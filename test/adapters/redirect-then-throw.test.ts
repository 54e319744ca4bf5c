import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { Socket } from 'node:net';
import type { Response } from 'express';
import Koa from 'koa';
import { describe, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { sessions as koaSessions } from 'websauna-session/koa';
import { sessions } from 'websauna-session/node';
import { waitFor } from '../support/wait-for.ts';
import { ask } from './support/client.ts';
import { listen } from './support/listen.ts';
import { FRAMEWORKS, withSite, type Respond, type SiteSpec } from './support/site.ts';
import { quiet, StoreGate } from './support/store-gate.ts';

const SECRET = 'nothing that a site may use, but long enough';

/** Logs in, redirects, and then fails. */
const redirects: Respond = (_req, res) => {
  res.writeHead(303, { location: '/welcome' }).end('See /welcome');
  throw new Error('the handler failed');
};
const login = (respond: Respond): SiteSpec => ({ respond, use: (session) => session.login('alice') });

describe.each(FRAMEWORKS)('%s: a complete response that is pending when the handler throws', (framework) => {
  test('arrives, with the cookie of its login', async () => {
    await withSite(framework, login(redirects), async (site) => {
      const write = site.gate.hold();
      const answering = site.ask();
      await write.reached;
      await waitFor('the error', () => site.errors.length === 1);
      await quiet();
      write.open();
      const { status, headers, cookies, body } = await answering;
      assert.deepEqual([status, headers['location'], cookies.length], [303, '/welcome', 1]);
      assert.equal(body.toString(), 'See /welcome');
      assert.deepEqual(site.errors.map(String), ['Error: the handler failed']);
      assert.equal((await site.ask()).status, 303);
    });
  });

  test('is replaced by an error when the store fails', async () => {
    await withSite(framework, login(redirects), async (site) => {
      const write = site.gate.hold();
      const answering = site.ask();
      await write.reached;
      await waitFor('the error', () => site.errors.length === 1);
      write.fail();
      assert.equal((await answering).status, 503);
    });
  });

  test('is cut off all the same when its client hangs up, or the server closes all connections', async () => {
    await withSite(
      framework,
      login((_req, res) => res.end('hello')),
      async (site) => {
        const sockets: Socket[] = [];
        site.server.on('connection', (socket) => sockets.push(socket));
        const write = site.gate.hold();
        const client = request({ host: '127.0.0.1', port: site.port, agent: false }).on('error', () => {});
        client.end();
        await write.reached;
        client.destroy();
        await once(sockets[0]!, 'close');
        write.open();
        const second = site.gate.hold();
        const answering = site.ask();
        await second.reached;
        site.server.closeAllConnections();
        site.server.closeAllConnections();
        await assert.rejects(answering, { code: 'ECONNRESET' });
        second.open();
      },
    );
  });
});

test('Express: `res.redirect()` and a throw end the connection after the redirect, as without sessions', async () => {
  await withSite(
    'Express 5',
    login((_req, res) => {
      (res as Response).redirect('/welcome');
      throw new Error('the handler failed');
    }),
    async (site) => {
      const closed: boolean[] = [];
      site.server.on('connection', (socket) => socket.on('close', () => closed.push(true)));
      const write = site.gate.hold();
      const answering = site.ask();
      await write.reached;
      await waitFor('the error', () => site.errors.length === 1);
      await quiet();
      write.open();
      const { status, headers, cookies } = await answering;
      assert.deepEqual([status, headers['location'], cookies.length], [302, '/welcome', 1]);
      await waitFor('the connection to end', () => closed.length === 1);
    },
  );
});

test('Connect-style sessions: an error handler that destroys the socket leaves the response complete', async () => {
  const gate = new StoreGate();
  const middleware = sessions(createSessionFactory({ secret: SECRET, store: gate.store }));
  const server = createServer((req, res) => {
    middleware(req, res, () => {
      (req as unknown as { session: { login(owner: string): void } }).session.login('alice');
      res.writeHead(303, { location: '/welcome' }).end();
      req.socket.destroy();
    });
  });
  await listen(server, async (port) => {
    const { status, cookies } = await ask(port);
    assert.deepEqual([status, cookies.length], [303, 1]);
  });
});

test('Koa: a raw response and a throw', async () => {
  const gate = new StoreGate();
  const app = new Koa();
  const errors: unknown[] = [];
  app.on('error', (error) => errors.push(error));
  app.use(koaSessions(createSessionFactory({ secret: SECRET, store: gate.store })));
  app.use((ctx) => {
    ctx['session'].login('alice');
    ctx.res.writeHead(303, { location: '/welcome' }).end();
    throw new Error('the handler failed');
  });
  const handle = app.callback();
  await listen(
    createServer((req, res) => void handle(req, res)),
    async (port) => {
      const { status, cookies } = await ask(port);
      assert.deepEqual([status, cookies.length, errors.length], [303, 1, 1]);
    },
  );
});
