import type { RecordKey } from '../store.ts';
import { ExpiryQueue, type Expiring } from './expiry-queue.ts';

/** What a store remembers of a record that is no longer there. */
export interface KeyedEntry extends Expiring {
  readonly handle: string;
  readonly ownerHash: string | null;
}

/** Entries by the keys of records, each for a time. Bounded: beyond `max` the oldest are forgotten. */
export class BoundedEntries<Entry extends KeyedEntry> {
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

  add(entry: Entry): void {
    this.#entries.set(entry.handle, entry);
    this.#expiries.schedule(entry);
    if (this.#entries.size > this.#max) this.#entries.delete(this.#entries.keys().next().value!);
  }

  /** Forgets the entries whose time is over. */
  sweep(now: number): void {
    for (const { handle } of this.#expiries.takeExpired(now)) this.#entries.delete(handle);
  }

  get({ handle, ownerHash }: RecordKey, now: number): Entry | undefined {
    const entry = this.#entries.get(handle);
    return entry === undefined || entry.ownerHash !== ownerHash || entry.endsAt <= now ? undefined : entry;
  }

  /** Returns whether there is an entry for the handle, under whichever owner hash. */
  hasHandle(handle: string, now: number): boolean {
    return (this.#entries.get(handle)?.endsAt ?? 0) > now;
  }
}
