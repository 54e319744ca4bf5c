import session from 'express-session';
import { describe, test } from 'vitest';
import { fromExpressStore, type ExpressStore } from 'websauna-session/express-store';
import { storeContract } from 'websauna-session/testing';
import { clockHarness } from '../../support/clock-harness.ts';

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

for (const [name, open] of Object.entries(STORES)) {
  describe(`store contract in one process: ${name}`, () => {
    for (const { title, run } of storeContract({ owners: false })) {
      test(title, () => run(clockHarness(Date.now(), (now) => fromExpressStore(open(), { now }))));
    }
  });
}
