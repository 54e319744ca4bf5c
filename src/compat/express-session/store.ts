import { EventEmitter } from 'node:events';
import { callBack, type Callback } from './callbacks.ts';
import { Cookie, type CookieAttributes } from './cookie.ts';
import { requestSessionOf, type SessionRequest } from './request.ts';
import { Session } from './session.ts';

/** A session as stores of express-session keep it. */
export interface StoredData {
  cookie?: CookieAttributes | Cookie;
  [field: string]: unknown;
}

/** What the base class of all stores adds to `get`, `set` and `destroy`. */
export interface Store extends EventEmitter {
  get(sid: string, callback: Callback<StoredData | null>): void;
  set(sid: string, session: object, callback?: Callback): void;
  destroy(sid: string, callback?: Callback): void;
  /** Ends the session of a request, and begins another one. */
  regenerate(req: object, callback: Callback): void;
  /** Reads a session without a request. */
  load(sid: string, callback: Callback<Session>): void;
  /** Makes `req.session` of what a store has. */
  createSession(req: object, session: StoredData): Session;
  /** Set by the middleware: begins an empty session. */
  generate?(req: object): void;
}

/** A class that can be called without `new` too: stores of old are made with `util.inherits` and `Store.call(this)`. */
export interface StoreConstructor {
  new (): Store;
  (): void;
  readonly prototype: Store;
}

const METHODS: Pick<Store, 'regenerate' | 'load' | 'createSession'> & ThisType<Store> = {
  regenerate(req: object, callback: Callback): void {
    const owner = requestSessionOf(req);
    if (owner !== undefined) {
      callBack((async () => owner.regenerate())(), (error) => callback(error));
      return;
    }
    this.destroy((req as SessionRequest).sessionID as string, (error) => {
      this.generate?.(req);
      callback(error);
    });
  },

  load(sid: string, callback: Callback<Session>): void {
    this.get(sid, (error, data) => {
      if (error != null) return callback(error);
      if (data === null || data === undefined) return callback();
      return callback(null, this.createSession({ sessionID: sid, sessionStore: this }, data));
    });
  },

  createSession(req: object, data: StoredData): Session {
    const session = new Session(req, { ...data, cookie: new Cookie(data.cookie) });
    (req as SessionRequest).session = session;
    return session;
  },
};

/** The base class of stores. */
export const Store: StoreConstructor = function (this: Store): void {
  Reflect.apply(EventEmitter, this, []);
} as unknown as StoreConstructor;

Object.setPrototypeOf(Store.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Store, EventEmitter);
for (const [name, value] of Object.entries(METHODS)) {
  Object.defineProperty(Store.prototype, name, { value, writable: true, configurable: true });
}
