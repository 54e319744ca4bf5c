import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCluster, type RedisCluster } from './redis-cluster.ts';
import { startSentinel } from './redis-sentinel.ts';
import { waitFor } from './wait-for.ts';

describe('a cluster without replicas', () => {
  let made: RedisCluster;
  beforeAll(async () => {
    made = await startCluster({ masters: 3, replicas: 0 });
  });
  afterAll(() => made?.stop());

  test('a cluster serves every slot, and says who has it', async () => {
    const masters = await made.masters();
    expect(masters).toHaveLength(3);
    const slot = await made.slotOf('key');
    const master = await made.masterOf(slot);
    expect(await master.cli('SET', 'key', 'value')).toBe('OK');
    const other = masters.find((node) => node !== master)!;
    await expect(other.cli('GET', 'key')).rejects.toThrow(`MOVED ${slot} 127.0.0.1:${master.port}`);
  });

  test('a slot moves with its keys, one by one if need be', async () => {
    const slot = await made.slotOf('{indexKey}');
    const from = await made.masterOf(slot);
    for (const name of ['a', 'b', 'c']) await from.cli('SET', `{indexKey}:${name}`, name);
    const to = (await made.masters()).find((node) => node !== from)!;
    const migration = await made.openMigration(slot, to);
    await migration.move(['{indexKey}:b']);
    expect((await migration.keys()).toSorted()).toEqual(['{indexKey}:a', '{indexKey}:c']);
    await expect(from.cli('GET', '{indexKey}:b')).rejects.toThrow(`ASK ${slot}`);
    await migration.finish();
    expect(await made.masterOf(slot)).toBe(to);
    expect(await to.cli('MGET', '{indexKey}:a', '{indexKey}:b', '{indexKey}:c')).toEqual(['a', 'b', 'c']);
  });
});

test.concurrent('a cluster replaces a master that crashed, and takes it back as a replica', async ({
  onTestFinished,
}) => {
  const made = await startCluster({ masters: 3, replicas: 3 });
  onTestFinished(() => made.stop());
  const slot = await made.slotOf('key');
  const master = await made.masterOf(slot);
  await master.cli('SET', 'key', 'value');
  await made.copied();
  const [replica] = await made.replicasOf(master);
  await made.kill(master);
  await made.healthy();
  expect(await made.masterOf(slot)).toBe(replica);
  expect(await replica!.cli('GET', 'key')).toBe('value');
  await master.restart();
  await waitFor('the old master to follow', async () => (await made.replicasOf(replica!)).includes(master));
});

test.concurrent('sentinels promote a replica on command, and when the master crashes', async ({ onTestFinished }) => {
  const made = await startSentinel();
  onTestFinished(() => made.stop());
  const first = await made.master();
  await first.cli('SET', 'key', 'value');
  await made.copied();
  const second = await made.failover();
  expect(second).not.toBe(first);
  expect(await second.cli('GET', 'key')).toBe('value');
  await made.whole();
  expect(await made.killMaster()).toBe(second);
  expect(await made.successorOf(second)).toBe(first);
  expect(await first.cli('GET', 'key')).toBe('value');
});
