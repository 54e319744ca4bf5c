import type { CorruptRecord, EndedRecord, LoadResult, RecordKey, Stored, Tombstone } from '../store.ts';
import type { RawRecord } from './cluster/cross-slot-rekey.ts';
import type { RedisDriver } from './driver.ts';
import type { ValueEncoding } from './encoding.ts';
import { isWrongType, storeError } from './errors.ts';
import type { KeyNames } from './keys.ts';
import { isOwnField, parseRecord, textOf, type ParsedRecord } from './record.ts';
import type { ScriptRunner } from './script-runner.ts';

/** Milliseconds that a known time may differ from the server's. */
const MAX_CLOCK_ERROR_MS = 1000;

/** What a reader of records works with. */
export interface ReaderParts {
  readonly driver: RedisDriver;
  readonly keys: KeyNames;
  readonly encoding: ValueEncoding;
  /** Knows the server's time. */
  readonly runner: ScriptRunner;
}

/** Reads records, each by one HGETALL or from the client-side cache, and what explains the ends of missing ones. */
export class RecordReader {
  readonly #driver: RedisDriver;
  readonly #keys: KeyNames;
  readonly #encoding: ValueEncoding;
  readonly #runner: ScriptRunner;

  constructor({ driver, keys, encoding, runner }: ReaderParts) {
    this.#driver = driver;
    this.#keys = keys;
    this.#encoding = encoding;
    this.#runner = runner;
  }

  async load(key: RecordKey, bypassCache: boolean, explainEnds: number): Promise<LoadResult | undefined> {
    const name = this.#keys.record(key);
    const bytes = this.#encoding.needsBytes;
    try {
      const cached = bypassCache ? undefined : this.#driver.getCached?.(name, bytes);
      let record: ParsedRecord | undefined;
      if (cached === undefined) {
        const parsed = this.#parse(name, await this.#driver.hgetall(name, bytes));
        record = parsed instanceof Promise ? await parsed : parsed;
      } else {
        record = cached.record ??= await this.#parse(name, cached.fields);
      }
      if (record === undefined || record.status === 'ended') return await this.#explain(key, record, explainEnds);
      if (record.status === 'corrupt') return record;
      return { ...record, now: this.#runner.knownTime ?? (await this.#now(name)) };
    } catch (error) {
      if (isWrongType(error)) return { status: 'corrupt', reason: 'wrong-type' };
      throw storeError('load', error);
    }
  }

  /** Reads a record as it is stored, from the server itself. */
  async readRaw(key: RecordKey): Promise<RawRecord | Tombstone | CorruptRecord | undefined> {
    const name = this.#keys.record(key);
    try {
      const stored = await this.#driver.hgetall(name, true);
      const record = parseRecord(stored);
      if (record?.status === 'tombstone') return { ...record, now: await this.#now(name) };
      if (record?.status === 'ended') return undefined;
      if (record?.status !== 'found') return record;
      const fields = Object.entries(stored).filter(([field]) => !isOwnField(field));
      return { status: 'found', meta: record.meta, text: textOf(stored['@']!), fields: new Map(fields) };
    } catch (error) {
      throw storeError('rekey', error);
    }
  }

  /**
   * Returns what explains why there is no record.
   * @param found what is at the record's key, if anything
   * @param within seconds since the end
   */
  async #explain(
    key: RecordKey,
    found: Omit<EndedRecord, 'now'> | undefined,
    within: number,
  ): Promise<EndedRecord | undefined> {
    if (within <= 0 || key.ownerHash === null) return undefined;
    const name = this.#keys.expiry(key);
    const ended = found ?? parseRecord(await this.#driver.hgetall(name, this.#encoding.needsBytes));
    if (ended?.status !== 'ended') return undefined;
    const now = this.#runner.knownTime ?? (await this.#now(name));
    // A record that has not lived until its expiry has ended in another way.
    const isOver = found !== undefined || ended.at <= now + MAX_CLOCK_ERROR_MS;
    return isOver && now < ended.at + within * 1000 ? { ...ended, now } : undefined;
  }

  /** The time of the server that has a record. A cache would forget a key that the question names. */
  #now(name: string): Promise<number> {
    return this.#runner.now(this.#driver.cluster ? name : this.#keys.unused);
  }

  /** Reads a hash, and its bytes again where the client may have lost some of them: it may have been changed, or ended, since. */
  #parse(
    name: string,
    fields: Readonly<Record<string, Stored>>,
  ): ParsedRecord | undefined | Promise<ParsedRecord | undefined> {
    const record = parseRecord(fields);
    if (record?.status !== 'found') return record;
    if (this.#encoding.needsBytes) return this.#decode(record);
    if (!this.#encoding.mayBeLossy(fields)) return record;
    return this.#driver.hgetall(name, true).then((bytes) => this.#decode(parseRecord(bytes)));
  }

  #decode(record: ParsedRecord | undefined): ParsedRecord | undefined {
    if (record?.status !== 'found') return record;
    const fields = this.#encoding.decode(record.fields);
    return fields === undefined
      ? { status: 'corrupt', reason: 'undecodable' }
      : { ...record, fields, fieldsLength: undefined };
  }
}
