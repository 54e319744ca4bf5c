import type { EventHub } from '../events.ts';
import type { NormalizedOptions } from '../options/normalize.ts';
import { wrapStoreErrors } from './wrap-store-errors.ts';
import { MemoryStore } from './memory/memory-store.ts';
import type { RedisOptions } from './redis/options.ts';
import { redisSource } from './redis/provider.ts';
import type { SessionStore } from './store.ts';

/** Where a factory's stores come from. */
export interface StoreProvider {
  readonly storeFor: (request: unknown) => SessionStore | Promise<SessionStore>;
  readonly close: () => Promise<void>;
}

/** The application's own store, Redis, or this process's memory. */
export function createStoreProvider(
  options: NormalizedOptions,
  redis: RedisOptions | undefined,
  events: EventHub,
): StoreProvider {
  if (options.store !== null) return only(wrapStoreErrors(options.store));
  if (redis !== undefined) return redisSource(redis, options.bytes, events);
  if (process.env['NODE_ENV'] === 'production') {
    process.emitWarning(
      'Sessions are kept in the memory of this process: a restart ends them, and other processes do not see them. Set `redis`',
      { code: 'WEBSAUNA_SESSION_MEMORY', type: 'SessionWarning' },
    );
  }
  return only(new MemoryStore({ onEvict: (handle) => events.emit('memoryEvicted', { handle }) }));
}

/** A source of one store that is the same for every request. */
export function only(store: SessionStore): StoreProvider {
  return { storeFor: () => store, close: () => store.close() };
}
