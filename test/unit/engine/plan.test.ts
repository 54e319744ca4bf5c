import { describe, expect, test } from 'vitest';
import { planCommit, type CommitPlan, type CommitSituation } from '../../../src/engine/plan.ts';

const QUIET: CommitSituation = {
  request: { isPrefetch: false, isCookieWithheld: false },
  phase: 'ready',
  lossReason: null,
  head: { failed: false, allowsCookie: true, suppression: 'cacheable' },
  headLeft: false,
  insecure: false,
  cookieOnException: true,
  stored: true,
  hasChanges: false,
  login: false,
  begunLogin: false,
  rotation: false,
  timeout: false,
  ends: false,
  unsentId: null,
  touchDue: false,
  cookieDue: false,
  recordDue: false,
};
const NOTHING: CommitPlan = {
  write: 'none',
  ends: false,
  sendCookie: 'never',
  discard: null,
  suppressed: null,
  refusal: null,
};

type Row = readonly [what: string, situation: Partial<CommitSituation>, plan: Partial<CommitPlan>];

function plan(situation: Partial<CommitSituation>): CommitPlan {
  return planCommit({ ...QUIET, ...situation });
}

const failed = { failed: true, allowsCookie: true, suppression: 'cacheable' } as const;
const SAVE_AND_SEND: Partial<CommitPlan> = { write: 'save', sendCookie: 'always' };
const CROSS_SITE: Partial<CommitPlan> = { refusal: 'cross-site' };
const PREFETCH = { isPrefetch: true, isCookieWithheld: false };
const WITHHELD = { isPrefetch: false, isCookieWithheld: true };
const cacheable = { failed: false, allowsCookie: false, suppression: 'cacheable' } as const;
const absent = { failed: true, allowsCookie: false, suppression: 'exception' } as const;

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  'what is written': [
    ['nothing to do', {}, {}],
    ['a new session without content', { stored: false }, {}],
    ['a new session with content', { stored: false, hasChanges: true }, { write: 'create' }],
    ['a login without a session', { stored: false, login: true }, { write: 'create' }],
    ['a rotation of what is not stored', { stored: false, rotation: true }, {}],
    ['a change', { hasChanges: true }, { write: 'save', sendCookie: 'if-rotated' }],
    ['another timeout', { timeout: true }, { write: 'save', sendCookie: 'if-rotated' }],
    ['a change with a cookie due', { hasChanges: true, cookieDue: true }, { write: 'save', sendCookie: 'always' }],
    ['a login', { login: true, hasChanges: true }, { write: 'rekey' }],
    ['a rotation', { rotation: true }, { write: 'rekey' }],
    ['a touch that is due', { touchDue: true }, { write: 'touch', sendCookie: 'if-rotated' }],
    ['a cookie that is due', { cookieDue: true }, { write: 'touch', sendCookie: 'always' }],
    ['a confirmation that is due', { recordDue: true }, { write: 'touch', sendCookie: 'if-rotated' }],
    ['an end', { stored: false, ends: true }, { ends: true }],
    ['an end and new content', { stored: false, ends: true, hasChanges: true }, { ends: true, write: 'create' }],
  ],
  'an early save': [
    ['of a new session', { head: null, stored: false, hasChanges: true }, { write: 'create' }],
    ['of a change sends no cookie', { head: null, hasChanges: true, cookieDue: true }, { write: 'save' }],
    ['with a cookie due alone', { head: null, cookieDue: true }, {}],
    ['with a touch due', { head: null, touchDue: true }, { write: 'touch' }],
    ['with a confirmation due', { head: null, recordDue: true }, { write: 'touch' }],
    ['of another timeout', { head: null, timeout: true }, { write: 'save' }],
  ],
  'an id that no response has carried': [
    ['is sent with a change', { unsentId: 'creation', hasChanges: true, cookieDue: true }, SAVE_AND_SEND],
    ['is sent by itself, with a write that must not fail', { unsentId: 'login', touchDue: true }, SAVE_AND_SEND],
    ['waits in an early save', { head: null, unsentId: 'rotation' }, {}],
    ['is sent to a prefetch, too', { request: PREFETCH, unsentId: 'rotation' }, SAVE_AND_SEND],
    ['of a login, where caches may store it', { head: cacheable, unsentId: 'login' }, { refusal: 'cookie-withheld' }],
    ['of a rotation, where caches may', { head: cacheable, unsentId: 'rotation' }, { refusal: 'cookie-withheld' }],
    ['of a new session, where caches may', { head: cacheable, unsentId: 'creation' }, { suppressed: 'cacheable' }],
    [
      'of a new session that changes, where caches may',
      { head: cacheable, unsentId: 'creation', hasChanges: true },
      { write: 'save', sendCookie: 'if-rotated', suppressed: 'cacheable' },
    ],
    [
      'after an error without a cookie',
      { head: failed, cookieOnException: false, unsentId: 'login' },
      { suppressed: 'exception' },
    ],
  ],
  'a prefetch': [
    ['renews nothing', { request: PREFETCH, touchDue: true, cookieDue: true, recordDue: true }, {}],
    ['stores changes', { request: PREFETCH, hasChanges: true }, { write: 'save', sendCookie: 'if-rotated' }],
    ['stores another timeout', { request: PREFETCH, timeout: true }, { write: 'save', sendCookie: 'if-rotated' }],
  ],
  'a request from another site, from which `SameSite` keeps the cookie': [
    [
      'begins no session',
      { request: WITHHELD, stored: false, hasChanges: true },
      { discard: 'cross-site', suppressed: 'cross-site' },
    ],
    ['is told so by an early save', { request: WITHHELD, stored: false, hasChanges: true, head: null }, CROSS_SITE],
    ['may log in', { request: WITHHELD, stored: false, login: true }, { write: 'create' }],
    ['ends what it ends', { request: WITHHELD, stored: false, ends: true }, { ends: true }],
    [
      'ends nothing where it is refused',
      { request: WITHHELD, stored: false, hasChanges: true, head: null, ends: true },
      CROSS_SITE,
    ],
  ],
  'after the head has left': [
    ['a change', { head: null, headLeft: true, hasChanges: true }, { write: 'save' }],
    ['a new session', { head: null, headLeft: true, stored: false, hasChanges: true }, { refusal: 'headers-sent' }],
    ['a login', { head: null, headLeft: true, login: true }, { refusal: 'headers-sent' }],
    ['a rotation', { head: null, headLeft: true, rotation: true }, { refusal: 'headers-sent' }],
  ],
  'a response that caches may store': [
    ['a login', { head: cacheable, login: true }, { refusal: 'cookie-withheld' }],
    ['a login after a logout', { head: cacheable, login: true, ends: true }, { refusal: 'cookie-withheld' }],
    ['a rotation', { head: cacheable, rotation: true }, { refusal: 'cookie-withheld' }],
    [
      'a first factor',
      { head: cacheable, stored: false, hasChanges: true, begunLogin: true },
      { refusal: 'cookie-withheld' },
    ],
    [
      'a new session',
      { head: cacheable, stored: false, hasChanges: true },
      { discard: 'cacheable', suppressed: 'cacheable' },
    ],
    ['a change', { head: cacheable, hasChanges: true, cookieDue: true }, { write: 'save', sendCookie: 'if-rotated' }],
    ['a cookie due', { head: cacheable, cookieDue: true }, {}],
    ['a logout', { head: cacheable, stored: false, ends: true }, { ends: true }],
  ],
  'an error of which the framework makes the response later': [
    [
      'a new session',
      { head: absent, stored: false, hasChanges: true },
      { discard: 'exception', suppressed: 'exception' },
    ],
    ['a session of a save before it', { head: absent, unsentId: 'creation' }, { suppressed: 'exception' }],
    ['a login', { head: absent, login: true }, { refusal: 'cookie-withheld' }],
  ],
  'a connection that forbids the cookie': [
    ['a login', { insecure: true, login: true }, { refusal: 'insecure' }],
    ['a first factor', { insecure: true, stored: false, hasChanges: true, begunLogin: true }, { refusal: 'insecure' }],
    ['an early save', { insecure: true, head: null, stored: false, hasChanges: true }, { refusal: 'insecure' }],
    [
      'a new session',
      { insecure: true, stored: false, hasChanges: true },
      { discard: 'insecure', suppressed: 'insecure' },
    ],
    ['nothing to do', { insecure: true, stored: false }, {}],
  ],
  'a handler that failed': [
    ['stores by default', { head: failed, hasChanges: true }, { write: 'save', sendCookie: 'if-rotated' }],
    ['stores nothing', { head: failed, cookieOnException: false, hasChanges: true }, { discard: 'exception' }],
    ['performs no login', { head: failed, cookieOnException: false, login: true }, { discard: 'exception' }],
    ['ends what was ended', { head: failed, cookieOnException: false, ends: true }, { ends: true }],
    ['renews nothing', { head: failed, cookieOnException: false, touchDue: true }, {}],
  ],
  'a session that cannot be used': [
    ['not loaded', { phase: 'unloaded', stored: false, ends: false }, {}],
    ['not loaded, with something to do all the same', { phase: 'unloaded', hasChanges: true, ends: true }, {}],
    ['lost without a reason', { phase: 'lost', stored: false, login: true }, { discard: 'gone' }],
    ['lost, with another timeout', { phase: 'lost', stored: false, timeout: true }, { discard: 'gone' }],
    ['lost and unused', { phase: 'lost', lossReason: 'gone', stored: false }, {}],
    ['degraded', { phase: 'degraded', stored: false, hasChanges: true }, {}],
    ['ignored', { phase: 'ignored', stored: false, hasChanges: true }, { discard: 'ignored' }],
    ['ignored and unused', { phase: 'ignored', stored: false }, {}],
    ['lost', { phase: 'lost', lossReason: 'rotated', stored: false, hasChanges: true }, { discard: 'rotated' }],
    ['lost after an end', { phase: 'lost', lossReason: 'gone', stored: false, ends: true }, { ends: true }],
  ],
};

for (const [title, rows] of Object.entries(ROWS)) {
  describe(title, () => {
    test.each(rows)('%s', (_what, situation, expected) => {
      expect(plan(situation)).toEqual({ ...NOTHING, ...expected });
    });
  });
}
