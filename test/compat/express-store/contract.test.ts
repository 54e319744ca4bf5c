import assert from 'node:assert/strict';
import session from 'express-session';
import { describe, test } from 'vitest';
import { fromExpressStore, type ExpressStore } from 'websauna-session/express-store';
import { storeContract, type StoreHarness } from 'websauna-session/testing';
import type { RecordChange } from 'websauna-session/store';

const TOUCH: RecordChange = {
  set: new Map(),
  delete: new Set(),
  timeout: null,
  expect: null,
  cookieAttributes: null,
  confirmsCookie: false,
};

/** A store that calls back at once and has no `touch`, as many have none. */
class SimpleStore implements ExpressStore {
  readonly #sessions = new Map<string, string>();

  get(sid: string, callback: (error: unknown, session?: object) => void): void {
    const text = this.#sessions.get(sid);
    callback(null, text === undefined ? undefined : JSON.parse(text));
  }

  set(sid: string, data: object, callback?: (error?: unknown) => void): void {
    this.#sessions.set(sid, JSON.stringify(data));
    callback?.();
  }

  destroy(sid: string, callback?: (error?: unknown) => void): void {
    this.#sessions.delete(sid);
    callback?.();
  }
}

const STORES: Record<string, () => ExpressStore> = {
  // Its clock is the process's, which the moved one is ahead of: what it keeps has not ended.
  'the memory store of express-session': () => new session.MemoryStore(),
  'a store without touch': () => new SimpleStore(),
};

/** One store with a clock that the test moves. */
function harness(backing: ExpressStore): StoreHarness {
  let now = Date.now();
  const store = fromExpressStore(backing, { now: () => now });
  return {
    store,
    async assertEndsIn(key, seconds) {
      now += seconds * 1000 - 1;
      assert.equal((await store.load(key))?.status, 'found');
      now += 1;
      assert.equal(await store.load(key), undefined);
    },
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

for (const [name, open] of Object.entries(STORES)) {
  describe(`store contract in one process: ${name}`, () => {
    for (const { title, run } of storeContract({ owners: false })) test(title, () => run(harness(open())));
  });
}
