import { GIVEN_CLIENTS, type GivenClient } from '../support/redis-clients.ts';
import { CLUSTER_CLIENTS } from '../support/topology-clients.ts';
import type { Environment } from './environment.ts';
import { RedisEnvironment } from './redis-environment.ts';
import { searchWith, type Found, type Search, type Store } from './search.ts';

/** Where the servers listen. */
export interface Servers {
  readonly redis: string;
  readonly cluster: readonly string[];
}

/** Looks for a broken promise on Redis or on a Cluster. */
export async function search(what: Search, servers: Servers): Promise<Found> {
  return await searchWith(await openRedis(what.on, servers), what);
}

async function openRedis(on: Store, { redis, cluster }: Servers): Promise<Environment> {
  const one = GIVEN_CLIENTS['node-redis 6']!;
  const several = CLUSTER_CLIENTS['node-redis 6']!;
  const connect = (): Promise<GivenClient> => (on === 'redis' ? one(redis) : several({ urls: cluster }));
  const clients = await Promise.all([connect(), connect(), connect()] as const);
  const environment = new RedisEnvironment(on, clients);
  await environment.pass(0);
  return environment;
}
