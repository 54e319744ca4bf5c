import type {
  CreateOutcome,
  DestroyOutcome,
  Gone,
  LoadResult,
  LoginChange,
  Tombstone,
  RekeyOutcome,
  NewRecord,
  OwnedRecord,
  OwnerIndex,
  RecordChange,
  RecordKey,
  RecordMeta,
  RecordRekey,
  SaveOutcome,
  ScannedRecord,
  SessionScanner,
  SessionStore,
  Stored,
  LoginIndex,
  TakeOutcome,
  Written,
} from '../store.ts';

export interface MemoryStoreOptions {
  /** Sessions that are kept at most; beyond it the one that was used longest ago is ended. Default 100000. */
  maxSessions?: number;
  /** Called with the handle of a session that was ended because the store was full. */
  onEvict?: (handle: string) => void;
  /** The clock, in milliseconds. Default `Date.now`. */
  now?: () => number;
}

interface MemoryRecord {
  meta: RecordMeta;
  lastSeen: number;
  /** Replaced as a whole, never changed: whoever loads the record gets this object. */
  fields: Readonly<Record<string, Stored>>;
  ownerHash: string | null;
  /** Milliseconds: the end by the idle timeout or the absolute expiry, whichever comes first. */
  endsAt: number;
}

interface Trace {
  nonce: string;
  successor: string;
  graceUntil: number;
  endsAt: number;
}

const GONE: Gone = { status: 'gone' };

/**
 * Sessions in this process's memory, under the same contract as Redis: bounded, expiring, atomic. For
 * development, tests and single-process applications that may forget their sessions at a restart.
 */
export class MemoryStore implements SessionStore, OwnerIndex, LoginIndex, SessionScanner {
  /** In the order of their last use, so that the first is the one to evict. */
  readonly #records = new Map<string, MemoryRecord>();
  readonly #traces = new Map<string, Trace>();
  /** Handles by ownerHash, in the order of their logins. */
  readonly #owned = new Map<string, Set<string>>();
  /** Buckets by indexKey; sessions of a ownerHash tell which of them carry it. */
  readonly #ownersByIndexKey = new Map<string, Set<string>>();
  readonly #maxSessions: number;
  readonly #clock: () => number;
  readonly #onEvict: ((handle: string) => void) | undefined;

  constructor(options: MemoryStoreOptions = {}) {
    const { maxSessions = 100_000, onEvict, now = Date.now } = options;
    if (!Number.isSafeInteger(maxSessions) || maxSessions < 1) {
      throw new TypeError(`Expected \`maxSessions\` to be a positive integer, got ${String(maxSessions)}`);
    }
    this.#maxSessions = maxSessions;
    this.#clock = now;
    this.#onEvict = onEvict;
  }

  /** Sessions that are kept now; ended ones that nobody has asked for since are counted. */
  get size(): number {
    return this.#records.size;
  }

  now(): number {
    return this.#clock();
  }

  async load(key: RecordKey): Promise<LoadResult | undefined> {
    const record = this.#find(key);
    if (record === undefined) return this.#trace(key);
    return { status: 'found', meta: record.meta, lastSeen: record.lastSeen, fields: record.fields };
  }

  async create(key: RecordKey, record: NewRecord): Promise<CreateOutcome> {
    if (this.#find(key) !== undefined || this.#trace(key) !== undefined) return { status: 'exists' };
    const evicted = this.#admit(key, record.login, null);
    if (evicted === null) return { status: 'full' };
    const now = this.#clock();
    const meta: RecordMeta = { ...record.details, ...this.#times(record, now), timeout: record.timeout };
    this.#sweep();
    this.#put(
      key,
      { meta, lastSeen: 0, fields: Object.fromEntries(record.fields), ownerHash: key.ownerHash, endsAt: 0 },
      now,
    );
    return { status: 'ok', now, evicted };
  }

  async save(key: RecordKey, change: RecordChange): Promise<SaveOutcome> {
    const record = this.#find(key);
    if (record === undefined) return this.#trace(key) ?? GONE;
    if (!matches(record, change, false)) return { status: 'conflict', fields: record.fields };
    this.#records.delete(key.handle);
    return this.#put(key, apply(record, change), this.#clock());
  }

  async rekey(from: RecordKey, to: RecordKey, move: RecordRekey): Promise<RekeyOutcome> {
    const record = this.#find(from);
    if (record === undefined) return this.#trace(from) ?? GONE;
    if (this.#find(to) !== undefined || this.#trace(to) !== undefined) return { status: 'exists' };
    if (!matches(record, move, move.exact)) return { status: 'conflict', fields: record.fields };
    const evicted = this.#admit(to, move.login, from.handle);
    if (evicted === null) return { status: 'full' };
    const now = this.#clock();
    apply(record, move);
    if (move.login !== null) {
      const times = this.#times({ ...move.login, login: move.login }, now);
      record.meta = { ...record.meta, ...move.login.details, ...times };
    }
    record.ownerHash = to.ownerHash;
    this.#rename(from, to, move.login === null);
    this.#records.delete(from.handle);
    this.#put(to, record, now);
    if (move.trace !== null) this.#leaveTrace(from, to, move.trace, now);
    return { status: 'ok', now, evicted };
  }

  async take(key: RecordKey, prefix: string): Promise<TakeOutcome> {
    const record = this.#find(key);
    if (record === undefined) return this.#trace(key) ?? GONE;
    const fields = Object.entries(record.fields);
    const isTaken = ([name]: readonly [string, Stored]): boolean => name.startsWith(prefix);
    record.fields = Object.fromEntries(fields.filter((field) => !isTaken(field)));
    return { status: 'ok', fields: Object.fromEntries(fields.filter(isTaken)) };
  }

  async destroy(key: RecordKey): Promise<DestroyOutcome> {
    if (this.#find(key) === undefined) return this.#trace(key) ?? GONE;
    this.#remove(key.handle);
    return { status: 'ok', now: this.#clock(), evicted: [] };
  }

  async listOwned(ownerHash: string): Promise<readonly OwnedRecord[]> {
    return this.#live(ownerHash).map((handle) => {
      const { meta, lastSeen } = this.#records.get(handle)!;
      return { handle, meta, lastSeen };
    });
  }

  async revokeOwned(ownerHash: string, except: string | null, indexKey: string | null): Promise<readonly string[]> {
    const carries = (handle: string): boolean =>
      indexKey === null || this.#records.get(handle)!.meta.indexKeys.includes(indexKey);
    const spared = except === null ? null : this.#successor(except);
    const ended = this.#live(ownerHash).filter((handle) => handle !== spared && carries(handle));
    for (const handle of ended) this.#remove(handle);
    return ended;
  }

  async addIndexKey(indexKey: string, ownerHash: string): Promise<void> {
    this.#ownersByIndexKey.set(indexKey, (this.#ownersByIndexKey.get(indexKey) ?? new Set()).add(ownerHash));
    if (this.#ownersByIndexKey.size > this.#maxSessions)
      this.#ownersByIndexKey.delete(this.#ownersByIndexKey.keys().next().value!);
  }

  async findOwnerHashes(indexKey: string): Promise<readonly string[]> {
    return [...(this.#ownersByIndexKey.get(indexKey) ?? [])];
  }

  async *scan(): AsyncGenerator<ScannedRecord> {
    // Of what is there now: records that are used meanwhile go to the end, which would never come.
    const records = [...this.#records];
    for (const [handle, { ownerHash }] of records) {
      const record = this.#find({ handle, ownerHash });
      if (record !== undefined) yield { key: { handle, ownerHash }, meta: record.meta, lastSeen: record.lastSeen };
    }
  }

  async close(): Promise<void> {}

  #find(key: RecordKey): MemoryRecord | undefined {
    const record = this.#records.get(key.handle);
    if (record === undefined || record.ownerHash !== key.ownerHash) return undefined;
    if (record.endsAt > this.#clock()) return record;
    this.#remove(key.handle);
    return undefined;
  }

  #trace(key: RecordKey): Tombstone | undefined {
    const trace = this.#traces.get(key.handle);
    const now = this.#clock();
    if (trace === undefined || trace.endsAt <= now) {
      this.#traces.delete(key.handle);
      return undefined;
    }
    return { status: 'tombstone', nonce: trace.nonce, successor: trace.successor, graceUntil: trace.graceUntil, now };
  }

  /** What rotations have made of a handle. */
  #successor(handle: string): string {
    const successor = this.#traces.get(handle)?.successor ?? '';
    return successor === '' ? handle : this.#successor(successor);
  }

  #times(
    record: Pick<NewRecord, 'absoluteTimeout' | 'login'>,
    now: number,
  ): Pick<RecordMeta, 'createdAt' | 'expiresAt' | 'authenticatedAt'> {
    return {
      createdAt: now,
      expiresAt: record.absoluteTimeout > 0 ? now + record.absoluteTimeout * 1000 : 0,
      authenticatedAt: record.login === null ? 0 : now - record.login.age,
    };
  }

  /** Stores a record as the one that was used last, and renews its idle timeout. */
  #put(key: RecordKey, record: MemoryRecord, now: number): Written {
    const { timeout, expiresAt } = record.meta;
    const idle = now + timeout * 1000;
    record.endsAt = expiresAt > 0 ? Math.min(idle, expiresAt) : idle;
    record.lastSeen = Math.floor(now / 1000) * 1000;
    this.#records.set(key.handle, record);
    if (key.ownerHash !== null) {
      const owned = this.#owned.get(key.ownerHash) ?? new Set();
      this.#owned.set(key.ownerHash, owned.add(key.handle));
    }
    return { status: 'ok', now, evicted: [] };
  }

  #remove(handle: string): void {
    const record = this.#records.get(handle);
    this.#records.delete(handle);
    if (record?.ownerHash == null) return;
    const owned = this.#owned.get(record.ownerHash);
    owned?.delete(handle);
    if (owned?.size === 0) this.#owned.delete(record.ownerHash);
  }

  /** A rotated session keeps its place among its owner's logins. */
  #rename(from: RecordKey, to: RecordKey, keepPlace: boolean): void {
    if (from.ownerHash === null) return;
    const owned = [...(this.#owned.get(from.ownerHash) ?? [])];
    const renamed = owned.flatMap((handle) => (handle !== from.handle ? [handle] : keepPlace ? [to.handle] : []));
    this.#owned.set(from.ownerHash, new Set(renamed));
  }

  #live(ownerHash: string): string[] {
    return [...(this.#owned.get(ownerHash) ?? [])].filter((handle) => this.#find({ handle, ownerHash }) !== undefined);
  }

  /** Makes room for one more session of an owner; `null` when there is none to be made. */
  #admit(key: RecordKey, login: LoginChange | null, replaced: string | null): string[] | null {
    if (key.ownerHash === null || login === null || login.max === 0) return [];
    const live = this.#live(key.ownerHash).filter((handle) => handle !== replaced);
    const excess = live.slice(0, Math.max(0, live.length - login.max + 1));
    if (excess.length > 0 && login.onSessionLimit === 'refuse') return null;
    for (const handle of excess) this.#remove(handle);
    return excess;
  }

  #leaveTrace(from: RecordKey, to: RecordKey, trace: NonNullable<RecordRekey['trace']>, now: number): void {
    const { nonce, grace, keep } = trace;
    const successor = nonce === '' ? '' : to.handle;
    this.#traces.set(from.handle, { nonce, successor, graceUntil: now + grace * 1000, endsAt: now + keep * 1000 });
    if (this.#traces.size > this.#maxSessions) this.#traces.delete(this.#traces.keys().next().value!);
  }

  /** Each new session pays for looking at two old ones, so that ended sessions do not pile up. */
  #sweep(): void {
    const now = this.#clock();
    let looks = 2;
    for (const [handle, record] of this.#records) {
      if (looks-- === 0) break;
      if (record.endsAt <= now) this.#remove(handle);
    }
    looks = 2;
    for (const [handle, trace] of this.#traces) {
      if (looks-- === 0) break;
      if (trace.endsAt <= now) this.#traces.delete(handle);
    }
    if (this.#records.size < this.#maxSessions) return;
    const oldest = this.#records.keys().next().value!;
    this.#remove(oldest);
    this.#onEvict?.(oldest);
  }
}

function matches(record: MemoryRecord, change: RecordChange, exact: boolean): boolean {
  if (change.expect === null) return true;
  for (const [name, value] of change.expect) {
    const stored = Object.hasOwn(record.fields, name) ? record.fields[name] : undefined;
    if (value === undefined || stored === undefined ? value !== stored : !sameStored(value, stored)) return false;
  }
  return !exact || Object.keys(record.fields).every((name) => change.expect!.has(name));
}

function without(fields: MemoryRecord['fields'], names: ReadonlySet<string>): MemoryRecord['fields'] {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.has(name)));
}

function sameStored(a: Stored, b: Stored): boolean {
  return a === b || (typeof a !== 'string' && typeof b !== 'string' && Buffer.compare(a, b) === 0);
}

function apply(record: MemoryRecord, change: RecordChange): MemoryRecord {
  if (change.delete.size > 0 || change.set.size > 0) {
    const kept = change.delete.size === 0 ? record.fields : without(record.fields, change.delete);
    record.fields = { ...kept, ...Object.fromEntries(change.set) };
  }
  if (change.timeout !== null) record.meta = { ...record.meta, timeout: change.timeout };
  return record;
}
