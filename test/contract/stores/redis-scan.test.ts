import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, test } from 'vitest';
import { createSessionFactory, SessionError } from 'websauna-session';
import type { NewRecord, RecordKey, SessionStore } from 'websauna-session/store';
import { MemoryStore } from 'websauna-session/memory';
import { createRedisStore, type RedisStore } from 'websauna-session/redis';
import { ownedRecord, record as anonymousRecord } from '../../../src/testing/store/fixtures.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { Jar, visit } from '../../support/visit.ts';

const SECRET = 'a secret of tools that look at sessions';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server?.stop());

function random(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

const record = (owner: string | null): NewRecord => (owner === null ? anonymousRecord() : ownedRecord());

async function scanned(store: RedisStore): Promise<RecordKey[]> {
  const keys = [];
  for await (const { key } of store.scan()) keys.push(key);
  return keys;
}

test.each(['', 'plain:', '*', 'a?[b-c]^\\*:', 'ключ:'])('a prefix means itself in a scan: %j', async (prefix) => {
  await server.cli('FLUSHALL');
  const stores = [prefix, 'aXb\\*:', 'other:', `${prefix}more:`].map((each) =>
    createRedisStore({ url: server.url, prefix: each, socketTimeout: 20 }),
  );
  const keys = stores.flatMap(() => [
    { handle: random(32), ownerHash: null },
    { handle: random(32), ownerHash: random(12) },
  ]);
  for (const [i, key] of keys.entries()) {
    const store = stores[Math.floor(i / 2)]!;
    assert.equal((await store.create(key, record(key.ownerHash === null ? null : 'alice'))).status, 'ok');
    await store.addIndexKey(random(12), key.ownerHash ?? '', 60);
  }
  const [mine] = stores;
  assert.deepEqual(new Set(await scanned(mine!)), new Set(keys.slice(0, 2)));
  await Promise.all(stores.map((store) => store.close()));
});

test('a scan passes over what others keep under names like those of sessions', async () => {
  await server.cli('FLUSHALL');
  const store = createRedisStore({ url: server.url, socketTimeout: 20 });
  const key = { handle: random(32), ownerHash: null };
  await store.create(key, record(null));
  await server.cli('SET', `session:${random(32)}`, 'text');
  await server.cli('HSET', `session:${random(32)}`, 'a', '1');
  await server.cli('HSET', `session:${random(32)}`, '@', '9:of another version', '@s', '1');
  await server.cli('HSET', `session:${random(32)}`, '@', '1:1:1:1:1:1:::[0,0,0,0]');
  await server.cli('ZADD', `session:{${random(12)}}:${random(32)}`, '1', 'member');
  await server.cli('SET', 'session:short', 'text');
  assert.deepEqual(await scanned(store), [key]);
  await store.close();
});

test('a store without `scan` reports that, and still finds anonymous sessions and those of a named owner', async () => {
  const memory = new MemoryStore();
  const store = Object.fromEntries(
    (['load', 'create', 'save', 'rekey', 'take', 'destroy', 'close', 'now'] as const).map((name) => [
      name,
      (memory[name] as (...args: unknown[]) => unknown).bind(memory),
    ]),
  ) as unknown as SessionStore;
  const factory = createSessionFactory({ secret: SECRET, store });
  const handle = random(32);
  await memory.create({ handle, ownerHash: null }, record(null));
  assert.equal((await factory.sessions.get(handle))?.handle, handle);
  assert.equal(await factory.sessions.get(random(32), { owner: 'alice' }), undefined);
  for (const operation of [
    () => factory.sessions.get(random(32)),
    () => factory.sessions.scan().next(),
    () => factory.sessions.purge({ olderThan: 1 }),
  ]) {
    await assert.rejects(operation, { code: 'ERR_SESSION_UNSUPPORTED' });
  }
});

test("an application's own store that fails in the middle of a scan is an error of the session", async () => {
  const store = new MemoryStore();
  await store.create({ handle: random(32), ownerHash: null }, record(null));
  store.scan = async function* scan() {
    yield* MemoryStore.prototype.scan.call(store);
    throw new Error('host.internal is down');
  };
  const factory = createSessionFactory({ secret: SECRET, store });
  await assert.rejects(factory.sessions.purge({ olderThan: 1 }), (error: Error) => {
    assert.ok('code' in error && error.code === 'ERR_SESSION_STORE');
    return !error.message.includes('host.internal');
  });
});

test('a purge that fails in the middle reports how many sessions it has ended', async () => {
  const store = new MemoryStore();
  for (let i = 0; i < 3; i++) await store.create({ handle: random(32), ownerHash: null }, record(null));
  store.scan = async function* scan() {
    let left = 2;
    for await (const each of MemoryStore.prototype.scan.call(store)) {
      if (left-- === 0) throw new SessionError('ERR_SESSION_STORE_TIMEOUT', 'Redis did not answer');
      yield each;
    }
  };
  const factory = createSessionFactory({ secret: SECRET, store });
  await assert.rejects(factory.sessions.purge({ olderThan: 0 }), {
    code: 'ERR_SESSION_STORE_TIMEOUT',
    message: 'The purge stopped after 2 sessions: run it again',
  });
  assert.equal(store.size, 1);
  assert.equal(await factory.sessions.purge({ olderThan: 0 }), 1);
});

test('a purge ends a session that a rotation moves to where its first pass has been', async () => {
  const store = new MemoryStore();
  const factory = createSessionFactory({ secret: SECRET, store });
  const jar = new Jar();
  const handle = await visit(factory, jar, (session) => (session.set('a', 1), session.handle));
  await visit(factory, new Jar(), (session) => session.set('a', 1));
  let passes = 0;
  store.scan = async function* scan() {
    passes += 1;
    for await (const each of MemoryStore.prototype.scan.call(store)) {
      if (each.key.handle === handle) await visit(factory, jar, (session) => session.rotate());
      else yield each;
    }
  };
  assert.equal(await factory.sessions.purge({ olderThan: 0 }), 2);
  assert.deepEqual([passes, store.size], [3, 0]);
});

test('a scan of a Redis that goes away fails, and does not hang', async () => {
  const lost = await startRedis();
  const factory = createSessionFactory({ secret: SECRET, redis: { url: lost.url, socketTimeout: 0.5 } });
  await factory.sessions.purge({ olderThan: 1 });
  lost.pause();
  await assert.rejects(factory.sessions.purge({ olderThan: 1 }), { code: 'ERR_SESSION_STORE_TIMEOUT' });
  lost.resume();
  await factory.close();
  await lost.stop();
});
