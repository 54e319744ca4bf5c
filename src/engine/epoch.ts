import { keyOf } from '../crypto/session-id.ts';
import { toWholeSecond } from '../internal/whole-second.ts';
import type { RecordKey, RecordMeta } from '../stores/store.ts';
import type { SessionConfig } from './config.ts';
import { fieldName } from './field-names.ts';
import { FieldTracker } from './fields.ts';
import type { FieldSerializer } from './stored-fields.ts';

/** What gives a session an id. */
export type IdIssue = 'creation' | 'login' | 'rotation';

/** A stored record that a request works with. */
export interface BoundRecord {
  readonly id: string;
  readonly key: RecordKey;
  /** Under the lifetimes of this factory. */
  readonly meta: RecordMeta;
  /** The absolute expiry in the store, milliseconds, 0 for none: under other lifetimes the session may live for longer. */
  readonly storedExpiresAt: number;
  /** Milliseconds, to a precision of one second. */
  readonly lastSeen: number;
  /** The id by which this request opened or made the record; a rotation that it follows later changes `id` alone. */
  readonly originalId: string;
  /** Whether the client's cookie opened it, perhaps under an earlier id; false for one that this request made. */
  readonly fromClient: boolean;
  /** How this request has given the record its id; `null` where it has not, so that the client may have it. */
  readonly issuedBy: IdIssue | null;
  /** True when the factory's timeout has changed since the record's was stored. */
  readonly timeoutOutdated: boolean;
  /** Milliseconds of the store's clock: an acknowledgement from then on is no reason to send the id to the client. */
  readonly sendableUntil: number;
}

/** A login that waits for the commit. */
export interface PendingLogin {
  readonly owner: string;
  readonly method: string | null;
  /** Opaque names to find the session by; `null` keeps those of the same owner's last login. */
  readonly indexKeys: readonly string[] | null;
  /** When the application vouched for the owner: milliseconds of the process's monotonic clock. */
  readonly at: number;
  /** When the owner authenticated elsewhere, milliseconds; `null`: at `at`. */
  readonly authenticatedAt: number | null;
  /** When the second factor was asked for, milliseconds of the store's clock; `null` where it was not. */
  readonly pendingSince: number | null;
  /**
   * True when the session has been the owner's before, and the store did not know: the old id leads to it for a while,
   * as after a rotation.
   */
  readonly isAdoption?: boolean;
  /** An idle timeout of the login's own, seconds; `null` for none. */
  readonly timeout: number | null;
  /** An absolute timeout of the login's own, seconds, `null` for none; `undefined` where it says nothing of one. */
  readonly absoluteTimeout: number | null | undefined;
  /** Whether the cookie outlives the browser's session; `null` where the login says nothing of it. */
  readonly remember: boolean | null;
  /** Application's keys that go over from another owner's session; `true` for all. */
  readonly keep: readonly string[] | true;
}

/** A first factor that waits for the commit, which dates it by the store's clock. */
export interface BegunLogin {
  readonly owner: string;
  readonly method: string | null;
  /** Seconds. */
  readonly timeout: number;
  /** Milliseconds of the process's monotonic clock. */
  readonly at: number;
}

/** What the request has asked for besides its fields, and the commit has to carry out. */
export class PendingOperations {
  login: PendingLogin | null = null;
  begunLogin: BegunLogin | null = null;
  /** Whether the old id may lead to the new one for a while, or is dead at once. */
  rotation: 'graceful' | 'immediate' | null = null;
  /** A new idle timeout of the session's own, in seconds. */
  timeout: number | null = null;

  get any(): boolean {
    return this.login !== null || this.begunLogin !== null || this.rotation !== null || this.timeout !== null;
  }

  clear(): void {
    this.login = null;
    this.begunLogin = null;
    this.rotation = null;
    this.timeout = null;
  }
}

/** An end that the request asked for; a login as another owner; a loss. */
export type EpochEnd = 'ended' | 'left' | 'lost';

/** Whom an epoch belongs to. */
interface EpochOwner {
  /** Ends a record that was on its way to the store when its session ended. */
  endLateRecord(record: BoundRecord): void;
}

/**
 * One session from its load or creation to its end, as one request sees it. An end begins a new epoch. Operations that
 * are under way hold on to the epoch in which they began, so that what they bring back cannot reach the next one; and
 * a record that they have made for an epoch that is over is handed to its owner, who ends it.
 */
export class Epoch {
  readonly fields: FieldTracker;
  readonly pending: PendingOperations = new PendingOperations();
  readonly #owner: EpochOwner;
  #record: BoundRecord | null = null;
  #over: EpochEnd | null = null;
  #reservedId: string | null = null;
  #initialized = false;

  constructor(serializer: FieldSerializer, owner: EpochOwner) {
    this.fields = new FieldTracker(serializer);
    this.#owner = owner;
  }

  /** The stored record; `null` while nothing is stored. */
  get record(): BoundRecord | null {
    return this.#record;
  }

  /** The handle of the stored record; `null` while nothing is stored. */
  get handle(): string | null {
    return this.#record?.key.handle ?? null;
  }

  /** True when the request has changed, or asked for, anything that a commit would store. */
  get asks(): boolean {
    return this.pending.any || this.fields.changed;
  }

  /** Why the request goes on with another epoch; `null` while this is the current one. */
  get over(): EpochEnd | null {
    return this.#over;
  }

  /** The id that a session which is not stored yet has shown to the application. */
  get reservedId(): string | null {
    return this.#reservedId;
  }

  reserveId(id: string): void {
    this.#reservedId = id;
  }

  releaseReservedId(): void {
    this.#reservedId = null;
  }

  /** Binds the session to a record that was read or written. */
  bind(record: BoundRecord): void {
    this.#record = record;
    this.#reservedId = null;
    if (this.#over === 'ended') this.#owner.endLateRecord(record);
  }

  /** Binds the session to a record that this request has given its id. */
  bindIssued(
    id: string,
    meta: RecordMeta,
    now: number,
    issuedBy: IdIssue,
    storedExpiresAt: number = meta.expiresAt,
  ): void {
    this.bind({
      id,
      key: keyOf(id),
      meta,
      storedExpiresAt,
      lastSeen: toWholeSecond(now),
      originalId: id,
      fromClient: this.#record?.fromClient ?? false,
      issuedBy,
      timeoutOutdated: false,
      sendableUntil: Infinity,
    });
  }

  /** Applies what a write has changed of the bound record. */
  update(change: Partial<BoundRecord>): void {
    this.#record = { ...this.#record!, ...change };
  }

  /** Makes this the epoch of a session that is over. */
  close(why: EpochEnd): void {
    if (this.#over !== 'ended') this.#over = why;
  }

  /** Makes an epoch that was closed by an account switch the current one again. */
  reopen(): void {
    this.#over = null;
  }

  /** Gives a session that is not stored its initial data, once; again after a failure. */
  setInitialData({ initialData }: Pick<SessionConfig, 'initialData'>, request: unknown): void {
    if (this.#initialized || this.#record !== null) return;
    this.#initialized = true;
    if (initialData === null) return;
    try {
      for (const [key, value] of Object.entries(initialData(request))) {
        const name = fieldName(key);
        if (!this.fields.has(name)) this.fields.setInitial(name, value);
      }
    } catch (error) {
      this.#initialized = false;
      throw error;
    }
  }
}
