import type { NewTombstone, RecordKey, Tombstone } from '../store.ts';
import { ExpiryQueue, type Expiring } from './expiry-queue.ts';

interface Entry extends Expiring {
  readonly handle: string;
  readonly ownerHash: string | null;
  readonly nonce: string;
  readonly successor: string;
  readonly graceUntil: number;
  readonly confirmed: boolean;
}

/** What remains at the keys of records that go on under other ones. Bounded: beyond `max` the oldest are forgotten. */
export class Tombstones {
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

  /** @param successor the handle of the record that goes on */
  add(
    { handle, ownerHash }: RecordKey,
    tombstone: NewTombstone,
    successor: string,
    confirmed: boolean,
    now: number,
  ): void {
    const { nonce, grace, keep, namesSuccessor } = tombstone;
    this.#sweep(now);
    const entry: Entry = {
      handle,
      ownerHash,
      nonce,
      successor: namesSuccessor ? successor : '',
      graceUntil: now + grace * 1000,
      confirmed,
      endsAt: now + keep * 1000,
      queuedFor: Infinity,
    };
    this.#entries.set(handle, entry);
    this.#expiries.schedule(entry);
    if (this.#entries.size > this.#max) this.#entries.delete(this.#entries.keys().next().value!);
  }

  get({ handle, ownerHash }: RecordKey, now: number): Tombstone | undefined {
    const entry = this.#entries.get(handle);
    if (entry === undefined || entry.ownerHash !== ownerHash || entry.endsAt <= now) return undefined;
    const { nonce, successor, graceUntil, confirmed } = entry;
    return { status: 'tombstone', nonce, successor, graceUntil, confirmed, now };
  }

  #sweep(now: number): void {
    for (const entry of this.#expiries.takeExpired(now)) {
      this.#entries.delete(entry.handle);
    }
  }
}
