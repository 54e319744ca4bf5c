import type { NewTombstone, RecordKey, Tombstone } from '../store.ts';
import { BoundedEntries, type KeyedEntry } from './bounded-entries.ts';

interface Entry extends KeyedEntry {
  readonly nonce: string;
  readonly successor: string;
  readonly graceUntil: number;
  readonly confirmed: boolean;
  isReused: boolean;
}

/** What remains at the keys of records that go on under other ones. Bounded: beyond `max` the oldest are forgotten. */
export class Tombstones {
  readonly #entries: BoundedEntries<Entry>;

  constructor(max: number) {
    this.#entries = new BoundedEntries(max);
  }

  /** How many there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** @param successor the handle of the record that goes on */
  add(
    { handle, ownerHash }: RecordKey,
    tombstone: NewTombstone,
    successor: string,
    confirmed: boolean,
    now: number,
  ): void {
    const { nonce, grace, keep, namesSuccessor } = tombstone;
    this.#entries.sweep(now);
    this.#entries.add({
      handle,
      ownerHash,
      nonce,
      successor: namesSuccessor ? successor : '',
      graceUntil: now + grace * 1000,
      confirmed,
      isReused: false,
      endsAt: now + keep * 1000,
      queuedFor: Infinity,
    });
  }

  /** Remembers that the id of a tombstone was used again; returns false where there is none, or it was known. */
  markReused(key: RecordKey, now: number): boolean {
    const entry = this.#entries.get(key, now);
    if (entry === undefined || entry.isReused) return false;
    entry.isReused = true;
    return true;
  }

  get(key: RecordKey, now: number): Tombstone | undefined {
    const entry = this.#entries.get(key, now);
    if (entry === undefined) return undefined;
    const { nonce, successor, graceUntil, confirmed } = entry;
    return { status: 'tombstone', nonce, successor, graceUntil, confirmed, now };
  }
}
