import { afterAll, beforeAll } from 'vitest';
import session from 'websauna-session/express-session';
import { startCluster, type RedisCluster } from '../../support/redis-cluster.ts';
import type { GivenClient } from '../../support/redis-clients.ts';
import { CLUSTER_CLIENTS } from '../../support/topology-clients.ts';
import { adoptionSuite } from './adoption-suite.ts';

let cluster: RedisCluster;
let given: GivenClient;
beforeAll(async () => {
  cluster = await startCluster({ replicas: 0 });
  given = await CLUSTER_CLIENTS['node-redis 6']!(cluster);
}, 60_000);
afterAll(async () => {
  await given?.close();
  await cluster?.stop();
});

// The session moves to another slot.
adoptionSuite('Cluster', () =>
  session.createStore({ redis: { client: given.client, prefix: 'adoption:', socketTimeout: 30 } }),
);
