// Compiled, not run: what applications have in hand must be accepted as it is.
import { Cluster, Redis } from 'ioredis';
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5';
import { Cluster as ValkeyCluster, Redis as Valkey } from 'iovalkey';
import * as redis from 'redis';
import * as redis5 from 'redis5';
import type { RedisClient } from '../../src/stores/redis/clients/shapes.ts';
import type { RedisOptions } from '../../src/stores/redis/options.ts';

const nodes = { rootNodes: [{ url: 'redis://localhost' }] };
const sentinels = { name: 'primary', sentinelRootNodes: [{ host: 'localhost', port: 26379 }] };

export const clients: readonly RedisClient[] = [
  redis.createClient(),
  redis.createClient({ RESP: 2, modules: {}, scripts: {} }),
  redis.createClient({ commandOptions: { typeMapping: { [redis.RESP_TYPES.BLOB_STRING]: Buffer } } }),
  redis.createClientPool(),
  redis.createCluster(nodes),
  redis.createSentinel(sentinels),
  redis5.createClient(),
  redis5.createClient({ RESP: 3 }),
  redis5.createClientPool(),
  redis5.createCluster(nodes),
  redis5.createSentinel(sentinels),
  new Redis(),
  new Redis({ protocol: 2 }),
  new Cluster([{ host: 'localhost' }]),
  new Redis5(),
  new Cluster5([{ host: 'localhost' }]),
  new Valkey(),
  new ValkeyCluster([{ host: 'localhost' }]),
];

export const options: readonly RedisOptions[] = [
  { client: redis.createClient() },
  { client: () => new Redis() },
  { client: async (_request, { db }) => redis.createClient({ database: db }) },
  { pool: redis.createClientPool() },
  { pool: { min: 1, max: 4 }, library: 'redis' },
  { url: null, password: null, tls: { ca: 'PEM' } },
  // @ts-expect-error -- an object that is no client
  { client: { get: () => null } },
  // @ts-expect-error -- no such option
  { hots: 'localhost' },
];
