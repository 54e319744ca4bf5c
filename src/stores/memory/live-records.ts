import { toWholeSecond } from '../../internal/whole-second.ts';
import type { RecordKey, RecordMeta } from '../store.ts';
import { ExpiryQueue } from './expiry-queue.ts';
import type { LoginEntries } from './login-index.ts';
import type { MemoryRecord } from './memory-record.ts';
import type { OwnerSessions } from './owner-sessions.ts';

/** The records that have not ended, with their entries in the indexes. Expired ones are removed when they are met. */
export class LiveRecords {
  /** In the order of their last use. */
  readonly #records = new Map<string, MemoryRecord>();
  readonly #expiries = new ExpiryQueue<MemoryRecord>(
    (record) => this.#records.get(record.handle) === record,
    () => this.size,
  );
  readonly #owners: OwnerSessions;
  readonly #logins: LoginEntries;
  readonly #onExpire: (record: MemoryRecord, now: number) => void;

  /** @param onExpire called with each record that was removed because it has expired */
  constructor(owners: OwnerSessions, logins: LoginEntries, onExpire: (record: MemoryRecord, now: number) => void) {
    this.#owners = owners;
    this.#logins = logins;
    this.#onExpire = onExpire;
  }

  /** How many there are; expired ones count until they are met. */
  get size(): number {
    return this.#records.size;
  }

  /** Returns all records, the one that was used longest ago first. */
  values(): MapIterator<MemoryRecord> {
    return this.#records.values();
  }

  find(key: RecordKey, now: number): MemoryRecord | undefined {
    const record = this.#records.get(key.handle);
    if (record === undefined || record.ownerHash !== key.ownerHash) return undefined;
    if (record.endsAt > now) return record;
    this.#expire(record, now);
    return undefined;
  }

  /** Returns an owner's records, oldest login first. */
  ofOwner(ownerHash: string, now: number): MemoryRecord[] {
    return this.#owners.handles(ownerHash).flatMap((handle) => this.find({ handle, ownerHash }, now) ?? []);
  }

  /** Adds a record to the store and the indexes. */
  add(key: RecordKey, meta: RecordMeta, fields: MemoryRecord['fields'], explainEnds: number, now: number): void {
    const { handle, ownerHash } = key;
    if (ownerHash !== null) {
      this.#owners.add(ownerHash, handle);
      this.#logins.attach(meta.indexKeys, ownerHash);
    }
    this.renew({ handle, ownerHash, meta, fields, explainEnds, lastSeen: 0, endsAt: 0, queuedFor: Infinity }, now);
  }

  /** Keeps a record as the one that was used last, and renews its idle timeout. */
  renew(record: MemoryRecord, now: number): void {
    const { timeout, expiresAt } = record.meta;
    const idle = now + timeout.seconds * 1000;
    record.endsAt = expiresAt > 0 ? Math.min(idle, expiresAt) : idle;
    record.lastSeen = toWholeSecond(now);
    this.#records.delete(record.handle);
    this.#records.set(record.handle, record);
    this.#expiries.schedule(record);
  }

  /** Removes a record from the store and the indexes. */
  delete({ handle, ownerHash, meta }: MemoryRecord): void {
    this.#records.delete(handle);
    if (ownerHash === null) return;
    this.#owners.delete(ownerHash, handle);
    this.#logins.detach(meta.indexKeys, ownerHash);
  }

  /** Removes all expired records. */
  sweep(now: number): void {
    for (const record of this.#expiries.takeExpired(now)) this.#expire(record, now);
  }

  #expire(record: MemoryRecord, now: number): void {
    this.delete(record);
    this.#onExpire(record, now);
  }
}
