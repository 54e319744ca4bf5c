import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'vitest';
import { startCluster, type RedisCluster } from '../support/redis-cluster.ts';
import { CLUSTER_CLIENTS } from '../support/topology-clients.ts';
import { LOAD } from './crowd.ts';
import { closeAll, conclude, each, openSites, startAll, type Site } from './sites.ts';

let cluster: RedisCluster;
let sites: Site[] = [];

beforeEach(async () => {
  cluster = await startCluster({ masters: 3, replicas: 0 });
});
afterEach(async () => {
  await closeAll(sites.splice(0));
  await cluster?.stop();
});

/** The slots of owners who have sessions. */
async function usedSlots(): Promise<number[]> {
  const masters = await cluster.masters();
  const keys = (await Promise.all(masters.map((node) => node.cli('KEYS', 'session:{*}:owner')))).flat();
  const slots = await Promise.all(keys.map((key) => cluster.slotOf(String(key))));
  return [...new Set(slots)];
}

test('slots are moved under load, key by key: nothing is lost, and hardly a request fails', async () => {
  sites = await openSites(CLUSTER_CLIENTS, cluster);
  startAll(sites);
  await each(sites, (crowd) => crowd.work(100));
  const at = performance.now();
  let moved = 0;
  for (let round = 0; round < 2 * LOAD; round++) {
    for (const slot of await usedSlots()) {
      const from = await cluster.masterOf(slot);
      const to = (await cluster.masters()).find((node) => node !== from)!;
      const migration = await cluster.openMigration(slot, to);
      for (const key of await migration.keys()) await migration.move([key]);
      await migration.finish();
      moved += 1;
    }
  }
  const took = performance.now() - at;
  await each(sites, (crowd) => crowd.calm());
  await conclude(sites, {
    title: `${moved} slots moved`,
    at,
    excused: [],
    figures: { 'a slot took': `${Math.round(took / moved)} ms` },
  });
  for (const { crowd } of sites) assert.ok(crowd.failed <= crowd.served / 100, `${crowd.failed} requests failed`);
}, 90_000);
