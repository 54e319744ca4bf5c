import type { EndReason } from '../events.ts';
import type { RecordKey } from '../stores/store.ts';
import type { BoundRecord, Epoch } from './epoch.ts';

/** A session to end at the commit. */
export interface PendingEnd {
  readonly key: RecordKey;
  readonly owner: string | null;
  readonly reason: EndReason;
  /** Whether the client is to learn of the end: then its cookie is deleted. */
  readonly deletesCookie: boolean;
}

/** What is known of a record that was read and not bound. */
export interface UnboundRecord {
  readonly key: RecordKey;
  readonly owner: string | null;
}

/** The sessions that one request ends at its commit, and those that a logout or a login would end. */
export class PendingEnds {
  #list: PendingEnd[] = [];
  /** Why the request has ended its session. */
  #reason: EndReason = 'invalidated';
  /** A record that this version of the application cannot read, and leaves alone until a logout ends it. */
  #corruptKey: RecordKey | null = null;
  /** The session of another owner, which a login is about to leave. */
  #switchedFrom: Epoch | null = null;

  get list(): readonly PendingEnd[] {
    return this.#list;
  }

  /** Adds the request's session, the one that a login is about to leave, and what could not be read. */
  addSession(record: BoundRecord | null, reason: EndReason): void {
    this.#reason = reason;
    this.#addRecord(record, reason);
    this.#addRecord(this.#switchedFrom?.record ?? null, reason);
    this.#switchedFrom?.close('ended');
    this.#switchedFrom = null;
    if (record !== null || this.#corruptKey === null) return;
    this.#list.push({ key: this.#corruptKey, owner: null, reason, deletesCookie: true });
    this.#corruptKey = null;
  }

  /** Adds a record that was on its way to the store when the request ended its session. */
  addLate(record: BoundRecord): void {
    this.#addRecord(record, this.#reason);
  }

  /** Adds a record that is past the lifetimes of the factory. */
  addExpired({ key, owner }: UnboundRecord): void {
    this.#list.push({ key, owner, reason: 'expired', deletesCookie: false });
  }

  /** Adds a record whose authentication is no longer valid. */
  addInvalidated({ key, owner }: UnboundRecord): void {
    this.#list.push({ key, owner, reason: 'authentication-changed', deletesCookie: true });
  }

  /** Records the key of a record that cannot be read: a logout ends it. */
  rememberCorrupt(key: RecordKey): void {
    this.#corruptKey = key;
  }

  /** Records the session that a login as another owner is about to leave. */
  switchFrom(session: Epoch): void {
    this.#switchedFrom = session;
  }

  /** Adds the session that a login as another owner has left, once the login is stored. */
  addSwitched(): void {
    this.#addRecord(this.#switchedFrom?.record ?? null, 'account-switch');
    this.#switchedFrom = null;
  }

  /** Returns the session that a refused login would have left, which the client keeps; `null` for none. */
  takeSwitched(): Epoch | null {
    const left = this.#switchedFrom;
    this.#switchedFrom = null;
    return left;
  }

  /** Keeps these ends from deleting the cookie: the client has one that opens a session. */
  keepCookie(): void {
    this.#list = this.#list.map((end) => ({ ...end, deletesCookie: false }));
  }

  /** Removes the first of the ends, which the store has carried out, and returns it. */
  takeFirst(): PendingEnd {
    return this.#list.shift()!;
  }

  /** Removes all ends and returns them. */
  takeAll(): readonly PendingEnd[] {
    return this.#list.splice(0);
  }

  #addRecord(record: BoundRecord | null, reason: EndReason): void {
    if (record === null) return;
    const { key, meta, fromClient } = record;
    this.#list.push({ key, owner: meta.owner, reason, deletesCookie: fromClient });
  }
}
