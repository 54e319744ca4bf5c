import { toWholeSecond } from '../../internal/whole-second.ts';
import { wellFormedDetails } from '../../stores/details.ts';
import {
  changedFields,
  changedMeta,
  matchesExpected,
  lifeAfterLogin,
  newLife,
  sentCookie,
  sizeBeyond,
} from '../../stores/memory/memory-record.ts';
import { Tombstones } from '../../stores/memory/tombstones.ts';
import type {
  CreateOutcome,
  DestroyOutcome,
  Gone,
  LoadResult,
  NewRecord,
  NewTombstone,
  RecordChange,
  RecordKey,
  RecordRekey,
  RekeyOutcome,
  SaveOutcome,
  SessionStore,
  TakeOutcome,
  Tombstone,
} from '../../stores/store.ts';
import { destroySession, getSession, setSession, touchSession, type ExpressStore } from './express-store.ts';
import type { KeyedQueue } from './keyed-queue.ts';
import { endOf, type AdapterRecord, type RecordCodec } from './record-codec.ts';

const GONE: Gone = { status: 'gone' };
const MAX_TOMBSTONES = 100_000;

/** What the adapters of one store share. */
export interface AdapterState {
  readonly store: ExpressStore;
  readonly queue: KeyedQueue;
  /** In this process: other programs would take one in the store for a session. */
  readonly tombstones: Tombstones;
  /** The clock, in milliseconds. */
  readonly now: () => number;
}

export function newTombstones(): Tombstones {
  return new Tombstones(MAX_TOMBSTONES);
}

/**
 * A store for express-session as a store of this library. Its sessions are read, changed and written as a whole, one
 * request of this process after the other: what other processes write meanwhile is overwritten.
 */
export class ExpressStoreAdapter implements SessionStore {
  readonly #state: AdapterState;
  readonly #codec: RecordCodec;

  constructor(state: AdapterState, codec: RecordCodec) {
    this.#state = state;
    this.#codec = codec;
  }

  async now(): Promise<number> {
    return this.#state.now();
  }

  async load(key: RecordKey): Promise<LoadResult | undefined> {
    const record = await this.#find(key);
    const now = this.#state.now();
    if (record === undefined) return this.#state.tombstones.get(key, now);
    const { meta, fields } = record;
    return { status: 'found', meta, lastSeen: toWholeSecond(record.lastSeen), fields, now };
  }

  create(key: RecordKey, given: NewRecord): Promise<CreateOutcome> {
    return this.#exclusive(key, async () => {
      const isTaken = this.#codec.namesMayBeTaken && (await this.#find(key)) !== undefined;
      if (isTaken || this.#tombstone(key) !== undefined) return { status: 'exists' };
      const now = this.#state.now();
      const { details, timeout, fields, cookieAttributes } = given;
      const cookie = sentCookie(cookieAttributes, now, true);
      const meta = { ...wellFormedDetails(details), ...newLife(given, now), timeout, cookie };
      await this.#write(key, { meta, lastSeen: now, fields: Object.fromEntries(fields) });
      return { status: 'ok', now, evicted: [] };
    });
  }

  save(key: RecordKey, change: RecordChange): Promise<SaveOutcome> {
    return this.#exclusive(key, async () => {
      const record = await this.#find(key);
      if (record === undefined) return this.#tombstone(key) ?? GONE;
      if (!matchesExpected(record.fields, change, false)) return { status: 'conflict', fields: record.fields };
      const now = this.#state.now();
      const meta = changedMeta(record.meta, change, record.meta.cookie.confirmed || change.confirmsCookie, now);
      const fields = changedFields(record.fields, change);
      const size = sizeBeyond(change.maxSize, record.fields, fields);
      if (size !== null) return { status: 'too-large', size };
      const next = { meta, lastSeen: now, fields };
      if (fields === record.fields && !this.#codec.keepsMeta) await this.#touch(key, next);
      else await this.#write(key, next);
      return { status: 'ok', now, evicted: [] };
    });
  }

  rekey(from: RecordKey, to: RecordKey, rekey: RecordRekey): Promise<RekeyOutcome> {
    return this.#exclusive(from, () => this.#exclusive(to, () => this.#rekey(from, to, rekey)));
  }

  async #rekey(from: RecordKey, to: RecordKey, rekey: RecordRekey): Promise<RekeyOutcome> {
    const record = await this.#find(from);
    if (record === undefined) return this.#tombstone(from) ?? GONE;
    if ((await this.#find(to)) !== undefined || this.#tombstone(to) !== undefined) return { status: 'exists' };
    if (!matchesExpected(record.fields, rekey, rekey.exact)) return { status: 'conflict', fields: record.fields };
    const now = this.#state.now();
    const { login, tombstone } = rekey;
    const wasConfirmed = record.meta.cookie.confirmed || rekey.confirmsCookie;
    const changed = changedMeta(record.meta, rekey, login !== null, now);
    const renewed =
      login === null ? {} : { ...wellFormedDetails(login.details), ...lifeAfterLogin(changed, login, now) };
    const fields = changedFields(record.fields, rekey);
    await this.#write(to, { meta: { ...changed, ...renewed }, lastSeen: now, fields });
    await destroySession(this.#state.store, this.#codec.nameOf(from));
    if (tombstone !== null) this.#state.tombstones.add(from, tombstone, to.handle, wasConfirmed, now);
    return { status: 'ok', now, evicted: [] };
  }

  take(key: RecordKey, prefix: string): Promise<TakeOutcome> {
    return this.#exclusive(key, async () => {
      const record = await this.#find(key);
      if (record === undefined) return this.#tombstone(key) ?? GONE;
      const entries = Object.entries(record.fields);
      const taken = entries.filter(([name]) => name.startsWith(prefix));
      const now = this.#state.now();
      if (taken.length > 0) {
        const kept = entries.filter(([name]) => !name.startsWith(prefix));
        await this.#write(key, { ...record, fields: Object.fromEntries(kept) });
      }
      return { status: 'ok', fields: Object.fromEntries(taken), now };
    });
  }

  destroy(key: RecordKey, tombstone: NewTombstone | null = null): Promise<DestroyOutcome> {
    return this.#exclusive(key, async () => {
      const record = await this.#find(key);
      if (record === undefined) return this.#tombstone(key) ?? GONE;
      await destroySession(this.#state.store, this.#codec.nameOf(key));
      const now = this.#state.now();
      const { confirmed } = record.meta.cookie;
      if (tombstone !== null) this.#state.tombstones.add(key, { ...tombstone, nonce: '' }, '', confirmed, now);
      return { status: 'ok', now, evicted: [] };
    });
  }

  /** The store is the application's to close. */
  async close(): Promise<void> {}

  #exclusive<T>(key: RecordKey, work: () => Promise<T>): Promise<T> {
    return this.#state.queue.run(this.#codec.nameOf(key), work);
  }

  async #find(key: RecordKey): Promise<AdapterRecord | undefined> {
    const session = await getSession(this.#state.store, this.#codec.nameOf(key));
    if (session === undefined) return undefined;
    const now = this.#state.now();
    const record = this.#codec.decode(session, now);
    return record === undefined || endOf(record.meta, record.lastSeen) <= now ? undefined : record;
  }

  #tombstone(key: RecordKey): Tombstone | undefined {
    return this.#state.tombstones.get(key, this.#state.now());
  }

  #write(key: RecordKey, record: AdapterRecord): Promise<void> {
    return setSession(this.#state.store, this.#codec.nameOf(key), this.#codec.encode(record, this.#state.now()));
  }

  #touch(key: RecordKey, record: AdapterRecord): Promise<void> {
    return touchSession(this.#state.store, this.#codec.nameOf(key), this.#codec.encode(record, this.#state.now()));
  }
}
