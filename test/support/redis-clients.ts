import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import { Redis as Valkey } from 'iovalkey';
import { createClient, createClientPool } from 'redis';
import { createClient as createClient5, createClientPool as createClientPool5 } from 'redis5';
import type { RedisClient } from 'websauna-session/redis';

export interface GivenClient {
  readonly client: RedisClient;
  close(): Promise<unknown>;
}

interface NodeRedis {
  on(event: 'error', listener: (error: unknown) => void): unknown;
  connect(): Promise<unknown>;
  close(): unknown;
}

async function nodeRedis(client: NodeRedis & RedisClient): Promise<GivenClient> {
  client.on('error', () => {});
  await client.connect();
  return { client, close: async () => client.close() };
}

async function ioredis(client: Redis | Redis5 | Valkey): Promise<GivenClient> {
  client.on('error', () => {});
  return { client, close: () => client.quit() };
}

/** Every client library that is supported, connected by the application. */
export const GIVEN_CLIENTS: Readonly<Record<string, (url: string) => Promise<GivenClient>>> = {
  'node-redis 6': (url) => nodeRedis(createClient({ url })),
  'node-redis 6, RESP2': (url) => nodeRedis(createClient({ url, RESP: 2 })),
  'node-redis 6, pool': (url) => nodeRedis(createClientPool({ url })),
  'node-redis 5': (url) => nodeRedis(createClient5({ url })),
  'node-redis 5, RESP3, pool': (url) => nodeRedis(createClientPool5({ url, RESP: 3 })),
  'ioredis 6': (url) => ioredis(new Redis(url)),
  'ioredis 5': (url) => ioredis(new Redis5(url)),
  iovalkey: (url) => ioredis(new Valkey(url)),
};
