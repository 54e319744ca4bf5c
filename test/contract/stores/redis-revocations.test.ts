import assert from 'node:assert/strict';
import { afterAll, beforeAll, beforeEach, describe, test } from 'vitest';
import type { RecordKey } from 'websauna-session/store';
import { createRedisStore, type RedisStore } from 'websauna-session/redis';
import {
  change,
  createAnonymous,
  createOwned,
  DETAILS,
  KEEP,
  login,
  loginRekey,
  newIndexKey,
  newKey,
  newOwnerHash,
  ownedRecord,
  record,
  rekey,
  REPLACED,
  ROTATED,
  written,
} from '../../../src/testing/store/fixtures.ts';
import { recordName } from '../../support/redis-harness.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';

// Ends that meet a server which has lost something, refuses something, or is full.

const PREFIX = 'revocations:';

let server: RedisServer;
let store: RedisStore;
let ownerHash: string;
beforeAll(async () => {
  server = await startRedis();
  store = createRedisStore({ url: server.url, prefix: PREFIX, socketTimeout: 20 });
});
afterAll(async () => {
  await store?.close();
  await server?.stop();
});
beforeEach(() => {
  ownerHash = newOwnerHash();
});

const index = (): string => `${PREFIX}{${ownerHash}}:owner`;
const exists = async (key: RecordKey): Promise<boolean> => (await server.cli('EXISTS', recordName(PREFIX, key))) === 1;
const handles = async (): Promise<string[]> => (await store.listOwned(ownerHash)).map(({ handle }) => handle);

describe("an owner's index that was evicted or lost before a revocation", () => {
  const writes: readonly [string, (key: RecordKey) => Promise<{ readonly status: string }>][] = [
    ['save', (key) => store.save(key, change({ a: '2' }))],
    ['touch', (key) => store.save(key, change())],
    ['take', (key) => store.take(key, 'a')],
    ['rotation', (key) => store.rekey(key, newKey(ownerHash), rekey({ tombstone: ROTATED }))],
    ['new login', (key) => store.rekey(key, newKey(ownerHash), loginRekey())],
  ];

  test.each(writes)('C7: a session that it did not find ends at its next write: a %s', async (_, write) => {
    const [key, spared] = [await createOwned(store, ownerHash, { a: '1' }), await createOwned(store, ownerHash)];
    await server.cli('DEL', index());
    assert.deepEqual(await store.revokeOwned(ownerHash, spared.handle, null, KEEP), []);
    assert.equal((await write(key)).status, 'gone');
    assert.equal(await exists(key), false);
    assert.equal((await write(spared)).status, 'ok');
  });

  test('C7: one that was spared by an earlier revocation ends as well', async () => {
    const key = await createOwned(store, ownerHash);
    await store.revokeOwned(ownerHash, key.handle, null, KEEP);
    await server.cli('ZREM', index(), key.handle);
    await waitForNextMillisecond();
    await store.revokeOwned(ownerHash, null, null, KEEP);
    assert.equal((await store.save(key, change())).status, 'gone');
  });

  test('C7: a login after the revocation is a session like any other, and is listed with its first write', async () => {
    const key = await createOwned(store, ownerHash);
    await store.revokeOwned(ownerHash, null, null, KEEP);
    const later = await createOwned(store, ownerHash);
    await written(store.save(later, change({ a: '1' })));
    assert.equal(await exists(key), false);
    assert.deepEqual(await handles(), [later.handle]);
  });

  test('C7: a clock that was set back undoes no revocation, and ends no session of a later login', async () => {
    const key = await createOwned(store, ownerHash);
    await server.cli('DEL', index());
    await store.revokeOwned(ownerHash, null, null, KEEP);
    // As if the revocation had been an hour ahead of the clock.
    await server.cli('ZINCRBY', index(), '3600000', '@revoked');
    const later = await createOwned(store, ownerHash);
    assert.deepEqual(await store.revokeOwned(ownerHash, later.handle, null, KEEP), []);
    for (const each of [later, await createOwned(store, ownerHash)])
      await written(store.save(each, change({ a: '1' })));
    assert.equal((await store.save(key, change())).status, 'gone');
  });

  test('the revocation is remembered for as long as it has to be, and longer while there are sessions', async () => {
    await store.revokeOwned(ownerHash, null, null, 500);
    const left = Number(await server.cli('PTTL', index()));
    assert.ok(left > 490_000 && left <= 500_000);
    await createOwned(store, ownerHash);
    await store.revokeOwned(ownerHash, null, null, 300);
    assert.ok(Number(await server.cli('PTTL', index())) > 1_190_000);
  });
});

describe('a server that refuses to delete a record', () => {
  const USER = 'no-deletion';
  let restricted: RedisStore;
  beforeAll(async () => {
    await server.cli('ACL', 'SETUSER', USER, 'on', '>password', '~*', '+@all', '-del');
    const { host, port } = server;
    restricted = createRedisStore({
      host,
      port,
      username: USER,
      password: 'password',
      prefix: PREFIX,
      socketTimeout: 20,
    });
  });
  afterAll(() => restricted?.close());

  const ends: readonly [string, (key: RecordKey, other: RecordKey) => Promise<unknown>][] = [
    ['logout', (key) => restricted.destroy(key)],
    ['revocation', () => restricted.revokeOwned(ownerHash, null, null, KEEP)],
    ['revocation by an index key', () => restricted.revokeOwned(ownerHash, null, DETAILS.indexKeys[0]!, KEEP)],
    ['revocation that spares another', (_, other) => restricted.revokeOwned(ownerHash, other.handle, null, KEEP)],
    ['login at the limit', () => restricted.create(newKey(ownerHash), ownedRecord({}, { max: 1 }))],
  ];

  test.each(ends)('C7: a %s fails, the session stays listed, and the next revocation ends it', async (_, end) => {
    const [key, other] = [await createOwned(store, ownerHash), await createOwned(store, ownerHash)];
    await assert.rejects(end(key, other), { code: 'ERR_SESSION_STORE' });
    assert.deepEqual(await handles(), [key.handle, other.handle]);
    assert.deepEqual(await store.revokeOwned(ownerHash, null, null, KEEP), [key.handle, other.handle]);
    assert.deepEqual([await exists(key), await exists(other)], [false, false]);
  });
});

describe('a server whose memory is full', () => {
  const setLimit = (bytes: number): Promise<unknown> => server.cli('CONFIG', 'SET', 'maxmemory', String(bytes));
  afterAll(() => setLimit(0));

  test('C7: ends what it is asked to end, with all that is to be remembered of it', async () => {
    const [key, spared, loggedOut] = [
      await createOwned(store, ownerHash),
      await createOwned(store, ownerHash),
      await createOwned(store, ownerHash),
    ];
    const anonymous = await createAnonymous(store);
    const before = await store.now();
    await setLimit(1);
    await assert.rejects(store.save(key, change({ a: '1' })), { message: /\(OOM\)/ });
    await written(store.destroy(loggedOut, REPLACED));
    await written(store.destroy(anonymous, REPLACED));
    assert.deepEqual(await store.revokeOwned(ownerHash, spared.handle, null, KEEP), [key.handle]);
    const unknown = newOwnerHash();
    assert.deepEqual(await store.revokeOwned(unknown, null, null, KEEP), []);
    await setLimit(0);
    for (const ended of [loggedOut, anonymous]) assert.equal((await store.load(ended))?.status, 'tombstone');
    await written(store.save(spared, change({ a: '1' })));
    for (const each of [ownerHash, unknown]) {
      const pending = ownedRecord({}, { pendingSince: before - 1 });
      assert.equal((await store.create(newKey(each), pending)).status, 'revoked');
    }
  });
});

test('C7: a revocation by an index key reads no JSON: what a script cannot decode hides no session', async () => {
  const indexKey = newIndexKey();
  const key = newKey(ownerHash);
  const details = { ...DETAILS, indexKeys: [newIndexKey(), indexKey] };
  await written(store.create(key, record({}, { details, login: login() })));
  const name = recordName(PREFIX, key);
  const stored = String(await server.cli('HGET', name, '@'));
  // As an earlier version, or another program, may have written it.
  await server.cli('HSET', name, '@', stored.replace(/"alice"/, String.raw`"alice \ud83d"`));
  assert.deepEqual(await store.revokeOwned(ownerHash, null, indexKey, KEEP), [key.handle]);
});

async function waitForNextMillisecond(): Promise<void> {
  for (const now = await store.now(); (await store.now()) <= now + 1;) await new Promise(setImmediate);
}
