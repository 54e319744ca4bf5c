import type {
  AuditTrail,
  EventWatcher,
  LoginIndex,
  OwnerIndex,
  RecordKey,
  SessionScanner,
  SessionStatistics,
  SessionStore,
  SessionWatcher,
} from '../../stores/store.ts';

/** What the contract needs to know of a store beyond its interface. */
export interface StoreHarness {
  readonly store: SessionStore &
    Partial<OwnerIndex> &
    Partial<LoginIndex> &
    Partial<SessionScanner> &
    Partial<SessionWatcher> &
    Partial<AuditTrail> &
    Partial<SessionStatistics> &
    Partial<EventWatcher>;
  /** Asserts that a record, left alone, ends after so many seconds. The record is not used afterwards. */
  assertEndsIn(key: RecordKey, seconds: number): Promise<void>;
  /** Ends a record the way its timeout would, now, and without loading it: the check sees what meets it first. */
  expire(key: RecordKey): Promise<void>;
  /**
   * Lets so many seconds pass for a record or tombstone, and for as many others as it likes, without an operation on
   * it: by moving the store's clock, or by moving the stored times into the past.
   */
  pass(key: RecordKey, seconds: number): Promise<void>;
}

/** One promise of the contract. `run` throws an AssertionError when it is broken. */
export interface StoreCheck {
  readonly title: string;
  run(harness: StoreHarness): Promise<void>;
}
