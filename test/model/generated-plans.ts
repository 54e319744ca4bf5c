import fc from 'fast-check';
import { FIELDS, INDEXES, OWNERS, QUEUES, type Pause, type Plan, type Step, type Visit } from './plan.ts';
import type { LoginSpec } from './request.ts';

const field = fc.constantFrom(...FIELDS);
const queue = fc.constantFrom(...QUEUES);
const owner = fc.constantFrom(...OWNERS);

function weighted<T>(...choices: [weight: number, arbitrary: fc.Arbitrary<T>][]): fc.Arbitrary<T> {
  return fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}

function does<const Kind extends string>(...kinds: Kind[]): { do: fc.Arbitrary<Kind> } {
  return { do: fc.constantFrom(...kinds) };
}

const start = weighted([2, fc.constant(false)], [1, fc.constant(true)]);

/** Limits that no sum of pauses comes near. */
const limits: fc.Arbitrary<LoginSpec> = fc.constantFrom(
  { timeout: 300 },
  { timeout: 1200, absoluteTimeout: 1985 },
  { absoluteTimeout: 700 },
  { absoluteTimeout: null },
  { timeout: 1200, absoluteTimeout: null },
);

const says: fc.Arbitrary<LoginSpec> = fc
  .tuple(
    weighted([2, fc.constant({})], [1, fc.record({ remember: fc.boolean() })]),
    weighted([2, fc.constant({})], [1, limits]),
    weighted([2, fc.constant({})], [1, fc.record({ index: fc.constantFrom(...INDEXES) })]),
    weighted([3, fc.constant({})], [1, fc.record({ keep: fc.constantFrom(true as const, ['a', 'list'], ['log']) })]),
  )
  .map((parts) => Object.assign({}, ...parts) as LoginSpec);

const login: fc.Arbitrary<Step> = weighted<Step>(
  [2, fc.record({ ...does('login'), owner })],
  [2, fc.record({ ...does('login'), owner, says })],
);

/** What changes the session itself. */
const change: fc.Arbitrary<Step> = weighted<Step>(
  [3, fc.record({ ...does('rotate'), grace: weighted([4, fc.constant(true)], [1, fc.constant(false)]) })],
  [3, login],
  [1, fc.record({ ...does('beginLogin'), owner })],
  [2, fc.record(does('logout', 'invalidate'))],
);

const step: fc.Arbitrary<Step> = weighted<Step>(
  [4, fc.record({ ...does('set'), field })],
  [3, fc.record({ ...does('get', 'delete'), field })],
  [2, fc.record(does('mutate'))],
  [3, fc.record({ ...does('update'), field: fc.constantFrom('log' as const, 'b' as const, 'list' as const), start })],
  [2, fc.record({ ...does('flash'), queue, once: fc.boolean() })],
  [1, fc.record({ ...does('popFlash'), queue })],
  [2, fc.record({ ...does('takeFlash'), queue, start })],
  [9, change],
  [3, fc.record({ ...does('save'), start })],
  [1, fc.record({ ...does('reload'), start })],
  [2, fc.record(does('wait'))],
  [2, fc.record(does('form', 'renewForm'))],
  [1, fc.record({ ...does('submit'), form: fc.nat(3) })],
  [1, fc.record({ ...does('timeout'), times: fc.constantFrom(2, 0.3) })],
  [2, fc.record({ ...does('revoke'), owner, spare: fc.boolean() })],
  [1, fc.record({ ...does('revokeSession'), owner, device: fc.nat(2) })],
  [1, fc.record({ ...does('revokeBy'), index: fc.constantFrom(...INDEXES) })],
  [1, fc.record({ ...does('list'), owner })],
  [1, fc.record({ ...does('changePassword'), owner })],
);

const steps: fc.Arbitrary<Step[]> = fc.array(step, { maxLength: 4 });

/** An end of a device could not be told from the ends of a commit that is under way. */
const lateStep = step.filter((each) => each.do !== 'revokeSession' && each.do !== 'revokeBy');

const visit: fc.Arbitrary<Visit> = fc.record({
  browser: weighted([5, fc.constant(0)], [1, fc.constantFrom(1, 2)]),
  worker: fc.nat(1),
  stale: weighted([8, fc.constant(0)], [1, fc.constantFrom(1, 2)]),
  also: weighted([12, fc.constant(0)], [1, fc.constantFrom(1, 2)]),
  shared: weighted([9, fc.constant(false)], [1, fc.constant(true)]),
  steps: weighted(
    [8, steps],
    // A lazy session whose handler does not wait for its load.
    [1, steps.map((rest): Step[] => [{ do: 'load', start: true }, ...rest])],
  ),
  late: weighted<Step[]>([8, fc.constant([])], [1, fc.array(lateStep, { minLength: 1, maxLength: 2 })]),
  ends: weighted<Visit['ends']>(
    [8, fc.constant('answered')],
    [2, fc.constant('unanswered')],
    [1, fc.constant('abandoned')],
    [1, fc.record({ turns: fc.nat(7) })],
  ),
  kind: weighted<Visit['kind']>([8, fc.constant('visit')], [1, fc.constantFrom('prefetch', 'form-post')]),
});

const BARE = {
  browser: 0,
  worker: 0,
  stale: 0,
  also: 0,
  kind: 'visit',
  shared: false,
  late: [],
  ends: 'answered',
} as const;

/** Makes a session that is worth racing for: with content, and often with an owner. */
const opening: fc.Arbitrary<Visit> = fc
  .subarray<Step>(
    [
      { do: 'set', field: 'a' },
      { do: 'set', field: 'list' },
      { do: 'flash', queue: '', once: false },
      { do: 'login', owner: 'alice' },
    ],
    { minLength: 1 },
  )
  .chain((opened) => fc.tuple(fc.constant(opened), weighted([2, fc.constant({})], [1, says])))
  .map(([opened, said]) => ({
    ...BARE,
    steps: opened.map((each): Step => (each.do === 'login' ? { ...each, says: said } : each)),
  }));

const pause: fc.Arbitrary<Pause> = fc.record({ seconds: fc.constantFrom(11, 41, 63, 157, 610, 870, 2511) });
const shortPause: fc.Arbitrary<Pause> = fc.record({ seconds: fc.constantFrom(41, 63) });

/** Anything that browsers and their tabs may come to do to their sessions, in any order. */
export const anyPlan: fc.Arbitrary<Plan> = fc
  .record({
    touch: fc.constantFrom('seldom', 'always'),
    max: weighted([2, fc.constant(null)], [1, fc.constantFrom(1, 2)]),
    onSessionLimit: fc.constantFrom('evict-oldest', 'refuse'),
    cookieMaxAge: weighted([2, fc.constant(null)], [1, fc.constant(300)]),
    encrypted: weighted([3, fc.constant(false)], [1, fc.constant(true)]),
    invalidateBefore: weighted([2, fc.constant(false)], [1, fc.constant(true)]),
    rollout: weighted<Plan['rollout']>(
      [4, fc.constant('none')],
      [1, fc.constantFrom('attributes', 'secret', 'limits')],
    ),
    slow: fc.constant(true),
    before: fc
      .tuple(opening, fc.array(weighted<Visit | Pause>([4, visit], [1, shortPause]), { maxLength: 2 }))
      .map(([first, more]) => [first, ...more]),
    during: fc.array(weighted<Visit | Pause>([8, visit], [1, pause]), { minLength: 2, maxLength: 4 }),
    turns: fc.array(fc.nat(5), { maxLength: 30 }),
    after: fc.array(weighted<Visit | Pause>([2, visit], [3, shortPause]), { maxLength: 3 }),
    explains: fc.boolean(),
    onReuse: weighted<Plan['onReuse']>([1, fc.constant('report')], [1, fc.constantFrom('end-session', 'end-owner')]),
    transport: weighted<Plan['transport']>([4, fc.constant('cookie')], [1, fc.constantFrom('header', 'both')]),
  })
  // Sessions under several secrets are counted by the library, one after the other.
  .map((plan) => (plan.rollout === 'secret' ? { ...plan, max: null } : plan))
  // A login with an index that takes minutes could miss a revocation by it.
  .map((plan) => {
    const isShort = (part: Visit | Pause): boolean => !('seconds' in part) || part.seconds < 100;
    return JSON.stringify(plan.during).includes('"index"') ? { ...plan, during: plan.during.filter(isShort) } : plan;
  });
