import type { Pause, Plan, Step, Visit } from './plan.ts';
import type { LoginSpec } from './request.ts';

const LOGIN: Step = { do: 'login', owner: 'alice' };

/** What a request can do. */
const HANDLERS: readonly (readonly Step[])[] = [
  [],
  [{ do: 'set', field: 'a' }],
  [{ do: 'delete', field: 'a' }],
  [{ do: 'mutate' }],
  [{ do: 'mutate' }, { do: 'update', field: 'list' }],
  [{ do: 'update', field: 'log' }],
  [
    { do: 'update', field: 'log', start: true },
    { do: 'update', field: 'b' },
  ],
  [{ do: 'flash', queue: '', once: true }],
  [{ do: 'popFlash', queue: '' }],
  [{ do: 'takeFlash', queue: '' }],
  [
    { do: 'popFlash', queue: '' },
    { do: 'takeFlash', queue: '' },
  ],
  [{ do: 'rotate', grace: true }],
  [{ do: 'rotate', grace: true }, { do: 'mutate' }],
  [{ do: 'rotate', grace: false }],
  [LOGIN],
  [{ do: 'login', owner: 'bob' }],
  [{ do: 'beginLogin', owner: 'alice' }],
  [{ do: 'logout' }],
  [{ do: 'logout' }, { do: 'set', field: 'b' }],
  [{ do: 'timeout', times: 2 }],
  [{ do: 'renewForm' }],
  [{ do: 'reload' }],
  [{ do: 'revoke', owner: 'alice', spare: false }],
  [{ do: 'revoke', owner: 'alice', spare: true }],
  [{ do: 'revokeSession', owner: 'alice', device: 0 }],
];

const CONTENT: readonly Step[] = [
  { do: 'set', field: 'a' },
  { do: 'set', field: 'list' },
  { do: 'flash', queue: '', once: false },
];

const DEFAULTS: Omit<Plan, 'before' | 'during'> = {
  touch: 'seldom',
  max: null,
  onSessionLimit: 'evict-oldest',
  cookieMaxAge: null,
  encrypted: false,
  invalidateBefore: false,
  explains: false,
  onReuse: 'report',
  rollout: 'none',
  transport: 'cookie',
  slow: false,
  turns: [],
  after: [],
};

function visit(steps: readonly Step[], worker = 0, browser = 0): Visit {
  return { browser, worker, stale: 0, also: 0, kind: 'visit', shared: false, steps, late: [], ends: 'answered' };
}

/** Two requests with one cookie, each doing one thing, for every two things, of an owned and of an anonymous session. */
export function* requestPairs(): Generator<Plan> {
  for (const beginning of [[...CONTENT, LOGIN], CONTENT]) {
    for (const [i, one] of HANDLERS.entries()) {
      for (const [j, other] of HANDLERS.slice(i).entries()) {
        const during = [visit(one, 0), visit(other, 1)];
        const touch = beginning === CONTENT ? 'seldom' : 'always';
        yield { ...DEFAULTS, touch, encrypted: j % 3 === 2, before: [visit(beginning)], during };
      }
    }
  }
}

/** Operations of one request. */
const OPERATIONS: readonly Step[] = [
  { do: 'load' },
  { do: 'reload' },
  { do: 'update', field: 'log' },
  { do: 'takeFlash', queue: '' },
  { do: 'save' },
  { do: 'rotate', grace: true },
  LOGIN,
  { do: 'login', owner: 'bob' },
  { do: 'beginLogin', owner: 'alice' },
  { do: 'logout' },
  { do: 'set', field: 'a' },
  { do: 'flash', queue: '', once: false },
];

/** What a concurrent request does. */
const OTHERS: readonly (readonly Step[] | null)[] = [
  null,
  [{ do: 'logout' }],
  [LOGIN],
  [{ do: 'rotate', grace: true }],
  [{ do: 'revoke', owner: 'alice', spare: false }],
  [{ do: 'set', field: 'a' }],
];

/** An operation of one request as it is called without waiting for it. What takes effect with the commit is saved, too. */
function started(operation: Step): readonly Step[] {
  switch (operation.do) {
    case 'load':
    case 'reload':
    case 'update':
    case 'takeFlash':
      return [{ ...operation, start: true }];
    case 'save':
      return [
        { do: 'set', field: 'b' },
        { do: 'save', start: true },
      ];
    default:
      return [operation, { do: 'save', start: true }];
  }
}

/**
 * Two operations of one request, the first of which is not awaited, for every two operations, alone and with a concurrent
 * request. The second comes at once, or at any time while the first is under way.
 */
export function* operationPairs(): Generator<Plan> {
  for (const first of OPERATIONS) {
    for (const second of OPERATIONS) {
      // Only a lazy session is still to be loaded.
      const lazy = first.do === 'load';
      const worker = lazy ? 1 : 0;
      for (const between of [[], [{ do: 'wait' }]] satisfies Step[][]) {
        // What comes at once can only be overtaken by an end or a login.
        for (const other of between.length === 0 ? OTHERS.slice(0, 3) : OTHERS) {
          const request = visit([...started(first), ...between, second], worker);
          const during = other === null ? [request] : [request, visit(other, 1 - worker)];
          const anonymous = first.do === 'login' && first.owner === 'alice';
          const opening = anonymous ? CONTENT : [...CONTENT, LOGIN];
          yield { ...DEFAULTS, before: [visit(opening)], during };
          // A new visitor has no session that others could reach.
          if (other === null) yield { ...DEFAULTS, before: [], during };
        }
      }
    }
  }
}

/** Another client logs in while a session does something, and its owner may have no more sessions than they have. */
export function* rivalLogins(): Generator<Plan> {
  for (const onSessionLimit of ['evict-oldest', 'refuse'] as const) {
    // Of two that have no session yet, for one of which there is a place.
    const rivals = [visit([LOGIN]), visit([LOGIN], 1, 2)];
    yield { ...DEFAULTS, max: 2, onSessionLimit, before: [visit([LOGIN], 0, 1)], during: rivals };
    for (const steps of HANDLERS) {
      const before = [visit([LOGIN], 0, 1), visit([...CONTENT, ...(onSessionLimit === 'refuse' ? [] : [LOGIN])])];
      yield { ...DEFAULTS, max: 2, onSessionLimit, before, during: [visit(steps), visit([LOGIN], 1, 2)] };
    }
  }
  // One as another owner is refused, and the request goes on with the session that it has.
  const taken = [visit([LOGIN], 0, 1), visit([...CONTENT, { do: 'login', owner: 'bob' }])];
  const refused = visit([LOGIN, { do: 'save' }, { do: 'get', field: 'a' }, { do: 'set', field: 'b' }]);
  yield { ...DEFAULTS, max: 1, onSessionLimit: 'refuse', before: taken, during: [refused] };
}

/** What takes several steps on a cluster, with another request between any two of them. */
export function* slotCrossings(): Generator<Plan> {
  const elsewhere: readonly Visit[] = [
    visit([{ do: 'revoke', owner: 'alice', spare: false }], 1, 1),
    visit([{ do: 'revokeSession', owner: 'alice', device: 0 }], 1, 1),
    visit([LOGIN], 1, 1),
  ];
  const here: readonly Step[] = [
    { do: 'set', field: 'a' },
    { do: 'set', field: 'b' },
    { do: 'rotate', grace: true },
    { do: 'logout' },
    { do: 'login', owner: 'bob' },
  ];
  // A login that begins again has made room before.
  const interrupted = [visit([LOGIN]), visit([{ do: 'set', field: 'a' }], 1)];
  yield { ...DEFAULTS, max: 1, before: [visit([LOGIN], 0, 1), visit(CONTENT)], during: interrupted };
  for (const steps of [[LOGIN], [{ do: 'rotate', grace: true }]] satisfies Step[][]) {
    for (const other of [...elsewhere, ...here.map((step) => visit([step], 1))]) {
      yield { ...DEFAULTS, max: 1, before: [visit(CONTENT)], during: [visit(steps), other] };
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
  // Limits of its own reach the copy, and what is done with it.
  const says: LoginSpec = { remember: true, timeout: 1200, absoluteTimeout: 1985, index: 's' };
  const limited = visit([{ do: 'login', owner: 'alice', says }]);
  for (const next of [[{ do: 'set', field: 'b' }], [LOGIN], [{ do: 'rotate', grace: true }]] satisfies Step[][]) {
    const ending = visit([{ do: 'revokeBy', index: 's' }], 1, 1);
    yield {
      ...DEFAULTS,
      before: [visit(CONTENT)],
      during: [limited],
      after: [{ seconds: 157 }, visit(next, 1), ending],
    };
  }
}

/** A session does the same again and again, until even its absolute expiry is over. */
export function* lifetimes(): Generator<Plan> {
  for (const steps of HANDLERS) {
    const lives: (Visit | Pause)[] = [63, 610, 610, 610].flatMap((seconds) => [visit(steps), { seconds }]);
    yield { ...DEFAULTS, before: [visit(CONTENT), ...lives], during: [visit([])] };
    yield { ...DEFAULTS, explains: true, before: [visit([...CONTENT, LOGIN]), ...lives], during: [visit([])] };
    // The cookie lives on while the session is used, however it is used.
    const uses: (Visit | Pause)[] = Array.from({ length: 9 }, () => [visit(steps), { seconds: 41 }]).flat();
    yield { ...DEFAULTS, cookieMaxAge: 300, before: [visit([...CONTENT, LOGIN]), ...uses], during: [visit([])] };
  }
}

/** What logins say of the session that they begin, or go on with. */
const SAYINGS: readonly LoginSpec[] = [
  {},
  { remember: true },
  { remember: false },
  { timeout: 300 },
  { timeout: 1200, absoluteTimeout: 1985 },
  { absoluteTimeout: 700 },
  { absoluteTimeout: null },
  { index: 's' },
  { remember: true, timeout: 300, absoluteTimeout: null, index: 's', keep: ['a', 'log'] },
  { keep: true },
];

/**
 * Logins with limits, a cookie and an index of their own; then a rotation, another login, or use, as time passes; in two
 * processes, the second of which may have shorter limits.
 */
export function* loginLimits(): Generator<Plan> {
  const nexts: readonly (readonly Step[])[] = [
    [],
    [{ do: 'set', field: 'b' }],
    [{ do: 'rotate', grace: true }],
    [{ do: 'timeout', times: 0.3 }],
    ...SAYINGS.map((says): Step[] => [{ do: 'login', owner: 'alice', says }]),
    ...SAYINGS.map((says): Step[] => [{ do: 'mutate' }, { do: 'login', owner: 'bob', says }]),
    [{ do: 'login', owner: 'alice', says: { remember: true, timeout: 300, index: 't' } }, LOGIN],
    [{ do: 'wait' }, { do: 'reload' }],
    [
      { do: 'timeout', times: 0.3 },
      { do: 'login', owner: 'alice', says: { timeout: 1200, absoluteTimeout: 1985 } },
    ],
  ];
  for (const says of SAYINGS) {
    for (const [i, steps] of nexts.entries()) {
      const opening = visit([...CONTENT, { do: 'login', owner: 'alice', says }]);
      const looks: (Visit | Pause)[] = [visit([], 1), { seconds: 157 }, visit([]), { seconds: 610 }, visit([], 1)];
      const ends = visit([{ do: 'revokeBy', index: 's' }], 1, 1);
      const cookieMaxAge = i % 2 === 0 ? null : 300;
      const before = [opening, { seconds: 157 }];
      const during = [visit(steps, i % 2)];
      yield { ...DEFAULTS, cookieMaxAge, before, during, after: [...looks, ends] };
      yield { ...DEFAULTS, cookieMaxAge, rollout: 'limits', before, during, after: [...looks, ends] };
      // A revocation by the index, while the session goes on under another id.
      if (says.index !== undefined) yield { ...DEFAULTS, before, during: [...during, ends], after: [visit([])] };
    }
  }
}

/** A session without absolute expiry is used in one way alone, for longer than its index entry is kept, and then ended by it. */
export function* endlessSessions(): Generator<Plan> {
  const opening = visit([...CONTENT, { do: 'login', owner: 'alice', says: { absoluteTimeout: null, index: 's' } }]);
  for (const steps of HANDLERS) {
    const uses = [0, 1, 0].flatMap((worker): (Visit | Pause)[] => [{ seconds: 610 }, visit(steps, worker)]);
    const ends = visit([{ do: 'revokeBy', index: 's' }], 1, 1);
    yield { ...DEFAULTS, before: [opening, ...uses], during: [ends], after: [visit([])] };
  }
}

/** A session that is used by two processes, one of which has shorter limits, until it ends. */
export function* shortenedLimits(): Generator<Plan> {
  for (const steps of HANDLERS) {
    for (const opening of [CONTENT, [...CONTENT, LOGIN]]) {
      for (const first of [0, 1]) {
        const uses = (seconds: number): (Visit | Pause)[] =>
          Array.from({ length: 6 }, (_, i) => [{ seconds }, visit(steps, (first + i) % 2)]).flat();
        for (const seconds of [157, 610]) {
          const before = [visit(opening, first), ...uses(seconds)];
          yield { ...DEFAULTS, rollout: 'limits', before, during: [visit([])] };
        }
        const others: readonly (readonly Step[])[] = [[{ do: 'set', field: 'b' }], [{ do: 'timeout', times: 2 }]];
        for (const other of others) {
          const during = [visit(steps, 1 - first), visit(other, first)];
          yield {
            ...DEFAULTS,
            rollout: 'limits',
            before: [visit(opening, first)],
            during,
            after: [visit([], 1 - first)],
          };
        }
      }
    }
  }
}

/** Responses that are lost, or come late, around a change of the id; and then the client comes again, soon and later. */
export function* lostResponses(): Generator<Plan> {
  const changes: readonly (readonly Step[])[] = [
    [{ do: 'rotate', grace: true }],
    [LOGIN],
    [{ do: 'logout' }],
    [{ do: 'set', field: 'a' }],
    [],
  ];
  const later: readonly (readonly (Visit | Pause)[])[] = [
    [visit([])],
    [{ seconds: 63 }, visit([])],
    [{ seconds: 63 }, visit([{ do: 'rotate', grace: true }]), { seconds: 63 }, visit([])],
    [{ seconds: 63 }, { ...visit([{ do: 'rotate', grace: true }]), ends: 'unanswered' }, { seconds: 63 }, visit([])],
    [{ seconds: 63 }, { ...visit([{ do: 'set', field: 'b' }]), stale: 1 }, visit([])],
  ];
  for (const opening of [CONTENT, [...CONTENT, LOGIN]]) {
    for (const steps of changes) {
      for (const after of later) {
        const before = [visit(opening)];
        yield { ...DEFAULTS, before, during: [{ ...visit(steps), ends: 'unanswered' }], after };
        // A request that began before the change ends after its grace.
        for (const slow of [[], [{ do: 'set', field: 'b' }], [{ do: 'update', field: 'log' }]] satisfies Step[][]) {
          const during = [visit([{ do: 'wait' }, ...slow]), visit(steps, 1), { seconds: 63 }];
          yield { ...DEFAULTS, before, during, after };
        }
      }
    }
  }
}

/** A browser with two session cookies, the first of which is an old one. */
export function* severalCookies(): Generator<Plan> {
  const changes: readonly (readonly Step[])[] = [
    [LOGIN],
    [{ do: 'rotate', grace: true }],
    [{ do: 'logout' }, { do: 'set', field: 'b' }],
  ];
  for (const steps of changes) {
    for (const seconds of [1, 63]) {
      for (const then of [[], [{ do: 'set', field: 'a' }], [{ do: 'logout' }]] satisfies Step[][]) {
        const before = [visit(CONTENT), visit(steps), { seconds }];
        yield { ...DEFAULTS, before, during: [{ ...visit(then), also: 1 }], after: [visit([])] };
      }
    }
  }
  for (const then of [[], [{ do: 'set', field: 'a' }], [{ do: 'logout' }]] satisfies Step[][]) {
    const several: Visit = { ...visit(then), also: 1 };
    // Two sessions: the owner of one has changed the password since, and the other is replaced by a login meanwhile.
    const before = [
      visit([LOGIN]),
      { ...visit([{ do: 'login', owner: 'bob' }]), kind: 'form-post' as const },
      { seconds: 1 },
      visit([{ do: 'changePassword', owner: 'alice' }], 1, 1),
    ];
    const during = [several, visit([{ do: 'login', owner: 'bob' }])];
    yield { ...DEFAULTS, invalidateBefore: true, before, during, after: [visit([])] };
    // One session, by a cookie that an older secret has signed, and by one that the newer has.
    const signed = [visit(CONTENT, 1), visit([], 0)];
    yield { ...DEFAULTS, rollout: 'secret', before: signed, during: [several], after: [visit([])] };
  }
}

/** The owner's password is changed, or the sessions are revoked, around a load, a reload, or the second factor. */
export function* authenticationChanges(): Generator<Plan> {
  const other = visit(
    [{ do: 'changePassword', owner: 'alice' }, { do: 'wait' }, { do: 'revoke', owner: 'alice', spare: false }],
    1,
    1,
  );
  const handlers: readonly (readonly Step[])[] = [
    [{ do: 'load', start: true }, { do: 'load' }, { do: 'update', field: 'log' }],
    [{ do: 'load', start: true }, { do: 'wait' }, { do: 'get', field: 'a' }],
    [{ do: 'wait' }, { do: 'reload' }, { do: 'set', field: 'a' }],
    [{ do: 'reload', start: true }, { do: 'logout' }, { do: 'set', field: 'a' }],
    [{ do: 'wait' }, LOGIN],
    [{ do: 'wait' }, { do: 'reload' }, LOGIN],
  ];
  const openings: readonly (readonly Step[])[] = [
    [...CONTENT, LOGIN],
    [...CONTENT, { do: 'beginLogin', owner: 'alice' }],
  ];
  for (const opening of openings) {
    for (const steps of handlers) {
      const before: readonly (Visit | Pause)[] = [visit(opening), { seconds: 11 }];
      const worker = steps[0]!.do === 'load' ? 1 : 0;
      for (const invalidateBefore of [true, false]) {
        yield { ...DEFAULTS, invalidateBefore, before, during: [visit(steps, worker), other] };
      }
    }
  }
  // The request ends its session while the application is asked about it.
  const ended: readonly Step[] = [{ do: 'reload', start: true }, { do: 'wait' }, { do: 'logout' }, { do: 'wait' }];
  yield { ...DEFAULTS, invalidateBefore: true, before: [visit([...CONTENT, LOGIN])], during: [visit(ended)] };
}

/** What a handler does after it has begun to respond. */
export function* lateSteps(): Generator<Plan> {
  for (const opening of [null, CONTENT]) {
    for (const step of OPERATIONS) {
      for (const saved of [[], [{ do: 'save' }]] satisfies Step[][]) {
        for (const between of [[], [{ do: 'wait' }]] satisfies Step[][]) {
          const late = [...between, step, ...saved];
          const during = [{ ...visit([{ do: 'set', field: 'b' }]), late }];
          yield { ...DEFAULTS, before: opening === null ? [] : [visit(opening)], during, after: [visit([])] };
        }
      }
    }
  }
}

/** A session that a request begins after the end of another, and ends again while it is on its way to the store. */
export function* repeatedEnds(): Generator<Plan> {
  for (const opening of [CONTENT, [...CONTENT, LOGIN]]) {
    for (const step of [{ do: 'set', field: 'b' }, LOGIN, { do: 'beginLogin', owner: 'bob' }] satisfies Step[]) {
      for (const between of [[], [{ do: 'wait' }]] satisfies Step[][]) {
        const begin: readonly Step[] = [{ do: 'logout' }, step, { do: 'save', start: true }, ...between];
        const again = visit([...begin, { do: 'logout' }]);
        yield { ...DEFAULTS, before: [visit(opening)], during: [again], after: [visit([])] };
      }
    }
  }
}

/** Requests that go on after the grace of a rotation that they have met or followed; and a save behind what is slow. */
export function* slowRequests(): Generator<Plan> {
  const rotation = visit([{ do: 'rotate', grace: true }]);
  const steps: readonly Step[] = [
    { do: 'set', field: 'a' },
    { do: 'update', field: 'log' },
    { do: 'takeFlash', queue: 'q' },
  ];
  for (const step of steps) {
    const slow = visit([{ do: 'wait' }, step]);
    const lost: Visit = { ...rotation, ends: 'unanswered' };
    yield { ...DEFAULTS, slow: true, before: [visit(CONTENT)], during: [slow, rotation, { seconds: 63 }] };
    yield { ...DEFAULTS, slow: true, before: [visit(CONTENT), lost], during: [slow, { seconds: 63 }] };
  }
  for (const change of [{ do: 'rotate', grace: true }, LOGIN] satisfies Step[]) {
    const queued = visit([{ do: 'takeFlash', queue: 'q', start: true }, change, { do: 'save', start: true }]);
    yield { ...DEFAULTS, before: [visit(CONTENT)], during: [queued], after: [visit([])] };
  }
  // The time of a first factor passes, and its owner's sessions are revoked, while the second is checked.
  const pending = visit([...CONTENT, { do: 'beginLogin', owner: 'alice' }]);
  const revocation = visit([{ do: 'revoke', owner: 'alice', spare: false }], 1, 1);
  const during = [visit([{ do: 'wait' }, LOGIN]), revocation, { seconds: 610 }];
  yield { ...DEFAULTS, slow: true, before: [pending], during, after: [visit([])] };
}

/** Responses that shared caches may store, so that they cannot carry a cookie. */
export function* sharedResponses(): Generator<Plan> {
  for (const opening of [null, CONTENT, [...CONTENT, LOGIN]]) {
    for (const steps of HANDLERS) {
      const during = [{ ...visit(steps), shared: true }];
      yield {
        ...DEFAULTS,
        before: opening === null ? [] : [visit(opening)],
        during,
        after: [{ seconds: 157 }, visit([])],
      };
    }
  }
}

/** Responses of every request at the borders of cookie lifetimes, and of another deployment's attributes. */
export function* deployments(): Generator<Plan> {
  for (const rollout of ['attributes', 'secret'] as const) {
    for (const steps of HANDLERS) {
      for (const [first, second] of [
        [0, 1],
        [1, 0],
      ] as const) {
        const before = [visit([...CONTENT, LOGIN], first)];
        yield {
          ...DEFAULTS,
          rollout,
          before,
          during: [visit(steps, second)],
          after: [visit([], first), visit([], second)],
        };
        yield {
          ...DEFAULTS,
          rollout,
          before,
          during: [visit(steps, first), visit([{ do: 'set', field: 'b' }], second)],
        };
      }
    }
  }
}

/** Ends of a login's session that are explained to its cookie, soon, later, and when nothing explains them any longer. */
export function* explainedEnds(): Generator<Plan> {
  const ends: readonly (readonly (Visit | Pause)[])[] = [
    [{ ...visit([{ do: 'logout' }]), ends: 'unanswered' }],
    [{ ...visit([{ do: 'logout' }, { do: 'set', field: 'b' }]), ends: 'unanswered' }],
    [{ ...visit([{ do: 'login', owner: 'bob' }]), ends: 'unanswered' }],
    [visit([{ do: 'revoke', owner: 'alice', spare: false }], 1, 1)],
    [visit([{ do: 'revokeSession', owner: 'alice', device: 0 }], 1, 1)],
    [visit([LOGIN], 1, 1)],
    [visit([{ do: 'changePassword', owner: 'alice' }], 1, 1)],
    [{ seconds: 610 }, { seconds: 610 }],
    [visit([{ do: 'timeout', times: 0.3 }]), { seconds: 610 }],
  ];
  const ways: readonly (readonly Visit[])[] = [
    [],
    [{ ...visit([{ do: 'rotate', grace: true }]), ends: 'unanswered' }],
    [visit([{ do: 'rotate', grace: true }])],
    [visit([{ do: 'set', field: 'b' }])],
  ];
  for (const explains of [true, false]) {
    for (const way of ways) {
      for (const end of ends) {
        const rules = { ...DEFAULTS, explains, max: 1, invalidateBefore: true };
        const after = [
          visit([]),
          { seconds: 610 },
          visit([], 1),
          { seconds: 157 },
          visit([]),
          { seconds: 610 },
          visit([]),
        ];
        yield { ...rules, before: [visit([...CONTENT, LOGIN]), { seconds: 11 }, ...way], during: end, after };
      }
    }
    // An end races with what keeps the session, or gives it another id.
    for (const steps of HANDLERS) {
      const before = [visit([...CONTENT, LOGIN])];
      const other = visit([{ do: 'revokeSession', owner: 'alice', device: 0 }], 1, 1);
      yield { ...DEFAULTS, explains, before, during: [visit(steps), other], after: [visit([])] };
    }
  }
}

/** A rotated id is used after its grace: by who has copied it, or by a client whose response was lost; and what meets it. */
export function* reusedIds(): Generator<Plan> {
  const rotation: Visit = visit([{ do: 'rotate', grace: true }]);
  const stale: Visit = { ...visit([]), stale: 1 };
  for (const onReuse of ['end-session', 'end-owner'] as const) {
    // A client whose response was lost comes to a process that does not know the secret of its new id.
    for (const opening of [CONTENT, [...CONTENT, LOGIN]]) {
      const lost: Visit = { ...rotation, ends: 'unanswered' };
      const before = [visit(opening, 1), lost, { seconds: 63 }];
      yield { ...DEFAULTS, onReuse, rollout: 'secret', before, during: [visit([], 1)], after: [visit([])] };
    }
    for (const opening of [CONTENT, [...CONTENT, LOGIN]]) {
      const rules = { ...DEFAULTS, onReuse, explains: true };
      // Another device of the owner.
      const before: readonly (Visit | Pause)[] = [visit([LOGIN], 1, 2), visit(opening)];
      for (const change of [rotation, visit([{ do: 'rotate', grace: false }]), visit([LOGIN])]) {
        for (const seen of [[], [visit([])]]) {
          const stolen: readonly (Visit | Pause)[] = [...before, change, ...seen, { seconds: 63 }];
          const after = [visit([]), visit([], 1, 2)];
          for (const steps of HANDLERS) yield { ...rules, before: stolen, during: [visit(steps, 1), stale], after };
          // The session has gone on to yet another id since.
          yield { ...rules, before: [...stolen, rotation], during: [{ ...stale, stale: 2 }], after };
          yield { ...rules, before: [...stolen, rotation, visit([])], during: [{ ...stale, stale: 2 }], after };
          // The same client has another cookie, which opens the session.
          yield { ...rules, before: stolen, during: [{ ...visit([]), also: 1 }], after };
        }
        const lost: Visit = { ...change, ends: 'unanswered' };
        yield { ...rules, before: [...before, lost, { seconds: 63 }], during: [visit([])], after: [visit([])] };
        const again: readonly (Visit | Pause)[] = [...before, lost, { seconds: 63 }, lost, { seconds: 63 }];
        yield { ...rules, before: again, during: [visit([])], after: [{ seconds: 63 }, visit([])] };
      }
    }
  }
}

/** Pages that the browser fetches ahead of a visit, and forms that another site has sent. */
export function* otherKinds(): Generator<Plan> {
  for (const kind of ['prefetch', 'form-post'] as const) {
    for (const opening of [null, CONTENT, [...CONTENT, LOGIN]]) {
      for (const steps of [...HANDLERS, [{ do: 'set', field: 'b' }, { do: 'save' }] satisfies Step[]]) {
        for (const rules of [DEFAULTS, { ...DEFAULTS, touch: 'always', cookieMaxAge: 300 } as const]) {
          const before = opening === null ? [] : [visit(opening), { seconds: 157 }];
          yield { ...rules, before, during: [{ ...visit(steps), kind }], after: [{ seconds: 157 }, visit([])] };
        }
      }
      // The first request with a new id is one, too.
      const before = opening === null ? [] : [visit(opening), visit([{ do: 'rotate', grace: true }])];
      yield { ...DEFAULTS, before, during: [{ ...visit([]), kind }], after: [{ seconds: 63 }, visit([])] };
    }
  }
}

/** Native clients, alone and beside a browser, each of which also has the other's cookie or a token of another system. */
export function* nativeClients(): Generator<Plan> {
  for (const transport of ['header', 'both'] as const) {
    const before = [visit([...CONTENT, LOGIN]), visit(CONTENT, 1, 1)];
    const after = [visit([]), visit([], 1, 1)];
    for (const steps of HANDLERS) {
      for (const rollout of ['none', 'attributes', 'secret'] as const) {
        const during = [visit(steps, 1), visit([{ do: 'set', field: 'b' }], 0, 1)];
        yield { ...DEFAULTS, transport, rollout, cookieMaxAge: 300, before, during, after };
      }
      yield { ...DEFAULTS, transport, before, during: [visit(steps, 0, 2), visit([], 1)], after: [visit([], 0, 2)] };
      for (const differs of [{ shared: true }, { stale: 1 }, { kind: 'form-post' }] as const) {
        const request = { ...visit(steps, 1), ...differs };
        yield { ...DEFAULTS, transport, before: [...before, visit([LOGIN])], during: [request], after };
      }
      const first = { ...visit(steps, 0, 2), kind: 'form-post' } as const;
      yield { ...DEFAULTS, transport, before, during: [first], after: [visit([], 0, 2)] };
      yield { ...DEFAULTS, transport, before: [], during: [first], after: [visit([], 0, 2)] };
    }
  }
}
