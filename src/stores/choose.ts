import type { EventHub } from '../events.ts';
import type { NormalizedOptions } from '../normalize.ts';
import { guardStore } from './guard.ts';
import { MemoryStore } from './memory/memory-store.ts';
import type { RedisOptions } from './redis/options.ts';
import { redisSource } from './redis/source.ts';
import type { SessionStore } from './store.ts';

/** Where a factory's stores come from. */
export interface StoreSource {
  readonly storeFor: (request: unknown) => SessionStore | Promise<SessionStore>;
  readonly close: () => Promise<void>;
}

/** The application's own store, Redis, or this process's memory. */
export function chooseStore(
  options: NormalizedOptions,
  redis: RedisOptions | undefined,
  events: EventHub,
): StoreSource {
  if (options.store !== null) return only(guardStore(options.store));
  if (redis !== undefined) return redisSource(redis, options.bytes, events);
  if (process.env['NODE_ENV'] === 'production') {
    process.emitWarning(
      'Sessions are kept in the memory of this process: a restart ends them, and other processes do not see them. Set `redis`',
      { code: 'WEBSAUNA_SESSION_MEMORY', type: 'SessionWarning' },
    );
  }
  return only(new MemoryStore({ onEvict: (handle) => events.emit('evicted', { handle }) }));
}

/** A source of one store that is the same for every request. */
export function only(store: SessionStore): StoreSource {
  return { storeFor: () => store, close: () => store.close() };
}
