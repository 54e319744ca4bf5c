// What the frameworks' own error handlers send to a client when Redis cannot be reached: nothing internal.
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import express from 'express';
import express4 from 'express4';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createSessionFactory, type SessionFactory } from 'websauna-session';
import { sessions as expressSessions } from 'websauna-session/express';
import { sessions as fastifySessions } from 'websauna-session/fastify';
import { withSession as withFetchSession } from 'websauna-session/fetch';
import { sessions as honoSessions } from 'websauna-session/hono';
import { sessions as koaSessions } from 'websauna-session/koa';
import { withSession } from 'websauna-session/node';
import { freePort } from '../support/redis-server.ts';
import { ask } from './support/client.ts';
import { listen } from './support/listen.ts';

type Start = (factory: SessionFactory, act: (port: number) => Promise<void>) => Promise<void>;

const served =
  (listenerOf: (factory: SessionFactory) => RequestListener): Start =>
  (factory, act) =>
    listen(createServer(listenerOf(factory)), act);

const onExpress = (framework: typeof express): Start =>
  served((factory) => {
    const app = framework();
    app.use(expressSessions(factory));
    app.get('/', (req, res) => {
      req.session.set('a', 1);
      res.send('hello');
    });
    return app;
  });

const FRAMEWORKS: Readonly<Record<string, Start>> = {
  'Express 5': onExpress(express),
  'Express 4': onExpress(express4 as unknown as typeof express),
  Koa: served((factory) => {
    const app = new Koa();
    app.use(koaSessions(factory));
    app.use((ctx) => {
      ctx.session.set('a', 1);
      ctx.body = 'hello';
    });
    const handle = app.callback();
    return (req, res) => void handle(req, res);
  }),
  'node:http': served((factory) =>
    withSession(factory, (req, res) => {
      req.session.set('a', 1);
      res.end('hello');
    }),
  ),
  async Fastify(factory, act) {
    const app = fastify();
    await app.register(fastifySessions(factory));
    app.get('/', (request) => {
      request.session.set('a', 1);
      return 'hello';
    });
    await app.ready();
    try {
      const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
      await act(Number(port));
    } finally {
      await app.close();
    }
  },
  async Hono(factory, act) {
    const app = new Hono();
    app.use(honoSessions(factory));
    app.get('/', (c) => {
      (c.get('session' as never) as { set(key: string, value: unknown): void }).set('a', 1);
      return c.text('hello');
    });
    await listen(createAdaptorServer({ fetch: app.fetch }) as ReturnType<typeof createServer>, act);
  },
  async Fetch(factory, act) {
    const handle = withFetchSession(factory, (_request, session) => {
      session.set('a', 1);
      return new Response('hello');
    });
    await listen(createAdaptorServer({ fetch: (request) => handle(request) }) as ReturnType<typeof createServer>, act);
  },
};

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe.each(['production', 'development'])('the error page in %s', (environment) => {
  test.each(Object.entries(FRAMEWORKS))('of %s names neither the address of Redis nor a key', async (_name, start) => {
    vi.stubEnv('NODE_ENV', environment);
    // Frameworks report the error to the operator there.
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const redisPort = await freePort();
    const factory = createSessionFactory({
      secret: 'a secret of more than thirty-two bytes',
      redis: { host: '127.0.0.1', port: redisPort, prefix: 'of-the-inside:', socketTimeout: 0.1 },
    });
    const errors: unknown[] = [];
    factory.on('storeError', ({ error }) => void errors.push(error));
    try {
      // Later requests meet the open circuit breaker, whose error says more.
      await start(factory, async (port) => {
        for (let i = 0; i < 7; i++) {
          const { status, headers, body } = await ask(port);
          assert.equal(status, 503);
          assert.doesNotMatch(
            JSON.stringify(headers) + String(body),
            new RegExp(`127\\.0\\.0\\.1|${redisPort}|inside`),
          );
        }
      });
    } finally {
      await factory.close();
    }
    // The operator learns of it.
    for (const error of errors) {
      expect(error).toMatchObject({ cause: { message: expect.stringContaining(`127.0.0.1:${redisPort}`) as unknown } });
    }
    assert.equal(errors.length, 7);
  });
});
