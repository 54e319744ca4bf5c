import { SessionError } from '../../../errors.ts';
import type { IoredisLike, NodeRedisLike } from '../clients/client.ts';
import { isLoginRefusal, isServerReply } from '../errors.ts';
import { IoredisDriver } from '../clients/ioredis.ts';
import { NodeRedisCachingDriver, NodeRedisDriver, TEXT } from '../clients/node-redis.ts';
import type { NormalizedRedisOptions, RedisLibrary } from '../options.ts';
import { RecordCache } from '../record-cache.ts';
import { ManagedConnection, type Link, type LinkEvents, type OpenLink } from './managed-connection.ts';

interface Emitter {
  on(event: string, listener: (error: unknown) => void): unknown;
}

interface NodeRedisClient extends NodeRedisLike, Emitter {
  connect(): Promise<unknown>;
  close(): Promise<unknown>;
  destroy(): void;
}

interface NodeRedisModule {
  createClient(options: object): NodeRedisClient;
  createClientPool(options: object, pool: object): NodeRedisClient;
  readonly BasicClientSideCache?: new (options: object) => object;
}

interface IoredisClient extends IoredisLike, Emitter {
  quit(): Promise<unknown>;
  disconnect(): void;
}

interface IoredisModule {
  readonly Redis: new (options: object) => IoredisClient;
}

/** How the client libraries are found; replaced in tests. */
export type Importers = Readonly<Record<RedisLibrary, () => Promise<unknown>>>;

// Bundlers look for these literals, and let pass what is not installed if a `try` is around it.
const importers: Importers = {
  async redis() {
    try {
      return await import('redis');
    } catch (error) {
      throw missing('redis', error);
    }
  },
  async ioredis() {
    try {
      return await import('ioredis');
    } catch (error) {
      throw missing('ioredis', error);
    }
  },
};

function missing(library: RedisLibrary, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  // Installed but broken is another matter.
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return error;
  const message = `There is no Redis client: install \`${library}\`, for example with npm install ${library}`;
  return new SessionError('ERR_SESSION_CLIENT_MISSING', message, { cause: error });
}

/**
 * Connects to Redis with a client of our own. Connecting starts at once, in the background, and is tried
 * again for ever. The first commands wait for the first connection, later ones fail while there is none.
 * Call `close()` when done: an open connection keeps the process alive.
 *
 * @throws TypeError for options that the library does not have.
 */
export function connect(options: NormalizedRedisOptions, from: Importers = importers): ManagedConnection {
  if (options.library === 'ioredis') refuseForIoredis(options);
  return new ManagedConnection(() => load(options, from), options.socketTimeout);
}

async function load(options: NormalizedRedisOptions, from: Importers): Promise<OpenLink> {
  const { library } = options;
  if (library === 'ioredis') return loadIoredis(options, from);
  try {
    const module = await importFrom<NodeRedisModule>(from, 'redis');
    return (events) => openNodeRedis(module, options, events);
  } catch (error) {
    if (library === 'redis' || !isMissing(error)) throw error;
    return loadIoredis(options, from).catch((second: unknown) => {
      // When neither is there, the first choice is the one to recommend.
      throw isMissing(second) ? error : second;
    });
  }
}

async function loadIoredis(options: NormalizedRedisOptions, from: Importers): Promise<OpenLink> {
  const module = await importFrom<IoredisModule>(from, 'ioredis');
  refuseForIoredis(options);
  return (events) => openIoredis(module, options, events);
}

async function importFrom<Module>(from: Importers, library: RedisLibrary): Promise<Module> {
  try {
    return (await from[library]()) as Module;
  } catch (error) {
    throw missing(library, error);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof SessionError && error.code === 'ERR_SESSION_CLIENT_MISSING';
}

function refuseForIoredis(options: NormalizedRedisOptions): void {
  const name = options.pool !== null ? 'pool' : 'cache';
  if (options.pool === null && options.cache === null) return;
  throw new TypeError(
    `Expected \`redis.${name}\` to be unset with ioredis, which has no such thing. ` +
      'Leave it out, or install `redis` (npm install redis)',
  );
}

/** Milliseconds to wait before attempt number `attempt` to reconnect, from 0: 50 ms, doubling to 2 s, less up to half. */
export function backoff(attempt: number): number {
  const longest = Math.min(50 * 2 ** Math.min(attempt, 10), 2_000);
  return longest * (0.5 + Math.random() / 2);
}

function openNodeRedis(library: NodeRedisModule, options: NormalizedRedisOptions, events: LinkEvents): Link {
  const state = { abandoned: false };
  const cache = options.cache === null ? null : new RecordCache(options.cache.maxEntries);
  const given = { ...nodeRedisOptions(options, state), ...(cache !== null && trackedBy(cache, library)) };
  const pooled = options.pool !== null;
  const client = pooled ? library.createClientPool(given, poolOptions(options)) : library.createClient(given);
  let connected = false;
  client.on('error', (error) => {
    // A pool's errors are those of any of its connections.
    if (!pooled || !connected) events.down(error);
  });
  client.on('ready', () => events.up());
  client.connect().then(
    () => {
      connected = true;
      // A pool has no event for it.
      if (pooled) events.up();
    },
    (error: unknown) => events.down(error),
  );
  return {
    driver: cache === null ? new NodeRedisDriver(client) : new NodeRedisCachingDriver(client, cache),
    close: async () => void (await client.close()),
    abandon() {
      state.abandoned = true;
      quietly(() => client.destroy());
    },
  };
}

function nodeRedisOptions(options: NormalizedRedisOptions, state: { readonly abandoned: boolean }): object {
  return {
    RESP: 2,
    socket: {
      ...address(options),
      ...(options.tls && { ...options.tls, tls: true }),
      connectTimeout: options.socketTimeout * 1000,
      reconnectStrategy: (attempt: number) => (state.abandoned ? new Error('Abandoned') : backoff(attempt)),
    },
    database: options.db,
    // Asked for in every handshake: the one place where an abandoned client can be kept from connecting after all.
    credentialsProvider: {
      type: 'async-credentials-provider',
      async credentials() {
        if (state.abandoned) throw new Error('Abandoned');
        return { username: options.username ?? undefined, password: options.password ?? undefined };
      },
    },
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    commandOptions: TEXT,
  };
}

/**
 * Options that have the server say what changes, and the client tell the cache. It would tell one of
 * node-redis's own, which copies what it gives structurally and so saves next to nothing, and does not know
 * when a record ends or a connection has fallen silent.
 */
function trackedBy(cache: RecordCache, { BasicClientSideCache }: NodeRedisModule): object {
  if (BasicClientSideCache === undefined) {
    throw new TypeError('Expected `redis.cache` to be unset with this version of `redis`: update it, or leave it out');
  }
  class Told extends BasicClientSideCache {
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
  return { RESP: 3, clientSideCache: new Told({ maxEntries: 1 }) };
}

function poolOptions(options: NormalizedRedisOptions): object {
  const { min, max } = options.pool!;
  return {
    minimum: min,
    maximum: max,
    acquireTimeout: options.socketTimeout * 1000,
  };
}

function openIoredis(library: IoredisModule, options: NormalizedRedisOptions, events: LinkEvents): Link {
  let attempts = 0;
  const client = new library.Redis(ioredisOptions(options, () => backoff(attempts++)));
  let fault: unknown;
  const up = (): void => {
    attempts = 0;
    fault = undefined;
    events.up();
  };
  const down = (error: unknown): void => {
    fault = error;
    events.down(error);
  };
  client.on('error', down);
  client.on('close', () => {
    if (fault === undefined) down(new Error('The connection was closed'));
  });
  // Without its ready check it is ready before the server has judged the password.
  client.on('ready', () => {
    client.ping().then(up, (error: unknown) => {
      if (isLoginRefusal(error)) down(error);
      else if (isServerReply(error)) up();
    });
  });
  return {
    driver: new IoredisDriver(client, false),
    close: async () => void (await client.quit()),
    abandon: () => client.disconnect(),
  };
}

function ioredisOptions(options: NormalizedRedisOptions, retryStrategy: () => number): object {
  return {
    ...address(options),
    ...(options.tls && { tls: options.tls }),
    db: options.db,
    ...(options.username !== null && { username: options.username }),
    ...(options.password !== null && { password: options.password }),
    connectTimeout: options.socketTimeout * 1000,
    disconnectTimeout: 100,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // The ready check needs INFO, which a careful ACL forbids. Without it, the client's introduction would
    // keep ioredis 5 from ever reconnecting if the server hangs up on it (its issue 2099).
    enableReadyCheck: false,
    disableClientInfo: true,
    retryStrategy,
  };
}

function address(options: NormalizedRedisOptions): object {
  const { unixSocketPath, host, port } = options;
  return unixSocketPath === null ? { host, port } : { path: unixSocketPath };
}

function quietly(action: () => unknown): void {
  try {
    action();
  } catch {
    // node-redis 5 throws when there is nothing to destroy.
  }
}
