import { afterAll, beforeAll } from 'vitest';
import { startCluster, type RedisCluster } from '../support/redis-cluster.ts';
import { CLUSTER_CLIENTS } from '../support/topology-clients.ts';
import { RedisEnvironment } from './redis-environment.ts';
import { modelSuite } from './suite.ts';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startCluster({ replicas: 0 });
});
afterAll(() => cluster?.stop());

/** Two workers as different as they can be, as on one server. */
async function open(): Promise<RedisEnvironment> {
  const [nodeRedis, ioredis] = [CLUSTER_CLIENTS['node-redis 6']!, CLUSTER_CLIENTS['ioredis 6']!];
  const clients = await Promise.all([nodeRedis(cluster), ioredis(cluster), nodeRedis(cluster)]);
  return new RedisEnvironment('cluster', clients);
}

modelSuite('cluster', open, { runs: 2500, pairs: false, steps: true });
