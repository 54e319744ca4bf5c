// `req.session = null` ends a session of other libraries. Here it would leave the visitor logged in.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import express, { type ErrorRequestHandler } from 'express';
import fastify from 'fastify';
import { Hono, type Context } from 'hono';
import { getRequestListener } from '@hono/node-server';
import Koa from 'koa';
import { describe, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type WebsaunaSession } from 'websauna-session';
import { sessions as expressSessions } from 'websauna-session/express';
import { sessions as fastifySessions } from 'websauna-session/fastify';
import { sessions as honoSessions } from 'websauna-session/hono';
import { sessions as koaSessions } from 'websauna-session/koa';
import { MemoryStore } from 'websauna-session/memory';
import { withSession } from 'websauna-session/node';
import { ask } from './support/client.ts';
import { listen } from './support/listen.ts';

interface Holder {
  session: WebsaunaSession | null | undefined;
}
type Serve = (
  factory: SessionFactory,
  /** Returns the body of the response, whose status is 200. */
  handle: (holder: Holder, url: string) => string,
  onError: (error: unknown) => void,
) => RequestListener | Promise<RequestListener>;

const SERVERS: Readonly<Record<string, Serve>> = {
  'node:http': (factory, handle, onError) =>
    withSession(factory, (req, res) => res.end(handle(req as Holder, req.url!)), {
      onError(error, _req, res: ServerResponse) {
        onError(error);
        res.statusCode = 500;
        res.end('failed');
      },
    }),
  Express(factory, handle, onError) {
    const app = express().set('env', 'test');
    app.use(expressSessions(factory));
    app.use((req, res) => void res.end(handle(req as unknown as Holder, req.url)));
    const onFailure: ErrorRequestHandler = (error, _req, _res, next) => {
      onError(error);
      next(error);
    };
    return app.use(onFailure);
  },
  Koa(factory, handle, onError) {
    const app = new Koa();
    app.on('error', onError);
    app.use(koaSessions(factory));
    app.use((ctx) => void (ctx.body = handle(ctx as unknown as Holder, ctx.url)));
    const listener = app.callback();
    return (req, res) => void listener(req, res);
  },
  Hono(factory, handle, onError) {
    const app = new Hono();
    app.use(honoSessions(factory));
    app.all('*', (c) => c.text(handle(new HonoHolder(c), c.req.path)));
    app.onError((error, c) => {
      onError(error);
      return c.text('failed', 500);
    });
    const listener = getRequestListener(app.fetch);
    return (req, res) => void listener(req, res);
  },
  async Fastify(factory, handle, onError) {
    const app = fastify();
    await app.register(fastifySessions(factory));
    app.setErrorHandler((error) => {
      onError(error);
      throw error;
    });
    app.get('*', (request) => handle(request as unknown as Holder, request.url));
    await app.ready();
    return (req: IncomingMessage, res: ServerResponse) => app.routing(req, res);
  },
};

/** The session of a Hono context as a property. */
class HonoHolder implements Holder {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  get session(): WebsaunaSession | null | undefined {
    return this.#context.get('session') as WebsaunaSession;
  }

  set session(value: WebsaunaSession | null | undefined) {
    this.#context.set('session', value);
  }
}

function respond(holder: Holder, url: string): string {
  const { session } = holder;
  if (url === '/login') session!.login('alice');
  const body = String(session!.owner);
  if (url === '/null') holder.session = null;
  if (url === '/undefined') holder.session = undefined;
  if (url === '/delete') Reflect.deleteProperty(holder, 'session');
  return body;
}

describe.each(Object.entries(SERVERS))('%s', (_name, serve) => {
  test.each(['null', 'undefined'])('refuses %s in the place of a session, and says what ends it', async (value) => {
    const factory = createSessionFactory({
      secret: 'a secret of more than thirty-two bytes',
      store: new MemoryStore(),
    });
    const errors: unknown[] = [];
    const listener = await serve(factory, respond, (error) => void errors.push(error));
    await listen(createServer(listener), async (port) => {
      const { cookies } = await ask(port, { path: '/login' });
      const headers = { cookie: cookies[0]!.split(';')[0]! };
      const refused = await ask(port, { path: `/${value}`, headers });
      assert.deepEqual([refused.status, refused.cookies], [500, []]);
      assert.doesNotMatch(refused.body.toString(), /alice/);
      assert.equal(errors.length, 1);
      assert.ok(errors[0] instanceof TypeError);
      assert.match(
        errors[0].message,
        new RegExp(`\`session\` to be the session.*got ${value}.*\`session\\.logout\\(\\)\``),
      );
      assert.equal((await ask(port, { headers })).body.toString(), 'alice');
    });
  });
});

test('a request whose session is deleted is answered: a copy of it may have none', async () => {
  const factory = createSessionFactory({ secret: 'a secret of more than thirty-two bytes', store: new MemoryStore() });
  const fail = (error: unknown): void => assert.fail(String(error));
  const listener = await SERVERS['node:http']!(factory, respond, fail);
  await listen(createServer(listener), async (port) => {
    const { cookies } = await ask(port, { path: '/login' });
    const headers = { cookie: cookies[0]!.split(';')[0]! };
    const deleted = await ask(port, { path: '/delete', headers });
    assert.deepEqual([deleted.status, deleted.body.toString()], [200, 'alice']);
  });
});
