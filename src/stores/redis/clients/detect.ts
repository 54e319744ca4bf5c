import { describe } from '../../../internal/validate.ts';
import type { RedisDriver } from '../driver.ts';
import { IoredisDriver } from './ioredis.ts';
import { NodeRedisClusterDriver } from './node-redis-cluster.ts';
import { NodeRedisDriver, NodeRedisSentinelDriver } from './node-redis.ts';
import type { IoredisLike, NodeRedisLike, RedisClient } from './shapes.ts';

const NODE_REDIS = ['hGetAll', 'sendCommand', 'withTypeMapping', 'ping'] satisfies (keyof NodeRedisLike)[];
const IOREDIS = [
  'hgetall',
  'hgetallBuffer',
  'evalsha',
  'evalshaBuffer',
  'eval',
  'evalBuffer',
  'ping',
] satisfies (keyof IoredisLike)[];

/** Returns whether a value is a client, by its methods. */
export function isRedisClient(value: unknown): value is RedisClient {
  return isNodeRedis(value) || isIoredis(value);
}

function isNodeRedis(value: unknown): value is NodeRedisLike {
  return hasMethods(value, NODE_REDIS);
}

function isIoredis(value: unknown): value is IoredisLike {
  return hasMethods(value, IOREDIS);
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}

const drivers = new WeakMap<RedisClient, RedisDriver>();

/**
 * Returns the driver over a client, always the same for the same client.
 *
 * @param name - What to call the client in messages.
 * @throws TypeError for an unknown client, or one that was made with options that change its keys or replies.
 */
export function driverFor(client: RedisClient, name = 'redis.client'): RedisDriver {
  const known = isRedisClient(client) ? drivers.get(client) : undefined;
  if (known !== undefined) return known;
  const driver = makeDriver(client, name);
  drivers.set(client, driver);
  return driver;
}

function makeDriver(client: unknown, name: string): RedisDriver {
  if (isNodeRedis(client)) {
    refuseOptions(client, name);
    if (hasMethods(client, ['nodeClient'])) return new NodeRedisClusterDriver(client);
    return hasMethods(client, ['getMasterNode']) ? new NodeRedisSentinelDriver(client) : new NodeRedisDriver(client);
  }
  if (isIoredis(client)) {
    refuseOptions(client, name);
    return new IoredisDriver(client, 'isCluster' in client && client.isCluster === true);
  }
  const old = hasMethods(client, ['hGetAll']) ? ' of node-redis 4 or older' : '';
  throw new TypeError(
    `Expected \`${name}\` to be a client of node-redis (redis) 5 or newer, or of ioredis 5 or newer, ` +
      `got ${old === '' ? describe(client) : `a client${old}`}`,
  );
}

interface ClientOptions {
  readonly keyPrefix?: unknown;
  readonly stringNumbers?: unknown;
  readonly replyMapping?: unknown;
  readonly scaleReads?: unknown;
  readonly redisOptions?: ClientOptions;
}

/**
 * Throws for options with which sessions would not work: scripts make keys from their arguments, which no client
 * prefixes, and rely on numbers being numbers; and a replica may not know yet that a session has ended.
 */
function refuseOptions(client: object, name: string): void {
  const { options, _keyPrefix } = client as { options?: ClientOptions; _keyPrefix?: unknown };
  const own = 'Give the sessions a client of their own';
  for (const given of [options, options?.redisOptions]) {
    if (given?.keyPrefix || _keyPrefix) throw refusal(name, 'keyPrefix', 'Use `redis.prefix` instead');
    if (given?.stringNumbers) throw refusal(name, 'stringNumbers', own);
    if (given?.replyMapping === 'resp3') throw refusal(name, "replyMapping: 'resp3'", own);
    if (![undefined, 'master'].includes(given?.scaleReads as string)) throw refusal(name, 'scaleReads', own);
  }
}

function refusal(name: string, option: string, advice: string): TypeError {
  return new TypeError(`Expected \`${name}\` to be a client without \`${option}\`, got one with it. ${advice}`);
}
