import type { StatsReport, StoredStats } from '../store.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** How often events have happened, by the minute. */
export class EventCounts {
  /** Oldest minute first; by event and reason. */
  readonly #minutes = new Map<number, Map<string, StoredStats['counts'][number]>>();

  /** @param keep seconds for which counts are kept */
  add(counts: StatsReport['counts'], keep: number, now: number): void {
    for (const { event, reason, count, age } of counts) {
      const minute = minuteOf(now - age);
      const entries = this.#minutes.get(minute) ?? new Map<string, StoredStats['counts'][number]>();
      this.#minutes.set(minute, entries);
      const key = `${event} ${reason ?? ''}`;
      entries.set(key, { minute, event, reason, count: count + (entries.get(key)?.count ?? 0) });
    }
    for (const minute of this.#minutes.keys()) if (minute < now - keep * 1000) this.#minutes.delete(minute);
  }

  read(since: number | null, now: number): StoredStats['counts'] {
    const first = minuteOf(since ?? now - HOUR_MS);
    const minutes = [...this.#minutes].filter(([minute]) => minute >= first).toSorted(([a], [b]) => a - b);
    return minutes.flatMap(([, entries]) => [...entries.values()]);
  }
}

function minuteOf(at: number): number {
  return at - (at % MINUTE_MS);
}
