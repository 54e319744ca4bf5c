import type { RequestHandler } from 'express';
import type expressSession from 'express-session';
import type { SessionFactory } from '../../factory.ts';
import type { SessionOptions } from './options.ts';
import { Cookie as CookieClass } from './cookie.ts';
import { createStore } from './create-store.ts';
import { MemoryStore as MemoryStoreClass } from './memory-store.ts';
import { createMiddleware } from './middleware.ts';
import { handleOf } from './request.ts';
import { Session as SessionClass } from './session.ts';
import { Store as StoreClass } from './store.ts';

export type { CookieOptions, SessionData } from 'express-session';
export type { StoreOptions } from './create-store.ts';
export type { SessionOptions, TypedSession } from './options.ts';
export { createStore, handleOf };

/** The middleware. `factory` has the sessions of users, events and limits of the engine behind it. */
export interface SessionMiddleware extends RequestHandler {
  readonly factory: SessionFactory<Record<string, unknown>>;
}

/** The constructors that express-session exports, as its types describe them. */
export const Store: typeof expressSession.Store = StoreClass as unknown as typeof expressSession.Store;
export const MemoryStore: typeof expressSession.MemoryStore =
  MemoryStoreClass as unknown as typeof expressSession.MemoryStore;
export const Session: typeof expressSession.Session = SessionClass as unknown as typeof expressSession.Session;
export const Cookie: typeof expressSession.Cookie = CookieClass as unknown as typeof expressSession.Cookie;
export type Store = expressSession.Store;
export type MemoryStore = expressSession.MemoryStore;
export type Session = expressSession.Session;
export type Cookie = expressSession.Cookie;

/** What the module exports: a function with the constructors as properties. */
export interface ExpressSession {
  (options?: SessionOptions): SessionMiddleware;
  readonly Store: typeof expressSession.Store;
  readonly MemoryStore: typeof expressSession.MemoryStore;
  readonly Session: typeof expressSession.Session;
  readonly Cookie: typeof expressSession.Cookie;
  readonly createStore: typeof createStore;
  readonly handleOf: typeof handleOf;
}

/**
 * Takes the place of express-session: the same options, `req.session` with the same properties and methods, and the
 * engine of this library behind it.
 *
 * @example
 * ```ts
 * import session from 'websauna-session/express-session';
 *
 * app.use(session({ secret, saveUninitialized: false, cookie: { maxAge: 86_400_000 }, redis: { url } }));
 * ```
 * @throws {TypeError} for every option that is wrong, with what was expected
 */
const session: ExpressSession = Object.assign(
  (options: SessionOptions = {}): SessionMiddleware => createMiddleware(options) as unknown as SessionMiddleware,
  { Store, MemoryStore, Session, Cookie, createStore, handleOf },
);

export default session;
export { session as 'module.exports' };
