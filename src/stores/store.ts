/**
 * The contract of a store: the few operations that the engine needs, each atomic for one record. `docs/add-a-store.md`
 * builds a new store, and checks it against them.
 *
 * Points in time inside this contract are milliseconds since 1970 by the store's own clock, so that
 * application servers with skewed clocks agree; durations are seconds, as everywhere.
 *
 * A record exists or it does not, and its key is never used twice: the existence of the key is the
 * whole guard against resurrection. Every write but `create` must refuse to make a key.
 */

import type { WatchedEndReason } from '../errors.ts';

/** A serialised value. */
export type Stored = string | Uint8Array;

export function isStored(value: unknown): value is Stored {
  return typeof value === 'string' || value instanceof Uint8Array;
}

/** Returns the bytes of a field: those of its name and of its serialised value. */
export function fieldSize(name: string, value: Stored): number {
  return Buffer.byteLength(name) + Buffer.byteLength(value);
}

/** Names a record. Neither part is secret; the session's id never reaches a store. */
export interface RecordKey {
  /** SHA-256 of the session's id, base64url, 43 characters. */
  readonly handle: string;
  /** 16 base64url characters, the same for all sessions of one owner; `null` while anonymous. */
  readonly ownerHash: string | null;
}

/** What is known about a session besides its data. */
export interface RecordDetails {
  readonly owner: string | null;
  /** How the owner authenticated, in the application's words. */
  readonly method: string | null;
  /** The client's address at creation or login. */
  readonly address: string | null;
  /** The client's `User-Agent` at creation or login. */
  readonly agent: string | null;
  /** Opaque names of what else the owner's session can be found by; see {@link LoginIndex}. */
  readonly indexKeys: readonly string[];
}

/** The idle timeout of a record. */
export interface IdleTimeout {
  /** Seconds of inactivity after which the record ends. */
  readonly seconds: number;
  /** True when the session has a timeout of its own; false when it follows the factory's. */
  readonly adjusted: boolean;
}

/** What a client was last sent as the cookie of a record. */
export interface CookieState {
  /** Milliseconds, to a precision of one second. */
  readonly sentAt: number;
  /** The attributes of the cookie as an opaque word of URL-safe characters and `~`, without colons. */
  readonly attributes: string;
  /** False from a rotation until the first request that comes with the new id. */
  readonly confirmed: boolean;
}

export interface RecordMeta extends RecordDetails {
  /** Milliseconds; set again by a login, unless it keeps the absolute expiry. */
  readonly createdAt: number;
  readonly timeout: IdleTimeout;
  /** Milliseconds, the end that no activity can move; 0 for none. */
  readonly expiresAt: number;
  /** True when the login has set the absolute expiry; false when it follows the factory's limit. */
  readonly ownExpiry: boolean;
  /** Milliseconds; 0 before a login. */
  readonly authenticatedAt: number;
  readonly cookie: CookieState;
  /** Whether the cookie outlives the browser's session, as the login has said; `null`: as the factory says. */
  readonly remember: boolean | null;
}

export interface FoundRecord {
  readonly status: 'found';
  readonly meta: RecordMeta;
  /** Milliseconds, to a precision of one second: when the record was last written or touched. */
  readonly lastSeen: number;
  /**
   * Serialised fields by name. May hold names of the store's own, `@` and one lower-case letter or
   * nothing; may inherit from `Object.prototype`, so ask with `Object.hasOwn`.
   */
  readonly fields: Readonly<Record<string, Stored>>;
  /**
   * Code units or bytes of the names and values in `fields`, or a few more. A store that knows it without counting
   * spares every change of the session the counting.
   */
  readonly fieldsLength?: number | undefined;
  /** Milliseconds: the store's clock now. */
  readonly now: number;
}

/** What remains for a while at the key of a record that goes on under another one. */
export interface Tombstone {
  readonly status: 'tombstone';
  /** Leads to the successor; empty when there is none to be led to, as after a login. */
  readonly nonce: string;
  /** The successor's handle, in the same slot; empty when it is not named. Enough to end it by, not to open it. */
  readonly successor: string;
  /** Milliseconds: until when the old key may still be opened. */
  readonly graceUntil: number;
  /** Whether the cookie of the old id was confirmed when the record left this key; see {@link CookieState}. */
  readonly confirmed: boolean;
  /** Milliseconds: the store's clock now. */
  readonly now: number;
}

/** Why the record of a login has ended. */
export type ExplainedReason =
  | 'logout' // its own request has ended it
  | 'revoked' // the owner, an administrator or a tool
  | 'evicted' // a login beyond the limit
  | 'expired'
  | 'authentication-changed'
  | 'id-reuse'; // an id that a rotation had replaced was used, and the application ends such sessions

/** What explains for a while why there is no record. */
export interface EndedRecord {
  readonly status: 'ended';
  readonly reason: ExplainedReason;
  /** Milliseconds: when the record has ended. */
  readonly at: number;
  /** Milliseconds: the store's clock now. */
  readonly now: number;
}

/** What is to explain the end of an owned record. */
export interface EndExplanation {
  readonly reason: ExplainedReason;
  /** Seconds; 0 for not at all, so that only those who watch the record learn the reason. */
  readonly keep: number;
  /** Who has ended it, in the application's words, for the audit trail alone. Default: it is not said. */
  readonly by?: string | null;
}

/** Something is stored under the key that is not a record of ours; it is left alone. */
export interface CorruptRecord {
  readonly status: 'corrupt';
  readonly reason: CorruptReason;
}

export type CorruptReason = 'undecodable' | 'unparsable' | 'unknown-version' | 'wrong-type';

export type LoadResult = FoundRecord | Tombstone | EndedRecord | CorruptRecord;

/** A login that a write carries out: the record becomes owned, and its lifetime starts again. */
export interface LoginChange {
  /** Milliseconds since the application vouched for the owner; subtracted from the store's clock. */
  readonly age: number;
  /** Milliseconds: when the owner authenticated elsewhere, never later than now; `null`: `age` decides. */
  readonly authenticatedAt: number | null;
  /**
   * Milliseconds: when the login that this one completes was begun; `null` when it is complete by itself.
   * The store refuses it when the owner's sessions have been revoked since.
   */
  readonly pendingSince: number | null;
  /** Live sessions that the owner may have, this one included; 0 for any number. */
  readonly max: number;
  /** At the limit: make room by ending the oldest, or refuse. */
  readonly onSessionLimit: 'evict-oldest' | 'refuse';
  /** Whether the absolute timeout is the login's own; see {@link RecordMeta}. */
  readonly ownExpiry: boolean;
  /** What the record keeps about its cookie; see {@link RecordMeta}. */
  readonly remember: boolean | null;
}

/** A login that takes over a record. */
export interface RekeyLogin extends LoginChange {
  readonly details: RecordDetails;
  /**
   * Seconds from now to the end that no activity can move; 0 for none. `null` keeps creation time and absolute expiry,
   * for a login of the same owner.
   */
  readonly absoluteTimeout: number | null;
}

export interface NewRecord {
  readonly details: RecordDetails;
  readonly timeout: IdleTimeout;
  /** Seconds from now to the end that no activity can move; 0 for none. */
  readonly absoluteTimeout: number;
  readonly fields: ReadonlyMap<string, Stored>;
  /** The attributes of the cookie that is about to be sent; see {@link CookieState}. */
  readonly cookieAttributes: string;
  /** Given when `key.ownerHash` is. */
  readonly login: LoginChange | null;
  /** Seconds for which the end of the record is explained, if it is owned, and of those that make room for it. Default 0: not at all. */
  readonly explainEnds?: number;
  /** Seconds that the record lives unless it is written before, if they are fewer. Default 0: as long as any. A store may ignore it. */
  readonly expiresIn?: number;
}

/** What one request did to a record's fields. */
export interface RecordChange {
  readonly set: ReadonlyMap<string, Stored>;
  readonly delete: ReadonlySet<string>;
  /** A new idle timeout, or `null` to keep the record's. */
  readonly timeout: IdleTimeout | null;
  /**
   * Values that the record must have now (`undefined`: must not have the field), or nothing is
   * written and the result is a conflict; `null` to write in any case.
   */
  readonly expect: ReadonlyMap<string, Stored | undefined> | null;
  /** The attributes of the cookie that is about to be sent, or `null` when none is. */
  readonly cookieAttributes: string | null;
  /** True when the client has come with the record's present id: its cookie is confirmed from now on. */
  readonly confirmsCookie: boolean;
  /** As in {@link NewRecord}, from now on. */
  readonly explainEnds?: number;
  /**
   * Bytes, in UTF-8, that the names and values of all fields may have together after a `save` that makes them more than
   * they were, or nothing is written and the result is `too-large`. Absent: the caller knows that they are fewer.
   */
  readonly maxSize?: number | undefined;
}

/** A change that changes nothing: what a touch writes. */
export const NO_CHANGE: RecordChange = {
  set: new Map(),
  delete: new Set(),
  timeout: null,
  expect: null,
  cookieAttributes: null,
  confirmsCookie: false,
};

/** What is to remain at a key. */
export interface NewTombstone {
  /** Leads to the successor; empty to say only that the session goes on under another key. */
  readonly nonce: string;
  /** Whether the tombstone names the successor, so that an end goes on to it; true with a nonce. */
  readonly namesSuccessor: boolean;
  /** Seconds that the old key may still be opened. */
  readonly grace: number;
  /** Seconds that the tombstone itself is kept; at least `grace`, and more than 0. */
  readonly keep: number;
}

/**
 * A new key for a record, with a change. `confirmsCookie` says whether the client has come with the old id. A login
 * leaves the cookie confirmed, and a rotation unconfirmed.
 */
export interface RecordRekey extends RecordChange {
  /** `null` for a rotation, which keeps owner, times and limits. */
  readonly login: RekeyLogin | null;
  /** What remains at the old key; `null` for nothing. */
  readonly tombstone: NewTombstone | null;
  /** When true, `expect` must name every field of the record. */
  readonly exact: boolean;
}

export interface Written {
  readonly status: 'ok';
  /** Milliseconds: the store's clock at the write. */
  readonly now: number;
  /** Handles of sessions that were ended to make room. */
  readonly evicted: readonly string[];
}
/** There is no such record, or no longer; nothing was written. */
export interface Gone {
  readonly status: 'gone';
}
/** The key is taken; nothing was written. */
export interface Exists {
  readonly status: 'exists';
}
/** The owner has as many sessions as allowed; nothing was written. */
export interface Full {
  readonly status: 'full';
}
/** The owner's sessions were revoked after this login was begun; nothing was written. */
export interface Revoked {
  readonly status: 'revoked';
}
/** The record's fields would have more bytes than allowed; nothing was written. */
export interface TooLarge {
  readonly status: 'too-large';
  /** Bytes that they would have. */
  readonly size: number;
}
/** The record differs from what was expected; nothing was written. */
export interface Conflict {
  readonly status: 'conflict';
  /** The record's fields as they are now, as in {@link FoundRecord}. */
  readonly fields: Readonly<Record<string, Stored>>;
}

/**
 * A store that gives a record its new key in several steps was overtaken by another request. The old record is as
 * that request has left it; the new key is used up.
 */
export interface Interrupted {
  readonly status: 'interrupted';
}
/** Sessions that were ended to make room before the operation came to nothing; none where it is one step. */
export interface EvictedHandles {
  readonly evicted?: readonly string[];
}

/** Fields that were taken out of a record, for this caller alone. */
export interface Taken {
  readonly status: 'ok';
  readonly fields: Readonly<Record<string, Stored>>;
  /** Milliseconds: the store's clock. */
  readonly now: number;
}

export type CreateOutcome = Written | Exists | Full | Revoked;
export type SaveOutcome = Written | Gone | Tombstone | Conflict | TooLarge;
export type RekeyOutcome =
  | Written
  | ((Gone | Tombstone | Conflict | Exists | Full | Revoked | Interrupted) & EvictedHandles);
export type TakeOutcome = Taken | Gone | Tombstone;
export type DestroyOutcome = Written | Gone | Tombstone;

export interface SessionStore {
  /** The store's clock, in milliseconds. */
  now(): Promise<number>;
  /**
   * Reads a record; `undefined` when there is none or it has ended.
   * @param bypassCache not from a cache, if there is one
   * @param explainEnds seconds: an owned record that has ended within them is reported as such, where it can be explained.
   * To all other operations, and by default, it is as if it had never been, except that its key is not used again
   */
  load(key: RecordKey, bypassCache?: boolean, explainEnds?: number): Promise<LoadResult | undefined>;
  /** Makes a record where there is neither one nor what one has left, and admits it to its owner's sessions. */
  create(key: RecordKey, record: NewRecord): Promise<CreateOutcome>;
  /** Changes fields of an existing record and renews its idle timeout. An empty change is a touch. */
  save(key: RecordKey, change: RecordChange): Promise<SaveOutcome>;
  /**
   * Gives a record a new key, together with a change, so that never both keys and never none can be opened.
   * A login rekeys an anonymous record, or one of the same owner, perhaps under the owner hash of an older secret.
   */
  rekey(from: RecordKey, to: RecordKey, rekey: RecordRekey): Promise<RekeyOutcome>;
  /** Takes all fields whose names begin with `prefix` out of a record; each is returned to one caller only. */
  take(key: RecordKey, prefix: string): Promise<TakeOutcome>;
  /**
   * Ends a record. `gone` when there was none: that is no error.
   * @param tombstone what remains at the key, for a session that the client goes on with under another one
   * @param explanation explains the end of an owned record, where no tombstone remains
   */
  destroy(
    key: RecordKey,
    tombstone?: NewTombstone | null,
    explanation?: EndExplanation | null,
  ): Promise<DestroyOutcome>;
  /** Closes the connections that the store opened itself. */
  close(): Promise<void>;
}

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
   * Called once, before everything else: from now on, whatever logs an owner's session in, rotates or ends it writes an
   * entry in the same atomic step. An end without an explanation, and an expiry, write none.
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
