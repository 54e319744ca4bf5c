// Runs the programs of docs/recipes/websockets.md.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { IncomingMessage, type ServerResponse } from 'node:http';
import { Socket as NetSocket } from 'node:net';
import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { sessions, type SessionRequest } from 'websauna-session/node';
import { MemoryStore } from 'websauna-session/memory';
import { terminate } from '../support/child.ts';
import { BUN } from '../support/processes.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { Jar, visit } from '../support/visit.ts';
import { Browser, documentedCode, programFolder, startProgram, type Running } from './documented.ts';

const PAGE = 'docs/recipes/websockets.md';

let redis: RedisServer;
let folder: string;
const running: Running[] = [];
const sockets: (Socket | WebSocket)[] = [];
beforeAll(async () => {
  folder = programFolder(['@fastify', 'elysia', 'express', 'fastify', 'redis', 'socket.io', 'ws']);
  redis = await startRedis();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  for (const { child } of running.splice(0)) await terminate(child, 'SIGTERM');
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await redis?.stop();
});

async function start(text: string, runtime?: string): Promise<Running> {
  const started = await startProgram(folder, await documentedCode(PAGE, text), { REDIS_URL: redis.url }, runtime);
  running.push(started);
  return started;
}

async function post(browser: Browser, origin: string, path: string): Promise<void> {
  const { csrf } = (await (await browser.get('/')).json()) as { csrf: string };
  const response = await fetch(origin + path, {
    method: 'POST',
    headers: { cookie: browser.cookie, 'x-csrf-token': csrf },
  });
  assert.equal(response.status, 200);
  browser.keep(response);
}

test('Socket.IO: knows who is logged in, saves, and is disconnected when another process ends the session', async () => {
  const [first, second] = [await start("from 'socket.io'"), await start("from 'socket.io'")];
  const connect = (cookie: string): Socket => {
    const socket = io(first.origin, { transports: ['websocket'], extraHeaders: { cookie }, reconnection: false });
    sockets.push(socket);
    return socket;
  };
  const browser = new Browser(first.origin);
  await browser.get('/');
  const [refusal] = (await once(connect(browser.cookie) as never, 'connect_error')) as [Error];
  expect(refusal).toMatchObject({ data: { code: 'ERR_SESSION_REQUIRED' } });

  await post(browser, first.origin, '/login');
  const socket = connect(browser.cookie);
  await once(socket as never, 'connect');
  expect(await socket.emitWithAck('whoami')).toBe('alice');
  expect(await socket.emitWithAck('draft', 'Dear Bob')).toBe('saved');
  expect(await redis.cli('EVAL', FIELD, '0', 'draft')).toBe('"Dear Bob"');

  const disconnected = once(socket as never, 'disconnect');
  await post(browser, second.origin, '/logout');
  expect(await disconnected).toContain('io server disconnect');
});

/** Returns a field of the one session that has it. */
const FIELD = `for _, key in ipairs(redis.call('KEYS', 'session:*')) do
  if redis.call('TYPE', key).ok == 'hash' then
    local value = redis.call('HGET', key, ARGV[1])
    if value then return value end
  end
end`;

test.each([
  ['ws', "from 'ws'", '', process.execPath],
  ['Fastify', "from '@fastify/websocket'", '/socket', process.execPath],
  ['Bun', 'Bun.serve', '/socket', BUN],
  ['Elysia on Bun', "from 'elysia'", '/socket', BUN],
])('%s: accepts pages of this origin with a login, and closes at the end', async (_, text, path, runtime) => {
  const { origin } = await start(text, runtime);
  const connect = (headers: Record<string, string>): WebSocket => {
    const socket = new WebSocket(origin.replace('http:', 'ws:') + path, { headers });
    sockets.push(socket);
    return socket;
  };
  const browser = new Browser(origin);
  await browser.get('/');
  const refused = async (headers: Record<string, string>): Promise<string> =>
    ((await once(connect(headers), 'error')) as [Error])[0].message;
  expect(await refused({ cookie: browser.cookie, origin })).toContain('401');
  await post(browser, origin, '/login');
  expect(await refused({ cookie: browser.cookie, origin: 'http://evil.example' })).toContain('401');

  const socket = connect({ cookie: browser.cookie, origin });
  await once(socket, 'open');
  socket.send('who?');
  expect(String(((await once(socket, 'message')) as [Buffer])[0])).toBe('alice');
  const closed = once(socket, 'close');
  await post(browser, origin, '/logout');
  expect((await closed)[0]).toBe(4401);
});

type Data = Record<string, unknown>;

const make = (options: Partial<SessionOptions<Data>> = {}): SessionFactory<Data> =>
  createSessionFactory<Data>({
    secret: 'a secret of more than thirty-two bytes',
    store: new MemoryStore(),
    ...options,
  });

/** Opens the session of a handshake, as the example for ws does. */
async function handshake(factory: SessionFactory<Data>, cookie: string): Promise<WebsaunaSession<Data>> {
  const req = new IncomingMessage(new NetSocket());
  Object.assign(req.headers, { cookie, host: 'localhost' });
  const opened = req as SessionRequest<WebsaunaSession<Data>>;
  await new Promise<void>((resolve, reject) => {
    sessions(factory)(req, {} as ServerResponse, (error) => (error === undefined ? resolve() : reject(error)));
  });
  return opened.session;
}

test('save() renews the idle timeout when that is due, and reload() does not', async () => {
  let now = Date.now();
  const factory = make({ store: new MemoryStore({ now: () => now }), timeout: 600, touchInterval: 60 });
  let touched = 0;
  factory.on('touched', () => touched++);
  const jar = new Jar();
  await visit(factory, jar, (session) => session.set('a', 1));
  const session = await handshake(factory, jar.header!);
  now += 100_000;
  await session.reload();
  expect(touched).toBe(0);
  await session.save();
  expect(touched).toBe(1);
});

test('login, logout and rotate throw', async () => {
  const factory = make();
  const jar = new Jar();
  await visit(factory, jar, (session) => session.set('a', 1));
  const session = await handshake(factory, jar.header!);
  for (const act of [() => session.login('alice'), () => session.logout(), () => session.rotate()]) {
    expect(act).toThrow(expect.objectContaining({ code: 'ERR_SESSION_HEADERS_SENT' }));
  }
});

test.each<[string, (session: WebsaunaSession<Data>) => void, unknown]>([
  ['a rotation is followed', (session) => session.rotate(), 1],
  ['after a login the session is lost', (session) => session.login('bob'), undefined],
  ['after a rotation without grace it is lost', (session) => session.rotate({ grace: false }), undefined],
])('a session that an ordinary request changes under a socket: %s', async (_, act, expected) => {
  const factory = make();
  const jar = new Jar();
  await visit(factory, jar, (session) => session.set('a', 1));
  const session = await handshake(factory, jar.header!);
  await visit(factory, jar, act);
  await session.reload();
  expect(session.get('a')).toBe(expected);
});
