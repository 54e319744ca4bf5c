import type { SessionStore } from './store.ts';

type Method = (...args: unknown[]) => unknown;

/**
 * Returns a store whose methods are wrapped, each once, when it is first used. It has the same capabilities, and the
 * methods themselves call each other as before.
 * @param wrap returns what to call in place of a method, which it is given bound to the store
 */
export function wrapStoreMethods<Store extends SessionStore>(
  store: Store,
  wrap: (method: Method, name: string) => Method,
): Store {
  /** By the method that it wraps. */
  const wrapped = new Map<unknown, Method>();
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      let method = wrapped.get(member);
      if (method === undefined) {
        const bound: Method = (...args) => Reflect.apply(member, target, args) as unknown;
        wrapped.set(member, (method = wrap(bound, String(name))));
      }
      return method;
    },
  });
}
