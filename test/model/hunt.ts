import { GIVEN_CLIENTS } from '../support/redis-clients.ts';
import { allLives, allPairs, allRivals } from './all-pairs.ts';
import { exploreInEveryOrder, exploreRandomly, type Explored, type Finding } from './explore.ts';
import { MemoryStage } from './memory-stage.ts';
import { RedisStage } from './redis-stage.ts';
import type { Stage } from './stage.ts';

/** What was found, and after how many interleavings. */
export interface Hunted {
  readonly finding: Finding | null;
  readonly interleavings: number;
}

/**
 * Looks for a broken promise, always in the same places.
 * @param far also where it takes long?
 */
export async function hunt(on: 'memory' | 'redis', url: string, far: boolean): Promise<Hunted> {
  const stage = on === 'memory' ? new MemoryStage() : await redisStage(url);
  const explored: Explored = { interleavings: 0, counts: new Map() };
  try {
    let finding =
      (await exploreInEveryOrder(stage, allLives(), explored)) ??
      (await exploreRandomly(stage, { runs: 300, seed: 1 }, explored))?.finding ??
      (await exploreInEveryOrder(stage, allRivals(), explored));
    if (far) {
      finding ??=
        (await exploreInEveryOrder(stage, allPairs(), explored)) ??
        (await exploreRandomly(stage, { runs: 2500, seed: 2 }, explored))?.finding ??
        null;
    }
    return { finding, interleavings: explored.interleavings };
  } finally {
    await stage.close();
  }
}

async function redisStage(url: string): Promise<Stage> {
  const connect = GIVEN_CLIENTS['node-redis 6']!;
  const clients = await Promise.all([connect(url), connect(url), connect(url)] as const);
  return new RedisStage('redis', clients);
}
