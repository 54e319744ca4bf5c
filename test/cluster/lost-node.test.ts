import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'vitest';
import { driverFor } from '../../src/stores/redis/clients/detect.ts';
import { ResilientDriver } from '../../src/stores/redis/connection/resilient-driver.ts';
import { startCluster, type RedisCluster } from '../support/redis-cluster.ts';
import type { GivenClient } from '../support/redis-clients.ts';
import { CLUSTER_CLIENTS } from '../support/topology-clients.ts';
import { waitFor } from '../support/wait-for.ts';
import { WRITE } from './write-script.ts';

/** Seconds. */
const TIMEOUT = 3;

let cluster: RedisCluster;
beforeEach(async () => {
  cluster = await startCluster({ replicas: 0, config: { 'cluster-require-full-coverage': 'no' } });
});
afterEach(() => cluster?.stop());

describe.each(Object.entries(CLUSTER_CLIENTS))('a node of a cluster is lost: %s', (name, connect) => {
  let given: GivenClient;
  let driver: ResilientDriver;
  beforeEach(async () => {
    given = await connect(cluster);
    driver = new ResilientDriver(driverFor(given.client), { timeout: TIMEOUT });
  });
  afterEach(async () => {
    await driver?.close();
    await given?.close();
  });

  const write = (key: string): Promise<unknown> => driver.evaluate(WRITE, [key], ['field', 'value'], false);

  test('other nodes serve; its own keys fail at once, are not written later, and work when it is back', async () => {
    const victim = await cluster.masterOf(await cluster.slotOf('lost'));
    await write('lost');
    await cluster.kill(victim);
    await waitFor('the client to notice', () =>
      write('lost').then(
        () => false,
        () => true,
      ),
    );
    const start = performance.now();
    const errors = await Promise.all(
      Array.from({ length: 20 }, () =>
        write('lost').then(
          () => 'written',
          (error: unknown) => error,
        ),
      ),
    );
    const took = performance.now() - start;
    for (const error of errors) assert.ok(error instanceof Error, String(error));
    // ioredis tries for a while before it gives up; node-redis would queue, and wait.
    if (name.startsWith('node-redis')) assert.ok(took < 500, `it took ${took} ms`);
    const others = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    for (const key of others) {
      if ((await cluster.masterOf(await cluster.slotOf(key))) !== victim) assert.deepEqual(await write(key), [1]);
    }
    await victim.restart();
    await cluster.healthy();
    await waitFor('the node to be used again', () => write('back{lost}').then(() => true));
    assert.equal(await victim.cli('EXISTS', 'lost'), 0);
  });
});
