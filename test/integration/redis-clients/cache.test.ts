import { createSessionFactory, type SessionFactory, type SessionOptions } from 'websauna-session';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CommandWatch } from '../../support/command-watch.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { startProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { Jar, Visit, visit } from '../../support/visit.ts';
import { waitFor } from '../../support/wait-for.ts';
import { connectWith, libraries, WRITE } from './own.ts';

type Factory = SessionFactory<Record<string, unknown>>;

const SECRET = 'a secret of more than thirty-two bytes';
/** Milliseconds for which the proxy holds back what the server says, less than the cache is believed. */
const HELD_BACK = 700;

let server: RedisServer;
let watch: CommandWatch;
let proxy: TcpProxy;
const made: Factory[] = [];

beforeAll(async () => {
  server = await startRedis();
  watch = await CommandWatch.start(server);
  proxy = await startProxy({ host: server.host, port: server.port });
});
afterEach(async () => {
  proxy.delay(0);
  await Promise.all(made.splice(0).map((factory) => factory.close()));
});
afterAll(async () => {
  watch?.stop();
  await proxy?.close();
  await server?.stop();
});

function make(redis: SessionOptions['redis'], more: Partial<SessionOptions> = {}): Factory {
  const factory = createSessionFactory({ secret: SECRET, redis: { socketTimeout: 20, ...redis! }, ...more });
  made.push(factory);
  return factory;
}

/** A process with a cache, over the proxy, and another one without. */
function processes(more: Partial<SessionOptions> = {}): { cached: Factory; other: Factory } {
  const cached = make({ url: proxy.url, library: 'redis', cache: true }, more);
  return { cached, other: make({ url: server.url }) };
}

/** A user who has logged in, and whose session is in the cache. */
async function loggedIn(factory: Factory): Promise<Jar> {
  const jar = new Jar();
  await visit(factory, jar, (session) => {
    session.login('alice');
    session.set('views', 1);
  });
  await visit(factory, jar, (session) => session.get('views'));
  return jar;
}

const views = (factory: Factory, jar: Jar): Promise<unknown> => visit(factory, jar, (session) => session.get('views'));

describe.each(libraries.filter(({ library }) => library === 'redis'))('the cache of $name', (library) => {
  test('answers reads until the server says that the record has changed', async () => {
    const driver = connectWith(library, { socketTimeout: 20, port: server.port, cache: true });
    const key = `cache of ${library.name}`;
    await server.cli('HSET', key, '__proto__', '1');
    await server.cli('PEXPIRE', key, '60000');
    expect(driver.getCached(key, false)).toBeUndefined();
    await driver.hgetall(key, false);
    expect(Object.entries(driver.getCached(key, false)!.fields)).toEqual([['__proto__', '1']]);
    await server.cli('HSET', key, 'b', '2');
    await waitFor('the invalidation', () => driver.getCached(key, false) === undefined);
    expect(Object.keys(await driver.hgetall(key, false))).toEqual(['__proto__', 'b']);
    await driver.evaluate(WRITE, [key], ['c', '3'], false);
    expect(driver.getCached(key, false)).toBeUndefined();
    await driver.close();
  });

  test('is empty after FLUSHALL', async () => {
    const driver = connectWith(library, { host: server.host, port: server.port, cache: true });
    const key = `flushed by ${library.name}`;
    await server.cli('HSET', key, 'field', 'value');
    await server.cli('EXPIRE', key, '100');
    await driver.hgetall(key, false);
    expect(driver.getCached(key, false)?.fields).toEqual({ field: 'value' });
    await server.cli('FLUSHALL');
    // Its reply comes after what the server reports, and proves that the connection is not silent.
    await driver.hgetall('another', false);
    expect(driver.getCached(key, false)).toBeUndefined();
    await driver.close();
  });
});

test('a read that is known costs no command', async () => {
  const { cached } = processes();
  const jar = await loggedIn(cached);
  await waitFor('a request without a command', async () => {
    await views(cached, jar);
    await watch.take();
    expect(await views(cached, jar)).toBe(1);
    return (await watch.take()).length === 0;
  });
});

test('a process sees its own changes, logouts and revocations at once', async () => {
  const { cached } = processes();
  const jar = await loggedIn(cached);
  for (let i = 0; i < 100; i++) {
    await visit(cached, jar, (session) => session.set('views', i));
    expect(await views(cached, jar)).toBe(i);
  }
  const [copy, another] = [new Jar(jar), await loggedIn(cached)];
  await visit(cached, jar, (session) => session.logout());
  expect(await views(cached, copy)).toBeUndefined();
  expect(await views(cached, another)).toBe(1);
  await cached.owners.revoke('alice');
  expect(await views(cached, another)).toBeUndefined();
});

test('C8: a process sees at once whom a login of its own has put out', async () => {
  const { cached } = processes({ maxSessionsPerOwner: 1 });
  const first = await loggedIn(cached);
  await loggedIn(cached);
  expect(await views(cached, first)).toBeUndefined();
});

test.each<[string, (other: Factory, jar: Jar) => Promise<unknown>]>([
  ['a change', (other, jar) => visit(other, jar, (session) => session.set('views', 2))],
  ['a logout', (other, jar) => visit(other, jar, (session) => session.logout())],
  ['a revocation', (other) => other.owners.revoke('alice')],
])('%s by another process is seen when its invalidation arrives', async (_what, act) => {
  const { cached, other } = processes();
  const jar = await loggedIn(cached);
  await act(other, new Jar(jar));
  await waitFor('the change to be seen', async () => (await views(cached, new Jar(jar))) !== 1);
});

test('C1: what is written on the word of the cache, to a session that has ended, is dropped', async () => {
  const { cached, other } = processes();
  const jar = await loggedIn(cached);
  const gone: string[] = [];
  cached.on('lost', ({ handle }) => gone.push(handle));
  proxy.delay(HELD_BACK);
  await other.owners.revoke('alice');
  const request = await Visit.open(cached, jar);
  expect(request.session.owner).toBe('alice');
  request.session.set('views', 2);
  await request.end();
  expect(gone).toHaveLength(1);
  expect(request.head.cookies).toEqual([]);
  expect(await other.owners.list('alice')).toEqual([]);
});

test('C3: update() works on what is stored, not on what is cached', async () => {
  const { cached, other } = processes();
  const jar = await loggedIn(cached);
  proxy.delay(HELD_BACK);
  await visit(other, new Jar(jar), (session) => session.set('views', 10));
  expect(await visit(cached, jar, (session) => session.update('views', (n) => Number(n) + 1))).toBe(11);
});

test('reload(), and requests that are to be fresh, read past the cache', async () => {
  const { cached, other } = processes({ bypassCache: ({ method }) => method === 'POST' });
  const jar = await loggedIn(cached);
  proxy.delay(HELD_BACK);
  await visit(other, new Jar(jar), (session) => session.set('views', 2).set('more', true));
  const stale = await Visit.open(cached, jar);
  expect(stale.session.get('views')).toBe(1);
  stale.session.set('mine', 'kept');
  await stale.session.reload();
  expect(stale.session.toJSON()).toEqual({ views: 2, more: true, mine: 'kept' });
  await stale.end();
  await views(cached, jar);
  await other.owners.revoke('alice');
  expect(await views(cached, new Jar(jar))).toBe(2);
  expect(await visit(cached, new Jar(jar), (session) => session.owner, { method: 'POST' })).toBeNull();
});

test('reload() follows a rotation, and loses a session that has ended', async () => {
  const { other } = processes();
  const jar = await loggedIn(other);
  const request = await Visit.open(other, jar);
  const copy = new Jar(jar);
  await visit(other, copy, (session) => session.rotate());
  await visit(other, copy, (session) => session.set('views', 3));
  await request.session.reload();
  expect(request.session.get('views')).toBe(3);
  await other.owners.revoke('alice');
  await request.session.reload();
  expect([request.session.get('views'), request.session.owner, request.session.isNew]).toEqual([undefined, null, true]);
  expect((await request.end()).cookies).toEqual([]);
});

test('after its connection was cut, a process returns nothing from its cache', async () => {
  const { cached, other } = processes();
  const jar = await loggedIn(cached);
  const up = new Promise<void>((resolve) => cached.on('circuitClosed', () => resolve()));
  proxy.cut();
  await other.owners.revoke('alice');
  const seen = await waitFor('an answer', async () => [await views(cached, new Jar(jar)).catch(() => 'failed')]);
  expect(seen[0]).not.toBe(1);
  await waitFor('a new connection', () =>
    Promise.race([up.then(() => true), views(cached, new Jar(jar)).then(() => true)]),
  );
  expect(await views(cached, new Jar(jar))).toBeUndefined();
});

test('without a connection that says what changes there is no cache', () => {
  expect(() => make({ url: server.url, pool: {}, cache: true })).toThrow(
    'Expected `redis.cache` to be unset with `redis.pool`',
  );
  expect(() => make({ url: server.url, cache: { maxEntries: 0 } })).toThrow('`redis.cache.maxEntries`');
});
