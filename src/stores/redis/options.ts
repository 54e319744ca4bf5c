import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import {
  checkBoolean,
  checkNames,
  checkNumber,
  checkOneOf,
  checkString,
  expected,
  isObject,
} from '../../internal/validate.ts';
import { isRedisClient } from './clients/detect.ts';
import type { RedisClient } from './clients/shapes.ts';
import type { EncodingErrors, TextEncoding } from './encoding.ts';
import { OTHER_ENCODINGS } from './other-encodings.ts';
import { parseRedisUrl } from './url.ts';

/** The client libraries that connections are made with, by their names on npm. */
export type RedisLibrary = 'redis' | 'ioredis';

/** Sizes of a pool of connections. */
export interface RedisPoolOptions {
  /** The number of connections that are kept open. Default 1. */
  min?: number;
  /** The largest number of connections. Default 10. */
  max?: number;
}

/**
 * A client, or a function that returns one for a request, always the same one for the same server: a client holds
 * connections.
 */
export type RedisClientOption =
  | RedisClient
  | ((request: unknown, redisOptions: NormalizedRedisOptions) => RedisClient | Promise<RedisClient>);

/** Where the sessions are, and how to connect. */
export interface RedisOptions {
  /**
   * `redis://user:password@host:6379/0`, `rediss://...` for TLS, or `unix://user:password@/path.sock?db=0`.
   * Overrides `host`, `port` and `unixSocketPath`, and, where it has them, `db`, `username` and `password`.
   * Default `null`.
   */
  url?: string | null | undefined;
  /** Default `'localhost'`. */
  host?: string;
  /** Default 6379. */
  port?: number;
  /** The number of the database. Default 0. */
  db?: number;
  /** An ACL user. Default `null`: the server's default user. */
  username?: string | null;
  /** Default `null`. */
  password?: string | null;
  /** The path of a Unix socket, instead of `host` and `port`. Default `null`. */
  unixSocketPath?: string | null;
  /** TLS, or options for `node:tls`, such as `{ ca }`. Default `false`; `true` with a `rediss://` URL. */
  tls?: boolean | ConnectionOptions;
  /**
   * Seconds that each command may take, including the wait for the first connection. A change is carried out by then or
   * never. Default 2.
   */
  socketTimeout?: number;
  /**
   * A pool of connections, or a pool of node-redis that you made. Needs `redis`. Default `null`: one
   * connection that all commands share, which is faster unless values are very large.
   */
  pool?: RedisPoolOptions | RedisClient | null;
  /** A client of your own, which you connect and close. Overrides the options that say where the server is. Default `null`. */
  client?: RedisClientOption | null;
  /** The client library. Default: the one that is installed, `redis` first. */
  library?: RedisLibrary;
  /**
   * Keep what was read in memory until the server reports that it has changed (client-side caching, RESP3). Needs
   * `redis`, and neither `client` nor `pool`. Other processes see a change a moment later, and at most a
   * second later. Default `false`.
   */
  cache?: boolean | RedisCacheOptions;
  /** The encoding of stored text: `'utf-8'`, the default, `'utf-16le'` or `'latin1'`. */
  encoding?: TextEncoding;
  /** What happens to bytes that are not text: `'strict'`, the default, discards the record; `'replace'` and `'ignore'` keep it. */
  encodingErrors?: EncodingErrors;
  /** The prefix of all keys, without braces. Default `'session:'`. */
  prefix?: string;
  /**
   * Publish how sessions end, in the step that ends them, so that `session.signal` and sockets in all processes learn it
   * at once. Set it in every process that has sessions, also in tools. Default `false`.
   */
  publishEnds?: boolean;
  /**
   * A client of the same server, whose duplicate receives what is published: where `client` cannot be duplicated, as a
   * pool. Default: a duplicate of `client`, or a connection that the library makes.
   */
  subscriber?: RedisClient | null;
}

export interface RedisCacheOptions {
  /** The number of sessions to keep, the most recently used. Default 10000. */
  maxEntries?: number;
  /** How large they may be together, in bytes of names and values as Redis has them. Default 64 MiB (67108864). */
  maxBytes?: number;
}

/** The options, checked, with every default filled in and the URL taken apart. */
export interface NormalizedRedisOptions {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username: string | null;
  readonly password: string | null;
  readonly unixSocketPath: string | null;
  /** `false`, or options for `node:tls`. */
  readonly tls: false | ConnectionOptions;
  /** Seconds. */
  readonly socketTimeout: number;
  readonly pool: Readonly<Required<RedisPoolOptions>> | null;
  readonly client: RedisClientOption | null;
  /** `null` for whichever is installed. */
  readonly library: RedisLibrary | null;
  readonly cache: Readonly<Required<RedisCacheOptions>> | null;
  readonly encoding: TextEncoding;
  readonly encodingErrors: EncodingErrors;
  readonly prefix: string;
  readonly publishEnds: boolean;
  readonly subscriber: RedisClient | null;
}

export const REDIS_OPTION_NAMES: readonly string[] = Object.keys({
  url: true,
  host: true,
  port: true,
  db: true,
  username: true,
  password: true,
  unixSocketPath: true,
  tls: true,
  socketTimeout: true,
  pool: true,
  client: true,
  library: true,
  cache: true,
  encoding: true,
  encodingErrors: true,
  prefix: true,
  publishEnds: true,
  subscriber: true,
} satisfies Record<keyof RedisOptions, true>);

const OR_NULL = 'null';
/** A day, in seconds. Longer is a mistake, and timers overflow after 24 days. */
const LONGEST_TIMEOUT_SECONDS = 86_400;

/**
 * Checks the options and fills in the defaults.
 *
 * @throws TypeError for a wrong type, a value out of range, a contradiction, or an unknown name, with the
 * nearest known one. Messages contain no password.
 */
export function normalizeRedisOptions(options: RedisOptions): NormalizedRedisOptions {
  if (typeof options === 'string') throw expected('redis', 'an object', options, 'Pass a URL as `{ url }`');
  checkNames('redis', options, REDIS_OPTION_NAMES);
  checkNumber('redis.socketTimeout', options.socketTimeout, SOCKET_TIMEOUT);
  checkOneOf('redis.library', options.library, ['redis', 'ioredis']);
  checkOneOf('redis.encoding', options.encoding, ['utf-8', ...OTHER_ENCODINGS]);
  checkOneOf('redis.encodingErrors', options.encodingErrors, ['strict', 'replace', 'ignore']);
  return {
    ...normalizeAddress(options),
    socketTimeout: options.socketTimeout ?? 2,
    ...normalizeClient(options),
    library: options.library ?? null,
    cache: normalizeCache(options),
    encoding: options.encoding ?? 'utf-8',
    encodingErrors: options.encodingErrors ?? 'strict',
    prefix: normalizePrefix(options.prefix),
    ...normalizeEnds(options),
  };
}

function normalizeEnds({
  publishEnds,
  subscriber = null,
}: RedisOptions): Pick<NormalizedRedisOptions, 'publishEnds' | 'subscriber'> {
  checkBoolean('redis.publishEnds', publishEnds);
  if (subscriber !== null && !isRedisClient(subscriber)) {
    throw expected('redis.subscriber', 'a client of node-redis or ioredis', subscriber);
  }
  return { publishEnds: publishEnds ?? false, subscriber };
}

function normalizeCache({ cache, client, pool }: RedisOptions): NormalizedRedisOptions['cache'] {
  if (cache === undefined || cache === false) return null;
  if (cache !== true && !isObject(cache)) {
    throw expected('redis.cache', 'true, false, or { maxEntries, maxBytes }', cache);
  }
  const { maxEntries, maxBytes } = cache === true ? {} : cache;
  if (cache !== true) checkNames('redis.cache', cache, ['maxEntries', 'maxBytes']);
  checkNumber('redis.cache.maxEntries', maxEntries, { of: 'of sessions', min: 1 });
  checkNumber('redis.cache.maxBytes', maxBytes, { of: 'of bytes', min: 1 });
  const other = pool != null ? 'pool' : 'client';
  if (pool != null || client != null) {
    throw new TypeError(
      `Expected \`redis.cache\` to be unset with \`redis.${other}\`: it needs a connection of its own, over which ` +
        'the server reports every change. Leave one of them out',
    );
  }
  return { maxEntries: maxEntries ?? 10_000, maxBytes: maxBytes ?? 64 * 1024 * 1024 };
}

const SOCKET_TIMEOUT = { of: 'of seconds', min: 0.001, max: LONGEST_TIMEOUT_SECONDS, integer: false };

function normalizeAddress(
  options: RedisOptions,
): Pick<NormalizedRedisOptions, 'host' | 'port' | 'db' | 'username' | 'password' | 'unixSocketPath' | 'tls'> {
  if ('url' in options && options.url === undefined) {
    // Most likely an environment variable that is not set: falling back to localhost would hide that.
    throw expected(
      'redis.url',
      'a URL',
      undefined,
      'Set the variable that it comes from, or leave `url` out for localhost',
    );
  }
  checkString('redis.url', options.url, 'a URL', OR_NULL);
  checkString('redis.host', options.host, 'a host name or address');
  checkString('redis.username', options.username, 'a user name', OR_NULL);
  checkString('redis.password', options.password, 'a password', OR_NULL);
  checkString('redis.unixSocketPath', options.unixSocketPath, 'the path of a Unix socket', OR_NULL);
  checkNumber('redis.port', options.port, { min: 1, max: 65_535 });
  checkNumber('redis.db', options.db, { min: 0 });
  const { host, port, db, username, password, unixSocketPath } = options;
  const url = typeof options.url === 'string' ? parseRedisUrl(options.url) : null;
  if (url?.port != null) checkNumber('redis.url', url.port, { of: 'in its port', min: 1, max: 65_535 });
  const place = url ?? { host, port, unixSocketPath };
  const address = {
    host: place.host ?? 'localhost',
    port: place.port ?? 6379,
    unixSocketPath: place.unixSocketPath ?? null,
  };
  return {
    ...address,
    db: url?.db ?? db ?? 0,
    username: url?.username ?? username ?? null,
    password: url?.password ?? password ?? null,
    tls: normalizeTls(options.tls, url?.tls ?? false, address),
  };
}

function normalizeTls(
  tls: unknown,
  byUrl: boolean,
  { host, unixSocketPath }: Pick<NormalizedRedisOptions, 'host' | 'unixSocketPath'>,
): false | ConnectionOptions {
  if (tls !== undefined && typeof tls !== 'boolean' && !isObject(tls)) {
    throw expected('redis.tls', 'true, false or options for node:tls', tls);
  }
  if (tls === false && byUrl) throw expected('redis.tls', 'true or absent with a rediss:// URL', tls);
  if (!(tls ?? byUrl)) return false;
  if (unixSocketPath !== null) throw expected('redis.tls', 'false with a Unix socket', tls);
  // Node sends the server's name only with this option; a host with several certificates needs it.
  return { ...(isIP(host) === 0 && { servername: host }), ...(isObject(tls) && tls) };
}

function normalizeClient(options: RedisOptions): Pick<NormalizedRedisOptions, 'client' | 'pool'> {
  const { client = null, pool = null } = options;
  if (client !== null && typeof client !== 'function' && !isRedisClient(client)) {
    throw expected(
      'redis.client',
      'a client of node-redis or ioredis, 5 or newer, or a function that returns one',
      client,
    );
  }
  if (pool === null) return { client, pool };
  if (!isRedisClient(pool)) return { client, pool: normalizePool(pool) };
  if (client !== null) throw expected('redis.pool', 'absent, or sizes, when there is a `redis.client`', pool);
  return { client: pool, pool: null };
}

function normalizePool(pool: RedisPoolOptions): Required<RedisPoolOptions> {
  if (!isObject(pool)) throw expected('redis.pool', '{ min, max } or a pool of node-redis', pool);
  checkNames('redis.pool', pool, ['min', 'max']);
  checkNumber('redis.pool.min', pool.min, { min: 1 });
  checkNumber('redis.pool.max', pool.max, { min: 1 });
  const min = pool.min ?? 1;
  const max = pool.max ?? Math.max(min, 10);
  if (max < min) throw expected('redis.pool.max', `${min} (\`redis.pool.min\`) or more`, max);
  return { min, max };
}

function normalizePrefix(prefix: unknown): string {
  if (prefix === undefined) return 'session:';
  if (typeof prefix === 'string' && !/[{}]/.test(prefix)) return prefix;
  throw expected('redis.prefix', 'text without braces, which decide on the slot of a key in Redis Cluster', prefix);
}
