import { Cluster as IoredisCluster, Redis as Ioredis } from 'ioredis';
import { Redis as Ioredis5 } from 'ioredis5';
import { Redis as Iovalkey } from 'iovalkey';
import { createClient, createClientPool, createCluster, createSentinel } from 'redis';
import {
  createClient as createClient5,
  createClientPool as createClientPool5,
  createCluster as createCluster5,
  createSentinel as createSentinel5,
} from 'redis5';
import type { RedisClient } from '../../../src/stores/redis/clients/shapes.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { waitFor } from '../../support/wait-for.ts';

export interface Connected {
  readonly client: RedisClient;
  /** Whether the client is connected. */
  isReady(): boolean;
  end(): unknown;
}

/** Where a client connects to. */
export type Address = Pick<RedisServer, 'url' | 'host' | 'port'>;

export interface ClientKind {
  readonly name: string;
  readonly cluster: boolean;
  readonly database?: number;
  connect(server: Address): Promise<Connected>;
}

interface NodeRedisClient {
  readonly isOpen: boolean;
  readonly isReady?: boolean;
  on(event: 'error', listener: () => void): unknown;
  connect(): Promise<unknown>;
  close(): Promise<unknown> | void;
}

async function nodeRedis(client: RedisClient & NodeRedisClient): Promise<Connected> {
  client.on('error', () => {});
  await client.connect();
  return { client, isReady: () => client.isReady ?? client.isOpen, end: () => client.close() };
}

interface IoredisClient {
  readonly status: string;
  on(event: 'error', listener: () => void): unknown;
  disconnect(): void;
}

async function ioredis(client: RedisClient & IoredisClient): Promise<Connected> {
  client.on('error', () => {});
  await waitFor('the client to be ready', () => client.status === 'ready');
  return { client, isReady: () => client.status === 'ready', end: () => client.disconnect() };
}

type CreateSentinel = (options: {
  name: string;
  sentinelRootNodes: { host: string; port: number }[];
  nodeClientOptions: { database: number };
}) => RedisClient & NodeRedisClient;

async function sentinel(create: CreateSentinel, { host, port }: Address, database = 0): Promise<Connected> {
  const watcher = await startRedis({ args: ['--sentinel'], config: { sentinel: `monitor main ${host} ${port} 1` } });
  const connected = await nodeRedis(
    create({ name: 'main', sentinelRootNodes: [{ host, port: watcher.port }], nodeClientOptions: { database } }),
  );
  const end = async (): Promise<void> => {
    await connected.end();
    await watcher.stop();
  };
  return { ...connected, end };
}

/** A client without a member that is not documented, as a later version may be. */
function withoutMember<Client extends object>(client: Client, name: string): Client {
  return new Proxy(client, {
    has: (target, key) => key !== name && key in target,
    get(target, key) {
      const member: unknown = key === name ? undefined : Reflect.get(target, key, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

function nodesOf(server: Address): { rootNodes: { url: string }[] } {
  return { rootNodes: [{ url: server.url }] };
}

const standalone: readonly [string, (server: Address) => Promise<Connected>][] = [
  ['node-redis 6', async ({ url }) => nodeRedis(createClient({ url }))],
  ['node-redis 6 over RESP2', async ({ url }) => nodeRedis(createClient({ url, RESP: 2 }))],
  ['a pool of node-redis 6', async ({ url }) => nodeRedis(createClientPool({ url }, { maximum: 3 }))],
  [
    'node-redis 6 that maps replies to its own taste',
    async ({ url }) =>
      nodeRedis(createClient({ url, commandOptions: { typeMapping: { 36: Buffer, 37: Map, 58: String } } })),
  ],
  ['node-redis 5', async ({ url }) => nodeRedis(createClient5({ url }))],
  ['node-redis 5 over RESP3', async ({ url }) => nodeRedis(createClient5({ url, RESP: 3 }))],
  ['a pool of node-redis 5', async ({ url }) => nodeRedis(createClientPool5({ url }, { maximum: 3 }))],
  ['node-redis 6 by a sentinel', async (server) => sentinel(createSentinel, server)],
  ['node-redis 5 by a sentinel', async (server) => sentinel(createSentinel5, server)],
  [
    'node-redis 6 by a sentinel that does not show its master',
    async (server) => sentinel((options) => withoutMember(createSentinel(options), '_execute'), server),
  ],
  ['ioredis 6', async ({ url }) => ioredis(new Ioredis(url))],
  ['ioredis 6 over RESP2', async ({ url }) => ioredis(new Ioredis(url, { protocol: 2 }))],
  ['ioredis 6 with automatic pipelines', async ({ url }) => ioredis(new Ioredis(url, { enableAutoPipelining: true }))],
  ['ioredis 5', async ({ url }) => ioredis(new Ioredis5(url))],
  ['iovalkey', async ({ url }) => ioredis(new Iovalkey(url))],
];

const clustered: readonly [string, (server: Address) => Promise<Connected>][] = [
  ['a cluster of node-redis 6', async (server) => nodeRedis(createCluster(nodesOf(server)))],
  ['a cluster of node-redis 5', async (server) => nodeRedis(createCluster5(nodesOf(server)))],
  ['a cluster of ioredis 6', async ({ url }) => ioredis(new IoredisCluster([url]))],
];

/** All kinds of clients that applications give. */
export const kinds: readonly ClientKind[] = [
  ...standalone.map(([name, connect]) => ({ name, cluster: false, connect })),
  ...clustered.map(([name, connect]) => ({ name, cluster: true, connect })),
];

/**
 * Clients in database 1, which select it whenever they connect: a command of a handshake that every server
 * answers with OK. Redis before 7.2 refuses what they say about themselves.
 */
export const selecting: readonly ClientKind[] = (
  [
    ['node-redis 6', async ({ url }) => nodeRedis(createClient({ url, database: 1 }))],
    ['a pool of node-redis 6', async ({ url }) => nodeRedis(createClientPool({ url, database: 1 }))],
    ['node-redis 5', async ({ url }) => nodeRedis(createClient5({ url, database: 1 }))],
    ['a pool of node-redis 5', async ({ url }) => nodeRedis(createClientPool5({ url, database: 1 }))],
    ['node-redis 6 by a sentinel', async (server) => sentinel(createSentinel, server, 1)],
    ['node-redis 5 by a sentinel', async (server) => sentinel(createSentinel5, server, 1)],
    ['ioredis 6', async ({ url }) => ioredis(new Ioredis(url, { db: 1 }))],
    ['ioredis 5', async ({ url }) => ioredis(new Ioredis5(url, { db: 1 }))],
  ] as readonly [string, (server: Address) => Promise<Connected>][]
).map(([name, connect]) => ({ name: `${name} in database 1`, cluster: false, database: 1, connect }));

/** A cluster of one node, which has all slots. */
export async function startCluster(): Promise<RedisServer> {
  const server = await startRedis({ config: { 'cluster-enabled': 'yes', 'cluster-announce-ip': '127.0.0.1' } });
  await server.cli('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await waitFor('the cluster to be up', async () =>
    String(await server.cli('CLUSTER', 'INFO')).includes('cluster_state:ok'),
  );
  return server;
}
