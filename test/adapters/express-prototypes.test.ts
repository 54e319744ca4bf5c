import { once } from 'node:events';
import { ServerResponse, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import express4 from 'express4';
import { MemoryStore } from 'websauna-session/memory';
import { sessions } from 'websauna-session/express';
import { afterEach, describe, expect, test } from 'vitest';

const SECRET = 'a secret of more than thirty-two bytes';
const METHODS = ['writeHead', 'write', 'end', 'flushHeaders', 'setHeader', 'appendHeader', 'removeHeader'] as const;

let server: Server | undefined;
afterEach(async () => {
  if (server === undefined) return;
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
});

async function visit(app: Express): Promise<Response> {
  server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/below/page`);
}

const withSessions = (): ReturnType<typeof sessions> => sessions({ secret: SECRET, store: new MemoryStore() });

describe.each([
  ['Express 5', express],
  ['Express 4', express4 as unknown as typeof express],
])('%s', (_title, create) => {
  test('a sub-application with sessions that leaves the answer to the one around it', async () => {
    const [app, below] = [create(), create()];
    below.use(withSessions(), (req, _res, next) => {
      req.session.set('a', 1);
      next();
    });
    app.use('/below', below);
    app.use((_req, res) => void res.send('answered around'));
    const response = await visit(app);
    expect(await response.text()).toBe('answered around');
    expect(response.headers.getSetCookie()).toHaveLength(1);
  });

  test('an application with sessions around one that answers', async () => {
    const [app, below] = [create(), create()];
    app.use(withSessions());
    below.get('/page', (req, res) => {
      req.session.set('a', 1);
      res.json({ sent: res.headersSent });
    });
    app.use('/below', below);
    const response = await visit(app);
    expect(await response.json()).toEqual({ sent: false });
    expect(response.headers.getSetCookie()).toHaveLength(1);
  });

  test('responses of applications without sessions are what they were, and so are those of Node', async () => {
    const before = METHODS.map((name) => ServerResponse.prototype[name]);
    const other = create();
    other.use(withSessions(), (_req, res) => void res.end());
    await visit(other);
    server!.close();
    const app = create();
    const seen: unknown[] = [];
    app.use((_req, res) => {
      seen.push(res.headersSent, res.writableEnded);
      res.setHeader('X-Header', '1');
      res.write('a');
      seen.push(res.headersSent);
      res.end('b', () => seen.push(res.writableEnded));
    });
    const response = await visit(app);
    expect([await response.text(), response.headers.get('x-header')]).toEqual(['ab', '1']);
    expect(seen).toEqual([false, false, true, true]);
    expect(METHODS.map((name) => ServerResponse.prototype[name])).toEqual(before);
  });
});
