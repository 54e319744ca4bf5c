import { expected } from '../../internal/validate.ts';
import { settle, type Callback } from './callbacks.ts';
import type { Cookie } from './cookie.ts';
import { requestSessionOf, type SessionRequest } from './request.ts';

type StoreFace = {
  get(sid: string, callback: Callback<object | null>): void;
  set(sid: string, session: object, callback: Callback): void;
  destroy(sid: string, callback: Callback): void;
  regenerate(req: object, callback: Callback): void;
  createSession(req: object, session: object): unknown;
};

/**
 * `req.session`: an ordinary object whose properties are the session's fields. They are compared with what was loaded
 * when the session is saved. The methods are on the prototype and not enumerable; without a callback each returns a
 * promise.
 */
export class Session {
  /** The attributes of the session's cookie. */
  declare cookie: Cookie;
  declare readonly req: SessionRequest;
  declare readonly id: string;
  [field: string]: unknown;

  /** @param data fields; those that have the name of a method are left out */
  constructor(req: object, data?: object | null) {
    define(this, 'req', req);
    define(this, 'id', (req as SessionRequest).sessionID);
    for (const [key, value] of Object.entries(data ?? {})) {
      if (!isReserved(key)) setField(this, key, value);
    }
  }

  /** Makes the cookie's time to live begin again. It is done for each response without being called. */
  touch(): this {
    return this.resetMaxAge();
  }

  /** Sets `cookie.maxAge` to `cookie.originalMaxAge`. */
  resetMaxAge(): this {
    resetMaxAge(this.cookie);
    return this;
  }

  /** Saves now what the request has changed. */
  save(callback?: Callback): this & Promise<void> {
    checkCallback(callback);
    return settle(saveNow(this), callback, this) as this & Promise<void>;
  }

  /** Reads the session again, and drops what the request has changed: `req.session` is another object then. */
  reload(callback?: Callback): this & Promise<void> {
    checkCallback(callback);
    return settle(reloadNow(this), callback, this) as this & Promise<void>;
  }

  /** Ends the session now, and takes `req.session` away. */
  destroy(callback?: Callback): this & Promise<void> {
    checkCallback(callback);
    return settle(destroyNow(this), callback, this) as this & Promise<void>;
  }

  /** Ends the session and begins an empty one, with another id: `req.session` is another object then. */
  regenerate(callback?: Callback): this & Promise<void> {
    checkCallback(callback);
    return settle(regenerateNow(this), callback, this) as this & Promise<void>;
  }
}

for (const name of ['touch', 'resetMaxAge', 'save', 'reload', 'destroy', 'regenerate']) {
  Object.defineProperty(Session.prototype, name, { enumerable: false });
}

/** Returns whether a name belongs to every session, so that a field cannot have it. */
export function isReserved(key: string): boolean {
  return key in Session.prototype || key === 'req' || key === 'id';
}

/** Sets a field as an own property, under any name. */
export function setField(session: object, key: string, value: unknown): void {
  Object.defineProperty(session, key, { value, writable: true, enumerable: true, configurable: true });
}

/** Gives a session the id that it has been stored under. */
export function renameSession(session: Session, sid: string): void {
  if (session.id !== sid) define(session, 'id', sid);
}

/** Sets the time to live of a cookie to the original one. */
export function resetMaxAge(cookie: Cookie): void {
  cookie.maxAge = cookie.originalMaxAge;
}

function define(session: object, name: string, value: unknown): void {
  Object.defineProperty(session, name, { value, configurable: true });
}

function checkCallback(callback: unknown): void {
  if (callback !== undefined && callback !== null && typeof callback !== 'function') {
    throw expected('callback', 'a function', callback);
  }
}

// A session of a request belongs to the engine. One that a store has made, for a tool, writes through its store.

async function saveNow(session: Session): Promise<void> {
  const owner = requestSessionOf(session.req);
  if (owner !== undefined) return await owner.save(session);
  await viaStore(session, (store, done) => store.set(session.id, session, done));
}

async function reloadNow(session: Session): Promise<void> {
  const owner = requestSessionOf(session.req);
  if (owner !== undefined) return await owner.reload(session);
  const data = await viaStore<object | null>(session, (store, done) => store.get(session.id, done));
  if (data === null || data === undefined) throw new Error('failed to load session');
  storeOf(session).createSession(session.req, data);
}

async function destroyNow(session: Session): Promise<void> {
  const owner = requestSessionOf(session.req);
  if (owner !== undefined) return await owner.destroy(session);
  delete session.req.session;
  await viaStore(session, (store, done) => store.destroy(session.id, done));
}

async function regenerateNow(session: Session): Promise<void> {
  const owner = requestSessionOf(session.req);
  if (owner !== undefined) return owner.regenerate();
  await viaStore(session, (store, done) => store.regenerate(session.req, done));
}

function storeOf(session: Session): StoreFace {
  return session.req.sessionStore as StoreFace;
}

function viaStore<T>(session: Session, work: (store: StoreFace, done: Callback<T>) => void): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    work(storeOf(session), (error, value) => {
      if (error == null) resolve(value);
      else reject(error);
    });
  });
}
