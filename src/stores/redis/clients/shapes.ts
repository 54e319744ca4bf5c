/**
 * The methods that are used of a node-redis client, version 5 or newer, as `createClient`, `createClientPool`,
 * `createCluster` and `createSentinel` return it. Connect it before the first request, and listen to its
 * `error` events.
 */
export interface NodeRedisLike {
  hGetAll(key: string): Promise<unknown>;
  sendCommand(...args: never[]): Promise<unknown>;
  withTypeMapping(mapping: object): unknown;
  ping(): Promise<unknown>;
}

/** The methods that are used of an ioredis client, version 5 or newer, or iovalkey: `Redis` and `Cluster`. */
export interface IoredisLike {
  hgetall(key: string): Promise<Record<string, string>>;
  hgetallBuffer(key: string): Promise<Record<string, Buffer>>;
  evalsha(sha: string, keys: number, ...args: (string | Buffer)[]): Promise<unknown>;
  eval(script: string, keys: number, ...args: (string | Buffer)[]): Promise<unknown>;
  /** Exists at run time, but not in the types of ioredis. */
  evalshaBuffer?(sha: string, keys: number, ...args: (string | Buffer)[]): Promise<unknown>;
  evalBuffer?(script: string, keys: number, ...args: (string | Buffer)[]): Promise<unknown>;
  ping(): Promise<unknown>;
  readonly status: string;
}

/** A Redis client of the application: any object with the methods of one of these. */
export type RedisClient = NodeRedisLike | IoredisLike;
