// The limits of a session's life: what the factory and a login say of them, and what the cookie makes of them.
import type { IdleTimeout, RecordMeta } from '../stores/store.ts';
import type { SessionConfig } from './config.ts';
import type { PendingLogin } from './epoch.ts';

/** What a login makes of the limits of the record that it takes over, or of a new one. */
export interface LoginLimits {
  /** `null` to keep the record's. */
  readonly timeout: IdleTimeout | null;
  /** Seconds, 0 for none; `null` to keep the record's creation time and absolute expiry. */
  readonly absoluteTimeout: number | null;
  readonly ownExpiry: boolean;
  readonly remember: boolean | null;
}

type ConfiguredLimits = Pick<SessionConfig, 'timeout' | 'absoluteTimeout'>;

/**
 * Returns the limits that a login sets. A login of the same owner keeps those that it says nothing about; every other
 * begins with the factory's.
 *
 * @param meta of the record that the login takes over; `null` when it begins a session
 * @param adjusted the idle timeout that the request has asked for beside the login, seconds; `null` for none
 */
export function loginLimits(
  config: ConfiguredLimits,
  login: PendingLogin,
  meta: RecordMeta | null,
  adjusted: number | null,
): LoginLimits {
  const isOwners = login.isAdoption === true || meta?.owner === login.owner;
  const kept = isOwners ? meta : null;
  const own = adjusted ?? login.timeout;
  const factorys = kept === null ? { seconds: config.timeout, adjusted: false } : null;
  const ownExpiry = login.absoluteTimeout !== undefined;
  return {
    timeout: own === null ? factorys : { seconds: own, adjusted: true },
    absoluteTimeout: ownExpiry ? (login.absoluteTimeout ?? 0) : kept === null ? (config.absoluteTimeout ?? 0) : null,
    ownExpiry,
    remember: login.remember ?? kept?.remember ?? null,
  };
}

/**
 * Returns the `Max-Age` of a session's cookie before the absolute expiry bounds it; `null` when it ends with the browser.
 * @param cookieMaxAge the configured one
 */
export function cookieLifetime(
  cookieMaxAge: number | null,
  { remember, timeout }: Pick<RecordMeta, 'remember' | 'timeout'>,
): number | null {
  if (remember === false || (remember === null && cookieMaxAge === null)) return null;
  return remember === true || timeout.adjusted ? timeout.seconds : cookieMaxAge;
}
