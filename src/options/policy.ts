import type { SessionMigration } from '../engine/migration.ts';
import type { NormalizedOptions } from './normalize.ts';

/** The lifetimes and limits that are in force (ASVS 7.1.1, 7.1.2). Durations are seconds. */
export interface SessionPolicy {
  readonly timeout: number;
  /** The longest timeout that `adjustTimeout` and a login may set. */
  readonly maxTimeout: number | null;
  readonly absoluteTimeout: number | null;
  /** The longest absolute timeout that a login may set. */
  readonly maxAbsoluteTimeout: number | null;
  readonly touchInterval: number;
  readonly rotationGrace: number;
  readonly cookieMaxAge: number | null | 'by-request';
  readonly maxSessionsPerOwner: number | null;
  readonly onSessionLimit: 'evict-oldest' | 'refuse';
  /** Whose sessions go on here, and how far their migration is; `null` for no other library's. */
  readonly migrateFrom: Pick<SessionMigration, 'from' | 'phase'> | null;
}

/** Returns what the options have put in force. */
export function policyOf(options: NormalizedOptions): SessionPolicy {
  const { cookie, migration } = options;
  return {
    timeout: options.timeout,
    maxTimeout: options.maxTimeout,
    absoluteTimeout: options.absoluteTimeout,
    maxAbsoluteTimeout: options.maxAbsoluteTimeout,
    touchInterval: options.touchInterval,
    rotationGrace: options.rotationGrace,
    cookieMaxAge: typeof cookie === 'function' ? 'by-request' : cookie.maxAge,
    maxSessionsPerOwner: options.maxSessionsPerOwner,
    onSessionLimit: options.onSessionLimit,
    migrateFrom: migration === null ? null : { from: migration.from, phase: migration.phase },
  };
}
