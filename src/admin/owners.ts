import { endRecord } from '../engine/end.ts';
import type { Engine } from '../engine/context.ts';
import { isHandle } from '../crypto/keyring.ts';
import { withStoreErrorEvent } from '../engine/telling.ts';
import { SessionError } from '../errors.ts';
import { expected } from '../internal/validate.ts';
import { describeRecord, type StoredSession } from './stored-session.ts';
import type { OwnedRecord, OwnerIndex, SessionStore, LoginIndex } from '../stores/store.ts';
import { checkOwner } from '../session/login.ts';

/** One session in a device list. */
export interface OwnedSession extends StoredSession {
  /** Is it the session that was given as `current`? */
  readonly current: boolean;
}

/** Something with a session's public name, such as the session itself. */
export interface HasHandle {
  readonly handle: string;
}

/**
 * The sessions of an owner, across devices. Each step is atomic, and its cost depends on the owner's
 * sessions alone, however many others there are.
 */
export class Owners {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * The owner's live sessions, oldest login first.
   * @param options.current marks this session in the list
   */
  list(owner: string, options: { current?: HasHandle } = {}): Promise<OwnedSession[]> {
    return withStoreErrorEvent(this.#engine, 'list', async () => {
      const store = await this.#index();
      const sessions: OwnedSession[] = [];
      for (const ownerHash of this.#engine.keyring.ownerHashes(checkOwner(owner))) {
        const records = await store.listOwned(ownerHash);
        sessions.push(...records.map((record) => describe(record, options.current?.handle)));
      }
      return sessions;
    });
  }

  /**
   * Ends the owner's sessions. When it returns, every session that was committed before is gone, however
   * many logins and rotations race with it.
   *
   * @param options.except a session to spare, such as the one that asks
   * @returns how many were ended
   */
  revoke(owner: string, options: { except?: HasHandle } = {}): Promise<number> {
    return withStoreErrorEvent(this.#engine, 'revoke', async () => {
      const store = await this.#index();
      const handles: string[] = [];
      for (const ownerHash of this.#engine.keyring.ownerHashes(checkOwner(owner))) {
        handles.push(...(await store.revokeOwned(ownerHash, options.except?.handle ?? null, null)));
      }
      this.#announce(owner, handles);
      return handles.length;
    });
  }

  /**
   * The live sessions of a login with `index: { [name]: value }`.
   * @param name of the application's choice, such as `sid`
   */
  listBy(name: string, value: string): Promise<OwnedSession[]> {
    return withStoreErrorEvent(this.#engine, 'list', async () => {
      const store = await this.#indexKeys();
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
  revokeBy(name: string, value: string): Promise<number> {
    return withStoreErrorEvent(this.#engine, 'revoke', async () => {
      const store = await this.#indexKeys();
      const handles: string[] = [];
      for (const indexKey of this.#indexKeysOf(name, value)) {
        for (const ownerHash of await store.findOwnerHashes(indexKey))
          handles.push(...(await store.revokeOwned(ownerHash, null, indexKey)));
      }
      this.#announce(null, handles);
      return handles.length;
    });
  }

  /** Ends one of the owner's sessions by its handle, also when it was rotated since; says whether there was one. */
  revokeSession(owner: string, handle: string): Promise<boolean> {
    return withStoreErrorEvent(this.#engine, 'revoke', async () => {
      const store = await this.#index();
      const ownerHashes = this.#engine.keyring.ownerHashes(checkOwner(owner));
      // Handles come from forms: what is none names no session, and must not name another key.
      if (!isHandle(handle)) return false;
      for (const ownerHash of ownerHashes) {
        if (!(await endRecord(store, { handle, ownerHash }))) continue;
        this.#announce(owner, [handle]);
        return true;
      }
      return false;
    });
  }

  #announce(owner: string | null, handles: readonly string[]): void {
    const { events } = this.#engine;
    events.emit('revoked', { owner, handles });
    for (const handle of handles) events.emit('destroyed', { handle, reason: 'revoked' });
  }

  #indexKeysOf(name: unknown, value: unknown): string[] {
    if (typeof name !== 'string' || name === '') throw expected('name', 'a non-empty string', name);
    if (typeof value !== 'string' || value === '') throw expected('value', 'a non-empty string', value);
    return this.#engine.keyring.indexKeys(name, value);
  }

  async #indexKeys(): Promise<SessionStore & OwnerIndex & LoginIndex> {
    const store = await this.#index();
    if ('findOwnerHashes' in store) return store as SessionStore & OwnerIndex & LoginIndex;
    throw new SessionError(
      'ERR_SESSION_UNSUPPORTED',
      'The store cannot find sessions by `index`: it has no `findOwnerHashes`',
    );
  }

  async #index(): Promise<SessionStore & OwnerIndex> {
    const store = await this.#engine.storeFor(undefined);
    if ('listOwned' in store && 'revokeOwned' in store) return store as SessionStore & OwnerIndex;
    throw new SessionError(
      'ERR_SESSION_UNSUPPORTED',
      'The store cannot find sessions by owner: it has no `listOwned` and `revokeOwned`',
    );
  }
}

function describe(record: OwnedRecord, current: string | undefined): OwnedSession {
  return { ...describeRecord(record), current: record.handle === current };
}
