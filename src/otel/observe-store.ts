import { MemoryStore } from '../stores/memory/memory-store.ts';
import { RedisStore } from '../stores/redis/store.ts';
import type { SessionStore } from '../stores/store.ts';
import { wrapStoreMethods } from '../stores/wrap-store-methods.ts';

/** Called around each operation; returns what `run` returns. */
export type AroundOperation = <T>(operation: string, store: string, run: () => Promise<T>) => Promise<T>;

/** Operations that go to the store and come back; what else it has is left as it is. */
const OPERATIONS: ReadonlySet<string> = new Set([
  'load',
  'create',
  'save',
  'rekey',
  'take',
  'destroy',
  'listOwned',
  'revokeOwned',
  'addIndexKey',
  'removeIndexKey',
  'findOwnerHashes',
  'checkRecords',
]);

/** Wraps a store so that its operations are observed. Its capabilities remain those that it has. */
export function observeStore(store: SessionStore, around: AroundOperation): SessionStore {
  const name = nameOf(store);
  return wrapStoreMethods(store, (method, operation) => {
    if (!OPERATIONS.has(operation)) return method;
    return (...args) => around(operation, name, () => method(...args) as Promise<unknown>);
  });
}

function nameOf(store: SessionStore): string {
  if (store instanceof RedisStore) return 'redis';
  if (store instanceof MemoryStore) return 'memory';
  // The member of a wrapped store would be wrapped, too.
  return (Object.getPrototypeOf(store) as object).constructor.name;
}
