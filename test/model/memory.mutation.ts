import { expect, test } from 'vitest';
import { exploreRandomly, type Explored } from './explore.ts';
import { MemoryEnvironment } from './memory-environment.ts';

// A small part of what `memory.test.ts` explores, for mutation testing. Nothing is shrunk: that it fails is enough.
test.each(['basic', 'random'] as const)('some generated interleavings of %s plans', async (plans) => {
  const environment = new MemoryEnvironment();
  const explored: Explored = { interleavings: 0, counts: new Map() };
  const found = await exploreRandomly(environment, { plans, runs: 25, seed: 20_240_229 }, explored, false);
  expect(found?.finding.problem).toBeUndefined();
});
