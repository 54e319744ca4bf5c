import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import express, { type Request } from 'express';
import { test } from 'vitest';
import session from 'websauna-session/express-session';
import { listen } from '../../adapters/support/listen.ts';
import { WEBSOCKET_HEADERS } from '../../support/websocket.ts';
import { Browser, SECRET } from './site.ts';
import { request } from 'node:http';

test('an upgrade with `{}` for a response has the session, and saves what it changes itself', async () => {
  const middleware = session({ secret: SECRET, saveUninitialized: false });
  const app = express().use(middleware);
  app.get('/', (req, res) => {
    req.session.user ??= 'ada';
    res.json([req.session.user, req.session.views ?? null]);
  });
  const server = createServer(app);
  // As the example of ws does it.
  server.on('upgrade', (req: IncomingMessage, socket) => {
    middleware(req as Request, {} as never, () => {
      const { session: visit } = req as Request;
      visit.views = 7;
      visit.save((error: unknown) => {
        socket.end(`HTTP/1.1 403 ${error ? 'Failed' : visit.user}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      });
    });
  });
  await listen(server, async (port) => {
    const browser = new Browser(port);
    await browser.visit('/');
    const cookie = `connect.sid=${browser.cookies.get('connect.sid')}`;
    const upgrade = request({ port, host: '127.0.0.1', headers: { ...WEBSOCKET_HEADERS, cookie } }).end();
    const [response] = (await once(upgrade, 'response')) as [IncomingMessage];
    response.resume();
    assert.equal(response.statusMessage, 'ada');
    assert.deepEqual(JSON.parse(await browser.text('/')), ['ada', 7]);
  });
});
