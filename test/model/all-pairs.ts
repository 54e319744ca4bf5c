import type { Deed, Pause, Plan, Visit } from './plan.ts';

/** What a request can do. */
const DEEDS: readonly (readonly Deed[])[] = [
  [],
  [{ do: 'set', field: 'a' }],
  [{ do: 'delete', field: 'a' }],
  [{ do: 'mutate' }],
  [{ do: 'update', field: 'log' }],
  [
    {
      do: 'both',
      these: [
        { do: 'update', field: 'log' },
        { do: 'update', field: 'b' },
      ],
    },
  ],
  [{ do: 'flash', queue: '', once: true }],
  [{ do: 'popFlash', queue: '' }],
  [{ do: 'takeFlash', queue: '' }],
  [
    { do: 'popFlash', queue: '' },
    { do: 'takeFlash', queue: '' },
  ],
  [{ do: 'rotate' }],
  [{ do: 'rotate' }, { do: 'mutate' }],
  [{ do: 'login', owner: 'alice' }],
  [{ do: 'beginLogin', owner: 'alice' }],
  [{ do: 'logout' }],
  [{ do: 'logout' }, { do: 'set', field: 'b' }],
  [{ do: 'timeout', times: 2 }],
  [{ do: 'renewForm' }],
  [{ do: 'revoke', owner: 'alice', spare: false }],
  [{ do: 'revoke', owner: 'alice', spare: true }],
  [{ do: 'revokeSession', owner: 'alice', device: 0 }],
];

const CONTENT: readonly Deed[] = [
  { do: 'set', field: 'a' },
  { do: 'set', field: 'list' },
  { do: 'flash', queue: '', once: false },
];
const LOGIN: Deed = { do: 'login', owner: 'alice' };

const DEFAULTS: Omit<Plan, 'before' | 'during'> = {
  touch: 'seldom',
  max: null,
  onSessionLimit: 'evict-oldest',
  encrypted: false,
  slow: false,
  turns: [],
};

function visit(deeds: readonly Deed[], factory = 0, browser = 0): Visit {
  return { browser, factory, stale: 0, deeds, ends: 'answered' };
}

/** Two requests with one cookie, each doing one thing, for every two things, of an owned and of an anonymous session. */
export function* allPairs(): Generator<Plan> {
  for (const beginning of [[...CONTENT, LOGIN], CONTENT]) {
    for (const [i, one] of DEEDS.entries()) {
      for (const [j, other] of DEEDS.slice(i).entries()) {
        const during = [visit(one, 0), visit(other, 1)];
        const touch = beginning === CONTENT ? 'seldom' : 'always';
        yield { ...DEFAULTS, touch, encrypted: j % 3 === 2, before: [visit(beginning)], during };
      }
    }
  }
}

/** Somebody else logs in while a session does something, and its owner may have no more sessions than they have. */
export function* allRivals(): Generator<Plan> {
  for (const onSessionLimit of ['evict-oldest', 'refuse'] as const) {
    // Of two that have no session yet, for one of which there is a place.
    const rivals = [visit([LOGIN]), visit([LOGIN], 1, 2)];
    yield { ...DEFAULTS, max: 2, onSessionLimit, before: [visit([LOGIN], 0, 1)], during: rivals };
    for (const deeds of DEEDS) {
      const before = [visit([LOGIN], 0, 1), visit([...CONTENT, ...(onSessionLimit === 'refuse' ? [] : [LOGIN])])];
      yield { ...DEFAULTS, max: 2, onSessionLimit, before, during: [visit(deeds), visit([LOGIN], 1, 2)] };
    }
  }
}

/** What takes several steps on a cluster, with something else between any two of them. */
export function* allCrossings(): Generator<Plan> {
  const elsewhere: readonly Visit[] = [
    visit([{ do: 'revoke', owner: 'alice', spare: false }], 1, 1),
    visit([{ do: 'revokeSession', owner: 'alice', device: 0 }], 1, 1),
    visit([LOGIN], 1, 1),
  ];
  const here: readonly Deed[] = [
    { do: 'set', field: 'a' },
    { do: 'set', field: 'b' },
    { do: 'rotate' },
    { do: 'logout' },
    { do: 'login', owner: 'bob' },
  ];
  // Whoever begins again has made room before.
  const interrupted = [visit([LOGIN]), visit([{ do: 'set', field: 'a' }], 1)];
  yield { ...DEFAULTS, max: 1, before: [visit([LOGIN], 0, 1), visit(CONTENT)], during: interrupted };
  for (const deeds of [[LOGIN], [{ do: 'rotate' }]] satisfies Deed[][]) {
    for (const other of [...elsewhere, ...here.map((deed) => visit([deed], 1))]) {
      yield { ...DEFAULTS, max: 1, before: [visit(CONTENT)], during: [visit(deeds), other] };
    }
  }
  const refusing = { ...DEFAULTS, max: 1, onSessionLimit: 'refuse' } as const;
  yield { ...refusing, before: [visit(CONTENT)], during: [visit([LOGIN]), visit([LOGIN], 1, 1)] };
  for (const seconds of [11, 63]) {
    yield { ...DEFAULTS, slow: true, before: [visit(CONTENT)], during: [visit([LOGIN]), { seconds }] };
  }
  for (let turns = 0; turns < 6; turns++) {
    const crashing: Visit = { ...visit([LOGIN]), ends: { turns } };
    yield { ...DEFAULTS, before: [visit(CONTENT)], during: [crashing, visit([LOGIN], 1, 1)] };
    yield { ...DEFAULTS, slow: true, before: [visit(CONTENT)], during: [crashing, { seconds: 63 }] };
  }
}

/** A session does the same again and again, until even its absolute expiry is over. */
export function* allLives(): Generator<Plan> {
  for (const deeds of DEEDS) {
    const lives: (Visit | Pause)[] = [63, 610, 610, 610].flatMap((seconds) => [visit(deeds), { seconds }]);
    yield { ...DEFAULTS, before: [visit(CONTENT), ...lives], during: [visit([])] };
    yield { ...DEFAULTS, before: [visit([...CONTENT, LOGIN]), ...lives], during: [visit([])] };
  }
}
