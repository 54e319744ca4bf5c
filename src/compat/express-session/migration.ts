import type { MigrationParts, MigrationSource, SessionMigration } from '../../engine/migration.ts';
import type { RecordKey, SessionStore } from '../../stores/store.ts';
import type { CookieAttributes } from './cookie.ts';
import type { Secret } from './session-id.ts';

/** What a migration has to know of a request, or of a session id. */
export interface MigratingRequest {
  /** Returns the session id of a record; `undefined` where it is not known. */
  sidOf(key: RecordKey): string | undefined;
  /** The configured attributes of the cookie, which are not stored with a session of ours. */
  readonly configuredCookie: CookieAttributes;
  /** The same, where `'auto'` has been decided by the connection. */
  readonly decidedCookie: CookieAttributes;
}

/** What a migration has to know of the middleware. */
export interface MiddlewareParts {
  readonly name: string;
  readonly secrets: readonly Secret[];
  /** Seconds that a session without `originalMaxAge` lives. */
  readonly ttl: number;
  /** The configured attributes of the cookie, where they do not depend on the request. */
  readonly cookie: CookieAttributes | null;
  /** What the engine notices a change of the attributes by. */
  readonly cookieAttributes: () => string;
  /** Returns what is known of a request of the factory; `undefined` where there is none. */
  readonly requestOf: (request: unknown) => MigratingRequest | undefined;
}

/** In what `migrateFrom` takes: makes the migration of a middleware, which keeps the cookies as they are. */
export const MIDDLEWARE_MIGRATION: unique symbol = Symbol.for('websauna-session.middlewareMigration') as never;

export interface MiddlewareMigrationSource extends MigrationSource {
  /** Seconds; `null` where it is not known. */
  readonly ttl: number | null;
  readonly [MIDDLEWARE_MIGRATION]: (middleware: MiddlewareParts, parts: MigrationParts) => SessionMigration;
}

/** In a store: tells whether a record is in the other library's form. */
export interface MigratingSessionStore extends SessionStore {
  isForeign(key: RecordKey): boolean;
}

/** A session id in place of a request, for what reads and writes sessions past `req.session`. */
export class SidLookup implements MigratingRequest {
  readonly configuredCookie: CookieAttributes;
  readonly decidedCookie: CookieAttributes;
  readonly #sid: string;
  readonly #handle: string;

  constructor(sid: string, { handle }: RecordKey, configuredCookie: CookieAttributes) {
    this.#sid = sid;
    this.#handle = handle;
    this.configuredCookie = configuredCookie;
    this.decidedCookie = Object.fromEntries(Object.entries(configuredCookie).filter(([, value]) => value !== 'auto'));
  }

  sidOf({ handle }: RecordKey): string | undefined {
    return handle === this.#handle ? this.#sid : undefined;
  }
}
