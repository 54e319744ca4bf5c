import { systemClock, type Clock } from './connection/timeout-queue.ts';
import { fieldSize } from '../store.ts';
import type { CachedFields } from './driver.ts';

/** What a cache holds at most. */
export interface CacheLimits {
  readonly maxEntries: number;
  /** Bytes of the keys, names and values of all records together. */
  readonly maxBytes: number;
}

interface Entry extends CachedFields {
  readonly bytes: boolean;
  /** When the server will expire the record, by this process's clock. */
  readonly until: number;
  /** Bytes of the key, the names and the values. */
  readonly byteLength: number;
}

/** A read under way, shared by all reads of one key. */
export interface InFlightRead {
  readonly key: string;
  /** Whether the key has not changed since. */
  valid: boolean;
  /** How many reads share it. */
  count: number;
}

/** Milliseconds after the question whose reply came last, for which an entry that was not invalidated counts as current. */
const MAX_STALENESS_MS = 1_000;

/**
 * Keeps records that were read until the server reports that they have changed. Invalidations come over the
 * connection of the reads, in order, so every reply proves that the server had nothing else to report by then.
 * A silent connection proves nothing: a firewall may have forgotten it. So no entry is returned when the last
 * reply is older than {@link MAX_STALENESS_MS}.
 */
export class RecordCache {
  readonly #limits: CacheLimits;
  readonly #clock: Clock;
  /** The least recently used comes first. */
  readonly #entries = new Map<string, Entry>();
  readonly #inFlight = new Map<string, InFlightRead>();
  #byteLength = 0;
  #lastReplyAt = -Infinity;

  constructor(limits: CacheLimits, clock: Clock = systemClock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Bytes of the keys, names and values of all records. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** The number of keys that are being read. */
  get pending(): number {
    return this.#inFlight.size;
  }

  /** Returns a record, if it is cached and current. */
  get(key: string, bytes: boolean): CachedFields | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.bytes !== bytes) return undefined;
    const now = this.#clock.now();
    if (now - this.#lastReplyAt > MAX_STALENESS_MS) return undefined;
    this.#delete(key);
    if (now >= entry.until) return undefined;
    this.#add(key, entry);
    return entry;
  }

  /** Registers a read, before it is sent. */
  startRead(key: string): InFlightRead {
    let reading = this.#inFlight.get(key);
    if (reading === undefined) this.#inFlight.set(key, (reading = { key, valid: true, count: 0 }));
    reading.count++;
    return reading;
  }

  /** Ends a read, after {@link set} or after it failed. */
  endRead(reading: InFlightRead): void {
    if (--reading.count === 0 && reading.valid) this.#inFlight.delete(reading.key);
  }

  /**
   * Keeps the result of a read, unless the key has changed meanwhile, or the record is larger than the whole cache may be.
   * @param until when the server will expire the record, by this process's clock
   */
  set({ key, valid }: InFlightRead, fields: CachedFields['fields'], bytes: boolean, until: number): void {
    if (!valid) return;
    this.#delete(key);
    const byteLength = byteLengthOf(key, fields);
    const { maxEntries, maxBytes } = this.#limits;
    if (byteLength > maxBytes) return;
    this.#add(key, { fields, record: undefined, bytes, until, byteLength });
    while (this.#entries.size > maxEntries || this.#byteLength > maxBytes) {
      const [oldest] = this.#entries.keys();
      this.#delete(oldest!);
    }
  }

  /** Drops a key that has changed, or may have. */
  invalidate(key: string): void {
    this.#delete(key);
    const reading = this.#inFlight.get(key);
    if (reading === undefined) return;
    reading.valid = false;
    this.#inFlight.delete(key);
  }

  /** Drops everything, when anything may have changed. */
  clear(): void {
    for (const reading of this.#inFlight.values()) reading.valid = false;
    this.#inFlight.clear();
    this.#entries.clear();
    this.#byteLength = 0;
    this.#lastReplyAt = -Infinity;
  }

  /** Notes that the server has answered a question of this time, by this process's clock. */
  recordReply(asked: number): void {
    if (asked > this.#lastReplyAt) this.#lastReplyAt = asked;
  }

  #add(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#byteLength += entry.byteLength;
  }

  #delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#byteLength -= entry.byteLength;
  }
}

function byteLengthOf(key: string, fields: CachedFields['fields']): number {
  let sum = Buffer.byteLength(key);
  for (const [name, value] of Object.entries(fields)) sum += fieldSize(name, value);
  return sum;
}
