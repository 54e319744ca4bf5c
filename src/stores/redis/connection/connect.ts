import { SessionError } from '../../../errors.ts';
import type { NormalizedRedisOptions, RedisLibrary } from '../options.ts';
import { ManagedConnection, type OpenConnection } from './managed-connection.ts';
import { openIoredis, type IoredisModule } from './open-ioredis.ts';
import { openNodeRedis, type NodeRedisModule } from './open-node-redis.ts';

/** How the client libraries are found; replaced in tests. */
export type Importers = Readonly<Record<RedisLibrary, () => Promise<unknown>>>;

// Bundlers look for these literals, and let pass what is not installed if a `try` is around it.
const importers: Importers = {
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
  return new ManagedConnection(() => load(options, from), { timeout: options.socketTimeout });
}

async function load(options: NormalizedRedisOptions, from: Importers): Promise<OpenConnection> {
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

async function loadIoredis(options: NormalizedRedisOptions, from: Importers): Promise<OpenConnection> {
  const module = await importFrom<IoredisModule>(from, 'ioredis');
  refuseForIoredis(options);
  return (events) => openIoredis(module, options, events);
}

async function importFrom<Module>(from: Importers, library: RedisLibrary): Promise<Module> {
  try {
    return (await from[library]()) as Module;
  } catch (error) {
    throw toMissingClientError(library, error);
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
