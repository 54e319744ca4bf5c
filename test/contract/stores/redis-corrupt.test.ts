import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { SessionError } from 'websauna-session';
import type { RecordKey } from 'websauna-session/store';
import { createRedisStore, type RedisStore } from 'websauna-session/redis';
import {
  change,
  createAnonymous,
  createOwned,
  KEEP,
  loginRekey,
  newKey,
  newOwnerHash,
  rekey,
  REPLACED,
} from '../../../src/testing/store/fixtures.ts';
import { CORRUPT, type Damage } from '../../support/corrupt-records.ts';
import { recordName } from '../../support/redis-harness.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';

const PREFIX = 'corrupt:';

let server: RedisServer;
let store: RedisStore;
beforeAll(async () => {
  server = await startRedis();
  store = createRedisStore({ url: server.url, prefix: PREFIX, socketTimeout: 20 });
});
afterAll(async () => {
  await store?.close();
  await server?.stop();
});

async function inflict(damage: Damage, key: RecordKey): Promise<string> {
  const name = recordName(PREFIX, key);
  for (const command of damage(name)) await server.cli(...command);
  return name;
}

describe.each(Object.entries(CORRUPT))('a record that is corrupt: %s', (_, [reason, damage]) => {
  test('is reported with the reason by each load, and left alone', async () => {
    const key = await createAnonymous(store, { a: '1' });
    const name = await inflict(damage, key);
    const dump = await server.cli('DUMP', name);
    assert.deepEqual(await store.load(key), { status: 'corrupt', reason });
    assert.deepEqual(await store.load(key), { status: 'corrupt', reason });
    assert.equal(await server.cli('DUMP', name), dump);
  });

  test('is refused by operations, or met as what it is, and is no other error', async () => {
    const ownerHash = newOwnerHash();
    const operations: ((key: RecordKey) => Promise<unknown>)[] = [
      (key) => store.save(key, change({ a: '2' })),
      (key) => store.take(key, 'a'),
      (key) => store.rekey(key, newKey(key.ownerHash), rekey()),
      (key) => store.rekey(key, newKey(ownerHash), loginRekey()),
      (key) => store.destroy(key, REPLACED),
      () => store.listOwned(ownerHash),
      () => store.revokeOwned(ownerHash, null, 'index-key', KEEP),
    ];
    for (const operation of operations) {
      for (const key of [await createAnonymous(store), await createOwned(store, ownerHash)]) {
        await inflict(damage, key);
        await operation(key).catch((error: unknown) => {
          assert.ok(error instanceof SessionError);
          assert.equal(error.code, 'ERR_SESSION_STORE');
        });
      }
    }
  });

  test('is ended by a logout and by a revocation as far as it is a session', async () => {
    const ownerHash = newOwnerHash();
    const keys = [await createOwned(store, ownerHash), await createOwned(store, ownerHash)] as const;
    for (const key of keys) await inflict(damage, key);
    await store.destroy(keys[0]);
    const type = await server.cli('TYPE', recordName(PREFIX, keys[0]));
    if (type === 'hash') assert.equal(await server.cli('HEXISTS', recordName(PREFIX, keys[0]), '@'), 0);
    assert.deepEqual(await store.revokeOwned(ownerHash, null, null, KEEP), [keys[1].handle]);
  });
});
