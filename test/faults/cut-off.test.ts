import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Cluster } from 'ioredis';
import { Cluster as Cluster5 } from 'ioredis5';
import { Cluster as ValkeyCluster } from 'iovalkey';
import { createCluster } from 'redis';
import { createCluster as createCluster5 } from 'redis5';
import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from 'vitest';
import { createSessionFactory, SessionError, type WebsaunaSession } from 'websauna-session';
import { scripts, type ScriptName } from '../../src/stores/redis/scripts.generated.ts';
import { startCluster, type RedisCluster } from '../support/redis-cluster.ts';
import { GIVEN_CLIENTS, type GivenClient } from '../support/redis-clients.ts';
import { MASTER_NAME, RedisSentinel } from '../support/redis-sentinel.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { ioredis, nodeRedis, SENTINEL_CLIENTS } from '../support/topology-clients.ts';
import { Jar, visit } from '../support/visit.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Factory } from './person.ts';

// The server does what it was asked for, and the connection breaks in the middle of its reply. Some client
// libraries then ask again by themselves, and would take the second reply for the first.

let single: RedisServer;
let cluster: RedisCluster;
let cuts = 0;
beforeAll(async () => {
  [single, cluster] = await Promise.all([startRedis(), startCluster({ masters: 1, replicas: 0 })]);
});
afterAll(async () => {
  console.log(`replies cut off: ${cuts}; each was a failure, and nothing was done twice`);
  await Promise.all([single?.stop(), cluster?.stop()]);
});

type Connect = (proxy: TcpProxy) => Promise<GivenClient>;

const DIRECT = Object.entries(GIVEN_CLIENTS).map(([name, connect]): [string, Connect] => [
  name,
  ({ url }) => connect(url),
]);

/** Clients that learn from a sentinel where the master is, which is where the proxy listens. */
const BY_SENTINEL = Object.entries(SENTINEL_CLIENTS).map(([name, connect]): [string, Connect] => [
  `${name} by a sentinel`,
  async ({ host, port }) => {
    const config = { 'sentinel monitor': `${MASTER_NAME} ${host} ${port} 1` };
    const watcher = await startRedis({ args: ['--sentinel'], config });
    const given = await connect(new RedisSentinel([], [watcher]));
    const close = async (): Promise<void> => {
      await given.close();
      await watcher.stop();
    };
    return { ...given, close };
  },
]);

/** Where clients find the proxy in place of the node of the cluster. */
const mapped = ({ host, port }: TcpProxy): Record<string, { host: string; port: number }> => ({
  [`127.0.0.1:${cluster.nodes[0]!.port}`]: { host, port },
});
const OF_CLUSTER: [string, Connect][] = [
  [
    'a cluster of node-redis 6',
    (proxy) => nodeRedis(createCluster({ rootNodes: [{ url: proxy.url }], nodeAddressMap: mapped(proxy) })),
  ],
  [
    'a cluster of node-redis 5',
    (proxy) => nodeRedis(createCluster5({ rootNodes: [{ url: proxy.url }], nodeAddressMap: mapped(proxy) })),
  ],
  ['a cluster of ioredis 6', (proxy) => ioredis(new Cluster([proxy.url], { natMap: mapped(proxy) }))],
  ['a cluster of ioredis 5', (proxy) => ioredis(new Cluster5([proxy.url], { natMap: mapped(proxy) }))],
  ['a cluster of iovalkey', (proxy) => ioredis(new ValkeyCluster([proxy.url], { natMap: mapped(proxy) }))],
];

describe.each([...DIRECT, ...BY_SENTINEL, ...OF_CLUSTER])('a reply is cut off: %s', (name, connect) => {
  const clustered = name.includes('cluster');
  let proxy: TcpProxy;
  let given: GivenClient;
  let factory: Factory;
  beforeEach(async () => {
    proxy = await startProxy(clustered ? cluster.nodes[0]! : single);
    given = await connect(proxy);
    factory = createSessionFactory({
      secret: 'a secret that is cut off in the middle',
      redis: { client: given.client },
    });
  });
  afterEach(async () => {
    await given?.close();
    await proxy?.close();
  });

  const act = <T>(jar: Jar, what: (session: WebsaunaSession) => T | Promise<T>): Promise<T> =>
    visit(factory, jar, what);

  /** The server carries it out, and no client learns of it. */
  async function cutOff(script: ScriptName, attempt: () => Promise<unknown>): Promise<void> {
    const sprung = proxy.cutAt('reply', scripts[script].sha);
    await assert.rejects(attempt, (error) => error instanceof SessionError && error.status === 503);
    await sprung;
    cuts += 1;
  }

  /** Once the client has connected again. */
  const again = async <T>(what: () => Promise<T>): Promise<T> =>
    (await waitFor('the client to be back', async () => ({ value: await what() }))).value;

  test('it is a failure, and what was done once is not done twice', async () => {
    const jar = new Jar();
    const owner = randomUUID();
    const increment = (): Promise<unknown> => act(jar, (session) => session.update('n', (n) => Number(n) + 1));
    await act(jar, (session) => session.set('n', 0));
    // The server knows all scripts before one of them is cut off.
    await increment();
    await act(jar, (session) => session.rotate());
    await act(new Jar(), (session) => session.login(owner));
    await factory.owners.revoke(owner);
    await cutOff('save', increment);
    assert.equal(await again(() => act(jar, (session) => session.get('n'))), 2);

    // A rotation that happened leads the old id to the new one.
    await cutOff(clustered ? 'deleteRotated' : 'rekey', () => act(jar, (session) => session.rotate()));
    assert.equal(await again(() => act(jar, (session) => session.get('n'))), 2);

    await cutOff('create', () => act(new Jar(), (session) => session.login(owner)));
    assert.equal((await again(() => factory.owners.list(owner))).length, 1);
    await cutOff('revoke', () => factory.owners.revoke(owner));
    assert.deepEqual(await again(() => factory.owners.list(owner)), []);
  });
});
