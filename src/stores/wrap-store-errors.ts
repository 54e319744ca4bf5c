import { SessionError } from '../errors.ts';
import type { SessionStore } from './store.ts';

/**
 * Wraps an application's own store so that it rejects with errors of the session: adapters answer them with status
 * 503, and the original message, which may name hosts and keys, is kept as the cause.
 */
export function wrapStoreErrors(store: SessionStore): SessionStore {
  /** By the method that it wraps. */
  const wrapped = new Map<unknown, (...args: unknown[]) => unknown>();
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      let method = wrapped.get(member);
      if (method === undefined) wrapped.set(member, (method = wrapMethod(target, member, String(name))));
      return method;
    },
  });
}

function wrapMethod(store: SessionStore, method: Function, operation: string): (...args: unknown[]) => unknown {
  const fail = (error: unknown): never => throwStoreError(operation, error);
  return (...args) => {
    const result: unknown = Reflect.apply(method, store, args);
    if (result instanceof Promise) return result.catch(fail);
    return isIterable(result) ? wrapEach(result, operation) : result;
  };
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

async function* wrapEach(items: AsyncIterable<unknown>, operation: string): AsyncGenerator {
  const iterator = items[Symbol.asyncIterator]();
  for (;;) {
    const item = await iterator.next().catch((error: unknown) => throwStoreError(operation, error));
    if (item.done === true) return;
    yield item.value;
  }
}

function throwStoreError(operation: string, error: unknown): never {
  if (error instanceof SessionError) throw error;
  throw new SessionError('ERR_SESSION_STORE', `The session store failed at ${operation}()`, { cause: error });
}
