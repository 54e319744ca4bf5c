import type { SessionStore } from '../../stores/store.ts';

/** Called with the name of each operation on records; may throw in its place, or make it wait. */
export type BeforeOperation = (operation: string) => void | Promise<void>;

/**
 * A store that tells before it does anything: to count what a request costs, to fail as a broken connection
 * would, or to hold a request at a certain point.
 *
 * @example
 * ```ts
 * const store = interceptStore(new MemoryStore(), (operation) => {
 *   if (operation === 'save') throw new Error('connection lost');
 * });
 * ```
 */
export function interceptStore<Store extends SessionStore>(store: Store, before: BeforeOperation): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      if (name === 'now' || name === 'close') return member.bind(target) as unknown;
      return async (...args: unknown[]): Promise<unknown> => {
        await before(String(name));
        return (await Reflect.apply(member, target, args)) as unknown;
      };
    },
  });
}
