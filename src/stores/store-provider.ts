import type { SessionStore } from './store.ts';

/** Where a factory's stores come from. */
export interface StoreProvider {
  readonly storeFor: (request: unknown) => SessionStore | Promise<SessionStore>;
  readonly close: () => Promise<void>;
}

/** In a store that is another one for each request: returns that of a request. */
export const STORE_FOR_REQUEST: unique symbol = Symbol('websauna-session.storeForRequest');

/** Returns a provider of one store that is the same for every request. */
export function singleStore(store: SessionStore): StoreProvider {
  return { storeFor: () => store, close: () => store.close() };
}
