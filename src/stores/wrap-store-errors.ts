import { SessionError } from '../errors.ts';
import type { SessionStore } from './store.ts';

/**
 * An application's own store, of which every failure is an error of the session: adapters answer it with
 * status 503, and its own message, which may name hosts and keys, stays inside as the cause.
 */
export function wrapStoreErrors(store: SessionStore): SessionStore {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        const result: unknown = Reflect.apply(member, target, args);
        if (result instanceof Promise) return result.catch((error: unknown) => refuse(String(name), error));
        return isIterable(result) ? guardEach(result, String(name)) : result;
      };
    },
  });
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

async function* guardEach(items: AsyncIterable<unknown>, operation: string): AsyncGenerator {
  const iterator = items[Symbol.asyncIterator]();
  for (;;) {
    const item = await iterator.next().catch((error: unknown) => refuse(operation, error));
    if (item.done === true) return;
    yield item.value;
  }
}

function refuse(operation: string, error: unknown): never {
  if (error instanceof SessionError) throw error;
  throw new SessionError('ERR_SESSION_STORE', `The session store failed at ${operation}()`, { cause: error });
}
