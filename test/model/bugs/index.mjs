import { clusterBugs } from './cluster.mjs';
import { cookieBugs } from './cookies.mjs';
import { endBugs } from './ends.mjs';
import { engineBugs } from './engine.mjs';
import { loginLimitBugs } from './login-limits.mjs';
import { memoryStoreBugs } from './memory-store.mjs';
import { overlappingBugs } from './overlapping.mjs';
import { redisStoreBugs } from './redis-store.mjs';
import { tokenBugs } from './tokens.mjs';

/**
 * Ways to break a promise: what the bug is, which clause of the consistency contract it breaks, over which
 * store that shows, and how to make it, as file, text that occurs there once, and what to put in its place.
 */
export const bugs = [
  ...engineBugs,
  ...overlappingBugs,
  ...cookieBugs,
  ...endBugs,
  ...tokenBugs,
  ...loginLimitBugs,
  ...memoryStoreBugs,
  ...redisStoreBugs,
  ...clusterBugs,
];
