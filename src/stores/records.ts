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
  /** Milliseconds: the store's clock now, or a little earlier. */
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
  /** Milliseconds: the store's clock now, or a little earlier. */
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
  /** Milliseconds: the store's clock now, or a little earlier. */
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
