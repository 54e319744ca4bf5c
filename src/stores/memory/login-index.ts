import { ExpiryQueue, type Expiring } from './expiry-queue.ts';

interface Entry extends Expiring {
  readonly indexKey: string;
  readonly ownerHash: string;
  /** Milliseconds: when it was last added. */
  addedAt: number;
  /** The owner's stored sessions that carry the index key. */
  sessions: number;
}

/**
 * Owner hashes by index key. An entry that sessions carry stays until the last of them has ended; one that a login
 * has announced expires if that login does not follow.
 */
export class LoginEntries {
  readonly #entries = new Map<string, Map<string, Entry>>();
  #size = 0;
  readonly #expiries = new ExpiryQueue<Entry>(
    (entry) => this.#get(entry.indexKey, entry.ownerHash) === entry,
    () => this.#size,
  );

  /** How many entries there are. */
  get size(): number {
    return this.#size;
  }

  /** Announces a session, for at least `keep` seconds. */
  add(indexKey: string, ownerHash: string, now: number, keep: number): void {
    this.#sweep(now);
    const entry = this.#obtain(indexKey, ownerHash);
    entry.addedAt = now;
    entry.endsAt = Math.max(entry.endsAt, now + keep * 1000);
    this.#expiries.schedule(entry);
  }

  /** Counts a session that was stored. */
  attach(indexKeys: readonly string[], ownerHash: string): void {
    for (const indexKey of new Set(indexKeys)) this.#obtain(indexKey, ownerHash).sessions += 1;
  }

  /** Counts a session that has ended, and removes the entry with the last one. */
  detach(indexKeys: readonly string[], ownerHash: string): void {
    for (const indexKey of new Set(indexKeys)) {
      const entry = this.#get(indexKey, ownerHash);
      if (entry !== undefined && --entry.sessions === 0) this.#delete(entry);
    }
  }

  find(indexKey: string, now: number): string[] {
    this.#sweep(now);
    return [...(this.#entries.get(indexKey)?.keys() ?? [])];
  }

  /** Removes an entry that no session carries and that was last added by `before`. */
  remove(indexKey: string, ownerHash: string, before: number): void {
    const entry = this.#get(indexKey, ownerHash);
    if (entry !== undefined && entry.sessions === 0 && entry.addedAt <= before) this.#delete(entry);
  }

  #get(indexKey: string, ownerHash: string): Entry | undefined {
    return this.#entries.get(indexKey)?.get(ownerHash);
  }

  #obtain(indexKey: string, ownerHash: string): Entry {
    let owners = this.#entries.get(indexKey);
    if (owners === undefined) this.#entries.set(indexKey, (owners = new Map<string, Entry>()));
    let entry = owners.get(ownerHash);
    if (entry === undefined) {
      entry = { indexKey, ownerHash, addedAt: -Infinity, sessions: 0, endsAt: -Infinity, queuedFor: Infinity };
      owners.set(ownerHash, entry);
      this.#size += 1;
    }
    return entry;
  }

  #delete({ indexKey, ownerHash }: Entry): void {
    const owners = this.#entries.get(indexKey)!;
    owners.delete(ownerHash);
    if (owners.size === 0) this.#entries.delete(indexKey);
    this.#size -= 1;
  }

  #sweep(now: number): void {
    for (const entry of this.#expiries.takeExpired(now)) {
      if (entry.sessions === 0) this.#delete(entry);
    }
  }
}
