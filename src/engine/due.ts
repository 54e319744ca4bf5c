import type { SessionConfig } from './config.ts';
import type { BoundRecord } from './epoch.ts';
import { cookieLifetime } from './lifetimes.ts';
import type { SessionState } from './state.ts';

/** Returns whether the idle timeout of a record is to be renewed. */
export function isTouchDue({ meta, lastSeen }: BoundRecord, config: SessionConfig, now: number): boolean {
  // A session with a shorter timeout of its own is renewed in proportion.
  const interval = config.touchInterval * Math.min(1, meta.timeout.seconds / config.timeout);
  const age = now - lastSeen;
  // A session that was last seen in the future shows that the store's clock was set back: a touch sets it right.
  return age >= interval * 1000 || age < -1000;
}

/** Returns whether the client needs the cookie of its session again, or its token. */
export function isCookieDue(state: SessionState, record: BoundRecord, now: number): boolean {
  const { config } = state.context;
  const { cookie } = record.meta;
  const { presentedId, signedByOldSecret, renewalRequested } = state.clientCookie;
  if (record.id !== presentedId || signedByOldSecret || renewalRequested) return true;
  // A token has no attributes, and no lifetime that could be renewed.
  if (state.token !== null) return false;
  if (cookie.attributes !== state.cookie.attributes) return true;
  const maxAge = cookieLifetime(state.cookie.maxAge, record.meta);
  if (maxAge === null) return false;
  if (state.epoch.pending.timeout !== null) return true;
  const age = now - cookie.sentAt;
  // As with a touch, a time that is still to come shows that the store's clock was set back.
  return age >= Math.min(config.touchInterval, maxAge / 10) * 1000 || age < -1000;
}

/** Returns whether the store is to learn that the client has the record's id, or that the factory's timeout has changed. */
export function isRecordDue(state: SessionState, record: BoundRecord): boolean {
  return record.timeoutOutdated || isConfirmation(state, record);
}

/** Returns whether the request is the first that has come with the record's id, after a rotation. */
export function isConfirmation({ clientCookie }: SessionState, { id, meta }: BoundRecord): boolean {
  return !meta.cookie.confirmed && id === clientCookie.presentedId;
}
