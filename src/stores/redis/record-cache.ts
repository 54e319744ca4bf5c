import { systemClock, type Clock } from './connection/timeout-queue.ts';
import type { CachedFields } from './driver.ts';

interface Entry extends CachedFields {
  readonly bytes: boolean;
  /** When the server would have ended the record by itself, by our clock. */
  readonly until: number;
}

/** A read under way; several of one key share it. */
export interface Reading {
  readonly key: string;
  /** Has nobody changed the key since? */
  valid: boolean;
  /** How many share it. */
  count: number;
}

/** Milliseconds after the last sign of life of a connection in which what it has not said counts as not having happened. */
const TRUST = 1_000;

/**
 * Records that were read, until the server says that they have changed. The invalidations come over the
 * connection that the reads went over, in order, so whatever the server answered proves that it had
 * nothing else to say by then. A connection that has been silent proves nothing: a firewall may have
 * forgotten it. So nothing that is given here is older than {@link TRUST}.
 */
export class RecordCache {
  readonly #maxEntries: number;
  readonly #clock: Clock;
  /** The one that was used last stands last. */
  readonly #entries = new Map<string, Entry>();
  readonly #readings = new Map<string, Reading>();
  #heardAt = -Infinity;

  constructor(maxEntries: number, clock: Clock = systemClock) {
    this.#maxEntries = maxEntries;
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Keys that are being read. */
  get pending(): number {
    return this.#readings.size;
  }

  /** A record, if it is known and can be trusted. */
  get(key: string, bytes: boolean): CachedFields | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.bytes !== bytes) return undefined;
    const now = this.#clock.now();
    if (now - this.#heardAt > TRUST) return undefined;
    this.#entries.delete(key);
    if (now >= entry.until) return undefined;
    this.#entries.set(key, entry);
    return entry;
  }

  /** Before a key is read. */
  begin(key: string): Reading {
    let reading = this.#readings.get(key);
    if (reading === undefined) this.#readings.set(key, (reading = { key, valid: true, count: 0 }));
    reading.count++;
    return reading;
  }

  /** After it was read, and kept if it was to be, or after that failed. */
  end(reading: Reading): void {
    if (--reading.count === 0 && reading.valid) this.#readings.delete(reading.key);
  }

  /**
   * Keeps what was read, unless somebody has changed it meanwhile.
   * @param until when the server will end the record by itself, by our clock
   */
  keep({ key, valid }: Reading, fields: CachedFields['fields'], bytes: boolean, until: number): void {
    if (!valid) return;
    this.#entries.delete(key);
    this.#entries.set(key, { fields, record: undefined, bytes, until });
    if (this.#entries.size <= this.#maxEntries) return;
    const [oldest] = this.#entries.keys();
    this.#entries.delete(oldest!);
  }

  /** The key has changed, or may have. */
  forget(key: string): void {
    this.#entries.delete(key);
    const reading = this.#readings.get(key);
    if (reading === undefined) return;
    reading.valid = false;
    this.#readings.delete(key);
  }

  /** Anything may have changed. */
  clear(): void {
    for (const reading of this.#readings.values()) reading.valid = false;
    this.#readings.clear();
    this.#entries.clear();
    this.#heardAt = -Infinity;
  }

  /** The server has answered something that it was asked at that time, by our clock. */
  heard(asked: number): void {
    if (asked > this.#heardAt) this.#heardAt = asked;
  }
}
