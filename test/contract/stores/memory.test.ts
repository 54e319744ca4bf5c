import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { MemoryStore } from 'websauna-session/memory';
import { storeContract, type StoreHarness } from 'websauna-session/testing';

/** A store with a clock that the test moves. */
function harness(): StoreHarness {
  let now = 1_700_000_000_000;
  const store = new MemoryStore({ now: () => now });
  return {
    store,
    async assertEndsIn(key, seconds) {
      now += seconds * 1000 - 1;
      assert.equal((await store.load(key))?.status, 'found');
      now += 1;
      assert.equal(await store.load(key), undefined);
    },
    async expire(key) {
      const record = await store.load(key);
      assert.ok(record?.status === 'found');
      const before = now;
      now += record.meta.timeout * 1000;
      assert.equal(await store.load(key), undefined);
      now = before;
    },
  };
}

describe('store contract: memory', () => {
  for (const { title, run } of storeContract({ owners: true, scan: true })) test(title, () => run(harness()));
});

describe('memory store', () => {
  const record = {
    details: { owner: null, method: null, address: null, agent: null, indexKeys: [] },
    timeout: 60,
    absoluteTimeout: 0,
    fields: new Map(),
    login: null,
  };
  const key = (handle: string) => ({ handle, ownerHash: null });

  test('is bounded: the session that was used longest ago is ended, and reported', async () => {
    const evicted: string[] = [];
    const store = new MemoryStore({ maxSessions: 2, onEvict: (handle) => evicted.push(handle) });
    await store.create(key('a'), record);
    await store.create(key('b'), record);
    await store.save(key('a'), { set: new Map(), delete: new Set(), timeout: null, expect: null });
    await store.create(key('c'), record);
    assert.deepEqual(evicted, ['b']);
    assert.equal(store.size, 2);
  });

  test('forgets ended sessions as new ones come, without anybody asking for them', async () => {
    let now = 0;
    const store = new MemoryStore({ now: () => now });
    for (let i = 0; i < 100; i++) await store.create(key(`old${i}`), record);
    now = 61_000;
    for (let i = 0; i < 60; i++) await store.create(key(`new${i}`), record);
    assert.equal(store.size, 60);
  });

  test('refuses a bound that is none', () => {
    assert.throws(() => new MemoryStore({ maxSessions: 0 }), TypeError);
  });
});
