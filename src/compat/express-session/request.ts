import type { IncomingMessage } from 'node:http';
import { expected } from '../../internal/validate.ts';
import type { SessionStore } from '../../stores/store.ts';
import type { MigratingRequest } from './migration.ts';
import type { Secret } from './session-id.ts';

/** What connects a request with the engine. */
export interface SessionConnection {
  /** The public name of the session. */
  readonly handle: string;
  /** The store of this request, where sessions are kept in a store for express-session; `null` elsewhere. */
  readonly adapter: SessionStore | null;
  /** What a migration has to know of this request; `undefined` where there is none. */
  readonly migrating: MigratingRequest | undefined;
  /** Ends the session, and begins an empty one. */
  regenerate(): void;
  /** Saves what the request has changed. */
  save(session: object): Promise<void>;
  /** Reads the session again. */
  reload(session: object): Promise<void>;
  /** Ends the session. */
  destroy(session: object): Promise<void>;
}

/** In a request that has a session: what connects it with the engine. */
export const REQUEST_SESSION: unique symbol = Symbol('websauna-session.expressSession');

/** What the middleware reads of a request of Express, Connect or `node:http`, and adds to it. */
export interface SessionRequest extends IncomingMessage {
  originalUrl?: string;
  secure?: boolean;
  ip?: string;
  /** Of cookie-parser. */
  secret?: Secret;
  cookies?: Record<string, unknown>;
  signedCookies?: Record<string, unknown>;
  session?: unknown;
  sessionID?: unknown;
  sessionStore?: unknown;
  [REQUEST_SESSION]?: SessionConnection;
}

/** Returns what connects a request with the engine; `undefined` for one that the middleware has not seen. */
export function requestSessionOf(req: object): SessionConnection | undefined {
  return (req as SessionRequest)[REQUEST_SESSION];
}

/**
 * Returns the public name of a request's session, as device lists show it. `req.session` has no property for it: all
 * names there are the application's.
 *
 * @example
 * ```ts
 * await sessions.factory.owners.revoke(userId, { except: { handle: handleOf(req) } });
 * ```
 * @throws {TypeError} for a request without a session
 */
export function handleOf(req: object): string {
  const session = requestSessionOf(req);
  if (session === undefined) throw expected('req', 'a request that has a session', req);
  return session.handle;
}
