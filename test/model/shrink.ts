import type { Pause, Plan, Visit } from './plan.ts';

/** Takes from a plan what can be taken without `fails` becoming false, until there is nothing more to take. */
export async function shrink(plan: Plan, fails: (plan: Plan) => Promise<boolean>): Promise<Plan> {
  let best = plan;
  for (;;) {
    const smaller = await firstOf(smallerThan(best), fails);
    if (smaller === null) return best;
    best = smaller;
  }
}

async function firstOf(plans: Iterable<Plan>, fails: (plan: Plan) => Promise<boolean>): Promise<Plan | null> {
  for (const plan of plans) if (await fails(plan)) return plan;
  return null;
}

function* smallerThan(plan: Plan): Generator<Plan> {
  for (const during of without(plan.during)) yield { ...plan, during };
  for (const after of without(plan.after)) yield { ...plan, after };
  for (const before of without(plan.before)) yield { ...plan, before };
  for (const length of [0, plan.turns.length >> 1, plan.turns.length - 1]) {
    if (length >= 0 && length < plan.turns.length) yield { ...plan, turns: plan.turns.slice(0, length) };
  }
  for (const turns of without(plan.turns)) yield { ...plan, turns };
  for (const [i, turn] of plan.turns.entries()) if (turn > 0) yield { ...plan, turns: plan.turns.with(i, turn - 1) };
  for (const during of withSmaller(plan.during)) yield { ...plan, during };
  for (const after of withSmaller(plan.after)) yield { ...plan, after };
  for (const before of withSmaller(plan.before)) yield { ...plan, before };
  if (plan.encrypted) yield { ...plan, encrypted: false };
  if (plan.invalidateBefore) yield { ...plan, invalidateBefore: false };
  if (plan.explains) yield { ...plan, explains: false };
  if (plan.onReuse !== 'report') yield { ...plan, onReuse: 'report' };
  if (plan.transport === 'both') yield { ...plan, transport: 'header' };
  if (plan.transport !== 'cookie') yield { ...plan, transport: 'cookie' };
  if (plan.rollout !== 'none') yield { ...plan, rollout: 'none' };
  if (plan.cookieMaxAge !== null) yield { ...plan, cookieMaxAge: null };
  if (plan.touch === 'always') yield { ...plan, touch: 'seldom' };
  if (plan.max !== null) yield { ...plan, max: null };
}

function* withSmaller(parts: readonly (Visit | Pause)[]): Generator<(Visit | Pause)[]> {
  for (const [i, part] of parts.entries()) {
    if ('seconds' in part) continue;
    for (const visit of smallerVisits(part)) yield parts.with(i, visit);
  }
}

function* smallerVisits(visit: Visit): Generator<Visit> {
  for (const steps of without(visit.steps)) yield { ...visit, steps };
  for (const late of without(visit.late)) yield { ...visit, late };
  for (const [i, step] of visit.steps.entries()) {
    if (!('start' in step) || !step.start) continue;
    yield { ...visit, steps: visit.steps.with(i, { ...step, start: false }) };
  }
  if (visit.stale > 0) yield { ...visit, stale: 0 };
  if (visit.kind !== 'visit') yield { ...visit, kind: 'visit' };
  if (visit.shared) yield { ...visit, shared: false };
  if (visit.also > 0) yield { ...visit, also: 0 };
  if (visit.browser > 0) yield { ...visit, browser: 0 };
  if (visit.worker > 0) yield { ...visit, worker: 0 };
  if (visit.ends !== 'answered') yield { ...visit, ends: 'answered' };
}

function without<T>(items: readonly T[]): T[][] {
  return items.map((_, i) => items.toSpliced(i, 1));
}
