import { checkFunction, checkNames, expected, isObject } from '../../internal/validate.ts';
import type { SessionStore } from '../../stores/store.ts';
import { ExpressStoreAdapter, newTombstones } from './adapter.ts';
import type { ExpressStore } from './express-store.ts';
import { KeyedQueue } from './keyed-queue.ts';
import { wholeRecords } from './record-codec.ts';
import { warnOfExpressStore } from './warning.ts';

export type { ExpressStore } from './express-store.ts';

/** Options of {@link fromExpressStore}. */
export interface ExpressStoreOptions {
  /** The clock, in milliseconds. Default `Date.now`. */
  now?: () => number;
}

const OF_STORE = "Pass it to the store itself. The factory's `timeout` says how long sessions live";

/** Options of stores. */
const FOREIGN = { ttl: OF_STORE, prefix: OF_STORE, client: OF_STORE, pool: OF_STORE };

/**
 * Makes a store of this library of one for express-session, so that sessions can live where only such a store reaches.
 *
 * The store reads and writes sessions as a whole, so it keeps fewer promises. One request of this process comes after
 * the other, and all promises about one session hold within the process. With several processes these do not:
 *
 * - no lost fields and atomic `update()`: the later of two writers overwrites the earlier one
 * - no resurrection: a slow writer in another process can bring a session back that has ended
 * - readers do not write: a renewal of the idle timeout writes the session as it was read
 * - atomic rotation: a crash can leave the old id valid beside the new one
 *
 * Nor does it have owners, login indexes, scans or a clock of its own.
 *
 * @example
 * ```ts
 * createSessionFactory({ secret, store: fromExpressStore(new PgStore({ pool })) });
 * ```
 * @throws {TypeError} for what is no such store, and for options that are none: those of the store are the store's own
 */
export function fromExpressStore(store: ExpressStore, options: ExpressStoreOptions = {}): SessionStore {
  if (!isObject(store)) throw expected('store', 'a store for express-session', store);
  for (const name of ['get', 'set', 'destroy'] as const) {
    if (typeof store[name] !== 'function') throw expected(`store.${name}`, 'a method', store[name]);
  }
  checkNames('options', options, ['now'], [], FOREIGN);
  checkFunction('options.now', options.now, 'a function that returns milliseconds');
  warnOfExpressStore();
  const { now = Date.now } = options;
  const state = { store, queue: new KeyedQueue(), tombstones: newTombstones(), now };
  return new ExpressStoreAdapter(state, wholeRecords);
}
