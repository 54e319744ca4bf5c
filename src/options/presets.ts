/** The limits of a session's life, in seconds; to be spread into the options of `createSessionFactory`. */
export interface SessionLimits {
  /** Seconds of inactivity. */
  readonly timeout: number;
  /** Seconds in all. */
  readonly absoluteTimeout: number;
  /** The longest idle timeout that `session.adjustTimeout` and a login may set, in seconds: that of the level. */
  readonly maxTimeout: number;
  /** The longest absolute timeout that a login may set, in seconds: that of the level. */
  readonly maxAbsoluteTimeout: number;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function limits(timeout: number, absoluteTimeout: number): SessionLimits {
  return Object.freeze({ timeout, absoluteTimeout, maxTimeout: timeout, maxAbsoluteTimeout: absoluteTimeout });
}

/** 30 days, active or not: NIST SP 800-63B-4 section 2.1.3, which asks for no limit of inactivity. */
export const AAL1: SessionLimits = limits(30 * DAY, 30 * DAY);

/** 24 hours, and one hour of inactivity: NIST SP 800-63B-4 section 2.2.3. */
export const AAL2: SessionLimits = limits(HOUR, 24 * HOUR);

/** 12 hours, and 15 minutes of inactivity: NIST SP 800-63B-4 section 2.3.3. */
export const AAL3: SessionLimits = limits(15 * MINUTE, 12 * HOUR);

/**
 * Limits for NIST's authentication assurance levels (SP 800-63B-4 section 2; ASVS 7.1.1).
 *
 * @example
 * ```ts
 * const factory = createSessionFactory({ secret, redis, ...assuranceLevels.AAL2 });
 * ```
 */
export const assuranceLevels: {
  readonly AAL1: SessionLimits;
  readonly AAL2: SessionLimits;
  readonly AAL3: SessionLimits;
} = Object.freeze({ AAL1, AAL2, AAL3 });
