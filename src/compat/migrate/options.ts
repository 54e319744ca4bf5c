import type { MigratedLibrary, MigrationPhase } from '../../engine/migration.ts';
import {
  checkBoolean,
  checkFunction,
  checkNames,
  checkNumber,
  checkString,
  expected,
  isObject,
  MAX_LIFETIME_SECONDS,
  OF_SECONDS,
} from '../../internal/validate.ts';
import { driverFor } from '../../stores/redis/clients/detect.ts';
import type { RedisClient } from '../../stores/redis/clients/shapes.ts';
import type { CookieAttributes } from '../express-session/cookie.ts';
import type { Secret } from '../express-session/session-id.ts';

/** A session as the other library has stored it. */
export interface OldSession {
  cookie?: CookieAttributes | null;
  [field: string]: unknown;
}

/** Turns sessions into strings, and back, as the `serializer` of connect-redis. */
export interface OldSerializer {
  parse(text: string): unknown;
  stringify(session: object): string;
}

/** What `connectRedis` and `fastifySession` take. The settings of the store are those of the store that is left. */
export interface OldStoreOptions {
  /** The client of the store that is left: of node-redis or ioredis. The application closes it. */
  client: RedisClient;
  /**
   * How far the migration is. `'beside'`: servers of the other library run, too, so that sessions keep its form; only for
   * `websauna-session/express-session`. `'convert'`: there are none, and a session gets the form of ours when it is used.
   */
  phase: MigrationPhase;
  /** What the names of the keys begin with. Default `sess:`. */
  prefix?: string;
  /** Seconds that a session lives whose cookie does not say it, or a function of the session. Default 86400. */
  ttl?: number | ((session: OldSession) => number);
  /** Default `JSON`. */
  serializer?: OldSerializer;
  /** Whether reading does not renew the time that a session lives. Default `false`. */
  disableTouch?: boolean;
  /** Whether sessions live without end. Default `false`. */
  disableTTL?: boolean;
  /** What has signed the cookies: all secrets that are in use. Not needed for `websauna-session/express-session`. */
  secret?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** Returns the session's owner, such as `(session) => session.passport?.user`. Default: sessions have none. */
  owner?: (session: Readonly<Record<string, unknown>>) => string | number | null | undefined;
}

export interface ConnectRedisOptions extends OldStoreOptions {
  /** The name of the cookie. Default `connect.sid`. */
  name?: string;
}

export interface FastifySessionOptions extends OldStoreOptions {
  /** The name of the cookie. Default `sessionId`. */
  cookieName?: string;
  /** What the value of the cookie begins with. Default: nothing. */
  cookiePrefix?: string;
}

/** The options, checked, with every default filled in. */
export interface NormalizedSource {
  readonly from: MigratedLibrary;
  readonly phase: MigrationPhase;
  readonly client: RedisClient;
  readonly prefix: string;
  readonly serializer: OldSerializer;
  readonly disableTouch: boolean;
  /** Seconds; `null` where the other library's option is a function. */
  readonly ttl: number | null;
  /** `null` where the option is absent. */
  readonly name: string | null;
  /** What the value of the cookie begins with. */
  readonly cookiePrefix: string;
  readonly secrets: readonly Secret[];
  readonly owner: ((session: Readonly<Record<string, unknown>>) => unknown) | null;
  /** Returns the milliseconds that a session lives from its last write; `null` for no end. */
  readonly timeToLive: (session: OldSession) => number | null;
  /** Returns the seconds of inactivity after which a session ends. */
  readonly timeoutOf: (session: OldSession) => number;
}

const SHARED_NAMES: readonly string[] = Object.keys({
  client: true,
  phase: true,
  prefix: true,
  ttl: true,
  serializer: true,
  disableTouch: true,
  disableTTL: true,
  secret: true,
  owner: true,
} satisfies Record<keyof OldStoreOptions, true>);

/** @throws {TypeError} for every option that is wrong, with what was expected */
export function normalizeConnectRedis(options: ConnectRedisOptions): NormalizedSource {
  checkNames('connectRedis', options, [...SHARED_NAMES, 'name']);
  checkString('connectRedis.name', options.name, 'a cookie name');
  const own = { from: 'express-session', name: options.name ?? null, cookiePrefix: 's:' } as const;
  return { ...own, ...normalizeShared('connectRedis', options) };
}

/** @throws {TypeError} for every option that is wrong, with what was expected */
export function normalizeFastifySession(options: FastifySessionOptions): NormalizedSource {
  checkNames('fastifySession', options, [...SHARED_NAMES, 'cookieName', 'cookiePrefix']);
  const { cookieName, cookiePrefix = '' } = options;
  checkString('fastifySession.cookieName', cookieName, 'a cookie name');
  if (typeof cookiePrefix !== 'string') throw expected('fastifySession.cookiePrefix', 'a string', cookiePrefix);
  const own = { from: '@fastify/session', name: cookieName ?? null, cookiePrefix } as const;
  return { ...own, ...normalizeShared('fastifySession', options) };
}

type Shared = Omit<NormalizedSource, 'from' | 'name' | 'cookiePrefix'>;

function normalizeShared(option: string, options: OldStoreOptions): Shared {
  const { client, phase, prefix = 'sess:', serializer = JSON, disableTouch = false, disableTTL = false } = options;
  if (phase !== 'beside' && phase !== 'convert') {
    const what = "'beside' while servers of the other library run, or 'convert' afterwards";
    throw expected(`${option}.phase`, what, phase);
  }
  driverFor(client, `${option}.client`);
  if (typeof prefix !== 'string') throw expected(`${option}.prefix`, 'a string such as sess:', prefix);
  checkBoolean(`${option}.disableTouch`, disableTouch);
  checkBoolean(`${option}.disableTTL`, disableTTL);
  if (!hasMethods(serializer)) {
    throw expected(`${option}.serializer`, 'an object with the functions `parse` and `stringify`', serializer);
  }
  checkFunction(`${option}.owner`, options.owner, 'a function of the session that returns a user id');
  return {
    phase,
    client,
    prefix,
    serializer,
    disableTouch: disableTouch || disableTTL,
    secrets: normalizeSecrets(`${option}.secret`, options.secret),
    owner: options.owner ?? null,
    ...normalizeTtl(option, options.ttl, disableTTL),
  };
}

function hasMethods(serializer: unknown): boolean {
  if (typeof serializer !== 'object' || serializer === null) return false;
  const { parse, stringify } = serializer as Partial<OldSerializer>;
  return typeof parse === 'function' && typeof stringify === 'function';
}

function normalizeSecrets(option: string, secret: unknown): readonly Secret[] {
  if (secret === undefined) return [];
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret];
  if (secrets.length === 0) throw expected(option, 'a secret, or several', secret);
  for (const [index, each] of secrets.entries()) {
    if ((typeof each === 'string' && each !== '') || (each instanceof Uint8Array && each.length > 0)) continue;
    throw expected(Array.isArray(secret) ? `${option}[${index}]` : option, 'a string or bytes', each);
  }
  return secrets as readonly Secret[];
}

/** The default of connect-redis, in seconds. */
const DEFAULT_TTL = 86_400;

function normalizeTtl(
  option: string,
  given: OldStoreOptions['ttl'],
  disableTTL: boolean,
): Pick<NormalizedSource, 'ttl' | 'timeToLive' | 'timeoutOf'> {
  if (typeof given === 'function') {
    const secondsOf = (session: OldSession): number => checkSeconds(option, given(session));
    return {
      ttl: null,
      timeToLive: (session) => (disableTTL ? null : secondsOf(session) * 1000),
      timeoutOf: (session) => lifetime(secondsOf(session)),
    };
  }
  checkNumber(`${option}.ttl`, given, { of: OF_SECONDS, min: 1, max: MAX_LIFETIME_SECONDS });
  const ttl = given ?? DEFAULT_TTL;
  return {
    ttl,
    timeToLive: (session) => (disableTTL ? null : (secondsLeft(session) ?? ttl) * 1000),
    timeoutOf: (session) => lifetime(originalSeconds(session) ?? secondsLeft(session) ?? ttl),
  };
}

/** Returns the seconds until the cookie of a session expires, as connect-redis counts them; `null` where it does not. */
function secondsLeft({ cookie }: OldSession): number | null {
  const expires = isObject(cookie) ? cookie.expires : null;
  if (!expires) return null;
  const left = Math.ceil((Number(new Date(expires)) - Date.now()) / 1000);
  return Number.isNaN(left) ? null : left;
}

/** Returns the seconds that the cookie of a session lives when it is set; `null` where it ends with the browser. */
function originalSeconds({ cookie }: OldSession): number | null {
  const age = isObject(cookie) ? cookie.originalMaxAge : null;
  return typeof age === 'number' ? Math.ceil(age / 1000) : null;
}

function lifetime(seconds: number): number {
  return Math.min(MAX_LIFETIME_SECONDS, Math.max(1, seconds));
}

function checkSeconds(option: string, seconds: unknown): number {
  if (typeof seconds === 'number' && Number.isFinite(seconds)) return Math.ceil(seconds);
  throw expected(`${option}.ttl`, 'a function of the session that returns seconds', seconds);
}
