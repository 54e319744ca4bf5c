import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { RedisStore } from 'websauna-session/redis';
import type { RedisDriver, ScriptReply } from '../../../src/stores/redis/driver.ts';
import { ValueEncoding } from '../../../src/stores/redis/encoding.ts';
import {
  change,
  KEEP,
  newKey,
  newOwnerHash,
  ownedRecord,
  rekey,
  REPLACED,
} from '../../../src/testing/store/fixtures.ts';
import type { Stored } from '../../../src/stores/store.ts';

// I1: what is no reply to a command acknowledges nothing.

function storeWith(reply: unknown): RedisStore {
  const driver: RedisDriver = {
    library: 'node-redis',
    cluster: false,
    hgetall: () => Promise.resolve(reply as Record<string, Stored>),
    evaluate: () => Promise.resolve(reply as ScriptReply),
    scan: async function* scan() {
      yield [newKey().handle];
    },
    ping: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  return new RedisStore(driver, '', new ValueEncoding('utf-8', 'strict', false), 1);
}

const key = newKey(newOwnerHash());
const OPERATIONS: Readonly<Record<string, (store: RedisStore) => Promise<unknown>>> = {
  now: (store) => store.now(),
  load: (store) => store.load(key),
  create: (store) => store.create(key, ownedRecord()),
  save: (store) => store.save(key, change()),
  rekey: (store) => store.rekey(key, newKey(key.ownerHash), rekey()),
  take: (store) => store.take(key, ''),
  destroy: (store) => store.destroy(key, REPLACED),
  listOwned: (store) => store.listOwned(key.ownerHash!),
  revokeOwned: (store) => store.revokeOwned(key.ownerHash!, null, null, KEEP),
  addIndexKey: (store) => store.addIndexKey('index-key', key.ownerHash!, KEEP),
  findOwnerHashes: (store) => store.findOwnerHashes('index-key'),
  removeIndexKey: (store) => store.removeIndexKey('index-key', key.ownerHash!, 60),
  scan: (store) => store.scan().next(),
};

describe.each(Object.entries(OPERATIONS))('%s fails with an error of the store', (_, operation) => {
  test.each([['OK'], [['OK']], [1], [null], [[]], [[9]], [['0', []]]])('when it is answered with %j', async (reply) => {
    await assert.rejects(operation(storeWith(reply)), { code: 'ERR_SESSION_STORE', status: 503 });
  });
});
