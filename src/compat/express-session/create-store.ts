import type expressSession from 'express-session';
import {
  checkNames,
  checkNumber,
  expected,
  isObject,
  MAX_LIFETIME_SECONDS,
  OF_SECONDS,
} from '../../internal/validate.ts';
import { MemoryStore } from '../../stores/memory/memory-store.ts';
import type { RedisOptions } from '../../stores/redis/options.ts';
import { createRedisStore } from '../../stores/redis/provider.ts';
import type { SessionStore } from '../../stores/store.ts';
import { EngineStore } from './engine-store.ts';
import { DEFAULT_TTL } from './timeout.ts';

export interface StoreOptions {
  /** Redis, as the `redis` option of `createSessionFactory`, except that `client` cannot be a function. */
  redis?: RedisOptions | undefined;
  /** A store of this library. Default, without `redis` too: the memory of this process. */
  store?: SessionStore | undefined;
  /** Seconds that a session lives whose cookie does not say it. Default 86400, one day. */
  ttl?: number | undefined;
}

/**
 * Makes a store with the methods of express-session over one of this library, for what takes such a store alone, such
 * as express-openid-connect. As the `store` of the middleware it is the same as the `redis` or the `store` in it.
 *
 * @example
 * ```ts
 * app.use(auth({ ...config, session: { store: createStore({ redis: { url } }) } }));
 * ```
 * @throws {TypeError} for every option that is wrong, with what was expected
 */
export function createStore(options: StoreOptions = {}): expressSession.Store {
  checkNames('options', options, ['redis', 'store', 'ttl']);
  const { redis, store: given, ttl = DEFAULT_TTL } = options;
  checkNumber('ttl', ttl, { of: OF_SECONDS, min: 1, max: MAX_LIFETIME_SECONDS });
  if (given !== undefined && redis !== undefined) throw expected('store', 'absent where `redis` is given', given);
  if (given !== undefined && !(isObject(given) && typeof given.rekey === 'function')) {
    throw expected('store', 'a store of this library', given);
  }
  const store = given ?? (redis === undefined ? new MemoryStore() : createRedisStore(redis));
  const parts = { storeFor: () => store, ttl, cookieDefaults: () => ({}), cookieAttributes: () => '' };
  return new EngineStore(parts, store) as unknown as expressSession.Store;
}
