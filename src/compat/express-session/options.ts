import type expressSession from 'express-session';
import type { Request } from 'express';
import {
  checkBoolean,
  checkFunction,
  checkNames,
  checkNumber,
  checkOneOf,
  checkString,
  expected,
  isObject,
  MAX_LIFETIME_SECONDS,
  OF_SECONDS,
} from '../../internal/validate.ts';
import type { MigrationSource } from '../../engine/migration.ts';
import type { RedisOptions } from '../../stores/redis/options.ts';
import type { SessionStore } from '../../stores/store.ts';
import type { ExpressStore } from '../express-store/express-store.ts';
import { backingStoreOf } from './engine-store.ts';
import { Cookie, type CookieAttributes } from './cookie.ts';
import { MIDDLEWARE_MIGRATION, type MiddlewareMigrationSource } from './migration.ts';
import type { SessionRequest } from './request.ts';
import type { Secret } from './session-id.ts';
import { DEFAULT_TTL } from './timeout.ts';

/** A session as `@types/express-session` and its augmentations describe it. */
export type TypedSession = expressSession.Session & Partial<expressSession.SessionData>;

type CookieOptions = Omit<expressSession.CookieOptions, 'sameSite'> & {
  sameSite?: expressSession.CookieOptions['sameSite'] | 'auto';
};

/** The options of express-session, and what the engine behind it adds. */
export interface SessionOptions extends Partial<Omit<expressSession.SessionOptions, 'store' | 'cookie' | 'genid'>> {
  /** Returns an id. One that is worth less than 128 random bits gets a random one in front. */
  genid?: (req: Request) => string;
  /** The name of the cookie. Default `connect.sid`. */
  key?: string | undefined;
  /** Attributes of the cookie, with `maxAge` in milliseconds, or a function of the request that returns them. */
  cookie?: CookieOptions | ((req: Request) => CookieOptions) | undefined;
  /** A store of this library, one that `createStore` has made, or one for express-session, with fewer promises. */
  store?: SessionStore | expressSession.Store | ExpressStore | undefined;
  /** Keeps the sessions in Redis, as the `redis` option of `createSessionFactory`. */
  redis?: RedisOptions | undefined;
  /** Seconds that a session without `cookie.maxAge` lives without being used. Default 86400, one day. */
  ttl?: number | undefined;
  /**
   * Returns whose session it is, such as `(session) => session.passport?.user`: it is asked at each commit. With it,
   * `factory.owners` lists and ends the sessions of a user. Not for stores of express-session.
   */
  owner?: ((session: TypedSession) => string | number | null | undefined) | undefined;
  /** Sessions of express-session that go on here, as `connectRedis` of `websauna-session/migrate` makes them. */
  migrateFrom?: MigrationSource | undefined;
}

/** The options, checked, with every default filled in. */
export interface NormalizedOptions {
  readonly name: string;
  /** Empty when the request brings the secret. */
  readonly secrets: readonly Secret[];
  readonly rolling: boolean;
  readonly saveUninitialized: boolean;
  readonly destroysUnset: boolean;
  readonly proxy: boolean | undefined;
  readonly genid: ((req: SessionRequest) => unknown) | null;
  readonly cookieFor: (req: SessionRequest) => CookieAttributes;
  /** The options of the cookie where they do not depend on the request. */
  readonly cookie: CookieAttributes | null;
  /** A store of this library; `null` for the one that `redis` decides. */
  readonly store: SessionStore | null;
  /** A store of express-session. */
  readonly expressStore: ExpressStore | null;
  readonly redis: RedisOptions | undefined;
  readonly ttl: number;
  readonly owner: ((session: object) => unknown) | null;
  /** Makes the migration; `null` where sessions of express-session do not go on. */
  readonly migrateFrom: MiddlewareMigrationSource | null;
}

const OPTION_NAMES: readonly string[] = Object.keys({
  secret: true,
  name: true,
  key: true,
  resave: true,
  saveUninitialized: true,
  rolling: true,
  cookie: true,
  genid: true,
  unset: true,
  proxy: true,
  store: true,
  redis: true,
  ttl: true,
  owner: true,
  migrateFrom: true,
} satisfies Record<keyof SessionOptions, true>);

/** @throws {TypeError} for every option that is wrong, with what was expected */
export function normalizeOptions(options: SessionOptions): NormalizedOptions {
  checkNames('', options, OPTION_NAMES);
  checkFlags(options);
  checkString('name', options.name, 'a cookie name');
  checkString('key', options.key, 'a cookie name');
  checkFunction('genid', options.genid, 'a function of the request, which must return an id');
  checkFunction('owner', options.owner, 'a function of the session that returns a user id');
  checkNumber('ttl', options.ttl, { of: OF_SECONDS, min: 1, max: MAX_LIFETIME_SECONDS });
  const stores = normalizeStore(options);
  const migrateFrom = normalizeMigrateFrom(options, stores);
  if (stores.expressStore !== null && options.owner !== undefined) {
    throw expected(
      'owner',
      'absent, because a store of express-session cannot find the sessions of a user',
      options.owner,
      'Use `redis`',
    );
  }
  return {
    name: options.name ?? options.key ?? 'connect.sid',
    secrets: normalizeSecrets(options.secret),
    rolling: options.rolling ?? false,
    saveUninitialized: options.saveUninitialized ?? true,
    destroysUnset: options.unset === 'destroy',
    proxy: options.proxy,
    genid: (options.genid as NormalizedOptions['genid'] | undefined) ?? null,
    ...normalizeCookie(options.cookie),
    ...stores,
    redis: options.redis,
    migrateFrom,
    ttl: options.ttl ?? migrateFrom?.ttl ?? DEFAULT_TTL,
    owner: (options.owner as NormalizedOptions['owner'] | undefined) ?? null,
  };
}

function checkFlags({ rolling, saveUninitialized, resave, proxy, unset }: SessionOptions): void {
  checkBoolean('rolling', rolling);
  checkBoolean('saveUninitialized', saveUninitialized);
  checkBoolean('resave', resave);
  checkBoolean('proxy', proxy);
  if (unset !== undefined && unset !== 'destroy' && unset !== 'keep') {
    throw expected('unset', "what must happen when `req.session` is unset, 'destroy' or 'keep'", unset);
  }
}

function normalizeSecrets(secret: unknown): readonly Secret[] {
  if (secret === undefined || secret === null || secret === '') return [];
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret];
  if (secrets.length === 0) throw expected('secret', 'a secret option array that is not empty', secret);
  for (const [index, each] of secrets.entries()) {
    const isText = typeof each === 'string' && each !== '';
    if (isText || each instanceof Uint8Array) continue;
    throw expected(Array.isArray(secret) ? `secret[${index}]` : 'secret', 'a string or bytes', each);
  }
  return secrets as readonly Secret[];
}

function normalizeStore({ store, redis }: SessionOptions): Pick<NormalizedOptions, 'store' | 'expressStore'> {
  if (store === undefined || store === null) return { store: null, expressStore: null };
  if (redis !== undefined) {
    throw new TypeError(
      'Expected one of `store` and `redis`, got both. Leave out the one that should not keep sessions',
    );
  }
  if (!isObject(store)) throw expected('store', 'a session store', store);
  const backing = backingStoreOf(store);
  if (backing !== undefined) return { store: backing, expressStore: null };
  const { get, set, destroy, create, rekey } = store as unknown as Record<string, unknown>;
  if (typeof create === 'function' && typeof rekey === 'function') {
    return { store: store as SessionStore, expressStore: null };
  }
  for (const [name, method] of Object.entries({ get, set, destroy })) {
    if (typeof method !== 'function') throw expected(`store.${name}`, 'a method', method);
  }
  return { store: null, expressStore: store as ExpressStore };
}

function normalizeMigrateFrom(
  { migrateFrom, redis }: SessionOptions,
  { store }: Pick<NormalizedOptions, 'store'>,
): MiddlewareMigrationSource | null {
  if (migrateFrom === undefined) return null;
  const source = migrateFrom as MiddlewareMigrationSource;
  if (!isObject(source) || typeof source[MIDDLEWARE_MIGRATION] !== 'function') {
    throw expected('migrateFrom', 'what `connectRedis` of websauna-session/migrate has made', migrateFrom);
  }
  if (redis === undefined && store === null) {
    throw new TypeError(
      'Expected `redis`, or a `store` of this library, where `migrateFrom` is given, got neither. Leave out the store that ' +
        'is left, and say where sessions are kept from now on',
    );
  }
  return source;
}

function normalizeCookie(cookie: SessionOptions['cookie']): Pick<NormalizedOptions, 'cookie' | 'cookieFor'> {
  if (typeof cookie === 'function') {
    const cookieFor = cookie as unknown as (req: SessionRequest) => unknown;
    return { cookie: null, cookieFor: (req) => checkCookie(cookieFor(req)) };
  }
  const checked = checkCookie(cookie ?? {});
  return { cookie: checked, cookieFor: () => checked };
}

function checkCookie(cookie: unknown): CookieAttributes {
  if (!isObject(cookie)) throw expected('cookie', 'an object, or a function that returns one', cookie);
  const { maxAge, path, domain, sameSite, secure, httpOnly, partitioned, priority } = cookie as CookieAttributes;
  if (maxAge !== null && !((maxAge as unknown) instanceof Date)) {
    checkNumber('cookie.maxAge', maxAge, {
      of: 'of milliseconds',
      min: Number.MIN_SAFE_INTEGER,
      integer: false,
      orNull: 'null',
    });
  }
  checkString('cookie.path', path, 'a path such as `/`', 'null');
  checkString('cookie.domain', domain, 'a domain such as example.com', 'null');
  if (typeof sameSite !== 'boolean') checkOneOf('cookie.sameSite', sameSite, ['strict', 'lax', 'none', 'auto']);
  if (secure !== 'auto') checkBoolean('cookie.secure', secure);
  checkBoolean('cookie.httpOnly', httpOnly);
  checkBoolean('cookie.partitioned', partitioned);
  checkOneOf('cookie.priority', priority, ['low', 'medium', 'high']);
  return cookie;
}

/** Returns the cookie of a new session. */
export function newCookie(options: NormalizedOptions, req: SessionRequest, secure: boolean): Cookie {
  const attributes = options.cookieFor(req);
  const cookie = new Cookie(attributes);
  if (cookie.secure === 'auto') cookie.secure = secure;
  if (cookie.sameSite === 'auto') cookie.sameSite = secure ? 'none' : 'lax';
  return cookie;
}
