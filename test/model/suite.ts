import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  authenticationChanges,
  deployments,
  endlessSessions,
  explainedEnds,
  lateSteps,
  lifetimes,
  loginLimits,
  lostResponses,
  nativeClients,
  operationPairs,
  otherKinds,
  repeatedEnds,
  requestPairs,
  reusedIds,
  rivalLogins,
  severalCookies,
  sharedResponses,
  shortenedLimits,
  slotCrossings,
  slowRequests,
} from './enumerated-plans.ts';
import { exploreInEveryOrder, exploreRandomly, type Explored } from './explore.ts';
import type { Environment } from './environment.ts';
import type { Plan } from './plan.ts';

/** Answers of a store, without which an exploration would not be one. */
const SITUATIONS = [
  'load, found',
  'load, tombstone',
  'load',
  'create, ok',
  'create, full',
  'save, ok',
  'save, gone',
  'save, tombstone',
  'save, conflict',
  'rekey, ok',
  'rekey, gone',
  'rekey, tombstone',
  'rekey, conflict',
  'rekey, full',
  'take, ok',
  'take, gone',
  'take, tombstone',
  'destroy, ok',
  'destroy, gone',
  'destroy, tombstone',
  'revokeOwned',
  'listOwned',
];

/** Likewise, where a move can consist of several steps. */
const STEPS = [
  'copy, ok',
  'copy, full',
  'deleteRotated, ok',
  'deleteRotated, gone',
  'deleteRotated, tombstone',
  'deleteRotated, conflict',
  'confirm, ok',
  'confirm, gone',
  'deleteCopy, ok',
  'deleteCopy, gone',
  'rekey, interrupted',
];

/** Kinds of generated plans; MODEL_PLANS can ask for one of them. */
const PLANS = (['basic', 'random'] as const).filter((each) => (process.env['MODEL_PLANS'] ?? each) === each);

/** Milliseconds; the stated numbers of interleavings take a small part of it. MODEL_RUNS can ask for more. */
const TIME_LIMIT = process.env['MODEL_RUNS'] === undefined ? 300_000 : 3_600_000;

/**
 * Carries out plans in an environment and in the model.
 * @param runs how many generated plans, unless MODEL_RUNS says otherwise
 * @param pairs whether to try every order of every pair of requests, too
 * @param steps whether a rekey can consist of several steps
 */
export function modelSuite(
  title: string,
  open: () => Promise<Environment>,
  { runs, pairs, steps = false }: { runs: number; pairs: boolean; steps?: boolean },
): void {
  const numRuns = Number(process.env['MODEL_RUNS'] ?? runs);
  const seed = Number(process.env['MODEL_SEED'] ?? 20_240_229);
  const path = process.env['MODEL_PATH'];

  describe(`${title}: as the model promises`, () => {
    let environment: Environment;
    const explored: Explored = { interleavings: 0, counts: new Map() };
    beforeAll(async () => {
      environment = await open();
      // What a process asks first is the server's time: not in the middle of a plan.
      await environment.pass(0);
    });
    afterAll(() => environment.close());

    async function everyOrder(plans: Iterable<Plan>): Promise<void> {
      const finding = await exploreInEveryOrder(environment, plans, explored);
      if (finding !== null) expect.fail(`${title}\n${finding.toString()}`);
    }

    if (pairs && path === undefined) {
      test(
        'C1 to C13: lifetimes, rival logins, lost responses, several cookies and late steps',
        async () => {
          for (const plans of [
            lifetimes,
            loginLimits,
            endlessSessions,
            shortenedLimits,
            rivalLogins,
            lostResponses,
            severalCookies,
            authenticationChanges,
            lateSteps,
            repeatedEnds,
            slowRequests,
            sharedResponses,
            deployments,
          ]) {
            await everyOrder(plans());
          }
        },
        TIME_LIMIT,
      );
      test(
        'C1, C4, C6 and C13: explained ends, ids that are used again, prefetches and forms of other sites',
        async () => {
          for (const plans of [explainedEnds, reusedIds, otherKinds]) await everyOrder(plans());
        },
        TIME_LIMIT,
      );
      test(
        'C1 to C13: native clients, whose sessions come by the `Authorization` header',
        () => everyOrder(nativeClients()),
        TIME_LIMIT,
      );
      test('C1 to C9: any two requests, in every order of their steps', () => everyOrder(requestPairs()), TIME_LIMIT);
      test(
        'C11: any two operations of one request, with another request',
        () => everyOrder(operationPairs()),
        TIME_LIMIT,
      );
    }

    if (steps && path === undefined) {
      test(
        'C1 to C8: rekeys in several steps, with others in between, and crashes',
        () => everyOrder(slotCrossings()),
        TIME_LIMIT,
      );
    }

    // Half of them without what options add: more of these are about what is the same for all.
    test.each(PLANS)(
      `C1 to C13: ${numRuns / 2} generated interleavings of %s plans`,
      async (plans) => {
        const random = { plans, runs: numRuns / 2, seed, ...(path !== undefined && { path }) };
        const found = await exploreRandomly(environment, random, explored);
        if (found === null) return;
        const place = `MODEL_PLANS=${plans} MODEL_SEED=${seed} MODEL_PATH=${found.path}`;
        const replay = `${place} npx vitest run test/model/${title}.test.ts`;
        expect.fail(`${title}, seed ${seed}, path ${found.path}\n${found.finding.toString()}\nReplay: ${replay}`);
      },
      TIME_LIMIT,
    );

    if (path !== undefined || !(pairs || steps)) return;
    test('every answer that a store has was among them', () => {
      const situations = [...(pairs ? SITUATIONS : []), ...(steps ? STEPS : [])];
      expect(situations.filter((what) => !explored.counts.has(what))).toEqual([]);
    });
  });
}
