import { SessionError } from '../errors.ts';
import type { SessionStore } from './store.ts';
import { wrapStoreMethods } from './wrap-store-methods.ts';

/**
 * Wraps an application's own store so that it rejects with errors of the session: adapters answer them with status
 * 503, and the original message, which may name hosts and keys, is kept as the cause.
 */
export function wrapStoreErrors(store: SessionStore): SessionStore {
  return wrapStoreMethods(store, (method, operation) => {
    const fail = (error: unknown): never => throwStoreError(operation, error);
    return (...args) => {
      const result = method(...args);
      if (result instanceof Promise) return result.catch(fail);
      return isIterable(result) ? wrapEach(result, operation) : result;
    };
  });
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
