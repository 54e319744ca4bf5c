import fc from 'fast-check';
import { FIELDS, OWNERS, QUEUES, type Deed, type Pause, type Plan, type Visit } from './plan.ts';

const field = fc.constantFrom(...FIELDS);
const queue = fc.constantFrom(...QUEUES);
const owner = fc.constantFrom(...OWNERS);

function weighted<T>(...choices: [weight: number, arbitrary: fc.Arbitrary<T>][]): fc.Arbitrary<T> {
  return fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}

const update: fc.Arbitrary<Deed> = fc.record({
  do: fc.constant('update' as const),
  field: fc.constantFrom('log' as const, 'b' as const),
});
const take: fc.Arbitrary<Deed> = fc.record({ do: fc.constant('takeFlash' as const), queue });

/** Deeds that wait for the store, two at once. */
const both: fc.Arbitrary<Deed> = fc
  .constantFrom<[Deed, Deed]>(
    [
      { do: 'update', field: 'log' },
      { do: 'update', field: 'b' },
    ],
    [
      { do: 'update', field: 'log' },
      { do: 'takeFlash', queue: '' },
    ],
  )
  .map((these) => ({ do: 'both', these }));

const deed: fc.Arbitrary<Deed> = weighted<Deed>(
  [4, fc.record({ do: fc.constant('set' as const), field })],
  [3, fc.record({ do: fc.constantFrom('get' as const, 'delete' as const), field })],
  [2, fc.constant({ do: 'mutate' })],
  [3, update],
  [2, fc.record({ do: fc.constant('flash' as const), queue, once: fc.boolean() })],
  [1, fc.record({ do: fc.constant('popFlash' as const), queue })],
  [2, take],
  [2, both],
  [3, fc.constant({ do: 'rotate' })],
  [3, fc.record({ do: fc.constant('login' as const), owner })],
  [1, fc.record({ do: fc.constant('beginLogin' as const), owner })],
  [2, fc.record({ do: fc.constantFrom('logout' as const, 'invalidate' as const) })],
  [2, fc.constant({ do: 'save' })],
  [1, fc.record({ do: fc.constant('setWhileSaving' as const), field })],
  [2, fc.record({ do: fc.constantFrom('form' as const, 'renewForm' as const) })],
  [1, fc.record({ do: fc.constant('submit' as const), form: fc.nat(3) })],
  [1, fc.record({ do: fc.constant('timeout' as const), times: fc.constantFrom(2, 0.3) })],
  [2, fc.record({ do: fc.constant('revoke' as const), owner, spare: fc.boolean() })],
  [1, fc.record({ do: fc.constant('revokeSession' as const), owner, device: fc.nat(2) })],
  [1, fc.record({ do: fc.constant('list' as const), owner })],
);

const visit: fc.Arbitrary<Visit> = fc.record({
  browser: weighted([5, fc.constant(0)], [1, fc.constantFrom(1, 2)]),
  factory: fc.nat(1),
  stale: weighted([8, fc.constant(0)], [1, fc.constantFrom(1, 2)]),
  deeds: fc.array(deed, { maxLength: 3 }),
  ends: weighted<Visit['ends']>(
    [8, fc.constant('answered')],
    [1, fc.constantFrom('unanswered', 'abandoned')],
    [1, fc.record({ turns: fc.nat(7) })],
  ),
});

/** Makes a session that is worth racing for: with content, and often with an owner. */
const opening: fc.Arbitrary<Visit> = fc
  .subarray<Deed>(
    [
      { do: 'set', field: 'a' },
      { do: 'set', field: 'list' },
      { do: 'flash', queue: '', once: false },
      { do: 'login', owner: 'alice' },
    ],
    { minLength: 1 },
  )
  .map((deeds) => ({ browser: 0, factory: 0, stale: 0, deeds, ends: 'answered' }));

const pause: fc.Arbitrary<Pause> = fc.record({ seconds: fc.constantFrom(11, 63, 157, 610, 870, 2511) });

/** Anything that two browsers and their tabs may come to do to their sessions, in any order. */
export const anyPlan: fc.Arbitrary<Plan> = fc.record({
  touch: fc.constantFrom('seldom', 'always'),
  max: fc.constantFrom(null, 1, 2),
  onSessionLimit: fc.constantFrom('evict-oldest', 'refuse'),
  encrypted: weighted([3, fc.constant(false)], [1, fc.constant(true)]),
  slow: fc.constant(true),
  before: fc.tuple(opening, fc.array(visit, { maxLength: 1 })).map(([first, more]) => [first, ...more]),
  during: fc.array(weighted<Visit | Pause>([8, visit], [1, pause]), { minLength: 2, maxLength: 5 }),
  turns: fc.array(fc.nat(5), { maxLength: 30 }),
});
