import type { EndedRecord, ExplainedReason, RecordKey } from '../store.ts';
import { BoundedEntries, type KeyedEntry } from './bounded-entries.ts';

interface Entry extends KeyedEntry {
  readonly reason: ExplainedReason;
  readonly at: number;
}

/** What explains the ends of records. Bounded: beyond `max` the oldest are forgotten. */
export class EndedRecords {
  readonly #entries: BoundedEntries<Entry>;

  constructor(max: number) {
    this.#entries = new BoundedEntries(max);
  }

  /** How many there are. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Remembers why a record has ended, if it has an owner.
   * @param keep seconds
   */
  add({ handle, ownerHash }: RecordKey, reason: ExplainedReason, at: number, keep: number, now: number): void {
    if (ownerHash === null) return;
    this.#entries.sweep(now);
    const endsAt = at + keep * 1000;
    if (endsAt > now) this.#entries.add({ handle, ownerHash, reason, at, endsAt, queuedFor: Infinity });
  }

  /** @param within seconds since the end */
  get(key: RecordKey, within: number, now: number): EndedRecord | undefined {
    const entry = this.#entries.get(key, now);
    if (entry === undefined) return undefined;
    const { reason, at } = entry;
    return now < at + within * 1000 ? { status: 'ended', reason, at, now } : undefined;
  }

  /** Returns whether a key is that of an ended record. */
  has({ handle }: RecordKey, now: number): boolean {
    return this.#entries.hasHandle(handle, now);
  }
}
