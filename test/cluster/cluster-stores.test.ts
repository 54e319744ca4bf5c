import { afterAll, beforeAll, describe, test } from 'vitest';
import { createRedisStore, type RedisStore } from 'websauna-session/redis';
import { storeContract } from 'websauna-session/testing';
import { EVERY_CAPABILITY } from '../support/capabilities.ts';
import { startCluster, type RedisCluster } from '../support/redis-cluster.ts';
import type { GivenClient } from '../support/redis-clients.ts';
import { redisHarness } from '../support/redis-harness.ts';
import { CLUSTER_CLIENTS } from '../support/topology-clients.ts';

const PREFIX = 'contract:';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startCluster({ replicas: 0 });
});
afterAll(() => cluster?.stop());

for (const [name, connect] of Object.entries(CLUSTER_CLIENTS)) {
  describe(`store contract: Cluster, ${name}`, () => {
    let given: GivenClient;
    let store: RedisStore;
    beforeAll(async () => {
      // Scans would go through what other clients have left.
      for (const master of await cluster.masters()) await master.cli('FLUSHALL');
      given = await connect(cluster);
      store = createRedisStore({ client: given.client, prefix: PREFIX, socketTimeout: 20, publishEnds: true });
    });
    afterAll(async () => {
      await store?.close();
      await given?.close();
    });
    for (const { title, run } of storeContract(EVERY_CAPABILITY))
      test(title, () => run(redisHarness(store, PREFIX, (...command) => cluster.cli(...command))));
  });
}
