import { wellFormedDetails } from '../details.ts';
import type {
  AuditLimits,
  AuditQuery,
  AuditRecord,
  AuditTrail,
  CreateOutcome,
  DestroyOutcome,
  EndExplanation,
  EndListener,
  EventWatcher,
  Gone,
  LoadResult,
  LoginChange,
  LoginIndex,
  NewRecord,
  NewTombstone,
  OwnedRecord,
  OwnerIndex,
  RecordChange,
  RecordCheck,
  RecordChecks,
  RecordKey,
  RecordRekey,
  RekeyOutcome,
  SaveOutcome,
  ScannedRecord,
  SessionScanner,
  SessionStatistics,
  SessionStore,
  SessionWatcher,
  SharedEventListener,
  StatsReport,
  StatsUnit,
  Stored,
  StoredStats,
  TakeOutcome,
} from '../store.ts';
import { AuditTrails } from './audit-trails.ts';
import { EndListeners } from './end-listeners.ts';
import { EndedRecords } from './ended-records.ts';
import { EventCounts } from './event-counts.ts';
import { EventListeners } from './event-listeners.ts';
import { LiveRecords } from './live-records.ts';
import { LoginEntries } from './login-index.ts';
import {
  changedFields,
  changedMeta,
  lifeAfterLogin,
  matchesExpected,
  newLife,
  sentCookie,
  sizeBeyond,
  type MemoryRecord,
} from './memory-record.ts';
import { OwnerSessions } from './owner-sessions.ts';
import { Tombstones } from './tombstones.ts';

export interface MemoryStoreOptions {
  /** The largest number of sessions: beyond it, the one that was used longest ago is ended. Default 100000. */
  maxSessions?: number;
  /** Called with the handle of a session that was ended because the store was full. */
  onEvict?: (handle: string) => void;
  /** The clock, in milliseconds. Default `Date.now`. */
  now?: () => number;
}

const GONE: Gone = { status: 'gone' };

/**
 * Sessions in the memory of this process, under the same contract as Redis: bounded, expiring, atomic. For
 * development, tests and single-process applications that may lose their sessions at a restart.
 */
export class MemoryStore
  implements
    SessionStore,
    OwnerIndex,
    LoginIndex,
    SessionScanner,
    SessionWatcher,
    AuditTrail,
    SessionStatistics,
    EventWatcher
{
  readonly #tombstones: Tombstones;
  readonly #ended: EndedRecords;
  readonly #owners = new OwnerSessions();
  readonly #logins = new LoginEntries();
  readonly #records = new LiveRecords(this.#owners, this.#logins, (record, now) => {
    this.#ends.ended(record.handle, 'expired');
    this.#ended.add(record, 'expired', record.endsAt, record.explainEnds, now);
  });
  readonly #ends = new EndListeners();
  readonly #trails: AuditTrails;
  readonly #counts = new EventCounts();
  readonly #events = new EventListeners();
  readonly #maxSessions: number;
  readonly #clock: () => number;
  readonly #onEvict: ((handle: string) => void) | undefined;

  constructor(options: MemoryStoreOptions = {}) {
    const { maxSessions = 100_000, onEvict, now = Date.now } = options;
    if (!Number.isSafeInteger(maxSessions) || maxSessions < 1) {
      throw new TypeError(`Expected \`maxSessions\` to be a positive integer, got ${String(maxSessions)}`);
    }
    this.#maxSessions = maxSessions;
    this.#tombstones = new Tombstones(maxSessions);
    this.#ended = new EndedRecords(maxSessions);
    this.#trails = new AuditTrails(maxSessions);
    this.#clock = now;
    this.#onEvict = onEvict;
  }

  /** How many sessions are kept; expired ones count until they are met. */
  get size(): number {
    return this.#records.size;
  }

  async now(): Promise<number> {
    return this.#clock();
  }

  async load(key: RecordKey, _bypassCache = false, explainEnds = 0): Promise<LoadResult | undefined> {
    const now = this.#clock();
    const record = this.#records.find(key, now);
    if (record === undefined) return this.#tombstones.get(key, now) ?? this.#ended.get(key, explainEnds, now);
    return { status: 'found', meta: record.meta, lastSeen: record.lastSeen, fields: record.fields, now };
  }

  async create(key: RecordKey, record: NewRecord): Promise<CreateOutcome> {
    const now = this.#clock();
    if (this.#isTaken(key, now)) return { status: 'exists' };
    const evicted = this.#admit(key, record.login, null, record.explainEnds ?? 0, now);
    if (!Array.isArray(evicted)) return { status: evicted };
    this.#makeRoom(now);
    const cookie = sentCookie(record.cookieAttributes, now, true);
    const meta = { ...newLife(record, now), timeout: record.timeout, cookie };
    const fields = Object.fromEntries(record.fields);
    const details = wellFormedDetails(record.details);
    this.#records.add(key, { ...details, ...meta }, fields, record.explainEnds ?? 0, now);
    this.#trails.append(key.ownerHash, 'login', key.handle, now, details);
    return { status: 'ok', now, evicted };
  }

  async save(key: RecordKey, change: RecordChange): Promise<SaveOutcome> {
    const now = this.#clock();
    const record = this.#records.find(key, now);
    if (record === undefined) return this.#tombstones.get(key, now) ?? GONE;
    if (!matchesExpected(record.fields, change, false)) return { status: 'conflict', fields: record.fields };
    const fields = changedFields(record.fields, change);
    const size = sizeBeyond(change.maxSize, record.fields, fields);
    if (size !== null) return { status: 'too-large', size };
    record.fields = fields;
    record.meta = changedMeta(record.meta, change, record.meta.cookie.confirmed || change.confirmsCookie, now);
    record.explainEnds = change.explainEnds ?? 0;
    this.#records.renew(record, now);
    return { status: 'ok', now, evicted: [] };
  }

  async rekey(from: RecordKey, to: RecordKey, rekey: RecordRekey): Promise<RekeyOutcome> {
    const now = this.#clock();
    const record = this.#records.find(from, now);
    if (record === undefined) return this.#tombstones.get(from, now) ?? GONE;
    if (this.#isTaken(to, now)) return { status: 'exists' };
    if (!matchesExpected(record.fields, rekey, rekey.exact)) return { status: 'conflict', fields: record.fields };
    const { login } = rekey;
    const evicted = this.#admit(to, login, from.handle, rekey.explainEnds ?? 0, now);
    if (!Array.isArray(evicted)) return { status: evicted };
    let meta = changedMeta(record.meta, rekey, login !== null, now);
    if (login !== null) {
      meta = { ...meta, ...wellFormedDetails(login.details), ...lifeAfterLogin(meta, login, now) };
    }
    // A rotated session keeps its place among its owner's logins.
    if (login === null && from.ownerHash !== null) this.#owners.rename(from.ownerHash, from.handle, to.handle);
    this.#records.delete(record);
    this.#records.add(to, meta, changedFields(record.fields, rekey), rekey.explainEnds ?? 0, now);
    const confirmed = record.meta.cookie.confirmed || rekey.confirmsCookie;
    if (rekey.tombstone !== null) this.#tombstones.add(from, rekey.tombstone, to.handle, confirmed, now);
    if (rekey.tombstone?.namesSuccessor === true) this.#ends.rekeyed(from.handle, to.handle);
    else this.#ends.ended(from.handle, 'superseded');
    const event = login === null ? 'rotated' : (rekey.tombstone?.nonce ?? '') === '' ? 'login' : 'migrated';
    const method = login === null ? null : meta.method;
    this.#trails.append(to.ownerHash, event, to.handle, now, { previous: from.handle, method });
    return { status: 'ok', now, evicted };
  }

  async take(key: RecordKey, prefix: string): Promise<TakeOutcome> {
    const now = this.#clock();
    const record = this.#records.find(key, now);
    if (record === undefined) return this.#tombstones.get(key, now) ?? GONE;
    const fields = Object.entries(record.fields);
    const isTaken = ([name]: readonly [string, Stored]): boolean => name.startsWith(prefix);
    record.fields = Object.fromEntries(fields.filter((field) => !isTaken(field)));
    return { status: 'ok', fields: Object.fromEntries(fields.filter(isTaken)), now };
  }

  async destroy(
    key: RecordKey,
    tombstone: NewTombstone | null = null,
    explanation: EndExplanation | null = null,
  ): Promise<DestroyOutcome> {
    const now = this.#clock();
    const record = this.#records.find(key, now);
    if (record === undefined) return this.#tombstones.get(key, now) ?? GONE;
    this.#end(record, explanation, now, tombstone !== null);
    const { confirmed } = record.meta.cookie;
    if (tombstone !== null) this.#tombstones.add(key, { ...tombstone, nonce: '' }, '', confirmed, now);
    return { status: 'ok', now, evicted: [] };
  }

  async listOwned(ownerHash: string): Promise<readonly OwnedRecord[]> {
    return this.#records
      .ofOwner(ownerHash, this.#clock())
      .map(({ handle, meta, lastSeen }) => ({ handle, meta, lastSeen }));
  }

  /** The index here cannot be lost, so the revocation is remembered for pending logins alone. */
  async revokeOwned(
    ownerHash: string,
    except: string | null,
    indexKey: string | null,
    keep: number,
    explanation: EndExplanation | null = null,
  ): Promise<readonly string[]> {
    const now = this.#clock();
    const spared = except === null ? null : this.#resolveSuccessor({ handle: except, ownerHash }, now);
    const ended = this.#records
      .ofOwner(ownerHash, now)
      .filter(({ handle, meta }) => handle !== spared && (indexKey === null || meta.indexKeys.includes(indexKey)));
    for (const record of ended) this.#end(record, explanation, now);
    if (indexKey === null) this.#owners.revoke(ownerHash, now, keep);
    return ended.map(({ handle }) => handle);
  }

  async addIndexKey(indexKey: string, ownerHash: string, keep: number): Promise<void> {
    this.#logins.add(indexKey, ownerHash, this.#clock(), keep);
  }

  async findOwnerHashes(indexKey: string): Promise<readonly string[]> {
    const now = this.#clock();
    this.#records.sweep(now);
    return this.#logins.find(indexKey, now);
  }

  async removeIndexKey(indexKey: string, ownerHash: string, age: number): Promise<void> {
    this.#logins.remove(indexKey, ownerHash, this.#clock() - age * 1000);
  }

  async *scan(): AsyncGenerator<ScannedRecord> {
    // A snapshot: records that are used meanwhile go to the end, so that a live iteration might never reach it.
    const records = [...this.#records.values()];
    for (const { handle, ownerHash } of records) {
      const key = { handle, ownerHash };
      const record = this.#records.find(key, this.#clock());
      if (record !== undefined) yield { key, meta: record.meta, lastSeen: record.lastSeen };
    }
  }

  watchEnds(listener: EndListener): () => void {
    return this.#ends.add(listener);
  }

  async checkRecords(keys: readonly RecordKey[]): Promise<RecordChecks> {
    const now = this.#clock();
    return { records: keys.map((key) => this.#check(key, now)), now };
  }

  startAudit(limits: AuditLimits): void {
    this.#trails.start(limits);
  }

  async reportReuse(key: RecordKey): Promise<void> {
    const now = this.#clock();
    if (this.#tombstones.markReused(key, now)) this.#trails.append(key.ownerHash, 'reused', key.handle, now);
  }

  async readAudit(ownerHash: string, query: AuditQuery): Promise<readonly AuditRecord[]> {
    return this.#trails.read(ownerHash, query, this.#clock());
  }

  /** Only the events are counted: the store knows its sessions. */
  async addStats({ counts, events = null }: StatsReport, keep: number): Promise<void> {
    const now = this.#clock();
    this.#counts.add(counts, keep, now);
    if (events !== null) this.#events.report(events, now);
  }

  watchEvents(listener: SharedEventListener): () => void {
    return this.#events.add(listener);
  }

  async readStats(since: number | null, _keep: number, by: StatsUnit = 'minute'): Promise<StoredStats> {
    const now = this.#clock();
    this.#records.sweep(now);
    let owned = 0;
    for (const { ownerHash } of this.#records.values()) if (ownerHash !== null) owned += 1;
    const anonymous = this.#records.size - owned;
    return { now, anonymous, owned, error: 0, counts: this.#counts.read(since, now, by) };
  }

  async close(): Promise<void> {}

  #check(key: RecordKey, now: number): RecordCheck {
    const record = this.#records.find(key, now);
    if (record !== undefined) return { status: 'found', meta: record.meta, lastSeen: record.lastSeen };
    const successor = this.#tombstones.get(key, now)?.successor;
    if (successor === '') return { status: 'ended', reason: 'superseded' };
    if (successor !== undefined) return { status: 'rekeyed', successor };
    return { status: 'ended', reason: this.#ended.get(key, Infinity, now)?.reason ?? 'unknown' };
  }

  #isTaken(key: RecordKey, now: number): boolean {
    const isFound = this.#records.find(key, now) !== undefined;
    return isFound || this.#tombstones.get(key, now) !== undefined || this.#ended.has(key, now);
  }

  /**
   * Ends a record, and remembers why.
   * @param isReplaced whether a tombstone says why
   */
  #end(record: MemoryRecord, explanation: EndExplanation | null, now: number, isReplaced = false): void {
    this.#records.delete(record);
    this.#ends.ended(record.handle, explanation?.reason ?? 'unknown');
    if (explanation === null) return;
    const { reason, keep, by = null } = explanation;
    if (!isReplaced) this.#ended.add(record, reason, now, keep, now);
    this.#trails.append(record.ownerHash, reason, record.handle, now, { by });
  }

  /** Returns the handle that rotations have led to. */
  #resolveSuccessor(key: RecordKey, now: number): string {
    const successor = this.#tombstones.get(key, now)?.successor ?? '';
    return successor === '' ? key.handle : this.#resolveSuccessor({ ...key, handle: successor }, now);
  }

  /** Makes room for one more session of an owner and returns the ended handles, or why the login is refused. */
  #admit(
    { ownerHash }: RecordKey,
    login: LoginChange | null,
    replaced: string | null,
    explainEnds: number,
    now: number,
  ): string[] | 'full' | 'revoked' {
    if (ownerHash === null || login === null) return [];
    const { pendingSince, max, onSessionLimit } = login;
    if (pendingSince !== null && this.#owners.isRevokedSince(ownerHash, pendingSince, now)) return 'revoked';
    if (max === 0) return [];
    const live = this.#records.ofOwner(ownerHash, now).filter(({ handle }) => handle !== replaced);
    const excess = live.slice(0, Math.max(0, live.length - max + 1));
    if (excess.length > 0 && onSessionLimit === 'refuse') return 'full';
    const explanation = { reason: 'evicted', keep: explainEnds } as const;
    for (const record of excess) this.#end(record, explanation, now);
    return excess.map(({ handle }) => handle);
  }

  /** Removes expired sessions, and the one that was used longest ago when the store is full all the same. */
  #makeRoom(now: number): void {
    this.#records.sweep(now);
    if (this.#records.size < this.#maxSessions) return;
    const oldest = this.#records.values().next().value!;
    this.#records.delete(oldest);
    this.#ends.ended(oldest.handle, 'evicted');
    this.#trails.append(oldest.ownerHash, 'evicted', oldest.handle, now);
    this.#onEvict?.(oldest.handle);
  }
}
