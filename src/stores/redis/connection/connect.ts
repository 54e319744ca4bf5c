import { SessionError } from '../../../errors.ts';
import type { NormalizedRedisOptions, RedisLibrary } from '../options.ts';
import type { Subscribe } from '../message-feed.ts';
import type { ConnectionEvents, SubscribableConnection } from './connection.ts';
import { ManagedConnection } from './managed-connection.ts';
import { ManagedSubscription } from './managed-subscription.ts';
import { openIoredis, type IoredisModule } from './open-ioredis.ts';
import { openNodeRedis, type NodeRedisModule } from './open-node-redis.ts';

/** How the client libraries are found; replaced in tests. */
export type Importers = Readonly<Record<RedisLibrary, () => Promise<unknown>>>;

// Bundlers look for these literals, and accept a missing package if a `try` is around the import.
const IMPORTERS: Importers = {
  async redis() {
    try {
      return await import('redis');
    } catch (error) {
      throw toMissingClientError('redis', error);
    }
  },
  async ioredis() {
    try {
      return await import('ioredis');
    } catch (error) {
      throw toMissingClientError('ioredis', error);
    }
  },
};

function toMissingClientError(library: RedisLibrary, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  // A package that is installed but broken reports its own error.
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND' && !isViteStub(error, library)) return error;
  const message = `There is no Redis client: install \`${library}\`, for example with npm install ${library}`;
  return new SessionError('ERR_SESSION_CLIENT_MISSING', message, { cause: error });
}

/** Whether this was thrown by what Vite bundles in place of an optional package that is missing. */
function isViteStub(error: unknown, library: RedisLibrary): boolean {
  return error instanceof Error && error.message.startsWith(`Could not resolve "${library}"`);
}

type OpenSubscribable = (events: ConnectionEvents) => SubscribableConnection;

export interface ConnectHooks {
  /** Called when there will never be a connection: the client library is missing, or refuses the options. */
  readonly onFailed?: ((error: Error) => void) | undefined;
  /** How the client libraries are imported; replaced in tests. */
  readonly importers?: Importers;
}

/**
 * Connects to Redis with a client of our own, at once, in the background, and again for ever. The first commands wait
 * for the first connection; later ones fail while there is none. Call `close()` when done: an open connection keeps
 * the process alive. Warns when the client library is missing, and when the process opens many connections.
 *
 * @throws TypeError for options that the library does not have.
 */
export function connect(options: NormalizedRedisOptions, hooks: ConnectHooks = {}): ManagedConnection {
  if (options.library === 'ioredis') refuseForIoredis(options);
  const address = addressOf(options);
  return new ManagedConnection(() => load(options, hooks.importers ?? IMPORTERS), {
    address,
    timeout: options.socketTimeout,
    onFailed(error) {
      warn(`Sessions cannot be stored. ${error.message}`, 'WEBSAUNA_SESSION_CONNECT');
      hooks.onFailed?.(error);
    },
    onClosed: countConnection(address),
  });
}

/** Subscribes to a channel over a connection of our own beside the one for commands. */
export function subscribeWith(options: NormalizedRedisOptions, channel: string): Subscribe {
  const single = { ...options, pool: null, cache: null };
  return (events) => {
    const timeout = options.socketTimeout;
    return new ManagedSubscription(() => load(single, IMPORTERS), { channel, timeout, events });
  };
}

function addressOf({ unixSocketPath, host, port }: NormalizedRedisOptions): string {
  return unixSocketPath ?? `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function load(options: NormalizedRedisOptions, from: Importers): Promise<OpenSubscribable> {
  const { library } = options;
  if (library === 'ioredis') return loadIoredis(options, from);
  try {
    const module = await importFrom<NodeRedisModule>(from, 'redis');
    return (events) => openNodeRedis(module, options, events);
  } catch (error) {
    if (library === 'redis' || !isMissing(error)) throw error;
    return loadIoredis(options, from).catch((second: unknown) => {
      // Recommend to update what is installed, or the first choice.
      const outdated = [error, second].find((each) => each instanceof OutdatedClientError);
      throw outdated ?? (isMissing(second) ? error : second);
    });
  }
}

async function loadIoredis(options: NormalizedRedisOptions, from: Importers): Promise<OpenSubscribable> {
  const module = await importFrom<IoredisModule>(from, 'ioredis');
  refuseForIoredis(options);
  return (events) => openIoredis(module, options, events);
}

/** An export that each library has in all versions that can be used. */
const NEEDED: Readonly<Record<RedisLibrary, string>> = { redis: 'createClientPool', ioredis: 'Redis' };

async function importFrom<Module extends object>(from: Importers, library: RedisLibrary): Promise<Module> {
  let module: Module;
  try {
    module = (await from[library]()) as Module;
  } catch (error) {
    throw toMissingClientError(library, error);
  }
  if (NEEDED[library] in module) return module;
  throw new OutdatedClientError(library);
}

class OutdatedClientError extends SessionError {
  constructor(library: RedisLibrary) {
    super(
      'ERR_SESSION_CLIENT_MISSING',
      `The \`${library}\` that is installed is too old: update it, for example with npm install ${library}@latest`,
    );
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

/** The number of connections to one address, counting a pool once, above which the process is warned. */
const MANY_CONNECTIONS = 10;
/** The number of open connections, by address. */
const connections = new Map<string, number>();
let hasWarned = false;

/** Counts an open connection, and warns once when there are many. Returns a function that counts it as closed. */
function countConnection(address: string): () => void {
  const change = (by: number): number => {
    const count = (connections.get(address) ?? 0) + by;
    if (count === 0) connections.delete(address);
    else connections.set(address, count);
    return count;
  };
  const count = change(1);
  if (count > MANY_CONNECTIONS && !hasWarned) {
    hasWarned = true;
    warn(
      `This process has opened ${count} connections for sessions to Redis at ${address}. ` +
        'Make one session factory when the process starts and use it for all requests, and close a factory that is no longer needed',
      'WEBSAUNA_SESSION_CONNECTIONS',
    );
  }
  return () => change(-1);
}

function warn(message: string, code: string): void {
  process.emitWarning(message, { type: 'SessionWarning', code });
}
