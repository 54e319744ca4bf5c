import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { RedisStore } from 'websauna-session/redis';
import { NodeRedisDriver } from '../../../src/stores/redis/clients/node-redis.ts';
import type { NodeRedisLike } from '../../../src/stores/redis/clients/shapes.ts';
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

// I1: what is no reply to a command acknowledges nothing.

function storeWith(reply: unknown): RedisStore {
  const client = {
    isReady: true,
    // It answers SCAN, so that its command for each session can be answered with what is no reply to it.
    sendCommand: async ([command]: readonly string[]) => (command === 'SCAN' ? ['0', [newKey().handle]] : reply),
  };
  const driver = new NodeRedisDriver(client as unknown as NodeRedisLike);
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

const STRAY: readonly [unknown][] = [['OK'], [['OK']], [1], [null], [[10]], [['0', []]]];

describe.each(Object.entries(OPERATIONS))('%s fails with an error of the store', (name, operation) => {
  // The empty list is the reply to HGETALL for an absent key.
  const replies: readonly [unknown][] = name === 'load' ? STRAY : [...STRAY, [[]]];

  test.each(replies)('when it is answered with %j', async (reply) => {
    await assert.rejects(operation(storeWith(reply)), { code: 'ERR_SESSION_STORE', status: 503 });
  });
});
