import type { NodeRedisLike } from '../clients/shapes.ts';
import { NodeRedisCachingDriver, NodeRedisDriver, TEXT } from '../clients/node-redis.ts';
import { isServerReply } from '../errors.ts';
import type { NormalizedRedisOptions } from '../options.ts';
import { RecordCache } from '../record-cache.ts';
import { backoff, type ConnectionEvents, type SubscribableConnection } from './connection.ts';

interface NodeRedisClient extends NodeRedisLike {
  on(event: string, listener: (error: unknown) => void): unknown;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  close(): Promise<unknown>;
  destroy(): void;
}

/** The members that are used of the package `redis`. */
export interface NodeRedisModule {
  createClient(options: object): NodeRedisClient;
  createClientPool(options: object, pool: object): NodeRedisClient;
  readonly BasicClientSideCache?: new (options: object) => object;
}

/** The number of failed attempts to reconnect one connection of a pool after which the pool is abandoned. */
const POOL_ATTEMPTS = 2;

/** Opens a connection, or a pool of connections, with node-redis. */
export function openNodeRedis(
  library: NodeRedisModule,
  options: NormalizedRedisOptions,
  events: ConnectionEvents,
): SubscribableConnection {
  const state = { destroyed: false };
  const cache = options.cache === null ? null : new RecordCache(options.cache);
  const given = {
    ...nodeRedisOptions(options, state, events),
    ...(cache !== null && trackingOptions(cache, library)),
  };
  const client = options.pool === null ? openClient(library, given, events) : openPool(library, given, options, events);
  return {
    driver: cache === null ? new NodeRedisDriver(client) : new NodeRedisCachingDriver(client, cache),
    subscribe: async (channel, listener) => void (await client.subscribe(channel, listener)),
    close: async () => void (await client.close()),
    destroy() {
      state.destroyed = true;
      try {
        client.destroy();
      } catch {
        // node-redis 5 throws when there is nothing to destroy.
      }
    },
  };
}

function openClient(library: NodeRedisModule, given: object, events: ConnectionEvents): NodeRedisClient {
  const client = library.createClient(given);
  client.on('error', (error) => events.lost(error));
  client.on('ready', () => events.ready());
  client.connect().catch((error: unknown) => events.lost(error));
  return client;
}

function openPool(
  library: NodeRedisModule,
  given: object,
  options: NormalizedRedisOptions,
  events: ConnectionEvents,
): NodeRedisClient {
  const { min, max } = options.pool!;
  const client = library.createClientPool(given, {
    minimum: min,
    maximum: max,
    acquireTimeout: options.socketTimeout * 1000,
  });
  let connected = false;
  client.on('error', (error) => {
    // Later errors are those of single connections.
    if (!connected) events.lost(error);
  });
  client.connect().then(
    () => {
      connected = true;
      events.ready();
    },
    (error: unknown) => events.lost(error),
  );
  return client;
}

function nodeRedisOptions(
  options: NormalizedRedisOptions,
  state: { readonly destroyed: boolean },
  events: ConnectionEvents,
): object {
  const { unixSocketPath, host, port, pool } = options;
  return {
    RESP: 2,
    socket: {
      ...(unixSocketPath === null ? { host, port } : { path: unixSocketPath }),
      ...(options.tls && { ...options.tls, tls: true }),
      connectTimeout: options.socketTimeout * 1000,
      // `ManagedConnection` reconnects, with a new client.
      reconnectStrategy: pool === null ? false : poolReconnection(events),
    },
    database: options.db,
    // Called in every handshake: the only way to keep a destroyed client from connecting after all.
    credentialsProvider: {
      type: 'async-credentials-provider',
      async credentials() {
        if (state.destroyed) throw new Error('The client was destroyed');
        return { username: options.username ?? undefined, password: options.password ?? undefined };
      },
    },
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    commandOptions: TEXT,
  };
}

/**
 * Returns a strategy that lets a pool reconnect a single connection, and abandons the pool when the server cannot be
 * reached: the timers of further attempts would keep the process alive.
 */
function poolReconnection(events: ConnectionEvents): (attempt: number, fault: unknown) => number {
  return (attempt, fault) => {
    if (attempt >= POOL_ATTEMPTS && !isServerReply(fault)) events.lost(fault);
    return backoff(attempt);
  };
}

/**
 * Returns options with which the server reports changes, and the client passes them to the cache. The cache of
 * node-redis itself copies what it returns, which costs nearly as much as asking the server, and knows neither when a
 * record expires nor that a connection has fallen silent.
 */
function trackingOptions(cache: RecordCache, { BasicClientSideCache }: NodeRedisModule): object {
  if (BasicClientSideCache === undefined) {
    throw new TypeError('Expected `redis.cache` to be unset with this version of `redis`: update it, or leave it out');
  }
  class InvalidationListener extends BasicClientSideCache {
    invalidate(key: string | Buffer | null): void {
      if (key === null) cache.clear();
      else cache.invalidate(key.toString());
    }
    onError(): void {
      cache.clear();
    }
    onClose(): void {
      cache.clear();
    }
  }
  return { RESP: 3, clientSideCache: new InvalidationListener({ maxEntries: 1 }) };
}
