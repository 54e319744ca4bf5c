import fc from 'fast-check';
import { Broken } from './broken.ts';
import { anyPlan } from './generated-plans.ts';
import { describeRules, type Plan } from './plan.ts';
import { Play } from './play.ts';
import { simplify } from './simplify.ts';
import type { Stage } from './stage.ts';

/** What was explored: how many interleavings, and how often the store gave which answer. */
export interface Explored {
  interleavings: number;
  readonly counts: Map<string, number>;
}

/** A broken promise, in the fewest steps that break it. */
export class Finding {
  readonly plan: Plan;
  readonly problem: string;
  readonly story: readonly string[];

  constructor(plan: Plan, { message }: Broken, story: readonly string[]) {
    this.plan = plan;
    this.problem = message;
    this.story = story;
  }

  toString(): string {
    const lines = this.story.map((line, i) => `${String(i + 1).padStart(4)}. ${line}`);
    return [`Under ${describeRules(this.plan)}:`, ...lines, `      ${this.problem}`].join('\n');
  }
}

export interface Random {
  readonly runs: number;
  readonly seed: number;
  /** Of a run that is to be repeated. */
  readonly path?: string;
}

/** Carries out generated plans. Gives what was found, with the path of the run that found it. */
export async function exploreRandomly(
  stage: Stage,
  { runs, seed, path = '' }: Random,
  explored: Explored,
): Promise<{ finding: Finding; path: string } | null> {
  let found: Finding | null = null;
  const property = fc.asyncProperty(anyPlan, async (plan) => {
    found = await attempt(stage, plan, explored);
    return found === null;
  });
  // Plans are simplified by what they are about, which fast-check cannot know.
  const parameters = { numRuns: runs, seed, endOnFailure: true, ...(path !== '' && { path }) };
  const { counterexamplePath } = await fc.check(property, parameters);
  return found === null ? null : { finding: await simplest(stage, found), path: counterexamplePath ?? '' };
}

/** Carries out each plan in every order of its turns. */
export async function exploreInEveryOrder(
  stage: Stage,
  plans: Iterable<Plan>,
  explored: Explored,
): Promise<Finding | null> {
  for (const plan of plans) {
    for (let turns: readonly number[] | null = []; turns !== null;) {
      const choices: number[] = [];
      const found = await attempt(stage, { ...plan, turns }, explored, choices);
      if (found !== null) return await simplest(stage, found);
      turns = following(turns, choices);
    }
  }
  return null;
}

/** The next order, given how many ways there were to go on at each turn; `null` after the last. */
function following(turns: readonly number[], choices: readonly number[]): readonly number[] | null {
  for (let i = choices.length - 1; i >= 0; i--) {
    const turn = turns[i] ?? 0;
    if (turn + 1 < choices[i]!) return [...choices.slice(0, i).map((_, k) => turns[k] ?? 0), turn + 1];
  }
  return null;
}

async function attempt(stage: Stage, plan: Plan, explored?: Explored, choices: number[] = []): Promise<Finding | null> {
  const play = new Play(stage, plan);
  try {
    await play.perform();
    return null;
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    return new Finding(plan, error, play.story);
  } finally {
    choices.push(...play.choices);
    if (explored !== undefined) {
      explored.interleavings++;
      for (const [what, count] of play.witness.counts) {
        explored.counts.set(what, (explored.counts.get(what) ?? 0) + count);
      }
    }
  }
}

async function simplest(stage: Stage, found: Finding): Promise<Finding> {
  let best = found;
  await simplify(found.plan, async (simpler) => {
    // Twice: what came by chance, as when a server's clock went on to the next second, seldom comes again.
    const again = (await attempt(stage, simpler)) && (await attempt(stage, simpler));
    best = again ?? best;
    return again !== null;
  });
  return best;
}
