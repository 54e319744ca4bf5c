import { Cluster, Redis } from 'ioredis';
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5';
import { Cluster as ValkeyCluster, Redis as Valkey } from 'iovalkey';
import { createCluster, createSentinel } from 'redis';
import { createCluster as createCluster5, createSentinel as createSentinel5 } from 'redis5';
import type { RedisClient } from 'websauna-session/redis';
import type { GivenClient } from './redis-clients.ts';
import type { RedisSentinel } from './redis-sentinel.ts';
import { waitFor } from './wait-for.ts';

interface NodeRedis {
  on(event: 'error', listener: (error: unknown) => void): unknown;
  connect(): Promise<unknown>;
  destroy(): unknown;
}

/** Connects a client of node-redis. */
export async function nodeRedis(client: NodeRedis & RedisClient): Promise<GivenClient> {
  client.on('error', () => {});
  await client.connect();
  return { client, close: async () => client.destroy() };
}

interface Ioredis {
  readonly status: string;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  disconnect(): void;
}

/** Waits until a client of ioredis is connected. */
export async function ioredis(client: Ioredis & RedisClient): Promise<GivenClient> {
  client.on('error', () => {});
  await waitFor('the client to be ready', () => client.status === 'ready');
  return { client, close: async () => client.disconnect() };
}

export type ConnectTo<Topology> = (topology: Topology) => Promise<GivenClient>;

/** Where clients of a cluster begin. */
interface Beginning {
  readonly urls: readonly string[];
}

const rootNodes = ({ urls }: Beginning): { url: string }[] => urls.map((url) => ({ url }));

/** Every client of a cluster that is supported, connected by the application. */
export const CLUSTER_CLIENTS: Readonly<Record<string, ConnectTo<Beginning>>> = {
  'node-redis 6': (cluster) => nodeRedis(createCluster({ rootNodes: rootNodes(cluster) })),
  'node-redis 5': (cluster) => nodeRedis(createCluster5({ rootNodes: rootNodes(cluster) })),
  'ioredis 6': ({ urls }) => ioredis(new Cluster([...urls])),
  'ioredis 5': ({ urls }) => ioredis(new Cluster5([...urls])),
  iovalkey: ({ urls }) => ioredis(new ValkeyCluster([...urls])),
};

/**
 * Every client that finds its master by sentinels, connected by the application. ioredis listens to what they
 * announce only with it: without it, it keeps using a demoted master until that node learns that it was demoted.
 */
export const SENTINEL_CLIENTS: Readonly<Record<string, ConnectTo<RedisSentinel>>> = {
  'node-redis 6': ({ name, addresses }) => nodeRedis(createSentinel({ name, sentinelRootNodes: addresses })),
  'node-redis 5': ({ name, addresses }) => nodeRedis(createSentinel5({ name, sentinelRootNodes: addresses })),
  'ioredis 6': ({ name, addresses }) => ioredis(new Redis({ name, sentinels: addresses, failoverDetector: true })),
  'ioredis 5': ({ name, addresses }) => ioredis(new Redis5({ name, sentinels: addresses, failoverDetector: true })),
  iovalkey: ({ name, addresses }) => ioredis(new Valkey({ name, sentinels: addresses, failoverDetector: true })),
};
