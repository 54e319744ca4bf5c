import { createHash } from 'node:crypto';
import type { CookieConfig } from '../../engine/config.ts';
import { MIGRATION, type MigrationSource } from '../../engine/migration.ts';
import { keyOf } from '../../crypto/session-id.ts';
import { SessionError } from '../../errors.ts';
import { contextOf, createSessionFactory, type SessionFactory } from '../../factory.ts';
import { STORE_FOR_REQUEST } from '../../stores/store-provider.ts';
import type { SessionStore } from '../../stores/store.ts';
import { ExpressStoreAdapter, newTombstones, type AdapterState } from '../express-store/adapter.ts';
import type { ExpressStore } from '../express-store/express-store.ts';
import { KeyedQueue } from '../express-store/keyed-queue.ts';
import { wholeRecords } from '../express-store/record-codec.ts';
import { warnOfExpressStore } from '../express-store/warning.ts';
import { CookieCodec } from './cookie-codec.ts';
import { Cookie, type CookieAttributes } from './cookie.ts';
import { EngineStore } from './engine-store.ts';
import { MemoryStore } from './memory-store.ts';
import { MIDDLEWARE_MIGRATION, SidLookup, type MigratingRequest } from './migration.ts';
import type { NormalizedOptions } from './options.ts';
import { requestSessionOf } from './request.ts';
import { lossyJson } from './serializer.ts';
import { engineIdOf, type Secret } from './session-id.ts';
import { timeoutOf } from './timeout.ts';

/** The factory of any sessions: what the middleware makes has fields of any name. */
export type AnyFactory = SessionFactory<Record<string, unknown>>;

/** What all requests of one middleware share, once its secret is known. */
export interface Site {
  readonly options: NormalizedOptions;
  readonly factory: AnyFactory;
  readonly codec: CookieCodec;
  /** `req.sessionStore`. */
  readonly store: object;
  /** What the adapters of an express-session store share; `null` for a store of this library. */
  readonly adapter: AdapterState | null;
  /** The word for the attributes of the cookie that the engine compares. */
  readonly cookieAttributes: () => string;
}

export function createSite(options: NormalizedOptions, secrets: readonly Secret[]): Site {
  const engineSecrets = secrets.map(engineSecretOf);
  const adapter = options.expressStore === null ? null : newAdapterState(options.expressStore);
  // What the engine has of the cookie is the same for every request; see `engineCookie`.
  const cookieAttributes = (): string => (context.config.cookie as CookieConfig).attributes;
  const migrateFrom = migrationOf(options, secrets, cookieAttributes);
  const factory = createFactory(options, engineSecrets, adapter, migrateFrom);
  const context = contextOf(factory);
  const parts = {
    storeFor: (sid?: string) => context.storeFor(migrateFrom === null || sid === undefined ? undefined : lookupOf(sid)),
    ttl: options.ttl,
    cookieDefaults: () => options.cookie ?? {},
    cookieAttributes,
  };
  const lookupOf = (sid: string): SidLookup => new SidLookup(sid, keyOf(engineIdOf(sid)), options.cookie ?? {});
  const store = options.expressStore ?? new EngineStore(parts);
  // As express-session does it, for `store.regenerate(req)`.
  Object.assign(store, { generate: (req: object) => requestSessionOf(req)?.regenerate() });
  return {
    options,
    factory,
    codec: new CookieCodec(options.name, secrets, engineSecrets),
    store,
    adapter,
    cookieAttributes,
  };
}

/** Returns a secret of the engine's length. The same in every process that has the secret. */
function engineSecretOf(secret: Secret): string {
  return createHash('sha256').update('websauna-session/express-session/1/').update(secret).digest('base64url');
}

/** Returns what makes the migration of the factory, with what it has to know of the middleware. */
function migrationOf(
  { migrateFrom, name, ttl, cookie }: NormalizedOptions,
  secrets: readonly Secret[],
  cookieAttributes: () => string,
): MigrationSource | null {
  if (migrateFrom === null) return null;
  const requestOf = (request: unknown): MigratingRequest | undefined =>
    requestSessionOf(Object(request) as object)?.migrating;
  const middleware = { name, secrets, ttl, cookie, cookieAttributes, requestOf };
  return {
    from: migrateFrom.from,
    phase: migrateFrom.phase,
    [MIGRATION]: (parts) => migrateFrom[MIDDLEWARE_MIGRATION](middleware, parts),
  };
}

function createFactory(
  options: NormalizedOptions,
  secret: readonly string[],
  adapter: AdapterState | null,
  migrateFrom: MigrationSource | null,
): AnyFactory {
  const { redis } = options;
  const store = adapter === null ? options.store : new RequestStores(adapter);
  return createSessionFactory<Record<string, unknown>>({
    secret,
    timeout: timeoutOf(new Cookie(options.cookie).originalMaxAge, options.ttl),
    absoluteTimeout: null,
    // These stores do not tell when a session was last used; express-session touches it with each response.
    ...(adapter !== null && { touchInterval: 0 }),
    cookie: engineCookie(options.name, options.cookie ?? {}),
    serializer: lossyJson,
    // As in express-session.
    maxSize: null,
    ignore: false,
    // The cookie is sent in any case; see `SessionExchange.finalize`.
    cookielessHeaders: () => false,
    ...(store !== null && { store }),
    ...(redis !== undefined && { redis }),
    ...(migrateFrom !== null && { migrateFrom }),
  });
}

/** Returns what the engine has to know of the cookie. The rest is decided by session; see `RequestCookie`. */
function engineCookie(name: string, { path, domain, httpOnly }: CookieAttributes): object {
  return { name, path: path ?? '/', domain: domain ?? null, httpOnly: httpOnly ?? true, secure: 'auto' };
}

function newAdapterState(store: ExpressStore): AdapterState {
  if (!(store instanceof MemoryStore)) warnOfExpressStore();
  return { store, queue: new KeyedQueue(), tombstones: newTombstones(), now: Date.now };
}

/** A store for express-session, which knows sessions by ids that only their requests have. */
class RequestStores extends ExpressStoreAdapter {
  constructor(state: AdapterState) {
    super(state, { ...wholeRecords, nameOf: unsupported });
  }

  [STORE_FOR_REQUEST](request: unknown): SessionStore {
    const session = requestSessionOf(Object(request) as object);
    return session?.adapter ?? this;
  }
}

function unsupported(): never {
  throw new SessionError(
    'ERR_SESSION_UNSUPPORTED',
    'A store for express-session finds sessions by their ids alone: use `req.sessionStore`, or `redis`',
  );
}
