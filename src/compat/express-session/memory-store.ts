import type { Callback } from './callbacks.ts';
import { Store, type StoredData } from './store.ts';

/** The largest number of sessions: beyond it, the one that was written longest ago is dropped. */
const MAX_SESSIONS = 100_000;

/**
 * The store that express-session brings: sessions as JSON in this process, by their ids. It is bounded here. Without a
 * `store`, the middleware keeps sessions in a better one, which has owners and never loses a concurrent write.
 */
export class MemoryStore extends Store {
  /** Sessions as JSON by their ids. */
  sessions: Record<string, string> = Object.create(null) as Record<string, string>;
  #count = 0;

  override get(sid: string, callback: Callback<StoredData | null>): void {
    setImmediate(callback, null, this.#find(sid));
  }

  override set(sid: string, session: object, callback?: Callback): void {
    const isNew = this.sessions[sid] === undefined;
    // Written last, so that the first one is the oldest.
    delete this.sessions[sid];
    this.sessions[sid] = JSON.stringify(session);
    if (isNew && ++this.#count > MAX_SESSIONS) this.#makeRoom();
    if (callback !== undefined) setImmediate(callback);
  }

  touch(sid: string, session: { cookie?: unknown }, callback?: Callback): void {
    const found = this.#find(sid);
    if (found !== undefined) {
      this.sessions[sid] = JSON.stringify({ ...found, cookie: session.cookie });
    }
    if (callback !== undefined) setImmediate(callback);
  }

  override destroy(sid: string, callback?: Callback): void {
    delete this.sessions[sid];
    if (callback !== undefined) setImmediate(callback);
  }

  all(callback: Callback<Record<string, StoredData>>): void {
    const found = Object.create(null) as Record<string, StoredData>;
    for (const sid of Object.keys(this.sessions)) {
      const session = this.#find(sid);
      if (session !== undefined) found[sid] = session;
    }
    setImmediate(callback, null, found);
  }

  length(callback: Callback<number>): void {
    this.all((error, sessions) => callback(error, Object.keys(sessions ?? {}).length));
  }

  clear(callback?: Callback): void {
    this.sessions = Object.create(null) as Record<string, string>;
    if (callback !== undefined) setImmediate(callback);
  }

  #find(sid: string): StoredData | undefined {
    const text = this.sessions[sid];
    if (text === undefined) return undefined;
    const session = JSON.parse(text) as StoredData;
    const expires = session.cookie?.expires;
    if (!expires || new Date(expires).getTime() > Date.now()) return session;
    delete this.sessions[sid];
    return undefined;
  }

  #makeRoom(): void {
    for (const sid of Object.keys(this.sessions)) this.#find(sid);
    const sids = Object.keys(this.sessions);
    for (const sid of sids.slice(0, Math.max(0, sids.length - MAX_SESSIONS))) delete this.sessions[sid];
    this.#count = Math.min(sids.length, MAX_SESSIONS);
  }
}
