import type { SessionConfig } from './config.ts';
import type { BoundRecord } from './epoch.ts';
import { cookieLifetime } from './lifetimes.ts';
import type { SessionState } from './state.ts';

/** Milliseconds by which a process may know the store's clock worse than another one. */
const MAX_CLOCK_ERROR_MS = 1000;

/** Returns whether the idle timeout of a record is to be renewed. */
export function isTouchDue({ meta, lastSeen }: BoundRecord, config: SessionConfig, now: number): boolean {
  // A session with a shorter timeout of its own is renewed in proportion.
  const interval = config.touchInterval * Math.min(1, meta.timeout.seconds / config.timeout);
  return hasElapsed(interval, now - lastSeen);
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
  return hasElapsed(Math.min(config.touchInterval, maxAge / 10), now - cookie.sentAt);
}

/**
 * Returns whether so many seconds have elapsed since a stored time. A time that is still to come counts as now: the process
 * that wrote it knew the store's clock better. If it is further away than that explains, the clock was set back, and a write
 * sets the time right.
 * @param ageMs milliseconds since the stored time, by what this process knows of the store's clock
 */
function hasElapsed(seconds: number, ageMs: number): boolean {
  return Math.max(ageMs, 0) >= seconds * 1000 || ageMs < -MAX_CLOCK_ERROR_MS;
}

/** Returns whether the store is to learn that the client has the record's id, or that the factory's timeout has changed. */
export function isRecordDue(state: SessionState, record: BoundRecord): boolean {
  return record.timeoutOutdated || isConfirmation(state, record);
}

/** Returns whether the request is the first that has come with the record's id, after a rotation. */
export function isConfirmation({ clientCookie }: SessionState, { id, meta }: BoundRecord): boolean {
  return !meta.cookie.confirmed && id === clientCookie.presentedId;
}
