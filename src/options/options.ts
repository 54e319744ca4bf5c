import type { Exchange } from '../exchange.ts';
import type { MigrationSource } from '../engine/migration.ts';
import type { FieldSchemas } from '../engine/field-schema.ts';
import type { RedisOptions } from '../stores/redis/options.ts';
import type { Serializer } from '../serializers/serializer.ts';
import type { SessionStore } from '../stores/store.ts';
import type { ClientDetailMode } from '../engine/config.ts';
import type { DefaultData } from '../session/data.ts';
import type { SessionConstructor, WebsaunaSession } from '../session/session.ts';

/** The cookie's attributes (RFC 6265bis). */
export interface CookieOptions {
  /**
   * Default `session`; with `secure: true` `__Host-session`, or `__Secure-session` under another path or for a domain.
   * Names that begin with `__Host-` or `__Secure-` hold the other attributes to their rules.
   */
  name?: string;
  /** Seconds, at most 400 days; `null`, the default, ends the cookie with the browser. Never sent past the absolute expiry. */
  maxAge?: number | null;
  /** Default `/`. */
  path?: string;
  /** Default `null`: only the host that set it. */
  domain?: string | null;
  /**
   * Default `'auto'`: on HTTPS, also behind a proxy that the application trusts. `true`: the cookie is neither sent nor
   * read over plain HTTP, except within one machine; see `trustProxy`.
   */
  secure?: boolean | 'auto';
  /** Default `true`. */
  httpOnly?: boolean;
  /** Default `'lax'`; `'none'` needs `secure: true`. */
  sameSite?: 'strict' | 'lax' | 'none';
  /** CHIPS; needs `secure: true`. Default `false`. */
  partitioned?: boolean;
  /** Default unset. */
  priority?: 'low' | 'medium' | 'high';
  /**
   * Set a session cookie, and store new content, although the handler failed, that is, answered with
   * a status of 500 or more. Default `true`. The cookie of a session that the request has ended is deleted in any case.
   */
  onException?: boolean;
}

/** Which requests have no session at all. */
export interface IgnoreOptions {
  /** File extensions, with their dot, compared case-insensitively. Default `NO_SESSION_FILE_EXTENSIONS`. */
  extensions?: readonly string[];
  /** Path prefixes that have sessions all the same. Default `['/notebook/']`. */
  except?: readonly string[];
}

/** Everything that `createSessionFactory` takes. All durations are seconds. */
export interface SessionOptions<
  Data extends object = DefaultData,
  S extends WebsaunaSession<Data> = WebsaunaSession<Data>,
> {
  /**
   * Signs cookies, derives the keys of owners and CSRF secrets. Required; 32 bytes or more. Of several, the first
   * signs and all verify, so that a secret can be replaced without logging anyone out.
   */
  secret: string | readonly string[];
  /** Seconds of inactivity after which a session ends, at most 400 days. Default 1200. */
  timeout?: number;
  /** Seconds after which a session ends although it is used, at most 400 days; `null` for never. Default 2592000 (30 days). */
  absoluteTimeout?: number | null;
  /** The longest timeout that `adjustTimeout` and a login may set, in seconds; `null`, the default, for any. */
  maxTimeout?: number | null;
  /** The longest absolute timeout that a login may set, in seconds; `null`, the default, for any. */
  maxAbsoluteTimeout?: number | null;
  /** Seconds between two renewals of the idle timeout by reading. Default: a tenth of `timeout`, at most 60. */
  touchInterval?: number;
  /** Seconds that a rotated id still leads parallel requests to its successor. Default 10. */
  rotationGrace?: number;
  /**
   * The cookie's attributes; or a function of the request that returns them, for a domain or `SameSite` by tenant. It is
   * called for each request that may have a session, and must return the same for all requests of one client.
   */
  cookie?: CookieOptions | ((exchange: Exchange) => CookieOptions);
  /**
   * How clients bring their sessions. `'cookie'`, the default; `'header'`: as `Authorization: Bearer <token>`, for native
   * clients and APIs, and cookies are neither read nor set; `'both'`: a request with such a token, or with `Authorization:
   * Bearer` alone, uses the header, and every other one the cookie.
   */
  transport?: 'cookie' | 'header' | 'both';
  /**
   * The response header that has the token of a session which came by the `Authorization` header, whenever it is new or
   * has changed; empty when the request has ended the session. Default `x-session-token`.
   */
  tokenHeader?: string;
  /** Redis, by address or by client. Without it and without `store`: the embedded memory store. */
  redis?: RedisOptions | undefined;
  /** The application's own store. Default: chosen by `redis`. */
  store?: SessionStore;
  /** Turns one field's value into what the store keeps. Synchronous. Default JSON, which refuses what it would alter. */
  serialize?: Serializer['serialize'];
  /** The reverse of `serialize`. */
  deserialize?: Serializer['deserialize'];
  /** Both directions in one object, for example `encrypted({ keys })`; in place of the two above. */
  serializer?: Serializer;
  /** Returns a new, unguessable id of base64url characters, worth 128 bits or more. Default: 256 bits, CSPRNG. */
  idGenerator?: () => string;
  /** Pre-populates a session when it is first written, in the same atomic write. Default: nothing. */
  initialData?: NoInfer<Partial<Data> | ((request: unknown) => Partial<Data>)>;
  /**
   * Standard Schemas of fields, such as those of zod, valibot and arktype. They type the session's data, and a
   * field is validated when it is set, before it is stored, and when it is first read. Default: none.
   */
  schema?: FieldSchemas<Data>;
  /** The version of the schemas, which each field is stored with. Default 0: none is stored. */
  schemaVersion?: number;
  /**
   * Returns the value of a field that was stored under an older `schemaVersion`, 0 where there was none, in its present
   * shape; `undefined` for no field.
   */
  migrate?: (field: string, value: unknown, version: number) => unknown;
  /**
   * Bytes that the names and the serialised values of a session's fields may have together, flash messages included;
   * `null` for any number. Default 1048576 (1 MiB).
   */
  maxSize?: number | null;
  /**
   * A response that has one of these headers gets no session cookie, unless its `Cache-Control` keeps
   * it out of shared caches: by `no-store`, or by `private` without field names. Default `['expires', 'cache-control']`. A function decides by itself.
   */
  cookielessHeaders?: readonly string[] | ((headers: { get(name: string): string | undefined }) => boolean);
  /** Which requests have no session: file extensions, a predicate by URL, or `false` for none. */
  ignore?: IgnoreOptions | ((url: string) => boolean) | false;
  /** The class of sessions, a subclass of `WebsaunaSession`. */
  sessionClass?: SessionConstructor<Data, S>;
  /** `'lazy'`: nothing is read before `await session.load()`. Default `'eager'`. */
  load?: 'eager' | 'lazy';
  /**
   * Which requests read their session from the server itself, past `redis.cache`; for what must not be
   * allowed by a session that another process has just ended. Default: none.
   */
  bypassCache?: (exchange: Exchange) => boolean;
  /** When reading fails: an error with status 503, or an empty session that cannot be written. Default `'fail'`. */
  onStoreError?: 'fail' | 'anonymous';
  /**
   * Proxies between the client and the application that set `X-Forwarded-Proto` and `X-Forwarded-For`,
   * counted; `true` is 1. Default 0. Not for Express, Fastify and Koa, which have settings of their own.
   */
  trustProxy?: boolean | number;
  /**
   * Returns when the owner's authentication last changed (password, e-mail, enabled flag); `null` for never. A session
   * that authenticated before is ended when it is next loaded. The date is compared with the clock
   * of the store: after a change, `login()` and `await save()`, and keep `session.authenticatedAt`.
   */
  invalidateBefore?: (owner: string, request: unknown) => Date | null | Promise<Date | null>;
  /** Live sessions that one owner may have; `null`, the default, for any number. */
  maxSessionsPerOwner?: number | null;
  /** What a login does at that limit. Default `'evict-oldest'`. */
  onSessionLimit?: 'evict-oldest' | 'refuse';
  /**
   * What a session keeps of the client's address: all, `'truncated'` to its network (24 bits of IPv4, 48 of IPv6), a
   * keyed hash, or nothing. A word holds for all sessions. Default: `'full'` for those with an owner, `'off'` for others.
   */
  clientAddress?: ClientDetailMode | ClientDetailOptions;
  /**
   * What a session keeps of the client's `User-Agent`: all, `'truncated'` to the browser with its major version and the
   * system, a keyed hash, or nothing. As for `clientAddress`.
   */
  userAgent?: ClientDetailMode | ClientDetailOptions;
  /**
   * What the use of a rotated id after its grace leads to, once the client has come with the new id: an event alone, the
   * end of the session, or of all sessions of its owner. Default `'report'`.
   */
  onReuse?: 'report' | 'end-session' | 'end-owner';
  /**
   * Seconds, at most 400 days, for which `session.endedBefore` says why and when the session of a login has ended. Default
   * 0: not at all.
   */
  explainEnds?: number;
  /**
   * Keeps an audit trail for each owner, which `factory.audit.read` reads: logins, logouts, revocations, evictions,
   * rotations and the use of old ids, each written in the step that it reports. Set it in every process that has sessions.
   * Default `false`.
   */
  audit?: boolean | AuditOptions;
  /**
   * Counts events and live sessions, for `factory.stats()`: in the process, which reports to the store every few seconds.
   * Default `false`.
   */
  stats?: boolean | StatsOptions;
  /**
   * Sessions of express-session or \@fastify/session that go on here, as `connectRedis` and `fastifySession` of
   * `websauna-session/migrate` make them. Default: none.
   */
  migrateFrom?: MigrationSource | undefined;
  /**
   * Seconds between two looks at the sessions whose `signal` or `onEnd` is in use: by how much their ends are noticed
   * later when a message of Redis is lost. Default 30.
   */
  watchInterval?: number;
}

/** How much of the audit trails is kept. */
export interface AuditOptions {
  /** Seconds. Default 7776000 (90 days). */
  maxAge?: number;
  /** Of one owner; older ones make room. Default 1000. */
  maxEntries?: number;
}

/** How events and live sessions are counted. */
export interface StatsOptions {
  /** Seconds for which counts are kept. Default 604800 (7 days). */
  keep?: number;
  /** Seconds between two reports of a process to the store. Default 5. */
  flushInterval?: number;
  /**
   * Reports events to other processes, too, for `factory.watchEvents()`: name, reason, handle and time, and of the events
   * between two reports 200 at most. Set it in every process. Default `false`.
   */
  publishEvents?: boolean;
}

/** What is kept of a client, by kind of session. */
export interface ClientDetailOptions {
  /** Of sessions without an owner. Default `'off'`. */
  anonymous?: ClientDetailMode;
  /** Of sessions with an owner. Default `'full'`. */
  owned?: ClientDetailMode;
}
