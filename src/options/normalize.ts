import type { SessionConfig } from '../engine/config.ts';
import { applicationExchange } from './application-exchange.ts';
import { COOKIE_OPTION_NAMES, normalizeCookie } from './cookie.ts';
import { cookieByRequest } from './cookie-by-request.ts';
import { checkedGenerator } from '../crypto/generated-id.ts';
import { randomId } from '../crypto/keyring.ts';
import { ignoreRule } from './ignore.ts';
import {
  checkFunction,
  checkNames,
  checkNumber,
  checkOneOf,
  checkStrings,
  expected,
  isObject,
} from '../internal/validate.ts';
import { normalizeAudit } from './audit.ts';
import { normalizeClientDetail } from './client-detail.ts';
import { normalizeEnds } from './ends.ts';
import { FOREIGN_OPTIONS } from './foreign-options.ts';
import type { SchemaRules } from '../engine/field-schema.ts';
import { normalizeInitialData } from './initial-data.ts';
import { normalizeLifetimes } from './lifetimes.ts';
import type { SessionOptions } from './options.ts';
import { normalizeMigration } from './migration.ts';
import { normalizeSchema } from './schema.ts';
import { normalizeStats } from './stats.ts';
import { HEADER_NAME, normalizeTransport } from './transport.ts';
import { normalizeSerializer, type NormalizedSerializer } from './serializer.ts';
import { WebsaunaSession } from '../session/session.ts';
import { REDIS_OPTION_NAMES } from '../stores/redis/options.ts';
import type { SessionStore } from '../stores/store.ts';

/** The options, checked, with every default filled in. All but `redis`, which its store checks. */
export interface NormalizedOptions extends SessionConfig, Pick<NormalizedSerializer, 'bytes'> {
  /** The first signs, all verify. */
  readonly secrets: readonly string[];
  readonly store: SessionStore | null;
  /** `null` for `WebsaunaSession` itself. */
  readonly sessionClass: NonNullable<SessionOptions['sessionClass']> | null;
  /** Proxies to trust; 0 for none. */
  readonly trustedHops: number;
  /** `null` where fields have no schemas. */
  readonly schema: SchemaRules | null;
}

/** The default of `maxSize`, in bytes: 1 MiB. */
const DEFAULT_MAX_SIZE = 1_048_576;

const OPTION_NAMES: readonly string[] = Object.keys({
  secret: true,
  timeout: true,
  maxTimeout: true,
  absoluteTimeout: true,
  maxAbsoluteTimeout: true,
  touchInterval: true,
  rotationGrace: true,
  cookie: true,
  transport: true,
  tokenHeader: true,
  redis: true,
  store: true,
  serialize: true,
  deserialize: true,
  serializer: true,
  idGenerator: true,
  initialData: true,
  schema: true,
  schemaVersion: true,
  migrate: true,
  maxSize: true,
  cookielessHeaders: true,
  ignore: true,
  sessionClass: true,
  load: true,
  bypassCache: true,
  onStoreError: true,
  trustProxy: true,
  invalidateBefore: true,
  maxSessionsPerOwner: true,
  onSessionLimit: true,
  clientAddress: true,
  userAgent: true,
  onReuse: true,
  explainEnds: true,
  audit: true,
  stats: true,
  migrateFrom: true,
  watchInterval: true,
} satisfies Record<keyof SessionOptions, true>);

const STORE_METHODS = Object.keys({
  now: true,
  load: true,
  create: true,
  save: true,
  rekey: true,
  take: true,
  destroy: true,
  close: true,
} satisfies Record<keyof SessionStore, true>) as (keyof SessionStore)[];

/**
 * Checks the options once, when a factory is made, and fills in the defaults.
 *
 * @throws TypeError for a wrong type, a value out of range, a contradiction, or an unknown name, with the
 * nearest known one.
 */
export function normalizeOptions<Data extends object, S extends WebsaunaSession<Data>>(
  given: SessionOptions<Data, S>,
): NormalizedOptions {
  // What the application's types say about its data is of no interest from here on.
  const options = given as unknown as SessionOptions;
  const elsewhere = [
    ...COOKIE_OPTION_NAMES.map((name) => `cookie.${name}`),
    ...REDIS_OPTION_NAMES.map((name) => `redis.${name}`),
  ];
  checkNames('', options, OPTION_NAMES, elsewhere, FOREIGN_OPTIONS);
  const serializer = normalizeSerializer(options);
  const schema = normalizeSchema(options);
  const lifetimes = normalizeLifetimes(options);
  return {
    secrets: normalizeSecrets(options.secret),
    ...lifetimes,
    cookie: normalizeCookieOption(options.cookie),
    ...normalizeTransport(options),
    ...serializer,
    store: normalizeStore(options),
    generateId: normalizeIdGenerator(options.idGenerator),
    initialData: normalizeInitialData(options.initialData, serializer.serializer, schema),
    schema,
    maxSize: normalizeMaxSize(options.maxSize),
    ...normalizeCookieless(options.cookielessHeaders),
    ignore: normalizeIgnore(options.ignore),
    ...normalizeBehaviour(options),
    ...normalizeEnds(options),
    audit: normalizeAudit(options),
    stats: normalizeStats(options),
    migration: normalizeMigration(options.migrateFrom, { ...serializer, ...lifetimes }),
    clientAddress: normalizeClientDetail('clientAddress', options.clientAddress),
    userAgent: normalizeClientDetail('userAgent', options.userAgent),
  };
}

function normalizeCookieOption(cookie: SessionOptions['cookie']): NormalizedOptions['cookie'] {
  if (typeof cookie === 'function') return cookieByRequest(cookie);
  return normalizeCookie(cookie === undefined ? {} : cookie);
}

const SECRET_BYTES = 32;
const SECRET_ADVICE = 'Make one with `openssl rand -base64 32` and keep it out of the code';

function normalizeSecrets(secret: unknown): readonly string[] {
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret];
  if (secrets.length === 0) throw expected('secret', 'one or more strings', secret, SECRET_ADVICE);
  for (const [index, each] of secrets.entries()) {
    const name = Array.isArray(secret) ? `secret[${index}]` : 'secret';
    if (typeof each !== 'string')
      throw expected(name, `a string of ${SECRET_BYTES} bytes or more`, each, SECRET_ADVICE);
    const size = Buffer.byteLength(each);
    if (size < SECRET_BYTES) {
      throw new TypeError(`Expected \`${name}\` to have ${SECRET_BYTES} bytes or more, got ${size}. ${SECRET_ADVICE}`);
    }
  }
  return [...new Set(secrets as readonly string[])];
}

function normalizeStore({ store, redis }: SessionOptions): SessionStore | null {
  if (store === undefined) return null;
  if (!isObject(store)) throw expected('store', 'a session store', store);
  if (isForeignStore(store)) {
    throw expected(
      'store',
      'a session store of this library',
      store,
      'It looks like one for express-session: pass its Redis client as `redis: { client }` instead',
    );
  }
  const missing = STORE_METHODS.find((method) => typeof store[method] !== 'function');
  if (missing !== undefined) throw expected(`store.${missing}`, 'a method', store[missing]);
  if (redis !== undefined) {
    throw new TypeError(
      'Expected one of `store` and `redis`, got both. Leave out the one that should not keep sessions',
    );
  }
  return store;
}

/** Returns whether an object is a store of express-session, or what those are made from. */
function isForeignStore(store: object): boolean {
  const { load, get, set, client } = store as Record<string, unknown>;
  if (load !== undefined) return false;
  return client !== undefined || (typeof get === 'function' && typeof set === 'function');
}

function normalizeIdGenerator(generate: SessionOptions['idGenerator']): () => string {
  checkFunction('idGenerator', generate, 'a function that returns a new id');
  return generate === undefined ? randomId : checkedGenerator(generate);
}

function normalizeMaxSize(maxSize: SessionOptions['maxSize']): number | null {
  checkNumber('maxSize', maxSize, { of: 'of bytes', min: 1, orNull: 'null for any number' });
  return maxSize === undefined ? DEFAULT_MAX_SIZE : maxSize;
}

function normalizeCookieless(
  given: SessionOptions['cookielessHeaders'],
): Pick<NormalizedOptions, 'cookielessHeaders' | 'isCookieless'> {
  if (typeof given === 'function') return { cookielessHeaders: [], isCookieless: given };
  checkStrings('cookielessHeaders', given, 'header names such as expires', (name) => HEADER_NAME.test(name));
  const names = given ?? ['expires', 'cache-control'];
  return { cookielessHeaders: names.map((name) => name.toLowerCase()), isCookieless: null };
}

function normalizeIgnore(ignore: SessionOptions['ignore']): NormalizedOptions['ignore'] {
  if (ignore === false) return () => false;
  if (typeof ignore === 'function') return ignore;
  if (ignore !== undefined && !isObject(ignore)) {
    throw expected('ignore', 'an object with extensions or except, a function of the URL, or false', ignore);
  }
  return ignoreRule(ignore ?? {});
}

type Behaviour = Pick<
  NormalizedOptions,
  | 'sessionClass'
  | 'load'
  | 'bypassCache'
  | 'onStoreError'
  | 'trustedHops'
  | 'invalidateBefore'
  | 'maxSessionsPerOwner'
  | 'onSessionLimit'
>;

function normalizeBehaviour(options: SessionOptions): Behaviour {
  const { sessionClass, load, bypassCache, onStoreError, trustProxy = 0, invalidateBefore } = options;
  const { maxSessionsPerOwner, onSessionLimit } = options;
  if (sessionClass !== undefined && !isSessionClass(sessionClass)) {
    throw expected('sessionClass', 'a class that extends WebsaunaSession of this copy of the library', sessionClass);
  }
  checkOneOf('load', load, ['eager', 'lazy']);
  checkFunction('bypassCache', bypassCache, 'a function of the exchange that returns whether to read past the cache');
  checkOneOf('onStoreError', onStoreError, ['fail', 'anonymous']);
  if (typeof trustProxy !== 'boolean')
    checkNumber('trustProxy', trustProxy, { of: 'of proxies, or a boolean', min: 0 });
  checkFunction('invalidateBefore', invalidateBefore, 'a function of owner and request that returns a Date or null');
  checkNumber('maxSessionsPerOwner', maxSessionsPerOwner, { of: 'of sessions', min: 1, orNull: 'null for any number' });
  checkOneOf('onSessionLimit', onSessionLimit, ['evict-oldest', 'refuse']);
  return {
    sessionClass: sessionClass ?? null,
    load: load ?? 'eager',
    bypassCache: bypassCache === undefined ? null : (exchange) => bypassCache(applicationExchange(exchange)),
    onStoreError: onStoreError ?? 'fail',
    trustedHops: Number(trustProxy),
    invalidateBefore: invalidateBefore ?? null,
    maxSessionsPerOwner: maxSessionsPerOwner ?? null,
    onSessionLimit: onSessionLimit ?? 'evict-oldest',
  };
}

function isSessionClass(given: unknown): boolean {
  if (typeof given !== 'function') return false;
  return given === WebsaunaSession || given.prototype instanceof WebsaunaSession;
}
