import assert from 'node:assert/strict';
import type { SessionStore } from 'websauna-session/store';
import type { StoreHarness } from 'websauna-session/testing';
import { NO_CHANGE } from '../../src/stores/store.ts';

/**
 * A store with a clock that the test moves.
 * @param start what the clock shows first, milliseconds
 */
export function clockHarness(start: number, open: (clock: () => number) => SessionStore): StoreHarness {
  let now = start;
  const store = open(() => now);
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
      assert.equal((await store.save(key, { ...NO_CHANGE, timeout })).status, 'ok');
      now += 1000;
    },
    async pass(_key, seconds) {
      now += seconds * 1000;
    },
  };
}
