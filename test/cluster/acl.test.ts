import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Cluster } from 'ioredis';
import { createCluster } from 'redis';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { startCluster, type RedisCluster } from '../support/redis-cluster.ts';
import type { GivenClient } from '../support/redis-clients.ts';
import { ioredis, nodeRedis } from '../support/topology-clients.ts';
import { Jar, visit } from '../support/visit.ts';

const [username, password] = ['websauna', 'a-long-password'];
const text = readFileSync(new URL('../../docs/deployment.md', import.meta.url), 'utf8');
/** What the documentation has an administrator type. */
const documented = /^ACL SETUSER [^`]+/m.exec(text)![0].trim().split(/\s+/);

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startCluster({ masters: 2, replicas: 0 });
});
afterAll(() => cluster?.stop());

const CLIENTS: Record<string, { extra: string[]; connect: () => Promise<GivenClient> }> = {
  'node-redis 6': {
    extra: ['+scan', '+cluster|slots', '+asking'],
    connect: () =>
      nodeRedis(createCluster({ rootNodes: cluster.urls.map((url) => ({ url })), defaults: { username, password } })),
  },
  'ioredis 6': {
    extra: ['+scan', '+cluster|slots', '+asking', '+cluster|info'],
    connect: () =>
      ioredis(new Cluster(cluster.urls, { redisOptions: { username, password, enableReadyCheck: false } })),
  },
};

describe.each(Object.entries(CLIENTS))('the documented ACL is enough: %s', (_, { extra, connect }) => {
  test('for requests, owners and tools, and while a slot moves', async () => {
    for (const word of extra) assert.ok(text.includes(`\`${word}\``), `the documentation does not name ${word}`);
    for (const node of cluster.nodes) await node.cli(...documented, ...extra);
    const given = await connect();
    const factory = createSessionFactory({
      secret: 'a secret of those who may do little',
      redis: { client: given.client },
      touchInterval: 0,
      maxSessionsPerOwner: 2,
    });
    const jar = new Jar();
    await visit(factory, jar, (session) => session.set('cart', 1));
    await visit(factory, jar, (session) => session.login('alice', { index: { sid: 'one' } }));
    await visit(factory, jar, (session) => session.rotate());
    await visit(factory, jar, (session) => session.flash('hello'));
    await visit(factory, jar, (session) => session.takeFlash());
    await visit(factory, jar, (session) => session.update('n', (n) => Number(n ?? 0) + 1));
    for (let i = 0; i < 3; i++) await visit(factory, new Jar(), (session) => session.login('alice'));
    await visit(factory, jar, (session) => session.login('bob', { index: { sid: 'one' } }));
    assert.equal((await factory.owners.list('alice')).length, 2);
    const moved = await beginToMove();
    await visit(factory, jar, (session) => session.set('cart', 2));
    assert.equal((await factory.owners.list('bob')).length, 1);
    await moved.finish();
    let scanned = 0;
    for await (const { owner } of factory.sessions.scan()) scanned += owner === null ? 0 : 1;
    assert.equal(scanned, 3);
    assert.equal(await factory.owners.revokeBy('sid', 'one'), 1);
    assert.equal(await factory.owners.revoke('alice'), 2);
    await given.close();
  });
});

/** Moves the keys of the owner who logged in last, but not yet their slot. */
async function beginToMove() {
  const keys = (await Promise.all(cluster.nodes.map((node) => node.cli('KEYS', 'session:{*}:owner')))).flat();
  const counts = await Promise.all(keys.map(async (key) => await cluster.cli(String(key), 'ZCARD', String(key))));
  const slot = await cluster.slotOf(String(keys[counts.indexOf(1)]));
  const from = await cluster.masterOf(slot);
  const migration = await cluster.openMigration(
    slot,
    cluster.nodes.find((node) => node !== from)!,
  );
  await migration.move();
  return migration;
}
