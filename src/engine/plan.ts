import type { DiscardReason } from '../events.ts';
import type { LossReason, Phase } from './state.ts';

/** Everything that decides what a commit does. */
export interface CommitSituation {
  readonly phase: Phase;
  readonly lossReason: LossReason | null;
  /** The response's head when it is about to leave; `null` for a commit before or after that. */
  readonly head: { readonly failed: boolean; readonly allowsCookie: boolean } | null;
  /** True when the head has left, so that no cookie can be sent. */
  readonly headLeft: boolean;
  /** `cookie.onException`. */
  readonly cookieOnException: boolean;
  /** True when there is a stored record. */
  readonly stored: boolean;
  readonly hasChanges: boolean;
  readonly login: boolean;
  readonly rotation: boolean;
  readonly timeout: boolean;
  readonly ends: boolean;
  /** The idle timeout is to be renewed. */
  readonly touchDue: boolean;
  /** The client needs the cookie again. */
  readonly cookieDue: boolean;
  /** The record is to be told that the client has its id, or that the factory's timeout has changed. */
  readonly recordDue: boolean;
}

export interface CommitPlan {
  /** `touch` is a save without changes: the response does not depend on its success. */
  readonly write: 'none' | 'create' | 'rekey' | 'save' | 'touch';
  /** Whether sessions are to be ended first. */
  readonly ends: boolean;
  /** Whether an acknowledgement of a save lets the response carry the cookie: always, or if the save followed a rotation. */
  readonly sendCookie: 'always' | 'if-rotated' | 'never';
  /** Why what the request asked for is not carried out; `null` when it is. */
  readonly discard: DiscardReason | null;
  /** Why the cookie of a new session is not sent; `null` when it is, or none is needed. */
  readonly suppressed: 'cacheable' | 'exception' | null;
  /** Why the commit fails; `null` when it does not. */
  readonly refusal: 'cookie-withheld' | 'headers-sent' | null;
}

const NOTHING: CommitPlan = {
  write: 'none',
  ends: false,
  sendCookie: 'never',
  discard: null,
  suppressed: null,
  refusal: null,
};

/** Decides what a commit does. */
export function planCommit(situation: CommitSituation): CommitPlan {
  const { phase, head, stored, hasChanges, login, rotation, ends } = situation;
  if (phase === 'unloaded' || phase === 'degraded') return NOTHING;
  if (phase !== 'ready') {
    const reason = phase === 'ignored' ? 'ignored' : (situation.lossReason ?? 'gone');
    return { ...NOTHING, ends, discard: hasChanges || login ? reason : null };
  }
  const asks = hasChanges || login || rotation || situation.timeout;
  if (head?.failed === true && !situation.cookieOnException) {
    return { ...NOTHING, ends, discard: asks ? 'exception' : null };
  }
  const needsCookie = login || (stored ? rotation : hasChanges);
  if (needsCookie && situation.headLeft) return { ...NOTHING, refusal: 'headers-sent' };
  if (needsCookie && head?.allowsCookie === false) {
    // A new id, or new rights under the old one, are not to be given up in silence.
    if (login || rotation) return { ...NOTHING, refusal: 'cookie-withheld' };
    return { ...NOTHING, ends, discard: 'cacheable', suppressed: 'cacheable' };
  }
  return { ...NOTHING, ends, ...planWrite(situation) };
}

function planWrite(situation: CommitSituation): Pick<CommitPlan, 'write' | 'sendCookie'> {
  const { stored, hasChanges, login, rotation, timeout, head } = situation;
  if (!stored) return { write: login || hasChanges ? 'create' : 'none', sendCookie: 'never' };
  if (login || rotation) return { write: 'rekey', sendCookie: 'never' };
  const due = situation.cookieDue ? 'always' : 'if-rotated';
  const sendCookie = head?.allowsCookie === true ? due : 'never';
  if (hasChanges || timeout) return { write: 'save', sendCookie };
  return { write: sendCookie === 'always' || situation.touchDue || situation.recordDue ? 'touch' : 'none', sendCookie };
}
