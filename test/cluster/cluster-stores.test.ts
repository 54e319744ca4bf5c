import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { createRedisStore, type RedisStore } from 'websauna-session/redis';
import { storeContract, type StoreHarness } from 'websauna-session/testing';
import type { RecordKey } from 'websauna-session';
import { startCluster, type RedisCluster } from '../support/redis-cluster.ts';
import type { GivenClient } from '../support/redis-clients.ts';
import { CLUSTER_CLIENTS } from '../support/topology-clients.ts';

const PREFIX = 'contract:';

function nameOf({ handle, ownerHash }: RecordKey): string {
  return ownerHash === null ? `${PREFIX}${handle}` : `${PREFIX}{${ownerHash}}:${handle}`;
}

function harness(store: RedisStore, cluster: RedisCluster): StoreHarness {
  return {
    store,
    async assertEndsIn(key, seconds) {
      const left = Number(await cluster.cli(nameOf(key), 'PTTL', nameOf(key)));
      assert.ok(left > seconds * 1000 - 5000 && left <= seconds * 1000, `ends in ${left} ms, not in ${seconds} s`);
    },
    async expire(key) {
      assert.equal(await cluster.cli(nameOf(key), 'PEXPIRE', nameOf(key), '0'), 1);
    },
  };
}

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
      given = await connect(cluster);
      store = createRedisStore({ client: given.client, prefix: PREFIX });
    });
    afterAll(() => given?.close());
    for (const { title, run } of storeContract({ owners: true, scan: true }))
      test(title, () => run(harness(store, cluster)));
  });
}
