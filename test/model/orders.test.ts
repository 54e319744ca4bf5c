import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  authenticationChanges,
  loginLimits,
  lostResponses,
  operationPairs,
  requestPairs,
  severalCookies,
  slowRequests,
} from './enumerated-plans.ts';
import { Invariants } from './invariants.ts';
import { MemoryEnvironment } from './memory-environment.ts';
import { Id } from './model.ts';
import { DistinctOrders, GivenOrder, type Schedule } from './orders.ts';
import { CSRF } from './request.ts';
import type { Plan } from './plan.ts';
import { PlanRun, runsOf } from './plan-run.ts';

/** Leaves no order out. */
class EveryOrder extends DistinctOrders {
  override took(): void {
    super.took('write');
  }
}

/** Returns what all orders lead to, and how many were tried. */
async function outcomesOf<T>(
  schedule: DistinctOrders,
  run: (schedule: Schedule) => Promise<T | null> | T | null,
): Promise<{ outcomes: Set<T>; orders: number }> {
  const outcomes = new Set<T>();
  let orders = 0;
  do {
    const outcome = await run(schedule);
    if (outcome === null) continue;
    orders++;
    outcomes.add(outcome);
  } while (schedule.advance());
  return { outcomes, orders };
}

type Instruction = { readonly does: 'wait' | 'read' } | { readonly does: 'write'; readonly times: number };
type Program = readonly Instruction[];

/** Programs that share a variable take turns. */
function runPrograms(programs: readonly Program[], schedule: Schedule): string | null {
  const next = programs.map(() => 0);
  const seen: number[][] = programs.map(() => []);
  let variable = 1;
  for (;;) {
    const waiting = programs.flatMap((program, actor) => (next[actor]! < program.length ? [actor] : []));
    if (waiting.length === 0) return JSON.stringify([variable, seen]);
    const index = schedule.choose(waiting.map((actor) => ({ name: `${actor}`, actor })));
    if (index === null) return null;
    const actor = waiting[index]!;
    const instruction = programs[actor]![next[actor]!++]!;
    if (instruction.does === 'read') seen[actor]!.push(variable);
    if (instruction.does === 'write') variable = variable * instruction.times + actor;
    schedule.took(instruction.does === 'wait' ? 'none' : instruction.does);
  }
}

const instruction: fc.Arbitrary<Instruction> = fc.oneof(
  fc.record({ does: fc.constantFrom('wait' as const, 'read' as const) }),
  fc.record({ does: fc.constant('write' as const), times: fc.integer({ min: 2, max: 9 }) }),
);

test('the orders of programs that are left out lead to nothing else', async () => {
  const program = fc.array(instruction, { maxLength: 3 });
  let [all, tried] = [0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(program, { minLength: 2, maxLength: 3 }), async (programs) => {
      const run = (schedule: Schedule): string | null => runPrograms(programs, schedule);
      const every = await outcomesOf(new EveryOrder(), run);
      const fewer = await outcomesOf(new DistinctOrders(), run);
      expect(fewer.outcomes).toEqual(every.outcomes);
      all += every.orders;
      tried += fewer.orders;
    }),
    { seed: 20_240_229 },
  );
  expect(tried).toBeLessThan(all / 2);
});

test('every order is tried of turns that all write, and one of turns that only read', async () => {
  const count = async (does: Instruction[]): Promise<number> => {
    const { orders } = await outcomesOf(new DistinctOrders(), (schedule) => runPrograms([does, does], schedule));
    return orders;
  };
  const write: Instruction = { does: 'write', times: 2 };
  expect(await count([write, write, write])).toBe(20);
  expect(await count([{ does: 'read' }, { does: 'read' }, { does: 'read' }])).toBe(1);
});

/** What the requests did and the store has after a plan. */
function outcomeOf(run: PlanRun): string {
  const requestOf = (line: string): number => Number(/^request (\d+)/.exec(line)?.[1] ?? 0);
  const lines = run.trace.toSorted((a, b) => requestOf(a) - requestOf(b));
  const sessions = run.setting.model.live.map(({ fields, id, ...session }) => {
    const data = [...fields]
      .filter(([name]) => name !== CSRF)
      .map(([name, value]) => [name.replace(/ \d+$/, ''), value]);
    return [id.name, { ...session, data }];
  });
  const cookies = run.browsers.map(({ cookie, past, honest }) => [
    cookie?.id.name,
    past.map(({ id }) => id.name),
    honest,
  ]);
  const text = JSON.stringify([lines, Object.fromEntries(sessions), cookies]);
  // The place of a message among all.
  return text.replaceAll(/"at":\d+/g, '');
}

/** Some plans in which something goes on at the same time. */
function sampleOf(plans: Iterable<Plan>, every: number): Plan[] {
  const concurrent = [...plans].filter(({ during }) => during.length > 1);
  return concurrent.filter((_, place) => place % every === 0);
}

// A turn whose access to something shared is not noticed would be seen here; and so would be what a run has not taken over
// from the one that it goes on from, but for its invariants.
test.each([
  ['several cookies', severalCookies, 3],
  ['changes of authentication', authenticationChanges, 4],
  ['slow requests', slowRequests, 9],
  ['indexed logins', loginLimits, 7],
  ['lost responses', lostResponses, 12],
  ['pairs of requests', requestPairs, 50],
  ['pairs of operations', operationPairs, 200],
] as const)(
  'the orders of %s that are left out lead to nothing else',
  async (_, plans, every) => {
    const environment = new MemoryEnvironment();
    for (const plan of sampleOf(plans(), every)) {
      const carryOut = async (run: PlanRun): Promise<string | null> => ((await run.perform()) ? outcomeOf(run) : null);
      const all = await outcomesOf(new EveryOrder(), (schedule) => carryOut(new PlanRun(environment, plan, schedule)));
      const makeRun = await runsOf(environment, plan);
      const { outcomes } = await outcomesOf(new DistinctOrders(), async (schedule) =>
        carryOut(await makeRun(schedule)),
      );
      expect([...outcomes].toSorted()).toEqual([...all.outcomes].toSorted());
    }
  },
  120_000,
);

test('invariants that go on from others know what was observed before', () => {
  const [before, after] = [new Invariants(), new Invariants()];
  const id = new Id('A1', 'new');
  const session = { handle: 'h', expiresAt: null, toJSON: () => ({}) };
  before.opens(id, 'h', session, 'A', 0);
  before.opens(id, 'h', null, 'A', 1);
  before.taken(['A1.1']);
  after.takeOver(before);
  expect(after.problem).toBeNull();
  after.opens(id, 'h', session, 'A', 2);
  expect(after.problem).toContain('C1');
  const last = new Invariants();
  last.takeOver(after);
  expect(last.problem).toContain('C1');
  const other = new Invariants();
  other.takeOver(before);
  other.taken(['A1.1']);
  expect(other.problem).toContain('C3');
});

test('an order that was tried can be given again', async () => {
  const programs: Program[] = [
    [{ does: 'write', times: 2 }, { does: 'read' }],
    [{ does: 'write', times: 3 }, { does: 'wait' }],
  ];
  const schedule = new DistinctOrders();
  const again: boolean[] = [];
  do {
    const outcome = runPrograms(programs, schedule);
    if (outcome !== null) again.push(runPrograms(programs, new GivenOrder(schedule.indexes)) === outcome);
  } while (schedule.advance());
  expect(again.length).toBeGreaterThan(2);
  expect(again).not.toContain(false);
});
