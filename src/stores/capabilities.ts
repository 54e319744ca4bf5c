import type { WatchedEndReason } from '../errors.ts';
import type { EndExplanation, ExplainedReason, FoundRecord, RecordKey, RecordMeta } from './records.ts';

/** One of an owner's live sessions. */
export interface OwnedRecord {
  readonly handle: string;
  readonly meta: RecordMeta;
  readonly lastSeen: number;
}

/** The optional capability of a store to find the sessions of an owner. */
export interface OwnerIndex {
  /** The live sessions of an owner, oldest login first. */
  listOwned(ownerHash: string): Promise<readonly OwnedRecord[]>;
  /**
   * Ends the sessions of an owner, in one atomic step; returns the ended handles. Without an `indexKey` the store
   * remembers the revocation for `keep` seconds: an earlier session that it did not find, because the index was
   * lost, ends at its next write; and a pending login that was begun before is refused.
   * @param except a handle to spare, also when it was rotated since
   * @param indexKey ends only sessions that carry it; `null` for all
   * @param keep seconds
   * @param explanation explains the ends; default: none
   */
  revokeOwned(
    ownerHash: string,
    except: string | null,
    indexKey: string | null,
    keep: number,
    explanation?: EndExplanation | null,
  ): Promise<readonly string[]>;
}

/** Returns whether a store can find the sessions of an owner. */
export function hasOwnerIndex<Store extends object>(store: Store): store is Store & OwnerIndex {
  return 'listOwned' in store && 'revokeOwned' in store;
}

/** The optional capability of a store to find sessions by something else than their owner. */
export interface LoginIndex {
  /**
   * Remembers, before a login, that an owner is about to have a session with this index key.
   * @param keep seconds until the entry is forgotten unless it is added again; more than 0
   */
  addIndexKey(indexKey: string, ownerHash: string, keep: number): Promise<void>;
  /** The owners that may have sessions with this index key. */
  findOwnerHashes(indexKey: string): Promise<readonly string[]>;
  /** Forgets an entry that led to no session, unless it was added within the last `age` seconds. */
  removeIndexKey(indexKey: string, ownerHash: string, age: number): Promise<void>;
}

/** A record as a tool meets it. */
export interface ScannedRecord {
  readonly key: RecordKey;
  readonly meta: RecordMeta;
  readonly lastSeen: number;
}

/** The optional capability of a store to go through all its sessions. */
export interface SessionScanner {
  /** Every record that exists from beginning to end is returned at least once; others may be. */
  scan(): AsyncIterable<ScannedRecord>;
}

/** What has become of a watched record. */
export type RecordCheck =
  | Pick<FoundRecord, 'status' | 'meta' | 'lastSeen'>
  /** It goes on under another handle, with the same owner hash. */
  | { readonly status: 'rekeyed'; readonly successor: string }
  | { readonly status: 'ended'; readonly reason: WatchedEndReason };

export interface RecordChecks {
  /** In the order of the keys. */
  readonly records: readonly RecordCheck[];
  /** Milliseconds: the store's clock. */
  readonly now: number;
}

/** Called with what happens to records, in this process or another. */
export interface EndListener {
  /** Records have ended. Not called for what has expired, unless something meets it. */
  ended(handles: readonly string[], reason: WatchedEndReason): void;
  /** A record goes on under another handle, with the same owner hash. */
  rekeyed(handle: string, successor: string): void;
  /** What happens from now on is reported. What happened before may not have been. */
  resumed(): void;
  /** Nothing is reported until `resumed` is called, because of an error. */
  failed(error: unknown): void;
}

/** The optional capability of a store to report how sessions end, as it happens. */
export interface SessionWatcher {
  /**
   * Reports from now on; returns a function that stops it. Reports can be lost with a connection.
   * @throws {SessionError} `ERR_SESSION_UNSUPPORTED` when the store was made without what it needs
   */
  watchEnds(listener: EndListener): () => void;
  /** Reads what has become of records, without their fields. */
  checkRecords(keys: readonly RecordKey[]): Promise<RecordChecks>;
}

/** What the audit trail of an owner says has happened to a session. */
export type AuditEvent =
  | 'login'
  | 'migrated' // a session of another library, whose owner has become known
  | 'rotated' // it goes on under a new handle
  | 'reused' // the id that this handle names was used after the grace of its rotation or login
  | ExplainedReason;

/** One entry of an audit trail. */
export interface AuditRecord {
  /** `<milliseconds>-<count>`, later than that of every older entry of the owner. */
  readonly id: string;
  /** Milliseconds by the store's clock. */
  readonly at: number;
  readonly event: AuditEvent;
  readonly handle: string;
  /** The handle that the session had before a login or a rotation; `null` where there was none. */
  readonly previous: string | null;
  /** Of a login. */
  readonly method: string | null;
  /** Who has ended the session, as far as the application has said; see {@link EndExplanation}. */
  readonly by: string | null;
}

/** How much of an owner's trail is kept. */
export interface AuditLimits {
  /** Seconds. */
  readonly maxAge: number;
  /** Of one owner. */
  readonly maxEntries: number;
}

export interface AuditQuery {
  /** Milliseconds: no older entries. */
  readonly since: number;
  /** The newest id, included; `null` for any. */
  readonly until: string | null;
  readonly limit: number;
}

/** The optional capability of a store to keep an audit trail for each owner. */
export interface AuditTrail {
  /**
   * Called once, before everything else: from now on, each login, rotation and end of an owner's session writes an entry
   * in the same atomic step. An end without an explanation, and an expiry, write none.
   */
  startAudit(limits: AuditLimits): void;
  /** Writes that the id of an owned record that goes on under another key was used: once for each tombstone. */
  reportReuse(key: RecordKey): Promise<void>;
  /** Returns entries of an owner, newest first. */
  readAudit(ownerHash: string, query: AuditQuery): Promise<readonly AuditRecord[]>;
}

/** Returns whether a store can keep audit trails. */
export function hasAuditTrail<Store extends object>(store: Store): store is Store & AuditTrail {
  return 'startAudit' in store && 'reportReuse' in store && 'readAudit' in store;
}

/** How often an event has happened. */
export interface EventCount {
  readonly event: string;
  /** `null` for an event that has none. */
  readonly reason: string | null;
  readonly count: number;
}

/** Sessions of one kind that a process has written or ended. Values are milliseconds by the store's clock. */
export interface SessionSightings {
  /** When each expires unless it is used again, by handle. */
  readonly written: ReadonlyMap<string, number>;
  /** Until when each could have lived, by handle. One that was written, too, has ended. */
  readonly ended: ReadonlyMap<string, number>;
}

/** An event as processes share it: never with an id, a cookie, an owner or a value. */
export interface SharedEvent {
  /** Its number among the events of its process. */
  readonly number: number;
  /** A name of `SessionEvents`. */
  readonly event: string;
  /** `null` for an event that has none. */
  readonly reason: string | null;
  /** `null` for an event of no session that is stored. */
  readonly handle: string | null;
}

/** Consecutive events of one process, oldest first. Those that are missing were too many. */
interface ConsecutiveEvents<Event extends SharedEvent> {
  /** Names the process, at random. */
  readonly source: string;
  /** The number of the first event. */
  readonly from: number;
  /** The number after the last event. */
  readonly to: number;
  /** 200 at most. */
  readonly events: readonly Event[];
}

/** What a process shares, with the milliseconds since each event. */
export type EventReport = ConsecutiveEvents<SharedEvent & { readonly age: number }>;

/** What a process has shared, with the time of each event: milliseconds by the store's clock. */
export type EventBatch = ConsecutiveEvents<SharedEvent & { readonly at: number }>;

/** What a process has counted since its last report. */
export interface StatsReport {
  /** With the milliseconds since they were counted. */
  readonly counts: readonly (EventCount & { readonly age: number })[];
  readonly anonymous: SessionSightings;
  readonly owned: SessionSightings;
  /** Passed on to those who watch events, and not kept. Default: none. Only for a store that has `watchEvents`. */
  readonly events?: EventReport | null;
}

export interface StoredStats {
  /** Milliseconds: the store's clock. */
  readonly now: number;
  /** Live sessions without an owner. */
  readonly anonymous: number;
  /** Live sessions with an owner. */
  readonly owned: number;
  /** The relative standard error of the less exact of the two; 0 where they are exact. */
  readonly error: number;
  /** Oldest first, with when the minute or the hour began. */
  readonly counts: readonly (EventCount & { readonly start: number })[];
}

/** What events are counted by. */
export type StatsUnit = 'minute' | 'hour';

/** Seconds for which the sums of hours are kept at least. They are few, so that they are kept for longer than minutes. */
export const HOURS_KEPT = 3_024_000;

/** The optional capability of a store to count events and live sessions, without going through all sessions. */
export interface SessionStatistics {
  /**
   * Adds what a process has counted, to minutes and to hours.
   * @param keep seconds for which the counts of minutes are kept, and those of hours, if it is more than `HOURS_KEPT`
   */
  addStats(report: StatsReport, keep: number): Promise<void>;
  /**
   * Returns what all processes have counted.
   * @param since milliseconds: none that were over before; `null`: an hour ago, and by the hour a day ago
   * @param keep as in `addStats`: older counts may be left out
   * @param by what is counted together. Default: a minute
   */
  readStats(since: number | null, keep: number, by?: StatsUnit): Promise<StoredStats>;
}

/** Called with the events of processes, of this one, too. */
export interface SharedEventListener {
  /** A batch can come twice, and can be lost with a connection: numbers of its events say so. */
  happened(batch: EventBatch): void;
  /** What is shared from now on arrives. What was shared before may not have. */
  resumed(): void;
  /** Nothing arrives until `resumed` is called, because of an error. */
  failed(error: unknown): void;
}

/** The optional capability of a store that counts to pass on what processes report of their events. */
export interface EventWatcher {
  /** Listens from now on; returns a function that stops it. */
  watchEvents(listener: SharedEventListener): () => void;
}

/** Returns whether a store can pass on events. */
export function hasEventWatcher<Store extends object>(store: Store): store is Store & EventWatcher {
  return 'watchEvents' in store;
}

/** Returns whether a store can count. */
export function hasStatistics<Store extends object>(store: Store): store is Store & SessionStatistics {
  return 'addStats' in store && 'readStats' in store;
}
