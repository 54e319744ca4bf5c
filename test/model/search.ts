import { GIVEN_CLIENTS, type GivenClient } from '../support/redis-clients.ts';
import { CLUSTER_CLIENTS } from '../support/topology-clients.ts';
import { allCrossings, allLives, allPairs, allRivals } from './all-pairs.ts';
import { exploreInEveryOrder, exploreRandomly, type Explored, type Finding } from './explore.ts';
import { MemoryEnvironment } from './memory-environment.ts';
import { RedisEnvironment } from './redis-environment.ts';
import type { Environment } from './environment.ts';

/** What was found, and after how many interleavings. */
export interface Hunted {
  readonly finding: Finding | null;
  readonly interleavings: number;
}

/** Where the servers listen. */
export interface Grounds {
  readonly redis: string;
  readonly cluster: readonly string[];
}

/**
 * Looks for a broken promise, always in the same places.
 * @param far also where it takes long?
 */
export async function hunt(on: 'memory' | 'redis' | 'cluster', grounds: Grounds, far: boolean): Promise<Hunted> {
  const explored: Explored = { interleavings: 0, counts: new Map() };
  const environment = on === 'memory' ? new MemoryEnvironment() : await redisEnvironment(on, grounds);
  try {
    const finding = await (on === 'cluster' ? huntAcrossSlots : huntEverywhere)(environment, explored, far);
    return { finding, interleavings: explored.interleavings };
  } finally {
    await environment.close();
  }
}

async function huntEverywhere(environment: Environment, explored: Explored, far: boolean): Promise<Finding | null> {
  const near =
    (await exploreInEveryOrder(environment, allLives(), explored)) ??
    (await exploreRandomly(environment, { runs: 300, seed: 1 }, explored))?.finding ??
    (await exploreInEveryOrder(environment, allRivals(), explored));
  if (near !== null || !far) return near;
  const pair = await exploreInEveryOrder(environment, allPairs(), explored);
  return pair ?? (await exploreRandomly(environment, { runs: 2500, seed: 2 }, explored))?.finding ?? null;
}

async function huntAcrossSlots(environment: Environment, explored: Explored, far: boolean): Promise<Finding | null> {
  const near = await exploreInEveryOrder(environment, allCrossings(), explored);
  if (near !== null || !far) return near;
  return (await exploreRandomly(environment, { runs: 1500, seed: 1 }, explored))?.finding ?? null;
}

async function redisEnvironment(on: 'redis' | 'cluster', { redis, cluster }: Grounds): Promise<Environment> {
  const one = GIVEN_CLIENTS['node-redis 6']!;
  const several = CLUSTER_CLIENTS['node-redis 6']!;
  const connect = (): Promise<GivenClient> => (on === 'redis' ? one(redis) : several({ urls: cluster }));
  const clients = await Promise.all([connect(), connect(), connect()] as const);
  return new RedisEnvironment(on, clients);
}
