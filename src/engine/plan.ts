import type { CookieSuppressionReason, DiscardReason } from '../events.ts';
import type { IdIssue } from './epoch.ts';
import type { LossReason, Phase } from './state.ts';

/** What a plan has to know of a response's head. */
export interface HeadSituation {
  /** Whether its status is that of a failed server. */
  readonly failed: boolean;
  readonly allowsCookie: boolean;
  /** Why it does not, where it does not. */
  readonly suppression: 'cacheable' | 'exception';
}

/** What a plan may have to know of a request. */
export interface RequestSituation {
  /** Whether a browser fetches the page ahead of a visit that may never come. */
  readonly isPrefetch: boolean;
  /** Whether the client may have a session cookie that `SameSite` has kept from the request. */
  readonly isCookieWithheld: boolean;
}

/** Everything that decides what a commit does. */
export interface CommitSituation {
  readonly request: RequestSituation;
  readonly phase: Phase;
  readonly lossReason: LossReason | null;
  /** The response's head when it is about to leave; `null` for a commit before or after that. */
  readonly head: HeadSituation | null;
  /** True when the head has left, so that no cookie can be sent. */
  readonly headLeft: boolean;
  /** True when the request came over plain HTTP, where `cookie.secure` forbids the cookie. */
  readonly insecure: boolean;
  /** `cookie.onException`. */
  readonly cookieOnException: boolean;
  /** True when there is a stored record. */
  readonly stored: boolean;
  readonly hasChanges: boolean;
  readonly login: boolean;
  readonly begunLogin: boolean;
  readonly rotation: boolean;
  readonly timeout: boolean;
  readonly ends: boolean;
  /** How this request has given the session an id that no response has carried yet; `null` where it has not. */
  readonly unsentId: IdIssue | null;
  /** The idle timeout is to be renewed. */
  readonly touchDue: boolean;
  /** The client needs the cookie again. */
  readonly cookieDue: boolean;
  /** The record is to store that the client has its id, or that the factory's timeout has changed. */
  readonly recordDue: boolean;
}

export interface CommitPlan {
  /** `touch` is a save without changes: the response does not depend on its success. */
  readonly write: 'none' | 'create' | 'rekey' | 'save' | 'touch';
  /** Whether sessions are to be ended first. */
  readonly ends: boolean;
  /**
   * Whether an acknowledgement of a save lets the response carry the cookie: always, or if the save followed a rotation
   * and the head allows a cookie.
   */
  readonly sendCookie: 'always' | 'if-rotated' | 'never';
  /** Why what the request asked for is not carried out; `null` when it is. */
  readonly discard: DiscardReason | null;
  /** Why the cookie of a new session is not sent; `null` when it is, or none is needed. */
  readonly suppressed: CookieSuppressionReason | null;
  /** Why the commit fails; `null` when it does not. */
  readonly refusal: 'cookie-withheld' | 'cross-site' | 'headers-sent' | 'insecure' | null;
}

type Outcome = Omit<CommitPlan, 'ends'>;

const NOTHING: Outcome = { write: 'none', sendCookie: 'never', discard: null, suppressed: null, refusal: null };
const NO_PLAN: CommitPlan = { ...NOTHING, ends: false };

/** Decides what a commit does. */
export function planCommit(situation: CommitSituation): CommitPlan {
  if (situation.phase === 'unloaded' || situation.phase === 'degraded') return NO_PLAN;
  const outcome = decide(situation);
  if (!situation.ends && outcome === NOTHING) return NO_PLAN;
  // What is refused is not carried out in part.
  return { ...outcome, ends: situation.ends && outcome.refusal === null };
}

function decide(situation: CommitSituation): Outcome {
  const { phase, head, stored, hasChanges, login, rotation } = situation;
  const asks = hasChanges || login || rotation || situation.timeout;
  if (phase !== 'ready') {
    const reason = phase === 'ignored' ? 'ignored' : (situation.lossReason ?? 'gone');
    return hasChanges || login || situation.timeout ? { ...NOTHING, discard: reason } : NOTHING;
  }
  if (head?.failed === true && !situation.cookieOnException) {
    const suppressed = situation.unsentId === null ? null : 'exception';
    return asks || suppressed !== null ? { ...NOTHING, discard: asks ? 'exception' : null, suppressed } : NOTHING;
  }
  const needsCookie = login || (stored ? rotation : hasChanges);
  if (needsCookie && situation.headLeft) return { ...NOTHING, refusal: 'headers-sent' };
  // A new id, or new rights under the old one, must not be dropped silently.
  const mustNotBeLost = login || rotation || situation.begunLogin;
  if (needsCookie && situation.insecure) {
    if (mustNotBeLost || head === null) return { ...NOTHING, refusal: 'insecure' };
    return { ...NOTHING, discard: 'insecure', suppressed: 'insecure' };
  }
  if (needsCookie && head?.allowsCookie === false) {
    if (mustNotBeLost) return { ...NOTHING, refusal: 'cookie-withheld' };
    return { ...NOTHING, discard: head.suppression, suppressed: head.suppression };
  }
  if (needsCookie && !stored && !mustNotBeLost && situation.request.isCookieWithheld) {
    if (head === null) return { ...NOTHING, refusal: 'cross-site' };
    return { ...NOTHING, discard: 'cross-site', suppressed: 'cross-site' };
  }
  if (situation.unsentId !== null && head?.allowsCookie === false) {
    if (situation.unsentId !== 'creation') return { ...NOTHING, refusal: 'cookie-withheld' };
    return { ...decideWrite(situation), suppressed: head.suppression };
  }
  return decideWrite(situation);
}

function decideWrite(situation: CommitSituation): Outcome {
  const { stored, hasChanges, login, rotation, timeout, head } = situation;
  if (!stored) return login || hasChanges ? CREATE : NOTHING;
  if (login || rotation) return REKEY;
  if (!hasChanges && !timeout && !isCookieOrTouchDue(situation)) return NOTHING;
  // A prefetch is no use of the session. A client that has no other id needs this one all the same.
  const isAhead = !hasChanges && !timeout && situation.unsentId === null && situation.request.isPrefetch;
  if (isAhead) return NOTHING;
  // Few saves send a cookie, and a head is costly to ask.
  const sends = (situation.unsentId !== null || situation.cookieDue) && head?.allowsCookie === true;
  if (hasChanges || timeout) {
    if (sends && situation.cookieDue) return SAVE_AND_SEND;
    return head === null ? SAVE : SAVE_AND_SEND_IF_ROTATED;
  }
  // The client has no other id that opens the session, so this must not fail in silence.
  if (sends && situation.unsentId !== null) return SAVE_AND_SEND;
  if (sends) return TOUCH_AND_SEND;
  if (!situation.touchDue && !situation.recordDue) return NOTHING;
  return head === null ? TOUCH : TOUCH_AND_SEND_IF_ROTATED;
}

function isCookieOrTouchDue({ unsentId, cookieDue, touchDue, recordDue }: CommitSituation): boolean {
  return unsentId !== null || cookieDue || touchDue || recordDue;
}

const CREATE: Outcome = { ...NOTHING, write: 'create' };
const REKEY: Outcome = { ...NOTHING, write: 'rekey' };
const SAVE: Outcome = { ...NOTHING, write: 'save' };
const SAVE_AND_SEND: Outcome = { ...SAVE, sendCookie: 'always' };
const SAVE_AND_SEND_IF_ROTATED: Outcome = { ...SAVE, sendCookie: 'if-rotated' };
const TOUCH: Outcome = { ...NOTHING, write: 'touch' };
const TOUCH_AND_SEND: Outcome = { ...TOUCH, sendCookie: 'always' };
const TOUCH_AND_SEND_IF_ROTATED: Outcome = { ...TOUCH, sendCookie: 'if-rotated' };
