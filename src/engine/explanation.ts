import type { EndReason } from '../events.ts';
import type { EndedRecord, EndExplanation, ExplainedReason, RecordMeta } from '../stores/store.ts';
import type { SessionContext } from './context.ts';

/** Why and when the session of a request's cookie has ended. */
export interface EndedSession {
  readonly reason: ExplainedReason;
  readonly at: Date;
}

/** What the client is told about each end. */
const EXPLAINED: Readonly<Record<EndReason, ExplainedReason>> = {
  invalidated: 'logout',
  logout: 'logout',
  'account-switch': 'logout',
  revoked: 'revoked',
  destroyed: 'revoked',
  evicted: 'evicted',
  expired: 'expired',
  'authentication-changed': 'authentication-changed',
  'id-reuse': 'id-reuse',
};

/**
 * Returns what is to explain an end, to those who watch it alone without `explainEnds`.
 * @param by who has ended the session, for the audit trail; `null` where it is not said
 */
export function explanationOf({ config }: SessionContext, reason: EndReason, by: string | null = null): EndExplanation {
  const explanation = { reason: EXPLAINED[reason], keep: config.explainEnds };
  return by === null ? explanation : { ...explanation, by };
}

/** Returns how a record has ended that may not be used, by the lifetimes that are in force for it. */
export function endOfRefused(
  refusal: 'expired' | 'authentication-changed',
  { timeout, expiresAt }: RecordMeta,
  lastSeen: number,
  now: number,
): EndedSession {
  const expiry = Math.min(lastSeen + timeout.seconds * 1000, expiresAt || Infinity);
  return { reason: refusal, at: new Date(refusal === 'expired' ? expiry : now) };
}

export function endedSession({ reason, at }: Pick<EndedRecord, 'reason' | 'at'>): EndedSession {
  return { reason, at: new Date(at) };
}
