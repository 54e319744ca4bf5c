import type {
  CreateOutcome,
  DestroyOutcome,
  FoundRecord,
  LoadResult,
  RekeyOutcome,
  NewRecord,
  OwnedRecord,
  OwnerIndex,
  RecordChange,
  RecordKey,
  RecordRekey,
  SaveOutcome,
  ScannedRecord,
  SessionScanner,
  SessionStore,
  Stored,
  LoginIndex,
  TakeOutcome,
} from '../store.ts';
import { rekeyAcrossSlots, type RawRecord, type CrossSlotOps } from './cluster/cross-slot-rekey.ts';
import type { RedisDriver, Reply, Script } from './driver.ts';
import type { ValueEncoding } from './encoding.ts';
import { isWrongType, storeError } from './errors.ts';
import { fieldsFrom, formatDetails, isOwnField, parseLastSeen, parseMeta, parseRecord, textOf } from './record.ts';
import { scanRecords } from './scan.ts';
import { ScriptRunner } from './script-runner.ts';
import { scripts } from './scripts.generated.ts';

/** What a script's first number means; see `lua/_record.lua`. */
const CODES = ['gone', 'ok', 'tombstone', 'conflict', 'exists', 'full'] as const;
type Code = (typeof CODES)[number];

const NOTHING: ReadonlyMap<string, Stored> = new Map();
const NONE: ReadonlySet<string> = new Set();

/** Sessions in Redis: a hash for each, changed by scripts only. */
export class RedisStore implements SessionStore, OwnerIndex, LoginIndex, SessionScanner {
  readonly #driver: RedisDriver;
  readonly #prefix: string;
  readonly #encoding: ValueEncoding;
  readonly #runner: ScriptRunner;

  /** @param timeout seconds after which the driver gives a command up, so that it must not be carried out any more */
  constructor(driver: RedisDriver, prefix: string, encoding: ValueEncoding, timeout: number | null) {
    this.#driver = driver;
    this.#prefix = prefix;
    this.#encoding = encoding;
    this.#runner = new ScriptRunner(driver, timeout, encoding.needsBytes);
  }

  now(): number {
    return this.#runner.now();
  }

  async load(key: RecordKey, fresh = false): Promise<LoadResult | undefined> {
    const name = this.#recordKey(key);
    const bytes = this.#encoding.needsBytes;
    try {
      const known = fresh ? undefined : this.#driver.peek?.(name, bytes);
      if (known?.record !== undefined) return known.record;
      const fields = known?.fields ?? (await this.#driver.hgetall(name, bytes));
      const record = parseRecord(fields, this.now());
      if (record?.status !== 'found') return record;
      if (!bytes && !this.#encoding.doubts(fields)) {
        if (known !== undefined) known.record = record;
        return record;
      }
      return await this.#decode(name, record);
    } catch (error) {
      if (isWrongType(error)) return { status: 'corrupt', reason: 'wrong-type' };
      throw storeError('load', error);
    }
  }

  async create(key: RecordKey, record: NewRecord): Promise<CreateOutcome> {
    return (await this.#create(key, record, '', 0)) as CreateOutcome;
  }

  async save(key: RecordKey, change: RecordChange): Promise<SaveOutcome> {
    const args: Stored[] = [key.handle, text(change.timeout)];
    this.#pushChange(args, change);
    return (await this.#write('save', scripts.save, this.#keys(key), args)) as SaveOutcome;
  }

  async rekey(from: RecordKey, to: RecordKey, move: RecordRekey): Promise<RekeyOutcome> {
    if (this.#driver.cluster && (from.ownerHash === null || from.ownerHash !== to.ownerHash)) {
      return await rekeyAcrossSlots(this.#slots, from, to, move);
    }
    const keys = [this.#recordKey(from), this.#recordKey(to)];
    if (to.ownerHash !== null) keys.push(this.#indexKey(to.ownerHash));
    if (from.ownerHash !== null) keys.push(this.#indexKey(from.ownerHash));
    const { login, trace } = move;
    const args: Stored[] = [from.handle, to.handle, text(move.timeout)];
    args.push(flag(login !== null), text(login?.absoluteTimeout ?? 0), text(login?.age ?? 0));
    args.push(
      text(login?.max ?? 0),
      flag(login?.onSessionLimit === 'evict-oldest'),
      login ? formatDetails(login.details) : '',
    );
    args.push(trace?.nonce ?? '', text(trace?.grace ?? 0), text(trace?.keep ?? 0), flag(move.exact));
    this.#pushChange(args, move);
    const outcome = await this.#write('rekey', scripts.rekey, keys, args);
    this.#forgetEvicted(to, outcome);
    return outcome;
  }

  async take(key: RecordKey, prefix: string): Promise<TakeOutcome> {
    const reply = await this.#runner.runWithDeadline('take', scripts.take, [this.#recordKey(key)], [prefix]);
    if (reply[0] !== 1) return this.#outcome(reply) as TakeOutcome;
    return { status: 'ok', fields: this.#fields('take', reply) };
  }

  async destroy(key: RecordKey): Promise<DestroyOutcome> {
    return (await this.#write('destroy', scripts.destroy, this.#keys(key), [key.handle])) as DestroyOutcome;
  }

  async listOwned(ownerHash: string): Promise<readonly OwnedRecord[]> {
    const reply = await this.#runner.run(
      'list',
      scripts.list,
      [this.#indexKey(ownerHash)],
      [this.#ownerPrefix(ownerHash)],
    );
    const owned: OwnedRecord[] = [];
    for (let i = 1; i + 2 < reply.length; i += 3) {
      const meta = parseMeta(textOf(reply[i + 1] as Stored));
      const lastSeen = parseLastSeen((reply[i + 2] ?? '') as Stored);
      if (meta === undefined || lastSeen === undefined) continue;
      owned.push({ handle: textOf(reply[i] as Stored), meta, lastSeen });
    }
    return owned;
  }

  async revokeOwned(ownerHash: string, except: string | null, indexKey: string | null): Promise<readonly string[]> {
    const args = [this.#ownerPrefix(ownerHash), except ?? '', indexKey ?? ''];
    const reply = await this.#runner.runWithDeadline('revoke', scripts.revoke, [this.#indexKey(ownerHash)], args);
    return this.#ended(ownerHash, reply);
  }

  async addIndexKey(indexKey: string, ownerHash: string, keep: number): Promise<void> {
    await this.#runner.run('indexKey', scripts.addIndexKey, [this.#indexSetKey(indexKey)], [ownerHash, text(keep)]);
  }

  async findOwnerHashes(indexKey: string): Promise<readonly string[]> {
    const reply = await this.#runner.run('find', scripts.getIndexOwners, [this.#indexSetKey(indexKey)], []);
    return reply.map((ownerHash) => textOf(ownerHash as Stored));
  }

  scan(): AsyncGenerator<ScannedRecord> {
    return scanRecords(this.#driver, this.#prefix);
  }

  async close(): Promise<void> {
    await this.#driver.close();
  }

  readonly #slots: CrossSlotOps = {
    read: async (key) => {
      const stored = await this.#read(this.#recordKey(key));
      const record = parseRecord(stored, this.now());
      if (record?.status !== 'found') return record;
      const fields = Object.entries(stored).filter(([name]) => !isOwnField(name));
      return { status: 'found', meta: record.meta, text: textOf(stored['@']!), fields: new Map(fields) };
    },
    load: (key) => this.load(key),
    encode: (value) => this.#encoding.encode(value),
    create: (key, record, meta, trial) => this.#create(key, record, meta, trial),
    keep: (key) => this.save(key, { set: NOTHING, delete: NONE, timeout: null, expect: null }),
    destroy: (key) => this.destroy(key),
    retire: (from, to, trace, { text: meta, fields }: RawRecord) => {
      const args = [from.handle, trace?.nonce ?? '', text(trace?.grace ?? 0), text(trace?.keep ?? 0), to.handle, meta];
      this.#pushChange(args, { set: NOTHING, delete: NONE, timeout: null, expect: fields });
      return this.#write('rekey', scripts.deleteRotated, this.#keys(from), args);
    },
  };

  /** A record's fields in bytes. */
  async #read(name: string): Promise<Record<string, Stored>> {
    try {
      return await this.#driver.hgetall(name, true);
    } catch (error) {
      throw storeError('rekey', error);
    }
  }

  async #create(key: RecordKey, record: NewRecord, meta: string, trial: number): Promise<RekeyOutcome> {
    const { login } = record;
    const args: Stored[] = [key.handle, text(record.timeout), text(record.absoluteTimeout), text(login?.age ?? -1)];
    args.push(text(login?.max ?? 0), flag(login?.onSessionLimit === 'evict-oldest'), formatDetails(record.details));
    args.push(meta, text(trial));
    this.#pushFields(args, record.fields);
    const outcome = await this.#write('create', scripts.create, this.#keys(key), args);
    this.#forgetEvicted(key, outcome);
    return outcome;
  }

  #forgetEvicted({ ownerHash }: RecordKey, outcome: RekeyOutcome): void {
    if (outcome.status === 'ok' && ownerHash !== null) this.#ended(ownerHash, outcome.evicted);
  }

  /** Sessions of an owner that a script has ended. The server will say so too, but who waits for the script is told first. */
  #ended(ownerHash: string, reply: readonly Reply[]): string[] {
    const handles = reply.map((handle) => textOf(handle as Stored));
    this.#driver.forget?.(handles.map((handle) => this.#recordKey({ handle, ownerHash })));
    return handles;
  }

  /** The text of values that were read as bytes, or whose bytes must be looked at again. */
  async #decode(name: string, record: FoundRecord): Promise<LoadResult | undefined> {
    // It may have been changed, or ended, since it was read as text.
    const read = this.#encoding.needsBytes ? record : parseRecord(await this.#driver.hgetall(name, true), this.now());
    if (read?.status !== 'found') return read;
    const fields = this.#encoding.decode(read.fields);
    return fields === undefined ? { status: 'corrupt', reason: 'undecodable' } : { ...read, fields };
  }

  #recordKey(key: RecordKey): string {
    return key.ownerHash === null ? this.#prefix + key.handle : this.#ownerPrefix(key.ownerHash) + key.handle;
  }

  #ownerPrefix(ownerHash: string): string {
    return `${this.#prefix}{${ownerHash}}:`;
  }

  #indexSetKey(indexKey: string): string {
    return `${this.#prefix}indexKey:${indexKey}`;
  }

  #indexKey(ownerHash: string): string {
    return `${this.#ownerPrefix(ownerHash)}owner`;
  }

  #keys(key: RecordKey): string[] {
    return key.ownerHash === null ? [this.#recordKey(key)] : [this.#recordKey(key), this.#indexKey(key.ownerHash)];
  }

  #pushChange(args: Stored[], change: RecordChange): void {
    args.push(text(change.delete.size), text(change.expect?.size ?? 0));
    for (const name of change.delete) args.push(name);
    if (change.expect !== null) {
      for (const [name, value] of change.expect) {
        args.push(name, flag(value !== undefined), value === undefined ? '' : this.#encoding.encode(value));
      }
    }
    this.#pushFields(args, change.set);
  }

  #pushFields(args: Stored[], fields: ReadonlyMap<string, Stored>): void {
    for (const [name, value] of fields) args.push(name, this.#encoding.encode(value));
  }

  async #write(
    operation: string,
    script: Script,
    keys: readonly string[],
    args: readonly Stored[],
  ): Promise<RekeyOutcome> {
    return this.#outcome(await this.#runner.runWithDeadline(operation, script, keys, args));
  }

  #outcome(reply: readonly Reply[]): RekeyOutcome {
    const status: Code = CODES[Number(reply[0])]!;
    switch (status) {
      case 'ok':
        return { status, now: Number(reply[1]), evicted: reply.slice(2).map((handle) => textOf(handle as Stored)) };
      case 'tombstone':
        return {
          status,
          nonce: textOf(reply[1] as Stored),
          graceUntil: Number(reply[2]),
          now: Number(reply[3]),
          successor: textOf(reply[4] as Stored),
        };
      case 'conflict':
        return { status, fields: this.#fields('save', reply) };
      default:
        return { status };
    }
  }

  #fields(operation: string, reply: readonly Reply[]): Readonly<Record<string, Stored>> {
    const fields = fieldsFrom(reply, 1);
    if (!this.#encoding.needsBytes) return fields;
    const decoded = this.#encoding.decode(fields);
    if (decoded === undefined)
      throw storeError(operation, new TypeError('Stored bytes are not text in `redis.encoding`'));
    return decoded;
  }
}

function text(number: number | null): string {
  return number === null ? '' : String(number);
}

function flag(value: boolean): string {
  return value ? '1' : '0';
}
