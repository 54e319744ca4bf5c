import type { SessionContext } from '../engine/context.ts';
import { SessionError } from '../errors.ts';
import { withStoreErrorEvent } from '../events.ts';
import { checkDate, checkNames } from '../internal/validate.ts';
import type { StatsRecorder } from '../stores/stats-recorder.ts';

/** What all processes have counted. */
export interface SessionStats {
  /** By the store's clock. */
  readonly now: Date;
  readonly live: {
    readonly anonymous: number;
    readonly owned: number;
    /** The relative standard error of the less exact of the two, such as 0.01; 0 where they are exact. */
    readonly error: number;
  };
  /** Oldest first. */
  readonly counts: readonly MinuteCount[];
}

/** How often an event happened in a minute. */
export interface MinuteCount {
  /** When the minute began. */
  readonly minute: Date;
  /** A name of `SessionEvents`. */
  readonly event: string;
  readonly reason: string | null;
  readonly count: number;
}

export interface StatsReadOptions {
  /** No older minutes. Default: an hour ago. */
  since?: Date;
}

/**
 * Reads what all processes have counted, after reporting what this one has.
 * @param recorder `null` where nothing is counted
 */
export function readStats(
  context: SessionContext,
  recorder: StatsRecorder | null,
  options: StatsReadOptions,
): Promise<SessionStats> {
  return withStoreErrorEvent(context.events, 'stats', async () => {
    checkNames('options', options, ['since']);
    const { since } = options;
    checkDate('since', since);
    if (recorder === null) throw unsupported('Nothing is counted: set `stats`');
    const stored = await recorder.read(since?.getTime() ?? null);
    if (stored === null) throw unsupported('The store cannot count: it has no `readStats`');
    const { now, anonymous, owned, error, counts } = stored;
    return {
      now: new Date(now),
      live: { anonymous, owned, error },
      counts: counts.map(({ minute, event, reason, count }) => ({ minute: new Date(minute), event, reason, count })),
    };
  });
}

function unsupported(message: string): SessionError {
  return new SessionError('ERR_SESSION_UNSUPPORTED', message);
}
