import type { SessionStore } from './store.ts';

/** Where a factory's stores come from. */
export interface StoreProvider {
  readonly storeFor: (request: unknown) => SessionStore | Promise<SessionStore>;
  readonly close: () => Promise<void>;
}

/** Returns a provider of one store that is the same for every request. */
export function singleStore(store: SessionStore): StoreProvider {
  return { storeFor: () => store, close: () => store.close() };
}
