import * as ioredis from 'ioredis';
import * as ioredis5 from 'ioredis5';
import * as redis from 'redis';
import * as redis5 from 'redis5';
import { connect, type Importers } from '../../../src/stores/redis/connection/connect.ts';
import {
  normalizeRedisOptions,
  type RedisLibrary,
  type RedisOptions,
  type RedisPoolOptions,
} from '../../../src/stores/redis/options.ts';
import type { ManagedConnection } from '../../../src/stores/redis/connection/managed-connection.ts';
import { script } from '../../support/script.ts';

export interface Library {
  readonly name: string;
  readonly library: RedisLibrary;
  readonly importers: Importers;
}

// Loaded before the first test: on a busy machine that takes longer than a command may.
const current: Importers = { redis: async () => redis, ioredis: async () => ioredis };
const previous: Importers = { redis: async () => redis5, ioredis: async () => ioredis5 };

/** Every library, in every major version, that connections of our own are made with. */
export const libraries: readonly Library[] = [
  { name: 'node-redis 6', library: 'redis', importers: current },
  { name: 'node-redis 5', library: 'redis', importers: previous },
  { name: 'ioredis 6', library: 'ioredis', importers: current },
  { name: 'ioredis 5', library: 'ioredis', importers: previous },
];

/** The same, and pools of those that have any. */
export const librariesAndPools: readonly (Library & { readonly pool: RedisPoolOptions | null })[] = [
  ...libraries.map((library) => ({ ...library, pool: null })),
  ...libraries
    .filter(({ library }) => library === 'redis')
    .map((library) => ({ ...library, name: `a pool of ${library.name}`, pool: { min: 3, max: 3 } })),
];

/** A connection of our own. */
export function connectWith({ library, importers }: Library, options: RedisOptions): ManagedConnection {
  return connect(normalizeRedisOptions({ library, ...options }), { importers });
}

/** Writes what is in ARGV to a hash. */
export const WRITE = script("return {redis.call('HSET', KEYS[1], unpack(ARGV))}");
