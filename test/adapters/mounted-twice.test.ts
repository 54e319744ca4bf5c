import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import express from 'express';
import { Hono } from 'hono';
import Koa from 'koa';
import { afterEach, beforeEach, describe, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type WebsaunaSession } from 'websauna-session';
import { sessions as expressSessions } from 'websauna-session/express';
import { sessions as honoSessions, type SessionVariables } from 'websauna-session/hono';
import { sessions as koaSessions } from 'websauna-session/koa';
import { MemoryStore } from 'websauna-session/memory';
import { sessions } from 'websauna-session/node';
import { interceptStore } from 'websauna-session/testing';
import { ask } from './support/client.ts';
import { listen } from './support/listen.ts';

const SECRET = 'nothing that a site may use, but long enough';

type Held = IncomingMessage & Record<string, WebsaunaSession>;

interface Mount {
  readonly factory: SessionFactory;
  readonly property: string;
}

/** Applications with these middlewares, one after the other, that set a field in the session of `property`. */
const APPS: Readonly<Record<string, (mounts: readonly Mount[], property: string) => RequestListener>> = {
  'node:http'(mounts, property) {
    const stack = mounts.map(({ factory, property: name }) => sessions(factory, { property: name }));
    const run = (req: IncomingMessage, res: ServerResponse, at: number): void => {
      const layer = stack[at];
      if (layer !== undefined) layer(req, res, () => run(req, res, at + 1));
      else res.end(String((req as Held)[property]!.set('a', 1).size));
    };
    return (req, res) => run(req, res, 0);
  },
  Express(mounts, property) {
    const app = express();
    for (const { factory, property: name } of mounts) app.use(expressSessions(factory, { property: name }));
    app.use((req, res) => void res.end(String((req as unknown as Held)[property]!.set('a', 1).size)));
    return app;
  },
  Koa(mounts, property) {
    const app = new Koa();
    for (const { factory, property: name } of mounts) app.use(koaSessions(factory, { property: name }));
    app.use((ctx) => void (ctx.body = String((ctx[property] as WebsaunaSession).set('a', 1).size)));
    const handle = app.callback();
    return (req, res) => void handle(req, res);
  },
};

function newFactory(commands: string[] = [], name = 'session'): SessionFactory {
  const store = interceptStore(new MemoryStore(), (operation) => void commands.push(operation));
  return createSessionFactory({ secret: SECRET, store, cookie: { name } });
}

const warnings: Error[] = [];
const record = (warning: Error): void => void warnings.push(warning);
beforeEach(() => {
  warnings.length = 0;
  process.on('warning', record);
});
afterEach(() => void process.off('warning', record));

async function codes(): Promise<unknown[]> {
  await new Promise((resolve) => setImmediate(resolve));
  return warnings.map((warning) => (warning as { code?: unknown }).code);
}

describe.each(Object.entries(APPS))('%s with the middleware of one factory mounted twice', (_name, app) => {
  test('opens and commits the session once', async () => {
    const commands: string[] = [];
    const mount = { factory: newFactory(commands), property: 'session' };
    await listen(createServer(app([mount, mount], 'session')), async (port) => {
      const { cookies } = await ask(port);
      assert.equal(cookies.length, 1);
      const headers = { cookie: cookies[0]!.split(';')[0]! };
      assert.equal((await ask(port, { headers })).body.toString(), '1');
      assert.equal((await ask(port, { headers, path: '/style.css' })).status, 200);
      assert.deepEqual(commands, ['create', 'load', 'save']);
      assert.deepEqual(await codes(), []);
    });
  });

  test('under two properties has two sessions, as asked', async () => {
    const commands: string[] = [];
    const factory = newFactory(commands);
    const mounts = ['session', 'visit'].map((property) => ({ factory, property }));
    await listen(createServer(app(mounts, 'visit')), async (port) => {
      assert.equal((await ask(port)).cookies.length, 1);
      assert.deepEqual(commands, ['create']);
    });
  });
});

test.each(Object.entries(APPS))('%s with two factories on one property is reported, once', async (name, app) => {
  const property = `session of ${name}`;
  const mounts = ['one', 'two'].map((cookie) => ({ factory: newFactory([], cookie), property }));
  await listen(createServer(app(mounts, property)), async (port) => {
    for (let i = 0; i < 3; i++) assert.equal((await ask(port)).cookies.length, 1);
    assert.deepEqual(await codes(), ['WEBSAUNA_SESSION_PROPERTY_TAKEN']);
    assert.match(warnings[0]!.message, /Two session middlewares use the property `session of /);
  });
});

describe('Hono', () => {
  test('with the middleware of one factory mounted twice opens the session once', async () => {
    const commands: string[] = [];
    const factory = newFactory(commands);
    const app = new Hono<{ Variables: SessionVariables }>();
    app.use(honoSessions(factory));
    app.use(honoSessions(factory));
    app.get('/', (c) => c.text(String(c.var.session.set('a', 1).size)));
    const { headers } = await app.request('/');
    assert.equal(headers.getSetCookie().length, 1);
    const cookie = headers.getSetCookie()[0]!.split(';')[0]!;
    assert.equal(await (await app.request('/', { headers: { cookie } })).text(), '1');
    assert.deepEqual(commands, ['create', 'load', 'save']);
  });

  test('with two factories on one property is reported', async () => {
    const app = new Hono<{ Variables: SessionVariables }>();
    for (const name of ['one', 'two']) app.use(honoSessions(newFactory([], name), { property: "Hono's session" }));
    app.get('/', (c) => c.text('hello'));
    await app.request('/');
    await app.request('/');
    assert.deepEqual(await codes(), ['WEBSAUNA_SESSION_PROPERTY_TAKEN']);
  });
});
