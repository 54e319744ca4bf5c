import type { OwnerIndex, RecordKey, SessionScanner, SessionStore } from '../../stores/store.ts';

/** What the contract needs to know of a store beyond its interface. */
export interface StoreHarness {
  readonly store: SessionStore & Partial<OwnerIndex> & Partial<SessionScanner>;
  /** Asserts that a record, left alone, ends after so many seconds. The record is not used afterwards. */
  assertEndsIn(key: RecordKey, seconds: number): Promise<void>;
  /** Ends a record the way its timeout would, now. */
  expire(key: RecordKey): Promise<void>;
}

/** One promise of the contract. `run` throws an AssertionError when it is broken. */
export interface StoreCheck {
  readonly title: string;
  run(harness: StoreHarness): Promise<void>;
}
