import type { EndedRecord, ExplainedReason, RecordKey } from '../store.ts';
import { ExpiryQueue, type Expiring } from './expiry-queue.ts';

interface Entry extends Expiring {
  readonly handle: string;
  readonly ownerHash: string | null;
  readonly reason: ExplainedReason;
  readonly at: number;
}

/** What explains the ends of records. Bounded: beyond `max` the oldest are forgotten. */
export class EndedRecords {
  readonly #entries = new Map<string, Entry>();
  readonly #max: number;
  readonly #expiries = new ExpiryQueue<Entry>(
    (entry) => this.#entries.get(entry.handle) === entry,
    () => this.#entries.size,
  );

  constructor(max: number) {
    this.#max = max;
  }

  /** How many there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** @param keep seconds */
  add({ handle, ownerHash }: RecordKey, reason: ExplainedReason, at: number, keep: number, now: number): void {
    for (const { handle: forgotten } of this.#expiries.takeExpired(now)) this.#entries.delete(forgotten);
    const endsAt = at + keep * 1000;
    if (endsAt <= now) return;
    const entry: Entry = { handle, ownerHash, reason, at, endsAt, queuedFor: Infinity };
    this.#entries.set(handle, entry);
    this.#expiries.schedule(entry);
    if (this.#entries.size > this.#max) this.#entries.delete(this.#entries.keys().next().value!);
  }

  /** @param within seconds since the end */
  get({ handle, ownerHash }: RecordKey, within: number, now: number): EndedRecord | undefined {
    const entry = this.#entries.get(handle);
    if (entry === undefined || entry.ownerHash !== ownerHash || entry.endsAt <= now) return undefined;
    const { reason, at } = entry;
    return now < at + within * 1000 ? { status: 'ended', reason, at, now } : undefined;
  }

  /** Returns whether a key is that of an ended record. */
  has({ handle }: RecordKey, now: number): boolean {
    return (this.#entries.get(handle)?.endsAt ?? 0) > now;
  }
}
