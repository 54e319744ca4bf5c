import type { Pause, Plan, Visit } from './plan.ts';

/** Takes from a plan what can be taken without `fails` becoming false, until there is nothing more to take. */
export async function simplify(plan: Plan, fails: (plan: Plan) => Promise<boolean>): Promise<Plan> {
  let best = plan;
  for (;;) {
    const simpler = await firstOf(simplerThan(best), fails);
    if (simpler === null) return best;
    best = simpler;
  }
}

async function firstOf(plans: Iterable<Plan>, fails: (plan: Plan) => Promise<boolean>): Promise<Plan | null> {
  for (const plan of plans) if (await fails(plan)) return plan;
  return null;
}

function* simplerThan(plan: Plan): Generator<Plan> {
  for (const during of without(plan.during)) yield { ...plan, during };
  for (const before of without(plan.before)) yield { ...plan, before };
  for (const length of [0, plan.turns.length >> 1, plan.turns.length - 1]) {
    if (length >= 0 && length < plan.turns.length) yield { ...plan, turns: plan.turns.slice(0, length) };
  }
  for (const turns of without(plan.turns)) yield { ...plan, turns };
  for (const [i, turn] of plan.turns.entries()) if (turn > 0) yield { ...plan, turns: plan.turns.with(i, turn - 1) };
  for (const during of withSimpler(plan.during)) yield { ...plan, during };
  for (const before of withSimpler(plan.before)) yield { ...plan, before };
  if (plan.encrypted) yield { ...plan, encrypted: false };
  if (plan.touch === 'always') yield { ...plan, touch: 'seldom' };
  if (plan.max !== null) yield { ...plan, max: null };
}

function* withSimpler(parts: readonly (Visit | Pause)[]): Generator<(Visit | Pause)[]> {
  for (const [i, part] of parts.entries()) {
    if ('seconds' in part) continue;
    for (const visit of simplerVisits(part)) yield parts.with(i, visit);
  }
}

function* simplerVisits(visit: Visit): Generator<Visit> {
  for (const deeds of without(visit.deeds)) yield { ...visit, deeds };
  for (const [i, deed] of visit.deeds.entries()) {
    if (deed.do !== 'both') continue;
    for (const one of deed.these) yield { ...visit, deeds: visit.deeds.with(i, one) };
  }
  if (visit.stale > 0) yield { ...visit, stale: 0 };
  if (visit.browser > 0) yield { ...visit, browser: 0 };
  if (visit.factory > 0) yield { ...visit, factory: 0 };
  if (visit.ends !== 'answered') yield { ...visit, ends: 'answered' };
}

function without<T>(items: readonly T[]): T[][] {
  return items.map((_, i) => items.toSpliced(i, 1));
}
