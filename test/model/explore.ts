import fc from 'fast-check';
import type { Environment } from './environment.ts';
import { anyPlan, basicPlan } from './generated-plans.ts';
import { describeRules, type Plan } from './plan.ts';
import { DistinctOrders } from './orders.ts';
import { PlanRun, runsOf } from './plan-run.ts';
import { shrink } from './shrink.ts';
import { Violation } from './violation.ts';

/** What was explored: how many interleavings, and how often the store gave which answer. */
export interface Explored {
  interleavings: number;
  /** The place of the last plan among those that were enumerated. */
  plan?: number;
  readonly counts: Map<string, number>;
}

/** A broken promise, in the fewest steps that break it. */
export class Finding {
  readonly plan: Plan;
  readonly problem: string;
  readonly trace: readonly string[];

  constructor(plan: Plan, { message }: Violation, trace: readonly string[]) {
    this.plan = plan;
    this.problem = message;
    this.trace = trace;
  }

  toString(): string {
    const lines = this.trace.map((line, i) => `${String(i + 1).padStart(4)}. ${line}`);
    return [`Under ${describeRules(this.plan)}:`, ...lines, `      ${this.problem}`].join('\n');
  }
}

export interface Random {
  /** Plans of sessions with all options, or without what options add. */
  readonly plans: 'random' | 'basic';
  readonly runs: number;
  readonly seed: number;
  /** Of a run that is to be repeated. */
  readonly path?: string;
}

/** Carries out generated plans. Returns what was found, with the path of the run that found it. */
export async function exploreRandomly(
  environment: Environment,
  { plans, runs, seed, path = '' }: Random,
  explored: Explored,
  shrinks = true,
): Promise<{ finding: Finding; path: string } | null> {
  let found: Finding | null = null;
  const property = fc.asyncProperty(plans === 'basic' ? basicPlan : anyPlan, async (plan) => {
    found = await carryOut(new PlanRun(environment, plan), explored);
    return found === null;
  });
  // Plans are shrunk by what they are about, which fast-check cannot know.
  const parameters = { numRuns: runs, seed, endOnFailure: true, ...(path !== '' && { path }) };
  const { counterexamplePath } = await fc.check(property, parameters);
  if (found === null) return null;
  return { finding: shrinks ? await smallest(environment, found) : found, path: counterexamplePath ?? '' };
}

/** Carries out each plan in every order of its turns, except for those that lead to the same. */
export async function exploreInEveryOrder(
  environment: Environment,
  plans: Iterable<Plan>,
  explored: Explored,
  shrinks = true,
): Promise<Finding | null> {
  let index = 0;
  for (const plan of plans) {
    explored.plan = index++;
    const found = await exploreOrders(environment, plan, explored);
    if (found !== null) return shrinks ? await smallest(environment, found) : found;
  }
  return null;
}

async function exploreOrders(environment: Environment, plan: Plan, explored: Explored): Promise<Finding | null> {
  const makeRun = await runsOf(environment, plan);
  const schedule = new DistinctOrders();
  do {
    const found = await carryOut(await makeRun(schedule), explored, schedule);
    if (found !== null) return found;
  } while (schedule.advance());
  return null;
}

/** Carries out a plan in one order, its own or that of the schedule. Returns the promise that it breaks, if any. */
async function carryOut(run: PlanRun, explored?: Explored, schedule?: DistinctOrders): Promise<Finding | null> {
  const { plan } = run;
  /** Whether it was not another order of what is known. */
  let isNew = true;
  try {
    isNew = await run.perform();
    return null;
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return new Finding(schedule === undefined ? plan : { ...plan, turns: schedule.indexes }, error, run.trace);
  } finally {
    if (explored !== undefined) {
      if (isNew) explored.interleavings++;
      for (const [what, count] of run.invariants.counts) {
        explored.counts.set(what, (explored.counts.get(what) ?? 0) + count);
      }
    }
  }
}

async function smallest(environment: Environment, found: Finding): Promise<Finding> {
  let best = found;
  await shrink(found.plan, async (smaller) => {
    const tryOut = (): Promise<Finding | null> => carryOut(new PlanRun(environment, smaller));
    const again = await tryOut();
    // Twice: what came by chance, as when a server's clock went on to the next second, seldom comes again.
    if (again === null || (environment.title !== 'memory' && (await tryOut()) === null)) return false;
    best = again;
    return true;
  });
  return best;
}
