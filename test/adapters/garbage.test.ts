import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { getRequestListener } from '@hono/node-server';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { createSessionFactory, type SessionFactory, type WebsaunaSession } from 'websauna-session';
import { sessions as fastifySessions } from 'websauna-session/fastify';
import { sessions as honoSessions, type SessionVariables } from 'websauna-session/hono';
import { sessions as koaSessions } from 'websauna-session/koa';
import { MemoryStore } from 'websauna-session/memory';
import { withSession } from 'websauna-session/node';
import { expect, test } from 'vitest';
import { ask } from './support/client.ts';
import { listen } from './support/listen.ts';

const ROUNDS = 10;
const REQUESTS_PER_ROUND = 100;
/** Bytes a request. V8 and the client leave 600; what a session and its request are would be three times as much and more. */
const SURVIVORS = 1500;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options?: { type: 'minor' | 'major' }) => void;

type Listener = (req: IncomingMessage, res: ServerResponse) => unknown;

const LISTENERS: Readonly<Record<string, (factory: SessionFactory) => Listener | Promise<Listener>>> = {
  'node:http': (factory) =>
    withSession(factory, (req, res) => {
      res.end(countOnce(req.session));
    }),
  Koa: (factory) => {
    const app = new Koa();
    app.use(koaSessions(factory));
    app.use((ctx) => {
      ctx.body = countOnce(ctx.session);
    });
    return app.callback();
  },
  Hono: (factory) => {
    const app = new Hono<{ Variables: SessionVariables }>();
    app.use(honoSessions(factory));
    app.get('/', (c) => c.text(countOnce(c.var.session)));
    return getRequestListener(app.fetch);
  },
  Fastify: async (factory) => {
    const app = fastify();
    await app.register(fastifySessions(factory));
    app.get('/', (request, reply) => reply.send(countOnce(request.session)));
    await app.ready();
    return (req, res) => app.routing(req, res);
  },
};

// What outlives the frequent collections is moved to where only the rare, slow ones look. A `WeakMap` by request
// would do that to all that a request has. Not with Express: up to Node 22, V8 makes hidden classes for each of its
// requests, which are old from the start.
test.each(Object.entries(LISTENERS))(
  'what a request allocates does not survive young collections: %s',
  async (_framework, listenerOf) => {
    const factory = createSessionFactory({
      secret: 'of no worth, but long enough for a session',
      store: new MemoryStore(),
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await listen(createServer(await listenerOf(factory)), async (port) => {
      const { cookies } = await ask(port, { agent });
      const cookie = cookies[0]!.split(';')[0]!;
      const round = async (): Promise<void> => {
        for (let i = 0; i < REQUESTS_PER_ROUND; i++) {
          expect((await ask(port, { agent, headers: { cookie } })).body.toString()).toBe('1');
        }
        // Twice, because the first leaves objects among the young ones.
        collect({ type: 'minor' });
        collect({ type: 'minor' });
      };
      for (let i = 0; i < ROUNDS; i++) await round();
      collect({ type: 'major' });
      const before = oldBytes();
      for (let i = 0; i < ROUNDS; i++) await round();
      expect((oldBytes() - before) / (ROUNDS * REQUESTS_PER_ROUND)).toBeLessThan(SURVIVORS);
    });
    agent.destroy();
  },
);

/** Changes the session of the first request alone. */
function countOnce(session: WebsaunaSession): string {
  if (!session.has('count')) session.set('count', '1');
  return session.get('count') as string;
}

function oldBytes(): number {
  return getHeapSpaceStatistics().find((space) => space.space_name === 'old_space')!.space_used_size;
}
