import { SessionError } from '../errors.ts';
import type { EndReason } from '../events.ts';
import type { Exchange } from '../exchange.ts';
import type { RecordKey, RecordMeta, SessionStore } from '../stores/store.ts';
import type { Engine } from './context.ts';
import { fieldName, Fields, UnreadableField } from './fields.ts';
import { keyOf } from '../crypto/session-id.ts';

/**
 * Can the session be used?
 * - `unloaded`: not before `load()`
 * - `ready`: yes
 * - `degraded`: empty and read-only, because the store failed
 * - `superseded`: empty, and what is written is dropped: a login has given the client another session
 * - `ignored`: likewise, because the URL has no sessions
 */
export type Phase = 'unloaded' | 'ready' | 'degraded' | 'superseded' | 'ignored';

/** A login that waits for the commit. */
export interface PendingLogin {
  readonly owner: string;
  readonly method: string | null;
  /** Opaque names that the session shall be found by. */
  readonly indexKeys: readonly string[];
  /** Milliseconds of the process's monotonic clock. */
  readonly at: number;
}

/** Sessions to end at the commit. */
export interface RetiredRecord {
  readonly id: string;
  readonly key: RecordKey;
  readonly owner: string | null;
  readonly reason: EndReason;
}

/** One session during one request: what was loaded, what was asked for, and what is still to be told. */
export class SessionState {
  readonly engine: Engine;
  readonly exchange: Exchange;
  readonly fields: Fields;
  phase: Phase = 'ready';
  store: SessionStore | null = null;
  /** Is the session to be read from the store itself, past any cache? */
  fresh = false;
  /** The stored session: all four, or none while nothing is stored. */
  id: string | null = null;
  /** The id by which the record was read or written first: rotations that were followed since are none of its own. */
  loadedId: string | null = null;
  key: RecordKey | null = null;
  meta: RecordMeta | null = null;
  lastSeen = 0;
  /** A record that this version of the application cannot read, and leaves alone unless it is told to end it. */
  unreadable: Pick<RetiredRecord, 'id' | 'key'> | null = null;
  /** The id that a session which is not stored yet has told the application. */
  promisedId: string | null = null;
  /** Was there no stored session when the request began, or was it invalidated since? */
  isNew = true;
  /** Did the request use the session, so that its response depends on the cookie? */
  used = false;

  // Marks, applied by the commit.
  login: PendingLogin | null = null;
  /** May the old id lead to the new one for a while, or is it dead at once? */
  rotate: 'grace' | 'cut' | null = null;
  timeout: number | null = null;
  retired: RetiredRecord[] = [];

  /** What the response has to tell the browser. */
  cookie: 'keep' | 'set' | 'delete' = 'keep';
  clearSiteData = false;
  /** The last commit failed: the error's response carries no cookie. */
  failed = false;
  /** The response's head is settled; no cookie can be sent any more. */
  finished = false;
  /** A commit that is under way; the next one waits for it. */
  committing: Promise<void> | null = null;
  #initialized = false;
  #intercepted = false;

  constructor(engine: Engine, exchange: Exchange) {
    this.engine = engine;
    this.exchange = exchange;
    this.fields = new Fields(engine.options.serializer);
  }

  /** Takes hold of the response, once: a second hold would commit a second time. */
  interceptResponse(): void {
    if (this.#intercepted) return;
    this.#intercepted = true;
    this.exchange.interceptResponse?.();
  }

  /** Before anything is read. */
  use(): void {
    if (!this.used) {
      this.used = true;
      this.interceptResponse();
    }
    if (this.phase === 'unloaded') {
      throw new SessionError('ERR_SESSION_NOT_LOADED', 'The session is not loaded: call `await session.load()` first');
    }
    if (!this.#initialized && this.key === null) this.#initialize();
  }

  /** Before anything is changed. */
  change(): void {
    this.use();
    if (this.phase === 'degraded') {
      throw new SessionError(
        'ERR_SESSION_DEGRADED',
        'The session cannot be changed because the store failed: check `session.degraded` first',
      );
    }
  }

  /** Stands on a stored record from now on. */
  attach(id: string, key: RecordKey, meta: RecordMeta, lastSeen: number): void {
    this.id = id;
    this.loadedId = id;
    this.key = key;
    this.meta = meta;
    this.lastSeen = lastSeen;
    this.promisedId = null;
  }

  /** Stands on no record any more. */
  detach(): void {
    this.id = null;
    this.key = null;
    this.meta = null;
    this.isNew = true;
    this.#initialized = false;
  }

  /** Ends the stored session at the commit; what follows belongs to a fresh one. */
  retire(reason: EndReason): void {
    if (this.id !== null && this.key !== null) {
      this.retired.push({ id: this.id, key: this.key, owner: this.meta!.owner, reason });
      this.cookie = 'delete';
    } else if (this.unreadable !== null) {
      this.retired.push({ ...this.unreadable, owner: null, reason });
      this.unreadable = null;
      this.cookie = 'delete';
    }
    this.detach();
    this.promisedId = null;
    this.fields.reset();
    this.login = null;
    this.rotate = null;
    this.timeout = null;
  }

  /** Goes on with the session that a rotation made of this one. */
  succeed(id: string): void {
    this.id = id;
    this.key = keyOf(id);
    this.cookie = 'set';
  }

  /**
   * A field's value. A record of which one field cannot be read is not to be trusted with the others:
   * the session begins anew, and keeps what this request wrote.
   */
  read(name: string): unknown {
    try {
      return this.fields.get(name);
    } catch (error) {
      if (!(error instanceof UnreadableField)) throw error;
      this.abandon();
      return this.fields.get(name);
    }
  }

  /** Leaves an unreadable record alone and goes on without it. */
  abandon(): void {
    this.engine.events.emit('rejected', { handle: this.key!.handle, reason: 'corrupt', detail: 'unparsable' });
    this.unreadable = { id: this.id!, key: this.key! };
    this.detach();
    this.fields.detach();
    this.rotate = null;
    this.cookie = 'keep';
  }

  get touchDue(): boolean {
    if (this.meta === null) return false;
    const { touchInterval, timeout } = this.engine.options;
    // A session with a shorter timeout of its own is renewed in proportion.
    const interval = touchInterval * Math.min(1, this.meta.timeout / timeout);
    const age = this.store!.now() - this.lastSeen;
    // A session last seen in the future shows that our idea of the store's clock is wrong: a touch sets it right.
    return age >= interval * 1000 || age < -1000;
  }

  #initialize(): void {
    this.#initialized = true;
    const { initialData } = this.engine.options;
    if (initialData === null || this.phase !== 'ready') return;
    for (const [key, value] of Object.entries(initialData(this.exchange.request))) {
      const name = fieldName(key);
      if (!this.fields.has(name)) this.fields.preset(name, value);
    }
  }
}
