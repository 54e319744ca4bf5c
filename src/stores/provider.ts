import type { EventHub } from '../events.ts';
import { singleStore, STORE_FOR_REQUEST, type StoreProvider } from './store-provider.ts';
import { wrapStoreErrors } from './wrap-store-errors.ts';
import { MemoryStore } from './memory/memory-store.ts';
import type { RedisOptions } from './redis/options.ts';
import { createRedisStoreProvider } from './redis/provider.ts';
import { hasAuditTrail, type AuditLimits, type SessionStore } from './store.ts';

/** What decides which store keeps the sessions. */
interface StoreChoice {
  /** The application's own; `null` for none. */
  readonly store: SessionStore | null;
  /** Whether the serializer returns bytes. */
  readonly bytes: boolean;
  /** How much is kept of audit trails; `null` for none. */
  readonly audit: AuditLimits | null;
}

/** Returns the provider of the application's own store, of Redis, or of this process's memory. */
export function createStoreProvider(
  { store, bytes, audit }: StoreChoice,
  redis: RedisOptions | undefined,
  events: EventHub,
): StoreProvider {
  const start = <Store extends SessionStore>(made: Store): Store => {
    if (audit !== null && hasAuditTrail(made)) made.startAudit(audit);
    return made;
  };
  if (store !== null) return providerOf(store, start);
  if (redis !== undefined) return createRedisStoreProvider(redis, bytes, events, start);
  if (process.env['NODE_ENV'] === 'production') {
    process.emitWarning(
      'Sessions are kept in the memory of this process: a restart ends them, and other processes do not see them. Set `redis`',
      { code: 'WEBSAUNA_SESSION_MEMORY', type: 'SessionWarning' },
    );
  }
  return singleStore(start(new MemoryStore({ onEvict: (handle) => events.emit('memoryEvicted', { handle }) })));
}

/** Returns the provider of the application's own store. @param start prepares a store that is used for the first time */
function providerOf(
  store: SessionStore & { [STORE_FOR_REQUEST]?(request: unknown): SessionStore },
  start: <Store extends SessionStore>(made: Store) => Store,
): StoreProvider {
  const provider = singleStore(wrapStoreErrors(start(store)));
  if (store[STORE_FOR_REQUEST] === undefined) return provider;
  return { ...provider, storeFor: (request) => wrapStoreErrors(store[STORE_FOR_REQUEST]!(request)) };
}
