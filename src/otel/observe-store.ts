import { MemoryStore } from '../stores/memory/memory-store.ts';
import { RedisStore } from '../stores/redis/store.ts';
import type { SessionStore } from '../stores/store.ts';

/** Called around each operation; returns what `run` returns. */
export type AroundOperation = <T>(operation: string, store: string, run: () => Promise<T>) => Promise<T>;

/** Operations that go to the store and come back; what else it has is left as it is. */
const OPERATIONS: ReadonlySet<PropertyKey> = new Set([
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
  /** By the method that it wraps. */
  const wrapped = new Map<unknown, unknown>();
  return new Proxy(store, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property, target);
      if (typeof member !== 'function') return member;
      let method = wrapped.get(member);
      if (method === undefined) {
        const call = (args: unknown[]): unknown => Reflect.apply(member, target, args);
        method = OPERATIONS.has(property)
          ? (...args: unknown[]) => around(String(property), name, () => call(args) as Promise<unknown>)
          : (...args: unknown[]) => call(args);
        wrapped.set(member, method);
      }
      return method;
    },
  });
}

function nameOf(store: SessionStore): string {
  if (store instanceof RedisStore) return 'redis';
  return store instanceof MemoryStore ? 'memory' : store.constructor.name;
}
