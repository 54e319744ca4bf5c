import type { SessionContext } from '../engine/context.ts';
import { explanationOf } from '../engine/explanation.ts';
import { keyOfField } from '../engine/field-names.ts';
import { endRecord, findRecord, type FoundByKey } from '../engine/rotation.ts';
import { isHandle } from '../crypto/keyring.ts';
import { SessionError } from '../errors.ts';
import {
  checkBoolean,
  checkBy,
  checkNames,
  checkOwner,
  expected,
  isValidDate,
  sanitizeForMessage,
} from '../internal/validate.ts';
import type { SerializerContext } from '../serializers/serializer.ts';
import {
  fieldSize,
  type RecordKey,
  type ScannedRecord,
  type SessionScanner,
  type SessionStore,
  type Stored,
} from '../stores/store.ts';
import type { EndOptions } from './owners.ts';
import { describeRecord, type StoredSession } from './stored-session.ts';

export interface SessionLookup {
  /** The session's owner: with it, the session is found without a search through all sessions. */
  owner?: string;
  /** Whether to look through all sessions, which is O(N), for one that is not anonymous and whose owner is not given. Default `true`. */
  search?: boolean;
}

export interface FieldLookup extends SessionLookup {
  /** Whether to read the values too. Default `false`. */
  values?: boolean;
}

/** One of the application's fields in a stored session. */
export interface StoredField {
  readonly name: string;
  /** Bytes of its name and its serialised value. */
  readonly size: number;
  /** Present when values were asked for. */
  readonly value?: unknown;
}

export interface DestroyOptions extends SessionLookup, EndOptions {}

export interface PurgeOptions extends EndOptions {
  /** Seconds, or a point in time by the store's clock. */
  olderThan: number | Date;
}

/**
 * All sessions, for tools: support desks, clean-ups, audits. They learn what is known about sessions, and
 * never their ids or data. What an application does for one of its users is in `factory.owners`, and cheap;
 * what goes through all sessions here costs as much as there are sessions.
 *
 * @example
 * ```ts
 * for await (const session of factory.sessions.scan()) {
 *   console.log(session.handle, session.owner, session.lastSeenAt);
 * }
 * ```
 */
export class Sessions {
  readonly #context: SessionContext;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /**
   * Returns what is known about a session; `undefined` when there is none. What a rotation has made of it since is
   * found too, under its new handle, if the session is anonymous or its `owner` is given.
   *
   * Anonymous sessions are found in one step, and so are those of an `owner` that is given. Other sessions
   * are looked for among all: O(N).
   */
  async get(handle: string, options: SessionLookup = {}): Promise<StoredSession | undefined> {
    checkLookup(options);
    const store = await this.#store();
    const found = await this.#find(store, this.#keys(handle, options.owner));
    if (found !== undefined) return describeRecord(found);
    const scanned = await this.#search(store, handle, options);
    return scanned === undefined ? undefined : describe(scanned);
  }

  /**
   * Returns the application's fields in a session, by name; `undefined` when there is no such session. It is found as by
   * `get`. Nothing is read for the session's own request: no timeout is renewed.
   *
   * @param options.values reads the values too. They are personal data: ask for them only where the application shows them
   * to those who may see them
   * @throws {SessionError} `ERR_SESSION_SERIALIZE` for a value that the serializer cannot read
   */
  async fields(handle: string, options: FieldLookup = {}): Promise<StoredField[] | undefined> {
    checkLookup(options, ['values']);
    checkBoolean('options.values', options.values);
    const store = await this.#store();
    let found = await this.#find(store, this.#keys(handle, options.owner));
    if (found === undefined) {
      const scanned = await this.#search(store, handle, options);
      if (scanned !== undefined) found = await findRecord(store, scanned.key);
    }
    return found === undefined ? undefined : this.#describeFields(found, options.values === true);
  }

  /**
   * Goes through all sessions, in no order: O(N), a page at a time, while the store serves others. A session
   * that exists from beginning to end is returned at least once, unless a Redis Cluster moves its slot meanwhile;
   * one that is changed meanwhile may be returned twice.
   */
  async *scan(): AsyncGenerator<StoredSession> {
    for await (const record of scanner(await this.#store()).scan()) yield describe(record);
  }

  /**
   * Ends a session, or what rotations have made of it since; returns whether there was one. It is found as by `get`.
   */
  async destroy(handle: string, options: DestroyOptions = {}): Promise<boolean> {
    checkLookup(options, ['by']);
    const by = checkBy(options.by);
    const store = await this.#store();
    for (const key of this.#keys(handle, options.owner)) {
      if (await this.#end(store, key, by)) return true;
    }
    const scanned = await this.#search(store, handle, options);
    return scanned !== undefined && (await this.#end(store, scanned.key, by));
  }

  /**
   * Ends all sessions that were created, or whose owner logged in, longer ago: O(N), once more than there are passes
   * that end something. A session that is rotated meanwhile is ended too.
   * @param options.olderThan seconds, or a point in time by the store's clock
   * @param options.by who ends them, for the audit trail
   * @returns how many were ended
   * @throws {SessionError} `ERR_SESSION_STORE` with how many were ended before the store failed
   */
  async purge(options: PurgeOptions): Promise<number> {
    checkNames('options', options, ['olderThan', 'by']);
    const by = checkBy(options.by);
    const store = await this.#store();
    const before = await pointInTime(store, options.olderThan);
    let total = 0;
    try {
      for (let endedBefore = -1; endedBefore !== total;) {
        endedBefore = total;
        // A rotation can move a session to where this pass has been.
        for await (const { key, meta } of scanner(store).scan()) {
          if (meta.createdAt < before && (await this.#end(store, key, by))) total += 1;
        }
      }
    } catch (cause) {
      if (total === 0 || !(cause instanceof SessionError)) throw cause;
      throw new SessionError(cause.code, `The purge stopped after ${total} sessions: run it again`, { cause });
    }
    return total;
  }

  async #end(store: SessionStore, key: RecordKey, by: string | null): Promise<boolean> {
    if ((await endRecord(store, key, null, explanationOf(this.#context, 'destroyed', by))) !== 'ended') return false;
    this.#context.events.emit('destroyed', { handle: key.handle, reason: 'destroyed' });
    return true;
  }

  /** Returns the keys under which a session can be found without a search. */
  #keys(handle: string, owner: string | undefined): RecordKey[] {
    const ownerHashes = owner === undefined ? [] : this.#context.keyring.ownerHashes(checkOwner(owner));
    // Handles come from outside: anything else must not become part of a key.
    return isHandle(handle) ? [null, ...ownerHashes].map((ownerHash) => ({ handle, ownerHash })) : [];
  }

  async #find(store: SessionStore, keys: readonly RecordKey[]): Promise<FoundByKey | undefined> {
    for (const key of keys) {
      const found = await findRecord(store, key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #describeFields({ handle, fields }: FoundByKey, values: boolean): StoredField[] {
    const described: StoredField[] = [];
    for (const [field, stored] of Object.entries(fields)) {
      const name = keyOfField(field);
      if (name === undefined) continue;
      const known = { name, size: fieldSize(field, stored) };
      described.push(values ? { ...known, value: this.#readValue(stored, { field, handle }) } : known);
    }
    return described.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  #readValue(stored: Stored, context: SerializerContext): unknown {
    try {
      return this.#context.config.serializer.deserialize(stored, context);
    } catch (cause) {
      if (cause instanceof SessionError) throw cause;
      const name = sanitizeForMessage(context.field);
      throw new SessionError('ERR_SESSION_SERIALIZE', `Cannot read the stored value of session field \`${name}\``, {
        cause,
      });
    }
  }

  async #search(
    store: SessionStore,
    handle: string,
    { owner, search = true }: SessionLookup,
  ): Promise<ScannedRecord | undefined> {
    if (owner !== undefined || !search || !isHandle(handle)) return undefined;
    for await (const record of scanner(store).scan()) {
      if (record.key.handle === handle) return record;
    }
    return undefined;
  }

  async #store(): Promise<SessionStore> {
    return await this.#context.storeFor(undefined);
  }
}

function checkLookup(options: SessionLookup, more: readonly string[] = []): void {
  checkNames('options', options, ['owner', 'search', ...more]);
  checkBoolean('options.search', options.search);
}

function scanner(store: SessionStore): SessionScanner {
  if ('scan' in store) return store as SessionStore & SessionScanner;
  throw new SessionError('ERR_SESSION_UNSUPPORTED', 'The store cannot go through its sessions: it has no `scan`');
}

function describe({ key, meta, lastSeen }: ScannedRecord): StoredSession {
  return describeRecord({ handle: key.handle, meta, lastSeen });
}

/** Returns milliseconds by the store's clock. A session of this millisecond is older than no second at all. */
export async function pointInTime(store: SessionStore, olderThan: unknown): Promise<number> {
  if (isValidDate(olderThan)) return olderThan.getTime();
  if (typeof olderThan === 'number' && olderThan >= 0) return (await store.now()) - olderThan * 1000 + 1;
  throw expected('olderThan', 'a number of seconds, 0 or more, or a valid Date', olderThan);
}
