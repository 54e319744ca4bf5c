import type { NodeRedisLike } from '../clients/shapes.ts';
import { NodeRedisCachingDriver, NodeRedisDriver, TEXT } from '../clients/node-redis.ts';
import { isServerReply } from '../errors.ts';
import type { NormalizedRedisOptions } from '../options.ts';
import { RecordCache } from '../record-cache.ts';
import { backoff, type Connection, type ConnectionEvents } from './managed-connection.ts';

interface NodeRedisClient extends NodeRedisLike {
  on(event: string, listener: (error: unknown) => void): unknown;
  connect(): Promise<unknown>;
  close(): Promise<unknown>;
  destroy(): void;
}

/** What is used of the package `redis`. */
export interface NodeRedisModule {
  createClient(options: object): NodeRedisClient;
  createClientPool(options: object, pool: object): NodeRedisClient;
  readonly BasicClientSideCache?: new (options: object) => object;
}

/** Attempts of a pool to reconnect one of its connections, after which the pool is given up. */
const POOL_ATTEMPTS = 2;

/** Opens a connection, or a pool of connections, with node-redis. */
export function openNodeRedis(
  library: NodeRedisModule,
  options: NormalizedRedisOptions,
  events: ConnectionEvents,
): Connection {
  const state = { destroyed: false };
  const cache = options.cache === null ? null : new RecordCache(options.cache.maxEntries);
  const given = {
    ...nodeRedisOptions(options, state, events),
    ...(cache !== null && trackingOptions(cache, library)),
  };
  const client = options.pool === null ? openClient(library, given, events) : openPool(library, given, options, events);
  return {
    driver: cache === null ? new NodeRedisDriver(client) : new NodeRedisCachingDriver(client, cache),
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
    // Later errors are those of one of its connections.
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
      // Our own reconnection makes a new client.
      reconnectStrategy: pool === null ? false : poolReconnection(events),
    },
    database: options.db,
    // Asked for in every handshake: the one place where a destroyed client can be kept from connecting after all.
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
 * Lets a pool reconnect one of its connections while the server accepts others, and gives the pool up when the server
 * cannot be reached: the timers of a pool that went on trying would keep the process alive.
 */
function poolReconnection(events: ConnectionEvents): (attempt: number, fault: unknown) => number {
  return (attempt, fault) => {
    if (attempt >= POOL_ATTEMPTS && !isServerReply(fault)) events.lost(fault);
    return backoff(attempt);
  };
}

/**
 * Returns options that have the server report what changes, and the client tell the cache. node-redis would tell a
 * cache of its own, which copies what it returns structurally and so saves next to nothing, and does not know
 * when a record ends or a connection has fallen silent.
 */
function trackingOptions(cache: RecordCache, { BasicClientSideCache }: NodeRedisModule): object {
  if (BasicClientSideCache === undefined) {
    throw new TypeError('Expected `redis.cache` to be unset with this version of `redis`: update it, or leave it out');
  }
  class InvalidationListener extends BasicClientSideCache {
    invalidate(key: string | Buffer | null): void {
      if (key === null) cache.clear();
      else cache.forget(key.toString());
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
