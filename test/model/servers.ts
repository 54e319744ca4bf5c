import { startCluster, type RedisCluster } from '../support/redis-cluster.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import type { Servers } from './search-servers.ts';

let redis: RedisServer | undefined;
let cluster: RedisCluster | undefined;

/** Starts the servers to search on; they end with this process at the latest. */
export async function open(): Promise<Servers> {
  redis = await startRedis();
  cluster = await startCluster({ replicas: 0 });
  return { redis: redis.url, cluster: cluster.urls };
}

export async function close(): Promise<void> {
  await Promise.all([redis?.stop(), cluster?.stop()]);
}
