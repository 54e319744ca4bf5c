import type { SessionConfig } from './config.ts';
import type { BoundRecord } from './epoch.ts';
import { cookieLifetime } from './lifetimes.ts';
import type { SessionState } from './state.ts';

/** Returns whether the idle timeout of a record is to be renewed. */
export function isTouchDue({ meta, lastSeen }: BoundRecord, config: SessionConfig, now: number): boolean {
  // A session with a shorter timeout of its own is renewed in proportion.
  const interval = config.touchInterval * Math.min(1, meta.timeout.seconds / config.timeout);
  return isOver(interval, now - lastSeen);
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
  return isOver(Math.min(config.touchInterval, maxAge / 10), now - cookie.sentAt);
}

/**
 * Returns whether an interval is over, in seconds, that began so many milliseconds ago. A beginning that is still to come
 * shows that the store's clock was set back, and a new one sets it right; up to a second, only that this process knows the
 * store's clock less exactly than the one that wrote the time.
 */
function isOver(interval: number, age: number): boolean {
  return Math.max(age, 0) >= interval * 1000 || age < -1000;
}

/** Returns whether the store is to learn that the client has the record's id, or that the factory's timeout has changed. */
export function isRecordDue(state: SessionState, record: BoundRecord): boolean {
  return record.timeoutOutdated || isConfirmation(state, record);
}

/** Returns whether the request is the first that has come with the record's id, after a rotation. */
export function isConfirmation({ clientCookie }: SessionState, { id, meta }: BoundRecord): boolean {
  return !meta.cookie.confirmed && id === clientCookie.presentedId;
}
