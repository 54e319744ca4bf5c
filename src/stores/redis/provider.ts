import type { EventHub } from '../../events.ts';
import { expected } from '../../internal/validate.ts';
import type { StoreProvider } from '../store-provider.ts';
import { driverFor, isRedisClient } from './clients/detect.ts';
import type { RedisClient } from './clients/shapes.ts';
import { subscribeLike } from './clients/subscriber.ts';
import { connect, subscribeWith } from './connection/connect.ts';
import { ValueEncoding } from './encoding.ts';
import { ResilientDriver } from './connection/resilient-driver.ts';
import { normalizeRedisOptions, type NormalizedRedisOptions, type RedisOptions } from './options.ts';
import type { Subscribe } from './message-feed.ts';
import { RedisStore } from './store.ts';

/**
 * Creates the stores of a factory with a `redis` option: one, over a connection of our own or the application's
 * client; or one for each client that the application's function returns.
 *
 * @param bytes - Whether the serializer returns bytes.
 * @param start - Prepares each store for its first use.
 */
export function createRedisStoreProvider(
  redis: RedisOptions,
  bytes: boolean,
  events: EventHub,
  start: (store: RedisStore) => RedisStore,
): StoreProvider {
  const options = normalizeRedisOptions(redis);
  const hooks = {
    bytes,
    onDown: (error: unknown) => events.emit('circuitOpen', { error }),
    onUp: () => events.emit('circuitClosed', {}),
    onFailed: (error: unknown) => events.emit('storeError', { operation: 'connect', error }),
  };
  if (typeof options.client === 'function') {
    return storePerClient(options, options.client, (client) => start(createRedisStore({ ...redis, client }, hooks)));
  }
  const store = start(createRedisStore(redis, hooks));
  return { storeFor: () => store, close: () => store.close() };
}

type ClientFunction = Extract<NormalizedRedisOptions['client'], (...args: never[]) => unknown>;

function storePerClient(
  options: NormalizedRedisOptions,
  clientFor: ClientFunction,
  storeOver: (client: RedisClient) => RedisStore,
): StoreProvider {
  const stores = new WeakMap<RedisClient, RedisStore>();
  return {
    async storeFor(request) {
      const client = await clientFor(request, options);
      if (!isRedisClient(client)) throw expected('redis.client()', 'a client of node-redis or ioredis', client);
      const known = stores.get(client);
      if (known !== undefined) return known;
      const store = storeOver(client);
      stores.set(client, store);
      return store;
    },
    // The application closes its clients.
    close: () => Promise.resolve(),
  };
}

/**
 * Creates a store over Redis, for several factories, each of which closes it, or for tools.
 *
 * @param redis - As the `redis` option of a factory, except that `client` cannot be a function.
 * @param hooks.bytes - Whether the serializer returns bytes. Default `false`.
 * @param hooks.onDown - Called when the circuit breaker opens.
 * @param hooks.onUp - Called when the circuit breaker closes.
 * @param hooks.onFailed - Called when there will never be a connection: the client library is missing, or refuses the
 * options.
 */
export function createRedisStore(
  redis: RedisOptions,
  hooks: {
    bytes?: boolean;
    onDown?: (error: unknown) => void;
    onUp?: () => void;
    onFailed?: (error: unknown) => void;
  } = {},
): RedisStore {
  const options = normalizeRedisOptions(redis);
  if (typeof options.client === 'function') throw expected('redis.client', 'a client', options.client);
  const { bytes = false, onDown, onUp, onFailed } = hooks;
  const driver = options.client === null ? connect(options, { onFailed }) : driverFor(options.client);
  const guarded = new ResilientDriver(driver, {
    timeout: options.socketTimeout,
    ...(onDown && { onOpen: onDown }),
    ...(onUp && { onClose: onUp }),
  });
  const encoding = new ValueEncoding(options.encoding, options.encodingErrors, bytes);
  const { prefix, socketTimeout, publishEnds } = options;
  const given = options.subscriber ?? options.client;
  const subscribeTo = (channel: string): Subscribe =>
    given === null ? subscribeWith(options, channel) : subscribeLike(given, channel);
  return new RedisStore(guarded, prefix, encoding, socketTimeout, { subscribeTo, publishEnds });
}
