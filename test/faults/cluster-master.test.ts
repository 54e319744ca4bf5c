import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { startCluster, type RedisCluster } from '../support/redis-cluster.ts';
import { CLUSTER_CLIENTS } from '../support/topology-clients.ts';
import { Jar, visit } from '../support/visit.ts';
import { waitFor } from '../support/wait-for.ts';
import { closeAll, conclude, each, openSites, startAll, type Site } from './sites.ts';

let cluster: RedisCluster;
let sites: Site[] = [];

beforeEach(async () => {
  cluster = await startCluster({ masters: 3, replicas: 3 });
});
afterEach(async () => {
  await closeAll(sites.splice(0));
  await cluster?.stop();
});

async function open(): Promise<void> {
  sites = await openSites(CLUSTER_CLIENTS, cluster, { redis: { socketTimeout: 1 } });
  startAll(sites);
  await each(sites, (crowd) => crowd.work());
}

test('C10: after a crash of the master only what was not replicated is lost, and all clients recover', async () => {
  await open();
  const [victim] = await cluster.masters();
  const since = performance.now();
  await cluster.copied();
  const at = performance.now();
  await cluster.kill(victim!);
  await cluster.healthy();
  const whole = performance.now();
  await each(sites, (crowd) => crowd.calm());
  await conclude(sites, {
    title: 'a master of a cluster killed',
    at,
    excused: [{ since, until: at }],
    figures: {
      'cluster whole': `${Math.round(whole - at)} ms after it`,
      'not surely copied': `${Math.round(at - since)} ms`,
    },
  });
}, 90_000);

test('C10: when a master hangs, clients turn to its successor, and all acknowledgements are true', async () => {
  await open();
  const [victim] = await cluster.masters();
  const since = performance.now();
  await cluster.copied();
  const at = performance.now();
  cluster.pause(victim!);
  await cluster.healthy();
  const whole = performance.now();
  await each(sites, (crowd) => crowd.calm());
  const resumed = performance.now();
  cluster.resume(victim!);
  await waitFor('the old master to follow', async () => String(await victim!.cli('ROLE')).startsWith('slave'));
  const followed = performance.now();
  await each(sites, (crowd) => crowd.calm());
  await conclude(sites, {
    title: 'a master of a cluster hangs',
    at,
    excused: [
      { since, until: at },
      // It stays a master until another node informs it of the promotion.
      { since: resumed, until: followed + 500 },
    ],
    figures: {
      'cluster whole': `${Math.round(whole - at)} ms after it`,
      'goes on': `${Math.round(resumed - at)} ms after it`,
      'two masters for': `${Math.round(followed - resumed)} ms`,
    },
  });
}, 90_000);

test('an index that a failover, or anything else, has lost is complete again when its sessions were used', async () => {
  const [given] = Object.values(CLUSTER_CLIENTS);
  const { client, close } = await given!(cluster);
  const factory = createSessionFactory({
    secret: 'a secret of those who lose their index',
    redis: { client },
    touchInterval: 0,
  });
  const jars = [new Jar(), new Jar()];
  for (const jar of jars) await visit(factory, jar, (session) => session.login('alice'));
  const keys = (
    await Promise.all((await cluster.masters()).map((node) => node.cli('KEYS', 'session:{*}:owner')))
  ).flat();
  assert.equal(keys.length, 1);
  assert.equal(await cluster.cli(String(keys[0]), 'DEL', String(keys[0])), 1);
  assert.deepEqual(await factory.owners.list('alice'), []);
  for (const jar of jars) await visit(factory, jar, (session) => assert.equal(session.owner, 'alice'));
  assert.equal((await factory.owners.list('alice')).length, 2);
  assert.equal(await factory.owners.revoke('alice'), 2);
  await close();
});
