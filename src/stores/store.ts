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

import type {
  EndExplanation,
  LoadResult,
  NewRecord,
  NewTombstone,
  RecordChange,
  RecordKey,
  RecordRekey,
  Stored,
  Tombstone,
} from './records.ts';

export * from './capabilities.ts';
export * from './records.ts';

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
