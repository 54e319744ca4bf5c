import { EventEmitter } from 'node:events';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { createRedisStore } from 'websauna-session/redis';
import { socketSessions, type SocketLike } from 'websauna-session/socketio';
import { upgradeSession } from 'websauna-session/ws';
import { startRedis } from '../support/redis-server.ts';
import { createClientPool } from 'redis';
import { Jar, visit } from '../support/visit.ts';

type Data = Record<string, unknown>;

let store: MemoryStore;
let factory: SessionFactory<Data>;
function make(options: Partial<SessionOptions<Data>> = {}): void {
  store = new MemoryStore();
  factory = createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store, ...options });
}
beforeEach(() => make());
afterEach(() => factory.close());

async function loggedIn(): Promise<string> {
  const jar = new Jar();
  await visit(factory, jar, (session) => session.login('alice'));
  return jar.header!;
}

function handshake(headers: Record<string, string>): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  Object.assign(request, { url: '/ws', method: 'GET' });
  Object.assign(request.headers, { host: 'app.example', ...headers });
  return request;
}

const fetched = (headers: Record<string, string>): Request =>
  new Request('https://app.example/ws', { headers: { host: 'app.example', ...headers } });

/** Lets reports and looks come to their end. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}

test.each([
  ['node:http', handshake],
  ['Fetch', fetched],
])('an upgrade needs a login, unless `require` says otherwise: %s', async (_, request) => {
  const cookie = await loggedIn();
  expect(await upgradeSession(factory, request({}))).toBe(null);
  expect(await upgradeSession(factory, request({ cookie: `${cookie}x` }))).toBe(null);
  expect((await upgradeSession(factory, request({ cookie })))?.owner).toBe('alice');
  expect((await upgradeSession(factory, request({}), { require: false }))?.owner).toBe(null);
  const require = (session: { owner: string | null }): boolean => session.owner === 'bob';
  expect(await upgradeSession(factory, request({ cookie }), { require })).toBe(null);
  const later = async (): Promise<boolean> => true;
  expect((await upgradeSession(factory, request({}), { require: later }))?.owner).toBe(null);
});

test.each([
  ['https://app.example', true],
  ['https://other.app.example', false],
  ['https://app.example.evil', false],
  ['null', false],
  ['https://partner.example', true],
])('a page of the origin %s is accepted: %s', async (origin, accepted) => {
  const cookie = await loggedIn();
  for (const request of [handshake({ cookie, origin }), fetched({ cookie, origin })]) {
    const session = await upgradeSession(factory, request, { trustedOrigins: ['https://partner.example'] });
    expect(session !== null).toBe(accepted);
  }
});

test('a touch that is due is made at the handshake, and a lazy session is loaded', async () => {
  make({ touchInterval: 0, load: 'lazy' });
  const jar = new Jar();
  await visit(factory, jar, (session) => session.login('alice'));
  let touched = 0;
  factory.on('touched', () => touched++);
  const session = await upgradeSession(factory, handshake({ cookie: jar.header! }));
  expect(session?.owner).toBe('alice');
  expect(touched).toBe(1);
});

test('the end is reported until the socket is closed; with a Fetch request, until that is stopped', async () => {
  const cookie = await loggedIn();
  const request = handshake({ cookie });
  const [open, closed] = [await upgradeSession(factory, handshake({ cookie })), await upgradeSession(factory, request)];
  const fetch = await upgradeSession(factory, fetched({ cookie }));
  const ended: string[] = [];
  open!.onEnd(() => ended.push('open'));
  closed!.onEnd(() => ended.push('closed'));
  fetch!.onEnd(() => ended.push('fetch'));
  fetch!.onEnd(() => ended.push('stopped'))();
  request.socket.destroy();
  await settle();
  await factory.owners.revoke('alice');
  await settle();
  expect(ended.toSorted()).toEqual(['fetch', 'open']);
});

test('options and factories that are wrong are refused', async () => {
  const request = handshake({});
  await expect(upgradeSession(factory, request, { requires: true } as never)).rejects.toThrow(
    /Did you mean `options.require`/,
  );
  await expect(upgradeSession(factory, request, { require: 'yes' } as never)).rejects.toThrow(
    /Expected `options.require`/,
  );
  await expect(upgradeSession({} as never, request)).rejects.toThrow(/Expected `factory`/);
  expect(() => socketSessions({} as never)).toThrow(/Expected `factory`/);
  expect(() => socketSessions(factory, { trustedOrigins: ['nonsense'] })).toThrow(
    /Expected `options.trustedOrigins\[0\]`/,
  );
});

class FakeSocket extends EventEmitter implements SocketLike {
  readonly request: IncomingMessage;
  data: { session?: unknown } = {};
  readonly conn = Object.assign(new EventEmitter(), { close: () => void this.calls.push('close') });
  readonly calls: string[] = [];

  constructor(request: IncomingMessage) {
    super();
    this.request = request;
  }

  disconnect(): void {
    this.calls.push('disconnect');
  }
}

// Real sockets are in test/integration/sockets; here is what they do not come to.
test('a socket whose session ends before other middleware has let it in is closed; a refused one is forgotten', async () => {
  const cookie = await loggedIn();
  const [early, gone] = [new FakeSocket(handshake({ cookie })), new FakeSocket(handshake({ cookie }))];
  for (const socket of [early, gone]) {
    const error = await new Promise((resolve) => socketSessions(factory)(socket, resolve));
    expect(error).toBe(undefined);
  }
  gone.conn.emit('close');
  await factory.owners.revoke('alice');
  await settle();
  expect(early.calls).toEqual(['disconnect', 'close']);
  expect(gone.calls).toEqual([]);
});

test('a store that fails refuses the socket, and the client learns a code alone', async () => {
  const cookie = await loggedIn();
  store.load = () => Promise.reject(new Error('redis://user:password@host'));
  const socket = new FakeSocket(handshake({ cookie }));
  const error = await new Promise<Error>((resolve) => socketSessions(factory)(socket, resolve as never));
  expect(error).toMatchObject({ message: 'The session cannot be opened', data: { code: 'ERR_SESSION_STORE' } });
});

test('Redis that does not publish ends says what to set, and a pool what to pass', async () => {
  const redis = await startRedis();
  const pool = createClientPool({ url: redis.url });
  try {
    make({ store: undefined as never, redis: { url: redis.url } });
    const session = await upgradeSession(factory, handshake({ cookie: await loggedIn() }));
    expect(() => session!.signal).toThrow(/set `redis.publishEnds` to `true`/);
    expect(() => createRedisStore({ pool, publishEnds: true })).toThrow(/Expected `redis.subscriber`/);
  } finally {
    await factory.close();
    await redis.stop();
  }
});

test('a user that may not publish is told so before anything is changed', async () => {
  const redis = await startRedis();
  try {
    make({ store: undefined as never, redis: { url: redis.url } });
    const jar = new Jar();
    await visit(factory, jar, (session) => session.login('alice'));
    await factory.close();
    await redis.cli('ACL', 'SETUSER', 'mute', 'on', '>secret', '~*', '+@all', '-publish', 'resetchannels');
    const { host, port } = redis;
    make({ store: undefined as never, redis: { host, port, username: 'mute', password: 'secret', publishEnds: true } });
    await expect(visit(factory, jar, (session) => session.logout())).rejects.toMatchObject({
      code: 'ERR_SESSION_STORE',
    });
    expect(await factory.owners.list('alice')).toHaveLength(1);
  } finally {
    await factory.close();
    await redis.stop();
  }
});
