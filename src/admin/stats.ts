import type { SessionContext } from '../engine/context.ts';
import { unsupported } from '../errors.ts';
import { withStoreErrorEvent } from '../events.ts';
import { checkDate, checkNames, checkOneOf } from '../internal/validate.ts';
import type { StatsRecorder } from '../stores/stats-recorder.ts';
import type { StatsUnit } from '../stores/store.ts';

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
  readonly counts: readonly PeriodCount[];
}

/** How often an event happened in a minute, or in an hour. */
export interface PeriodCount {
  /** When the minute or the hour began, in UTC. */
  readonly start: Date;
  /** A name of `SessionEvents`. */
  readonly event: string;
  readonly reason: string | null;
  readonly count: number;
}

export interface StatsReadOptions {
  /** No older minutes or hours. Default: an hour ago, and by the hour a day ago. */
  since?: Date;
  /** What is counted together: `'minute'`, the default, or `'hour'`, of which more are kept. */
  by?: StatsUnit;
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
    checkNames('options', options, ['since', 'by']);
    const { since, by = 'minute' } = options;
    checkDate('since', since);
    checkOneOf('by', by, ['minute', 'hour']);
    if (recorder === null) throw unsupported('Nothing is counted: set `stats`');
    const stored = await recorder.read(since?.getTime() ?? null, by);
    if (stored === null) throw unsupported('The store cannot count: it has no `readStats`');
    const { now, anonymous, owned, error, counts } = stored;
    return {
      now: new Date(now),
      live: { anonymous, owned, error },
      counts: counts.map(({ start, ...count }) => ({ start: new Date(start), ...count })),
    };
  });
}
