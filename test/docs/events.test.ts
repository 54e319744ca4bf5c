// What docs/errors-and-events.md says of the events: each comes, with its reason, and none contains a secret.
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, test } from 'vitest';
import {
  createSessionFactory,
  type FieldSchema,
  type SessionEventName,
  type SessionEvents,
  type SessionFactory,
  type SessionOptions,
  type WebsaunaSession,
} from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { interceptStore } from 'websauna-session/testing';
import { Jar, Visit, visit, type MemoryHead, type VisitOptions } from '../support/visit.ts';

type Data = Record<string, unknown>;
type Factory = SessionFactory<Data>;
type Act = (session: WebsaunaSession<Data>) => unknown;

const SECRET = 'a secret of more than thirty-two bytes';

const NAMES = Object.keys({
  created: 0,
  loaded: 0,
  rejected: 0,
  staleId: 0,
  touched: 0,
  saved: 0,
  rotated: 0,
  login: 0,
  logout: 0,
  destroyed: 0,
  revoked: 0,
  lost: 0,
  discarded: 0,
  refused: 0,
  invalidField: 0,
  cookieSuppressed: 0,
  cookieWarning: 0,
  cacheControlOverridden: 0,
  lateRead: 0,
  memoryEvicted: 0,
  storeError: 0,
  circuitOpen: 0,
  circuitClosed: 0,
} satisfies Record<SessionEventName, 0>) as SessionEventName[];

interface EmittedEvent {
  readonly name: SessionEventName;
  readonly event: Readonly<Record<string, unknown>>;
}

let now: number;
let store: MemoryStore;
let emitted: EmittedEvent[];
/** Everything that must never be in an event. */
let secrets: string[];

beforeEach(() => {
  now = Date.now();
  store = new MemoryStore({ now: () => now });
  emitted = [];
  secrets = [SECRET, 'a field of the session'];
});

afterEach(() => {
  const reported = JSON.stringify(emitted, (_key, value: unknown) => (value instanceof Error ? value.message : value));
  for (const secret of secrets) assert.ok(!reported.includes(secret), 'no event contains an id, a cookie or a value');
});

function make(options: Partial<SessionOptions<Data>> = {}): Factory {
  const factory = createSessionFactory<Data>({ secret: SECRET, store, ...options });
  for (const name of NAMES) {
    factory.on(name, (event) => void emitted.push({ name, event: { ...event } }));
  }
  return factory;
}

async function go(
  factory: Factory,
  jar: Jar,
  act: Act,
  options?: VisitOptions,
  head?: Partial<MemoryHead>,
): Promise<void> {
  const request = await Visit.open(factory, jar, options);
  if (head?.status !== undefined) request.head.status = head.status;
  for (const [name, value] of head?.headers ?? []) request.head.set(name, value);
  await act(request.session);
  await request.end();
  if (jar.header === undefined) return;
  const [id = ''] = jar.header.slice(jar.header.indexOf('=') + 1).split(/\.[^.]+$/);
  secrets.push(id, jar.header);
}

async function started(factory: Factory, act: Act = () => {}): Promise<Jar> {
  const jar = new Jar();
  await go(factory, jar, async (session) => {
    session.set('field', 'a field of the session');
    await act(session);
  });
  emitted = [];
  return jar;
}

const reported = (): string[] => emitted.map(({ name, event }) => [name, event['reason']].filter(Boolean).join(' '));
const set: Act = (session) => session.set('field', 'a field of the session');
const read: Act = (session) => session.get('field');

describe('the life of a session', () => {
  test('created, loaded, saved, touched', async () => {
    const factory = make({ touchInterval: 10 });
    const jar = new Jar();
    await go(factory, jar, set);
    await go(factory, jar, (session) => session.assign({ a: 1, b: 2 }).delete('field'));
    now += 20_000;
    await go(factory, jar, read);
    assert.deepEqual(reported(), ['created', 'loaded', 'saved', 'loaded', 'touched']);
    assert.deepEqual([emitted[2]?.event['set'], emitted[2]?.event['deleted']], [2, 1]);
    assert.equal(new Set(emitted.map(({ event }) => event['handle'])).size, 1);
  });

  test('rotated, login, logout, destroyed', async () => {
    const factory = make();
    const jar = await started(factory);
    await go(factory, jar, (session) => session.rotate());
    await go(factory, jar, (session) => session.login('alice', { method: 'password' }));
    await go(factory, jar, (session) => session.logout());
    assert.deepEqual(reported(), ['loaded', 'rotated', 'loaded', 'login', 'loaded', 'logout', 'destroyed logout']);
    const [, rotated, , login, , logout] = emitted.map(({ event }) => event);
    assert.equal(login!['previous'], rotated!['handle']);
    assert.deepEqual([login!['owner'], login!['method'], logout!['owner']], ['alice', 'password', 'alice']);
  });

  test('invalidated, revoked, evicted', async () => {
    const factory = make({ maxSessionsPerOwner: 1 });
    const jar = await started(factory);
    await go(factory, jar, (session) => session.invalidate());
    await go(factory, new Jar(), (session) => session.login('alice'));
    await go(factory, new Jar(), (session) => session.login('alice'));
    await factory.owners.revoke('alice');
    const ends = reported().filter((text) => /destroyed|revoked/.test(text));
    assert.deepEqual(ends, ['destroyed invalidated', 'destroyed evicted', 'revoked', 'destroyed revoked']);
  });
});

describe('ends of other kinds', () => {
  test('account-switch: a login as another owner ends the session of the first', async () => {
    const factory = make();
    const jar = await started(factory, (session) => session.login('alice'));
    await go(factory, jar, (session) => session.login('bob'));
    assert.deepEqual(reported(), ['loaded', 'created', 'login', 'destroyed account-switch']);
  });

  test('expired: the factory has shortened a lifetime', async () => {
    const jar = await started(make({ timeout: 600 }));
    now += 400_000;
    await go(make({ timeout: 300 }), jar, read);
    assert.deepEqual(reported(), ['rejected expired', 'destroyed expired']);
  });

  test('destroyed: by a tool', async () => {
    const factory = make();
    await started(factory);
    await factory.sessions.purge({ olderThan: 0 });
    assert.deepEqual(reported(), ['destroyed destroyed']);
  });
});

describe('refusals', () => {
  test('have their reason, the session and the client', async () => {
    const factory = make();
    const jar = await started(factory, (session) => session.login('alice'));
    await go(factory, jar, (session) => assert.throws(() => session.requireCsrfToken('')), { method: 'POST' });
    await go(factory, new Jar(), (session) => assert.throws(() => session.requireFresh(5)));
    assert.deepEqual(reported(), ['loaded', 'refused csrf', 'refused not-fresh']);
    assert.ok(typeof emitted[1]!.event['handle'] === 'string' && emitted[2]!.event['handle'] === null);
    assert.equal(emitted[1]!.event['clientAddress'], '192.0.2.1');
  });
});

describe('after the head has left', () => {
  const left = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

  test('late: what is written and not saved is discarded', async () => {
    const factory = make();
    const request = await Visit.open(factory, await started(factory));
    request.session.get('field');
    await request.end();
    request.session.set('field', 'late');
    await left();
    assert.deepEqual(reported(), ['loaded', 'discarded late']);
  });

  test('late: not what is saved', async () => {
    const factory = make();
    const request = await Visit.open(factory, await started(factory));
    request.session.get('field');
    await request.end();
    await request.session.set('field', 'late').save();
    await left();
    assert.deepEqual(reported(), ['loaded', 'saved']);
  });

  test('lateRead: a first use then, unless the response was marked as personal', async () => {
    const factory = make();
    const jar = await started(factory);
    for (const isMarked of [false, true]) {
      const request = await Visit.open(factory, jar);
      if (isMarked) request.session.markPersonal();
      const head = await request.end();
      assert.equal(head.get('vary'), isMarked ? 'Cookie' : undefined);
      request.session.get('field');
    }
    assert.deepEqual(reported(), ['loaded', 'lateRead', 'loaded']);
  });

  test('cacheControlOverridden: headers of a late writer do not hand the cookie to others', async () => {
    const factory = make();
    const request = await Visit.open(factory, new Jar());
    request.session.set('field', 'a field of the session');
    const head = await request.end();
    head.set('cache-control', 'public, max-age=600');
    factory.finalize(request.session, head);
    assert.equal(head.get('cache-control'), 'private, no-cache');
    assert.deepEqual(reported(), ['created', 'cacheControlOverridden']);
  });
});

describe('a cookie that opens nothing: rejected', () => {
  test.each([
    ['malformed', 'session=garbage'],
    ['signature', `session=${'a'.repeat(43)}.${'b'.repeat(43)}`],
  ])('%s', async (reason, cookie) => {
    await go(make(), new Jar(), read, { headers: { cookie } });
    assert.deepEqual(reported(), [`rejected ${reason}`]);
    assert.equal(emitted[0]?.event['handle'], null);
  });

  test('not-found', async () => {
    const factory = make({ timeout: 60 });
    const jar = await started(factory);
    now += 61_000;
    await go(factory, jar, read);
    assert.deepEqual(reported(), ['rejected not-found']);
  });

  test('superseded, and what is written is dropped', async () => {
    const factory = make();
    const jar = await started(factory);
    const old = new Jar(jar);
    await go(factory, jar, (session) => session.login('alice'));
    emitted = [];
    await go(factory, old, set);
    assert.deepEqual(reported(), ['rejected superseded', 'discarded superseded']);
  });

  test('rotated, and staleId', async () => {
    const factory = make();
    const jar = await started(factory);
    const old = new Jar(jar);
    await go(factory, jar, (session) => session.rotate());
    const successor = emitted.at(-1)?.event['handle'];
    await go(factory, jar, read);
    emitted = [];
    now += 11_000;
    await go(factory, old, read);
    assert.deepEqual(reported(), ['rejected rotated', 'staleId']);
    assert.equal(emitted[1]?.event['successor'], successor);
  });

  test('authentication-changed', async () => {
    const factory = make({ invalidateBefore: () => new Date(now + 1000) });
    const jar = await started(factory, (session) => session.login('alice'));
    await go(factory, jar, () => {});
    assert.deepEqual(reported(), ['rejected authentication-changed', 'destroyed authentication-changed', 'created']);
  });

  test('corrupt', async () => {
    const jar = await started(make());
    const serialize = (value: unknown): string => JSON.stringify(value);
    const deserialize = (stored: string | Uint8Array): unknown => {
      const text = String(stored);
      if (text.includes('a field of the session')) throw new Error(`Not mine: ${text}`);
      return JSON.parse(text) as unknown;
    };
    await go(make({ serialize, deserialize }), jar, read);
    assert.deepEqual(reported(), ['loaded', 'rejected corrupt']);
    assert.equal(emitted[1]?.event['detail'], 'unparsable');
  });
});

test('a stored field that does not fit its schema: invalidField', async () => {
  const jar = await started(make());
  const field: FieldSchema = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) => ({ issues: [{ message: `Not ${String(value)}`, path: ['a', { key: 0 }] }] }),
    },
  };
  await go(make({ schema: { field } }), jar, read);
  const { handle } = emitted[0]!.event;
  const event = { handle, field: 'field', version: 0, paths: ['field.a[0]'], error: null };
  assert.deepEqual(emitted, [
    { name: 'loaded', event: { handle } },
    { name: 'invalidField', event },
  ]);
});

describe('changes that are lost: discarded, cookieSuppressed', () => {
  test('gone', async () => {
    const factory = make();
    const jar = await started(factory);
    const slow = await Visit.open(factory, new Jar(jar));
    slow.session.set('field', 'late');
    await visit(factory, jar, (session) => session.logout());
    emitted = [];
    await slow.end();
    assert.deepEqual(reported(), ['lost', 'discarded gone']);
  });

  test('cacheable', async () => {
    await go(make(), new Jar(), set, {}, { headers: new Map([['cache-control', 'public, max-age=60']]) });
    assert.deepEqual(reported(), ['cookieSuppressed cacheable', 'discarded cacheable']);
  });

  test('exception', async () => {
    await go(make({ cookie: { onException: false } }), new Jar(), set, {}, { status: 500 });
    assert.deepEqual(reported(), ['discarded exception']);
  });

  test('ignored', async () => {
    await go(make(), new Jar(), set, { url: '/site.css' });
    assert.deepEqual(reported(), ['discarded ignored']);
  });
});

describe('a cookie that may be refused: cookieWarning', () => {
  test.each<[string, Partial<SessionOptions<Data>>, VisitOptions]>([
    ['untrusted-proxy', {}, { headers: { host: 'example.com', 'x-forwarded-proto': 'https' } }],
    ['path', { cookie: { path: '/shop' } }, { url: '/shopping', headers: { host: 'example.com' } }],
    ['domain', { cookie: { domain: 'example.com' } }, { headers: { host: 'example.org' } }],
  ])('%s', async (reason, options, request) => {
    await go(make(options), new Jar(), set, request);
    assert.deepEqual(reported(), ['created', `cookieWarning ${reason}`]);
  });

  test.each<[string, VisitOptions]>([
    ['secure-over-http', { headers: { host: 'example.com' } }],
    ['untrusted-proxy', { headers: { host: 'example.com', 'x-forwarded-proto': 'https' } }],
  ])('insecure: with `secure: true` a cookie is neither sent nor read, %s', async (reason, request) => {
    const factory = make({ cookie: { secure: true } });
    await go(factory, new Jar(), set, request);
    assert.deepEqual(reported(), [`cookieWarning ${reason}`, 'cookieSuppressed insecure', 'discarded insecure']);
    emitted = [];
    const headers = { ...request.headers, cookie: `__Host-session=${'a'.repeat(43)}.${'b'.repeat(43)}` };
    await go(factory, new Jar(), read, { headers });
    assert.deepEqual(reported(), ['rejected insecure', `cookieWarning ${reason}`]);
  });

  test('there is no warning where all is well', async () => {
    const options = { cookie: { name: 'session', secure: true, path: '/shop', domain: 'example.com' } };
    await go(make(options), new Jar(), set, {
      secure: true,
      url: '/shop/1',
      headers: { host: 'www.example.com:8443' },
    });
    await go(make({ cookie: { secure: true } }), new Jar(), set, { headers: { host: 'localhost:3000' } });
    assert.deepEqual(reported(), ['created', 'created']);
  });
});

describe('the store', () => {
  test('a failure to load and one to commit', async () => {
    const failing = interceptStore(store, () => {
      throw new Error('connection lost');
    });
    const jar = await started(make());
    const factory = make({ store: failing });
    await assert.rejects(go(factory, jar, read));
    await assert.rejects(go(factory, new Jar(), set));
    const operations = emitted.map(({ name, event }) => [name, event['operation']]);
    assert.deepEqual(operations, [
      ['storeError', 'load'],
      ['storeError', 'commit'],
    ]);
  });
});

describe('diagnostics_channel', () => {
  test('has the same, for all factories', async () => {
    const messages: unknown[] = [];
    const listen = (message: unknown): void => void messages.push(message);
    subscribe('websauna-session:created', listen);
    try {
      await go(make(), new Jar(), set);
      await go(make(), new Jar(), set);
    } finally {
      unsubscribe('websauna-session:created', listen);
    }
    assert.deepEqual(
      messages,
      emitted.map(({ event }) => event as unknown as SessionEvents['created']),
    );
    assert.equal(messages.length, 2);
  });

  test('a listener stops when it is removed', async () => {
    const factory = make();
    let calls = 0;
    const stop = factory.on('created', () => calls++);
    await go(factory, new Jar(), set);
    stop();
    await go(factory, new Jar(), set);
    assert.equal(calls, 1);
  });
});
