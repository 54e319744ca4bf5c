import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import type { RecordChange } from 'websauna-session/store';
import { MemoryStore } from 'websauna-session/memory';
import { storeContract, type StoreHarness } from 'websauna-session/testing';

const TOUCH: RecordChange = {
  set: new Map(),
  delete: new Set(),
  timeout: null,
  expect: null,
  cookieAttributes: null,
  confirmsCookie: false,
};

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
    // As if the record had had a timeout of one second: others shall not end with it.
    async expire(key) {
      const timeout = { seconds: 1, adjusted: false };
      assert.equal((await store.save(key, { ...TOUCH, timeout })).status, 'ok');
      now += 1000;
    },
    async pass(_key, seconds) {
      now += seconds * 1000;
    },
  };
}

describe('store contract: memory', () => {
  for (const { title, run } of storeContract({ owners: true, index: true, scan: true, explains: true, watches: true }))
    test(title, () => run(harness()));
});
