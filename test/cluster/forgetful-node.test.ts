import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { driverFor } from '../../src/stores/redis/clients/detect.ts';
import { ResilientDriver } from '../../src/stores/redis/connection/resilient-driver.ts';
import { startCluster } from '../support/redis-cluster.ts';
import type { GivenClient } from '../support/redis-clients.ts';
import { parseInfo, startRedis, type RedisServer } from '../support/redis-server.ts';
import { startProxy } from '../support/tcp-proxy.ts';
import { CLUSTER_CLIENTS } from '../support/topology-clients.ts';
import { waitFor } from '../support/wait-for.ts';
import { WRITE } from './write-script.ts';

const CLUSTER = { 'cluster-enabled': 'yes', 'cluster-announce-ip': '127.0.0.1' };
const KEYS = Array.from({ length: 30 }, (_, index) => `key ${index}`);

/** A cluster of one node. */
let whole: RedisServer;
beforeAll(async () => {
  whole = await startRedis({ config: CLUSTER });
  await whole.cli('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await waitFor('the node to serve', async () =>
    String(await whole.cli('CLUSTER', 'INFO')).includes('cluster_state:ok'),
  );
});
afterAll(() => whole?.stop());

/** Calls back when a test has finished, the last one first. */
type Finished = (end: () => Promise<void>) => void;

/** Connections to a server, since it was started. */
async function connectionsTo(node: RedisServer): Promise<number> {
  return Number(parseInfo(String(await node.cli('INFO', 'stats'))).get('total_connections_received'));
}

/** Returns a write over a client, and closes both when the test has finished. */
function writerFor({ client, close }: GivenClient, finished: Finished): (key: string) => Promise<unknown> {
  const driver = new ResilientDriver(driverFor(client), { timeout: 1 });
  finished(async () => void (await close()));
  finished(() => driver.close());
  return (key) => driver.evaluate(WRITE, [key], ['field', 'value'], false);
}

const written = (write: (key: string) => Promise<unknown>): Promise<boolean> =>
  Promise.all(KEYS.map(write)).then(() => true);

// Every test has nodes of its own, and most of what they do is wait.
describe.concurrent.each(Object.entries(CLUSTER_CLIENTS))('a node that knows no cluster: %s', (name, connect) => {
  test('a master is taken out of the cluster while the client is connected to it: its successor is found', async ({
    onTestFinished,
  }) => {
    const cluster = await startCluster({ masters: 1 });
    onTestFinished(() => cluster.stop());
    const write = writerFor(await connect(cluster), onTestFinished);
    await written(write);
    const [old] = await cluster.masters();
    const [successor] = await cluster.replicasOf(old!);
    await successor!.cli('CLUSTER', 'FAILOVER', 'TAKEOVER');
    await waitFor('the old master to follow', async () => String(await old!.cli('ROLE')).startsWith('slave'));
    await old!.cli('CLUSTER', 'RESET', 'HARD');
    await waitFor('the successor to be found', () => written(write));
    assert.equal(await old!.cli('DBSIZE'), 0);
    assert.equal(await successor!.cli('DBSIZE'), KEYS.length);
  });

  test('a client that connected before the cluster was formed is of use once it is', async ({ onTestFinished }) => {
    const node = await startRedis({ config: CLUSTER });
    onTestFinished(() => node.stop());
    const connecting = connect({ urls: [node.url] });
    // ioredis waits until it is.
    const early = name.startsWith('node-redis') ? writerFor(await connecting, onTestFinished) : undefined;
    if (early !== undefined) await assert.rejects(early('key'), { code: 'ERR_SESSION_STORE_UNAVAILABLE' });
    await node.cli('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    const write = early ?? writerFor(await connecting, onTestFinished);
    await waitFor('the slots to be found', () => written(write));
  });
});

describe.each(Object.entries(CLUSTER_CLIENTS))('a client that is closed: %s', (name, connect) => {
  test('a client that the application has closed is not opened again', async ({ onTestFinished }) => {
    const given = await connect({ urls: [whole.url] });
    const write = writerFor({ ...given, close: async () => {} }, onTestFinished);
    // Works at once, so that the client does not look for nodes while it is closed.
    await written(write);
    await given.close();
    const before = await connectionsTo(whole);
    // For as long as it takes until a cluster that was asked a moment ago may be asked again.
    const end = performance.now() + 500;
    while (performance.now() < end) {
      await assert.rejects(write('key'), { code: 'ERR_SESSION_STORE_UNAVAILABLE' });
      assert.equal(await connectionsTo(whole), before);
      // At a pace that leaves the processors to others.
      await setTimeout(5);
    }
  });

  test('a client that is closed while it looks for nodes leaves no connection open', async ({ onTestFinished }) => {
    const proxy = await startProxy(whole);
    onTestFinished(() => proxy.close());
    await whole.cli('CONFIG', 'SET', 'cluster-announce-port', String(proxy.port));
    onTestFinished(async () => void (await whole.cli('CONFIG', 'SET', 'cluster-announce-port', '0')));
    const given = await connect({ urls: [proxy.url] });
    const write = writerFor({ ...given, close: async () => {} }, onTestFinished);
    await written(write);
    const asked = proxy.holdAt('SLOTS');
    driverFor(given.client).refreshTopology!();
    const release = await asked;
    const { accepted } = proxy;
    await given.close();
    release();
    // node-redis connects to the nodes of the answer all the same.
    if (name.startsWith('node-redis')) await waitFor('another connection', () => proxy.accepted > accepted);
    await waitFor('the connections to be closed', () => proxy.connections === 0);
    await assert.rejects(write('key'), { code: 'ERR_SESSION_STORE_UNAVAILABLE' });
    assert.equal(proxy.connections, 0);
  });
});
