import { fieldName, keyOfField } from '../../engine/field-names.ts';
import { keyOf } from '../../crypto/session-id.ts';
import { SessionError } from '../../errors.ts';
import { NO_CHANGE } from '../../stores/store.ts';
import type { FoundRecord, RecordKey, SessionScanner, SessionStore, Stored } from '../../stores/store.ts';
import { anonymousRecord } from './anonymous-record.ts';
import { callBack, type Callback } from './callbacks.ts';
import { Cookie, COOKIE_FIELD, type CookieAttributes } from './cookie.ts';
import { timeoutOf } from './timeout.ts';
import { toJson } from './serializer.ts';
import { isReserved } from './session.ts';
import { engineIdOf } from './session-id.ts';
import { Store, type StoredData } from './store.ts';
import { setFields, storedCookie } from './stored-fields.ts';

/** What a store with the methods of express-session stands in front of. */
export interface EngineStoreParts {
  /** Returns the store, for one session or for all. */
  readonly storeFor: (sid?: string) => SessionStore | Promise<SessionStore>;
  /** Seconds that a session without `originalMaxAge` lives. */
  readonly ttl: number;
  /** The attributes of a session that has none of its own. */
  readonly cookieDefaults: () => CookieAttributes;
  /** What the engine notices a change of the attributes by. */
  readonly cookieAttributes: () => string;
}

/** How sessions end that something ends past `req.session`. */
const BY_TOOL = { reason: 'revoked', keep: 0 } as const;

/** Returns the store of this library that a store stands in front of; `undefined` for every other one. */
export let backingStoreOf: (store: object) => SessionStore | undefined;

/**
 * `req.sessionStore`: sessions by their ids, with the methods of express-session, for what reads and writes them past
 * `req.session`. `set` writes the fields that differ, and makes a session where there is none.
 */
export class EngineStore extends Store {
  readonly #parts: EngineStoreParts;
  readonly #backing: SessionStore | undefined;

  static {
    backingStoreOf = (store) => (#backing in store ? store.#backing : undefined);
  }

  /** @param backing the one store that a middleware uses in place of this */
  constructor(parts: EngineStoreParts, backing?: SessionStore) {
    super();
    this.#parts = parts;
    this.#backing = backing;
  }

  override get(sid: string, callback: Callback<StoredData | null>): void {
    callBack(this.#get(keyOfSid(sid), sid), callback);
  }

  override set(sid: string, session: object, callback: Callback = ignore): void {
    callBack(this.#set(sid, session as StoredData), callback);
  }

  /** Renews the time that a session lives. */
  touch(sid: string, session: object, callback: Callback = ignore): void {
    callBack(this.#touch(sid, session as StoredData), callback);
  }

  override destroy(sid: string, callback: Callback = ignore): void {
    const destroy = async (): Promise<void> =>
      void (await (await this.#store(sid)).destroy(keyOfSid(sid), null, BY_TOOL));
    callBack(destroy(), callback);
  }

  /** Calls back with all sessions by their public names: the store does not know their ids. O(N). */
  all(callback: Callback<Record<string, StoredData>>): void {
    callBack(this.#all(), callback);
  }

  /** Counts the sessions: O(N). */
  length(callback: Callback<number>): void {
    const count = async (): Promise<number> => (await this.#keys()).length;
    callBack(count(), callback);
  }

  /** Ends all sessions: O(N). */
  clear(callback: Callback = ignore): void {
    const clear = async (): Promise<void> => {
      const store = await this.#store();
      for (const key of await this.#keys()) await store.destroy(key, null, BY_TOOL);
    };
    callBack(clear(), callback);
  }

  #store(sid?: string): SessionStore | Promise<SessionStore> {
    return this.#parts.storeFor(sid);
  }

  async #get(key: RecordKey, sid?: string): Promise<StoredData | null> {
    const record = await (await this.#store(sid)).load(key, true);
    return record?.status === 'found' ? this.#describe(record) : null;
  }

  #describe({ fields, meta, lastSeen }: FoundRecord): StoredData {
    const data: StoredData = {};
    const own = storedCookie(fields);
    const cookie = new Cookie({ ...this.#parts.cookieDefaults(), ...own });
    if (own.originalMaxAge === null) cookie.maxAge = null;
    const { originalMaxAge } = cookie;
    if (originalMaxAge !== null) {
      cookie.expires = new Date(lastSeen + meta.timeout.seconds * 1000);
      cookie.originalMaxAge = originalMaxAge;
    }
    data.cookie = cookie;
    setFields(data, fields);
    return data;
  }

  async #set(sid: string, data: StoredData): Promise<void> {
    const key = keyOfSid(sid);
    const store = await this.#store(sid);
    const wanted = fieldsOf(data);
    for (let attempt = 0; attempt < 3; attempt++) {
      const found = await store.load(key, true);
      if (found === undefined) {
        const record = anonymousRecord(this.#timeoutOf(data), wanted, this.#parts.cookieAttributes());
        const outcome = await store.create(key, record);
        if (outcome.status === 'ok') return;
        continue;
      }
      if (found.status !== 'found') throw refused();
      const { set, deleted } = differences(found.fields, wanted);
      const seconds = this.#timeoutOf(data);
      const timeout = seconds === found.meta.timeout.seconds ? null : { seconds, adjusted: true };
      const outcome = await store.save(key, { ...NO_CHANGE, set, delete: deleted, timeout });
      if (outcome.status === 'ok') return;
    }
    throw refused();
  }

  async #touch(sid: string, data: StoredData): Promise<void> {
    const store = await this.#store(sid);
    const timeout = { seconds: this.#timeoutOf(data), adjusted: true };
    await store.save(keyOfSid(sid), { ...NO_CHANGE, timeout });
  }

  /** Returns the seconds that a session lives, by its own cookie, which may be a stranger's. */
  #timeoutOf({ cookie }: StoredData): number {
    const { originalMaxAge, maxAge, expires } = cookie ?? {};
    const left = expires ? new Date(expires).getTime() - Date.now() : null;
    const given = [originalMaxAge, maxAge, left].find((each) => typeof each === 'number');
    return timeoutOf(given ?? null, this.#parts.ttl);
  }

  async #all(): Promise<Record<string, StoredData>> {
    const found = Object.create(null) as Record<string, StoredData>;
    for (const key of await this.#keys()) {
      const data = await this.#get(key);
      if (data !== null) found[key.handle] = data;
    }
    return found;
  }

  async #keys(): Promise<RecordKey[]> {
    const store = await this.#store();
    if (!('scan' in store)) {
      throw new SessionError('ERR_SESSION_UNSUPPORTED', 'The store cannot go through its sessions: it has no `scan`');
    }
    const keys = new Map<string, RecordKey>();
    for await (const { key } of (store as SessionStore & SessionScanner).scan()) keys.set(key.handle, key);
    return [...keys.values()];
  }
}

function ignore(): void {}

function keyOfSid(sid: string): RecordKey {
  return keyOf(engineIdOf(sid));
}

/** Returns the fields of a session as the engine's store keeps them. */
function fieldsOf(data: StoredData): Map<string, Stored> {
  const fields = new Map<string, Stored>();
  for (const [key, value] of Object.entries(data)) {
    if (isReserved(key)) continue;
    const text = key === COOKIE_FIELD ? ownAttributes(value) : toJson(value);
    if (text !== undefined) fields.set(fieldName(key), text);
  }
  return fields;
}

function ownAttributes(cookie: unknown): string | undefined {
  const { expires: _, maxAge: __, ...rest } = JSON.parse(toJson(cookie) ?? '{}') as CookieAttributes;
  return toJson(rest);
}

function differences(
  stored: FoundRecord['fields'],
  wanted: ReadonlyMap<string, Stored>,
): { set: Map<string, Stored>; deleted: Set<string> } {
  const set = new Map([...wanted].filter(([name, value]) => !Object.hasOwn(stored, name) || stored[name] !== value));
  const names = Object.keys(stored).filter((name) => keyOfField(name) !== undefined && !wanted.has(name));
  return { set, deleted: new Set(names) };
}

function refused(): SessionError {
  return new SessionError(
    'ERR_SESSION_ENDED',
    'The session has ended, or goes on under another id, so it was not stored',
  );
}
