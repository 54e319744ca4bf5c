import assert from 'node:assert/strict';
import { createServer, request, type RequestListener, type ServerResponse } from 'node:http';
import { connect, createServer as createHttp2Server } from 'node:http2';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { describe, test } from 'vitest';
import { createSessionFactory, type Exchange, type SessionFactory } from 'websauna-session';
import { sessions as expressSessions } from 'websauna-session/express';
import { sessions as fastifySessions } from 'websauna-session/fastify';
import { sessions as honoSessions } from 'websauna-session/hono';
import { sessions as koaSessions } from 'websauna-session/koa';
import { sessions } from 'websauna-session/node';
import { waitFor } from '../support/wait-for.ts';
import { ask } from './support/client.ts';
import { listen } from './support/listen.ts';

/** A factory that shows the exchanges of its adapters. */
function watchedFactory(): { factory: SessionFactory; exchanges: Exchange[] } {
  const factory = createSessionFactory({ secret: 'nothing that a site may use, but long enough' });
  const exchanges: Exchange[] = [];
  const load = factory.load.bind(factory);
  factory.load = (exchange) => {
    exchanges.push(exchange);
    return load(exchange);
  };
  return { factory, exchanges };
}

type Respond = (res: ServerResponse) => void;

const SERVERS: Readonly<Record<string, (factory: SessionFactory, respond: Respond) => Promise<RequestListener>>> = {
  async 'node:http'(factory, respond) {
    const middleware = sessions(factory);
    return (req, res) => middleware(req, res, () => respond(res));
  },
  async Express(factory, respond) {
    return express().use(expressSessions(factory), (_req, res) => respond(res));
  },
  async Koa(factory, respond) {
    const app = new Koa();
    app.use(koaSessions(factory));
    app.use((ctx) => {
      ctx.respond = false;
      respond(ctx.res);
    });
    const handle = app.callback();
    return (req, res) => void handle(req, res);
  },
  async Fastify(factory, respond) {
    const app = fastify();
    await app.register(fastifySessions(factory));
    app.get('/', (_request, reply) => {
      reply.hijack();
      respond(reply.raw);
    });
    await app.ready();
    return (req, res) => app.routing(req, res);
  },
  async 'Hono on Node'(factory, respond) {
    const app = new Hono<{ Bindings: HttpBindings }>();
    app.use(honoSessions(factory));
    app.get('/', (c) => {
      respond(c.env.outgoing);
      return RESPONSE_ALREADY_SENT;
    });
    const handle = getRequestListener(app.fetch);
    return (req, res) => void handle(req, res);
  },
};

describe.each(Object.entries(SERVERS))('The exchange of %s', (_name, serve) => {
  test('calls back once when the response is finished, and soon after that', async () => {
    const { factory, exchanges } = watchedFactory();
    let closed = 0;
    let pending!: ServerResponse;
    const listener = await serve(factory, (res) => (pending = res));
    await listen(createServer(listener), async (port) => {
      const answering = ask(port);
      await waitFor('the request', () => pending);
      exchanges[0]!.onClose!(() => closed++);
      assert.equal(closed, 0);
      pending.end('hello');
      await answering;
      await waitFor('the call', () => closed > 0);
      let again = 0;
      exchanges[0]!.onClose!(() => again++);
      assert.equal(again, 0);
      await waitFor('the second call', () => again > 0);
      assert.deepEqual([closed, again], [1, 1]);
    });
  });

  test('calls back when the client hangs up', async () => {
    const { factory, exchanges } = watchedFactory();
    let closed = 0;
    const listener = await serve(factory, () => {});
    await listen(createServer(listener), async (port) => {
      const client = request({ host: '127.0.0.1', port, agent: false }).on('error', () => {});
      client.end();
      await waitFor('the request', () => exchanges.length === 1);
      exchanges[0]!.onClose!(() => closed++);
      client.destroy();
      await waitFor('the call', () => closed > 0);
      assert.equal(closed, 1);
    });
  });
});

test('The exchange of an HTTP/2 response calls back when its stream is closed', async () => {
  const { factory, exchanges } = watchedFactory();
  let closed = 0;
  const middleware = sessions(factory);
  const server = createHttp2Server(((req: never, res: ServerResponse) => {
    middleware(req, res, () => {
      exchanges[0]!.onClose!(() => closed++);
      res.end('hello');
    });
  }) as never);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  client.request({ ':path': '/' }).resume();
  await waitFor('the call', () => closed > 0);
  client.close();
  server.close();
  assert.equal(closed, 1);
});

test('The exchange of a stand-in response calls back when the connection is closed', async () => {
  const { factory, exchanges } = watchedFactory();
  let closed = 0;
  const middleware = sessions(factory);
  const server = createServer();
  server.on('upgrade', (req, socket) => {
    middleware(req, {} as ServerResponse, () => {
      exchanges[0]!.onClose!(() => closed++);
      socket.end('HTTP/1.1 200 OK\r\n\r\n');
    });
  });
  await listen(server, async (port) => {
    const headers = { connection: 'Upgrade', upgrade: 'websocket' };
    request({ host: '127.0.0.1', port, headers, agent: false })
      .on('error', () => {})
      .end();
    await waitFor('the call', () => closed > 0);
    assert.equal(closed, 1);
  });
});
