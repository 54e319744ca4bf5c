import type { CookieTemplate } from '../cookie/set-cookie.ts';
import type { Exchange } from '../exchange.ts';
import type { AuditLimits } from '../stores/store.ts';
import type { FieldSerializer } from './stored-fields.ts';
import type { SessionMigration } from './migration.ts';

/**
 * How much of a client's address or user agent a session keeps:
 * - `full`: all of it
 * - `truncated`: the network of an address, and the browser, its major version and the system of a user agent
 * - `hashed`: a keyed hash, by which equal ones can be recognised
 * - `off`: nothing
 */
export type ClientDetailMode = 'full' | 'truncated' | 'hashed' | 'off';

/** By kind of session. */
export interface ClientDetailModes {
  readonly anonymous: ClientDetailMode;
  readonly owned: ClientDetailMode;
}

/** The settings of the session's cookie. */
export interface CookieConfig {
  readonly template: CookieTemplate;
  /** What the store remembers of the attributes, to notice when they change. */
  readonly attributes: string;
  /** Seconds; `null` for the browser's session. */
  readonly maxAge: number | null;
  readonly onException: boolean;
}

/** How events and live sessions are counted. Seconds. */
export interface StatsConfig {
  /** How long counts are kept. */
  readonly keep: number;
  /** Between two reports of a process. */
  readonly flushInterval: number;
  /** Whether other processes learn of the events. */
  readonly publishEvents: boolean;
}

/** The settings of the engine. `options/normalize.ts` makes them of the application's options. Durations are seconds. */
export interface SessionConfig {
  readonly timeout: number;
  /** The longest timeout that `adjustTimeout` and a login may set; `null` for any. */
  readonly maxTimeout: number | null;
  /** `null` for never. */
  readonly absoluteTimeout: number | null;
  /** The longest absolute timeout that a login may set; `null` for any. */
  readonly maxAbsoluteTimeout: number | null;
  /** Below `timeout`. */
  readonly touchInterval: number;
  readonly rotationGrace: number;
  /** A function of the request where its cookie depends on it. */
  readonly cookie: CookieConfig | ((exchange: Exchange) => CookieConfig);
  /** How clients bring their sessions: by the cookie, by the `Authorization` header, or each by the one that it chooses. */
  readonly transport: 'cookie' | 'header' | 'both';
  /** The response header that has the session's token, in lower case. */
  readonly tokenHeader: string;
  /** The request headers by which the transport brings a session, as in `Vary`. */
  readonly vary: readonly string[];
  /** In lower case; empty when `isCookieless` decides. */
  readonly cookielessHeaders: readonly string[];
  readonly isCookieless: ((headers: { get(name: string): string | undefined }) => boolean) | null;
  readonly serializer: FieldSerializer;
  /** Bytes that the names and serialised values of a session's fields may have; `null` for any number. */
  readonly maxSize: number | null;
  /** Returns a new random part of an id, already checked. */
  readonly generateId: () => string;
  /** Returns data that shares no object with what it returned before. */
  readonly initialData: ((request: unknown) => Record<string, unknown>) | null;
  readonly ignore: (url: string) => boolean;
  readonly load: 'eager' | 'lazy';
  readonly bypassCache: ((exchange: Exchange) => boolean) | null;
  readonly onStoreError: 'fail' | 'anonymous';
  readonly invalidateBefore: ((owner: string, request: unknown) => Date | null | Promise<Date | null>) | null;
  readonly maxSessionsPerOwner: number | null;
  readonly onSessionLimit: 'evict-oldest' | 'refuse';
  readonly clientAddress: ClientDetailModes;
  readonly userAgent: ClientDetailModes;
  /** What the use of a rotated id after its grace leads to. */
  readonly onReuse: 'report' | 'end-session' | 'end-owner';
  /** For how long the end of an owned session can be explained; 0 for not at all. */
  readonly explainEnds: number;
  /** The sessions of another library that go on here; `null` for none. */
  readonly migration: SessionMigration | null;
  /** How much is kept of the audit trails of owners; `null` where there are none. */
  readonly audit: AuditLimits | null;
  /** How events and live sessions are counted; `null` for not at all. */
  readonly stats: StatsConfig | null;
  /** Between two looks at the sessions that are watched. */
  readonly watchInterval: number;
}
