import assert from 'node:assert/strict';
import type { EventEmitter } from 'node:events';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { driverFor } from '../../src/stores/redis/clients/detect.ts';
import { ResilientDriver } from '../../src/stores/redis/connection/resilient-driver.ts';
import { startCluster, type RedisCluster } from '../support/redis-cluster.ts';
import type { GivenClient } from '../support/redis-clients.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { CLUSTER_CLIENTS } from '../support/topology-clients.ts';
import { waitFor } from '../support/wait-for.ts';
import { WRITE } from './write-script.ts';

/** Seconds. */
const TIMEOUT = 3;

interface Connected {
  readonly given: GivenClient;
  readonly driver: ResilientDriver;
  readonly write: (key: string) => Promise<unknown>;
}

let cluster: RedisCluster;
/** The node that is lost. */
let victim: RedisServer;
/** By name; all of them lose the node at the same time. */
const clients = new Map<string, Connected>();
const names = Object.keys(CLUSTER_CLIENTS);

beforeAll(async () => {
  cluster = await startCluster({ replicas: 0, config: { 'cluster-require-full-coverage': 'no' } });
  victim = await cluster.masterOf(await cluster.slotOf('lost'));
  for (const [name, connect] of Object.entries(CLUSTER_CLIENTS)) {
    const given = await connect(cluster);
    const driver = new ResilientDriver(driverFor(given.client), { timeout: TIMEOUT });
    const write = (key: string): Promise<unknown> => driver.evaluate(WRITE, [key], ['field', 'value'], false);
    clients.set(name, { given, driver, write });
  }
});
afterAll(async () => {
  for (const { given, driver } of clients.values()) {
    await driver.close();
    await given.close();
  }
  await cluster?.stop();
});

describe('a node of a cluster is lost', () => {
  beforeAll(async () => {
    for (const { write } of clients.values()) await write('lost');
    await cluster.kill(victim);
  });

  test.concurrent.each(names)('other nodes serve, and its own keys fail at once: %s', async (name) => {
    const { write } = clients.get(name)!;
    const fails = (): Promise<unknown> =>
      write('lost').then(
        () => false,
        (error: unknown) => error,
      );
    await waitFor('the client to notice', fails);
    const start = performance.now();
    const errors = await Promise.all(Array.from({ length: 20 }, fails));
    const took = performance.now() - start;
    for (const error of errors) assert.ok(error instanceof Error, String(error));
    // ioredis tries for a while before it gives up; node-redis would queue, and wait until the time is up.
    if (name.startsWith('node-redis')) assert.ok(took < (TIMEOUT * 1000) / 2, `it took ${took} ms`);
    const others = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    for (const key of others) {
      if ((await cluster.masterOf(await cluster.slotOf(key))) === victim) continue;
      if (name.startsWith('node-redis')) await write(key);
      // ioredis closes all of its connections when a node does not say in time which slots there are.
      else await waitFor('another node to serve', async () => (await write(key), true));
    }
  });
});

describe.each(names.filter((name) => name.startsWith('node-redis')))('a node that stays lost: %s', (name) => {
  test('a failed attempt to connect to it fails no command to another node', async () => {
    const { given, write } = clients.get(name)!;
    const others = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const owners = await Promise.all(others.map(async (key) => cluster.masterOf(await cluster.slotOf(key))));
    const other = others.find((_, index) => owners[index] !== victim)!;
    const emitter = given.client as unknown as EventEmitter;
    await new Promise((resolve, reject) => {
      emitter.once('node-error', () => void write(other).then(resolve, reject));
    });
  });
});

describe('a node of a cluster is back', () => {
  beforeAll(async () => {
    await victim.restart();
    await cluster.healthy();
  });

  test.each(names)('what failed without it is not written, and its keys work again: %s', async (name) => {
    const { write } = clients.get(name)!;
    await waitFor('the node to be used again', () => write(`${name}{lost}`).then(() => true));
    assert.equal(await victim.cli('EXISTS', 'lost'), 0);
  });
});
