import type { SessionStore } from '../../stores/store.ts';
import { wrapStoreMethods } from '../../stores/wrap-store-methods.ts';

/** Called with the name of each operation before it begins; may throw in its place, or delay it. */
export type BeforeOperation = (operation: string) => void | Promise<void>;

const NOT_REPORTED: ReadonlySet<string> = new Set(['now', 'close', 'watchEnds', 'watchEvents', 'startAudit']);

/**
 * Returns a store that calls back before each operation: to count what a request costs, to fail as a broken connection
 * does, or to hold a request at a certain point. What is not an operation on sessions is not reported: `now`, `close`,
 * `watchEnds`, `watchEvents` and `startAudit`.
 *
 * @example
 * ```ts
 * const store = interceptStore(new MemoryStore(), (operation) => {
 *   if (operation === 'save') throw new Error('connection lost');
 * });
 * ```
 */
export function interceptStore<Store extends SessionStore>(store: Store, before: BeforeOperation): Store {
  return wrapStoreMethods(store, (method, operation) => {
    if (NOT_REPORTED.has(operation)) return method;
    if (operation === 'scan') {
      return async function* scanAfter(...args) {
        await before(operation);
        yield* method(...args) as AsyncIterable<unknown>;
      };
    }
    return async (...args) => {
      await before(operation);
      return await method(...args);
    };
  });
}
