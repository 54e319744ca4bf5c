import { HOURS_KEPT, type StatsReport, type StatsUnit, type StoredStats } from '../store.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

type Count = StoredStats['counts'][number];

/** Counts by when their minute or hour began, oldest first, and by event and reason. */
class Periods {
  readonly #length: number;
  readonly #periods = new Map<number, Map<string, Count>>();

  /** @param length milliseconds */
  constructor(length: number) {
    this.#length = length;
  }

  add(at: number, { event, reason, count }: Omit<Count, 'start'>): void {
    const start = this.#startOf(at);
    const entries = this.#periods.get(start) ?? new Map<string, Count>();
    this.#periods.set(start, entries);
    const key = `${event} ${reason ?? ''}`;
    entries.set(key, { start, event, reason, count: count + (entries.get(key)?.count ?? 0) });
  }

  removeOlder(than: number): void {
    for (const start of this.#periods.keys()) if (start < than) this.#periods.delete(start);
  }

  read(since: number): Count[] {
    const first = this.#startOf(since);
    const found = [...this.#periods].filter(([start]) => start >= first).toSorted(([a], [b]) => a - b);
    return found.flatMap(([, entries]) => [...entries.values()]);
  }

  #startOf(at: number): number {
    return at - (at % this.#length);
  }
}

/** How often events have happened, by the minute and by the hour. */
export class EventCounts {
  readonly #minutes = new Periods(MINUTE_MS);
  readonly #hours = new Periods(HOUR_MS);

  /** @param keep seconds for which counts are kept */
  add(counts: StatsReport['counts'], keep: number, now: number): void {
    for (const { age, ...count } of counts) {
      this.#minutes.add(now - age, count);
      this.#hours.add(now - age, count);
    }
    this.#minutes.removeOlder(now - keep * 1000);
    this.#hours.removeOlder(now - Math.max(keep, HOURS_KEPT) * 1000);
  }

  read(since: number | null, now: number, by: StatsUnit): StoredStats['counts'] {
    return by === 'hour' ? this.#hours.read(since ?? now - DAY_MS) : this.#minutes.read(since ?? now - HOUR_MS);
  }
}
