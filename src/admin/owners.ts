import type { SessionContext } from '../engine/context.ts';
import { isHandle } from '../crypto/keyring.ts';
import { explanationOf } from '../engine/explanation.ts';
import { announceRevocation, longestLife, revokeOwner } from '../engine/revoke.ts';
import { endRecord } from '../engine/rotation.ts';
import { withStoreErrorEvent } from '../events.ts';
import { SessionError } from '../errors.ts';
import { checkBy, checkNames, checkOwner, expected, isObject } from '../internal/validate.ts';
import { SessionDict, stateOf } from '../session/dict.ts';
import { describeRecord, type StoredSession } from './stored-session.ts';
import {
  hasOwnerIndex,
  type OwnedRecord,
  type OwnerIndex,
  type SessionStore,
  type LoginIndex,
} from '../stores/store.ts';

/** One session in a device list. */
export interface OwnedSession extends StoredSession {
  /** True for the session that was given as `current`. */
  readonly current: boolean;
}

/** Something with a session's public name, such as the session itself. */
export interface HasHandle {
  readonly handle: string;
}

/** Who ends sessions. */
export interface EndOptions {
  /** For the audit trail: who ends them, such as the id of an administrator. Default: it is not said. */
  by?: string;
}

export interface RevokeOptions extends EndOptions {
  /** A session to spare, such as the one that asks. Default: none. */
  except?: HasHandle;
  /** The session that asks, if it is to end with the others. Default: none. */
  current?: object;
}

/** Seconds in which a login that has added its index entry creates its session. */
const LOGIN_UNDER_WAY = 300;

/**
 * The sessions of an owner, across devices. Each step is atomic, and its cost depends on the owner's
 * sessions alone, however many others there are.
 */
export class Owners {
  readonly #context: SessionContext;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /**
   * Returns the owner's live sessions, oldest login first.
   * @param options.current marks this session in the list
   * @throws {TypeError} rejects for another owner than a non-empty string, or an unknown option
   */
  list(owner: string, options: { current?: HasHandle } = {}): Promise<OwnedSession[]> {
    return withStoreErrorEvent(this.#context.events, 'list', async () => {
      checkNames('options', options, ['current']);
      const current = handleOf('options.current', options.current);
      const store = await this.#index();
      const sessions: OwnedSession[] = [];
      for (const ownerHash of this.#context.keyring.ownerHashes(checkOwner(owner))) {
        const records = await store.listOwned(ownerHash);
        sessions.push(...records.map((record) => describe(record, current)));
      }
      return sessions;
    });
  }

  /**
   * Ends the owner's sessions. When it returns, every session that was committed before is gone, however
   * many logins and rotations race with it.
   *
   * @param options.except a session to spare, such as the one that asks
   * @param options.by who ends them, for the audit trail
   * @param options.current the session that asks, if it is to end with the others: what the request writes from then on
   * belongs to a new one, as after `logout()`
   * @returns how many were ended
   * @throws {TypeError} rejects for another owner than a non-empty string, or an unknown option; nothing is ended then
   */
  revoke(owner: string, options: RevokeOptions = {}): Promise<number> {
    return withStoreErrorEvent(this.#context.events, 'revoke', async () => {
      checkNames('options', options, ['except', 'current', 'by']);
      const by = checkBy(options.by);
      const current = options.current === undefined ? null : stateOf(checkSession(options.current));
      const except = handleOf('options.except', options.except) ?? null;
      const store = await this.#index();
      const handles = await revokeOwner(this.#context, store, checkOwner(owner), except, 'revoked', by);
      const { record } = current ?? {};
      // All of the owner's have ended, also one that another request has rotated.
      const hasEnded = except === null ? record?.meta.owner === owner : handles.includes(record?.key.handle ?? '');
      if (hasEnded) current?.endAcknowledged();
      return handles.length;
    });
  }

  /**
   * Returns the live sessions of a login with `index: { [name]: value }`.
   * @param name of the application's choice, such as `sid`
   */
  listBy(name: string, value: string): Promise<OwnedSession[]> {
    return withStoreErrorEvent(this.#context.events, 'list', async () => {
      const store = await this.#loginIndex();
      const sessions: OwnedSession[] = [];
      for (const indexKey of this.#indexKeysOf(name, value)) {
        for (const ownerHash of await store.findOwnerHashes(indexKey)) {
          const records = (await store.listOwned(ownerHash)).filter(({ meta }) => meta.indexKeys.includes(indexKey));
          sessions.push(...records.map((record) => describe(record, undefined)));
        }
      }
      return sessions;
    });
  }

  /**
   * Ends the sessions of a login with `index: { [name]: value }`, as `revoke` does; for instance at an
   * identity provider's back-channel logout.
   * @returns how many were ended
   */
  revokeBy(name: string, value: string, options: EndOptions = {}): Promise<number> {
    return withStoreErrorEvent(this.#context.events, 'revoke', async () => {
      checkNames('options', options, ['by']);
      const store = await this.#loginIndex();
      const handles: string[] = [];
      const explanation = explanationOf(this.#context, 'revoked', checkBy(options.by));
      for (const indexKey of this.#indexKeysOf(name, value)) {
        for (const ownerHash of await store.findOwnerHashes(indexKey)) {
          const ended = await store.revokeOwned(ownerHash, null, indexKey, longestLife(this.#context), explanation);
          handles.push(...ended);
          if (ended.length === 0) await store.removeIndexKey(indexKey, ownerHash, LOGIN_UNDER_WAY);
        }
      }
      announceRevocation(this.#context, null, handles);
      return handles.length;
    });
  }

  /** Ends one of the owner's sessions by its handle, also when it was rotated since; returns whether there was one. */
  revokeSession(owner: string, handle: string, options: EndOptions = {}): Promise<boolean> {
    return withStoreErrorEvent(this.#context.events, 'revoke', async () => {
      checkNames('options', options, ['by']);
      const explanation = explanationOf(this.#context, 'revoked', checkBy(options.by));
      const store = await this.#index();
      const ownerHashes = this.#context.keyring.ownerHashes(checkOwner(owner));
      // Handles come from forms: anything else must not become part of a key.
      if (!isHandle(handle)) return false;
      for (const ownerHash of ownerHashes) {
        if ((await endRecord(store, { handle, ownerHash }, null, explanation)) !== 'ended') continue;
        announceRevocation(this.#context, owner, [handle]);
        return true;
      }
      return false;
    });
  }

  #indexKeysOf(name: unknown, value: unknown): string[] {
    if (typeof name !== 'string' || name === '') throw expected('name', 'a non-empty string', name);
    if (typeof value !== 'string' || value === '') throw expected('value', 'a non-empty string', value);
    return this.#context.keyring.indexKeys(name, value);
  }

  async #loginIndex(): Promise<SessionStore & OwnerIndex & LoginIndex> {
    const store = await this.#index();
    if ('findOwnerHashes' in store) return store as SessionStore & OwnerIndex & LoginIndex;
    throw new SessionError(
      'ERR_SESSION_UNSUPPORTED',
      'The store cannot find sessions by `index`: it has no `findOwnerHashes`',
    );
  }

  async #index(): Promise<SessionStore & OwnerIndex> {
    const store = await this.#context.storeFor(undefined);
    if (hasOwnerIndex(store)) return store;
    throw new SessionError(
      'ERR_SESSION_UNSUPPORTED',
      'The store cannot find sessions by owner: it has no `listOwned` and `revokeOwned`',
    );
  }
}

function describe(record: OwnedRecord, current: string | undefined): OwnedSession {
  return { ...describeRecord(record), current: record.handle === current };
}

function checkSession(session: object): object {
  if (session instanceof SessionDict) return session;
  throw expected('options.current', 'the session of the request', session);
}

function handleOf(name: string, session: unknown): string | undefined {
  if (session === undefined) return undefined;
  const handle = isObject(session) ? (session as Partial<HasHandle>).handle : undefined;
  if (typeof handle === 'string') return handle;
  throw expected(name, 'a session, or an object with its `handle`', session);
}
