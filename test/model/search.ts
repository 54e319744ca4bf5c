import type { Environment } from './environment.ts';
import * as enumeratedPlans from './enumerated-plans.ts';
import { exploreInEveryOrder, exploreRandomly, type Explored, type Finding } from './explore.ts';

/** What was found, and where: after how many interleavings. */
export interface Found {
  readonly finding: Finding | null;
  readonly place: Place | null;
  readonly interleavings: number;
}

export type Store = 'memory' | 'redis' | 'cluster';

/**
 * Names a set of enumerated plans, or `random` or `basic` and a seed; and, behind a colon, one of them: by its number, or by the path
 * of a generated plan.
 */
export type Place = keyof typeof enumeratedPlans | `${'random' | 'basic'} ${number}` | `${string}:${string}`;

export interface Search {
  readonly on: Store;
  /** What is looked at first, such as where it was found the last time. */
  readonly hints: readonly Place[];
  /** Whether to look elsewhere, too. */
  readonly elsewhere: boolean;
  /** Whether to take from what is found all that it does not need. */
  readonly shrinks: boolean;
}

/** Where broken promises are looked for, in this order. */
const PLACES: Readonly<Record<Store, readonly Place[]>> = {
  memory: [
    ...([
      'severalCookies',
      'sharedResponses',
      'lifetimes',
      'lateSteps',
      'repeatedEnds',
      'slowRequests',
      'rivalLogins',
    ] as const),
    ...(['loginLimits', 'endlessSessions', 'shortenedLimits'] as const),
    ...(['explainedEnds', 'reusedIds', 'otherKinds', 'nativeClients'] as const),
    ...([
      'authenticationChanges',
      'basic 1',
      'random 1',
      'deployments',
      'lostResponses',
      'requestPairs',
      'operationPairs',
    ] as const),
    'basic 2',
    'random 2',
  ],
  redis: [
    'lifetimes',
    'loginLimits',
    'basic 1',
    'random 1',
    'rivalLogins',
    'explainedEnds',
    'requestPairs',
    'basic 2',
    'random 2',
  ],
  cluster: ['slotCrossings', 'basic 1', 'random 1'],
};

const RUNS: Readonly<Record<Store, number>> = { memory: 1500, redis: 600, cluster: 1500 };

/** Looks for a broken promise, always in the same places and in the same order. Closes the environment. */
export async function searchWith(environment: Environment, { on, hints, elsewhere, shrinks }: Search): Promise<Found> {
  const explored: Explored = { interleavings: 0, counts: new Map() };
  try {
    for (const place of new Set([...hints, ...(elsewhere ? PLACES[on] : [])])) {
      const found = await searchIn(environment, place, RUNS[on], explored, shrinks);
      if (found !== null) return { ...found, interleavings: explored.interleavings };
    }
    return { finding: null, place: null, interleavings: explored.interleavings };
  } finally {
    await environment.close();
  }
}

async function searchIn(
  environment: Environment,
  place: Place,
  runs: number,
  explored: Explored,
  shrinks: boolean,
): Promise<{ finding: Finding; place: Place } | null> {
  const [set, one] = place.split(':') as [string, string?];
  const [name, seed] = set.split(' ') as [keyof typeof enumeratedPlans | 'random' | 'basic', string?];
  if (name === 'random' || name === 'basic') {
    const which = { plans: name, seed: Number(seed) };
    const random = one === undefined ? { ...which, runs } : { ...which, runs: 1, path: one };
    const found = await exploreRandomly(environment, random, explored, shrinks);
    return found && { finding: found.finding, place: `${name} ${seed}:${found.path}` };
  }
  // oxlint-disable-next-line import/namespace -- the name of a set is one of those
  const enumerate = enumeratedPlans[name];
  const plans = one === undefined ? enumerate() : [...enumerate()].slice(Number(one), Number(one) + 1);
  const finding = await exploreInEveryOrder(environment, plans, explored, shrinks);
  return finding && { finding, place: `${name}:${one ?? explored.plan}` };
}
