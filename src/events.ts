import { channel, type Channel } from 'node:diagnostics_channel';
import { SessionError } from './errors.ts';
import { throwLater } from './internal/throw-later.ts';
import { expected } from './internal/validate.ts';
import { WARNINGS } from './warnings.ts';

/** Why a session cookie, or the token of the `Authorization` header, did not open its session. */
export type RejectReason =
  | 'malformed' // not of our form, by length or alphabet; the store was not asked
  | 'signature' // signed by none of our secrets; the store was not asked
  | 'insecure' // it came over plain HTTP, which `cookie.secure: true` forbids; it was not read
  | 'not-found' // signed by us, but no such session: it ended, or it never was
  | 'expired' // past a lifetime that the factory has shortened since; it is ended
  | 'superseded' // a login gave the client a new id a moment ago
  | 'owner' // its owner does not belong to the cookie: the secret of the login was removed
  | 'rotated' // a rotated id after its grace: possibly stolen
  | 'authentication-changed' // `invalidateBefore` ended it
  | 'corrupt'; // the stored record cannot be read; see `detail`

/** Why a session cookie is likely not to come back, or was not sent or read, or why another was used. */
export type CookieWarningReason =
  | 'secure-over-http' // `cookie.secure` is true, and the request did not come over HTTPS: neither sent nor read
  | 'untrusted-proxy' // a proxy says HTTPS, but the application trusts none: sent without `Secure`, or as above
  | 'path' // the request's path is outside `cookie.path`
  | 'domain' // the request's host is outside `cookie.domain`
  | 'several'; // the request has several session cookies; the first that opens a session is used

/** Why a session cookie, or a token, was not sent. */
export type CookieSuppressionReason =
  | 'cacheable' // shared caches may store the response
  | 'exception' // the handler failed, and `cookie.onException` is false
  | 'insecure' // the request came over plain HTTP, and `cookie.secure` is true
  | 'cross-site'; // the request came from another site and without the cookie, which `cookie.sameSite` keeps from it

/** Why changes to a session were not stored. */
export type DiscardReason =
  | 'gone' // the session was ended elsewhere, by a logout, a revocation or its timeout
  | 'superseded' // a concurrent login gave the client a new session
  | 'rotated' // the session goes on under an id that this client may not learn
  | 'cacheable' // a new session whose cookie could not be sent
  | 'insecure' // a new session whose cookie could not be sent over plain HTTP
  | 'cross-site' // a new session that would have replaced the one whose cookie `cookie.sameSite` keeps from the request
  | 'exception' // the handler failed, and `cookie.onException` is false
  | 'commit-failed' // the commit failed, and this was asked for with it or afterwards
  | 'late' // the response had left, and nothing saved the changes
  | 'ignored'; // the URL has no sessions (`ignore`)

/** Why a session ended. */
export type EndReason =
  | 'invalidated'
  | 'logout'
  | 'revoked'
  | 'evicted'
  | 'expired' // past a lifetime that the factory has shortened since
  | 'authentication-changed'
  | 'account-switch' // a login as another owner
  | 'id-reuse' // a rotated id was used after its grace, and `onReuse` ends such sessions
  | 'destroyed'; // by a tool

/** Why the library refused what a request asked for. */
export type RefusalReason =
  | 'csrf' // `requireCsrfToken`
  | 'not-fresh' // `requireFresh`
  | 'session-limit' // the owner has as many sessions as allowed
  | 'too-large' // the session would have more than `maxSize` bytes
  | 'login-expired'; // revoked, or the authentication changed, while the login waited for its second factor

interface OfSession {
  /** The public name of the session; never its id. */
  readonly handle: string;
}

interface OfAnySession {
  /** The public name of the session; `null` for one that is not stored. */
  readonly handle: string | null;
}

interface FromClient {
  /** As far as the application trusts its proxies; `null` when unknown. */
  readonly clientAddress: string | null;
}

/** Every event with its payload. No payload has an id, a cookie, a token or a field's value. */
export interface SessionEvents {
  /** A new session was stored. */
  created: OfSession;
  /** A session was read for a request. */
  loaded: OfSession;
  /** A cookie or a token came, and did not open a session. */
  rejected: OfAnySession & FromClient & { readonly reason: RejectReason; readonly detail: string | null };
  /** An id was used after the grace of its rotation or login: its client, or a thief, holds an old cookie. */
  staleId: OfSession & { readonly successor: string | null };
  /** The idle timeout was renewed, and nothing else. */
  touched: OfSession;
  /** Changes were stored. */
  saved: OfSession & { readonly set: number; readonly deleted: number };
  /** The session has a new id. */
  rotated: OfSession & { readonly previous: string };
  /** The session has an owner now, and a new id; with the limits that it begins or goes on with. */
  login: OfSession & {
    /** The handle of the session before; `null` when the login has begun one. */
    readonly previous: string | null;
    readonly owner: string;
    readonly method: string | null;
    /** Seconds of inactivity after which the session ends. */
    readonly timeout: number;
    /** The end that no activity can move; `null` for none. */
    readonly expiresAt: Date | null;
    /** Whether the cookie outlives the browser's session, as the login has said; `null`: as the factory says. */
    readonly remember: boolean | null;
  };
  /** The owner logged out. */
  logout: OfSession & { readonly owner: string | null };
  /** A session was ended. */
  destroyed: OfSession & { readonly reason: EndReason };
  /** Sessions of an owner were ended; the owner is `null` when they were found by an index. */
  revoked: { readonly owner: string | null; readonly handles: readonly string[] };
  /** The session was ended elsewhere while the request ran. */
  lost: OfSession;
  /** Changes were not stored. */
  discarded: OfAnySession & { readonly reason: DiscardReason };
  /** The library refused what a request asked for. */
  refused: OfAnySession & FromClient & { readonly reason: RefusalReason };
  /** A stored field does not fit its schema, or cannot be migrated (`error`): it counts as absent. */
  invalidField: OfSession & {
    readonly field: string;
    readonly version: number;
    readonly paths: readonly string[];
    readonly error: unknown;
  };
  /** A session cookie, or a token, was not sent. */
  cookieSuppressed: OfAnySession & { readonly reason: CookieSuppressionReason };
  /** A session cookie was sent, and the browser may refuse it; or the connection forbids it; or several came. */
  cookieWarning: OfAnySession & { readonly reason: CookieWarningReason };
  /** Headers that were set after the commit would have let shared caches store the session's cookie or token; they were replaced. */
  cacheControlOverridden: OfAnySession;
  /** The session was first used after the response's head had left, so the head could not say so to caches. */
  lateRead: OfAnySession;
  /** The memory store was full and ended the session that was used longest ago. */
  memoryEvicted: OfSession;
  /** The store failed. */
  storeError: { readonly operation: string; readonly error: unknown };
  /** The store has failed so often that requests fail at once until it answers again. */
  circuitOpen: { readonly error: unknown };
  /** The store answers again. */
  circuitClosed: Record<never, never>;
}

export type SessionEventName = keyof SessionEvents;

export const SESSION_EVENT_NAMES: readonly SessionEventName[] = Object.keys({
  created: 0,
  loaded: 0,
  rejected: 0,
  staleId: 0,
  touched: 0,
  saved: 0,
  rotated: 0,
  login: 0,
  logout: 0,
  destroyed: 0,
  revoked: 0,
  lost: 0,
  discarded: 0,
  refused: 0,
  invalidField: 0,
  cookieSuppressed: 0,
  cookieWarning: 0,
  cacheControlOverridden: 0,
  lateRead: 0,
  memoryEvicted: 0,
  storeError: 0,
  circuitOpen: 0,
  circuitClosed: 0,
} satisfies Record<SessionEventName, 0>) as SessionEventName[];

/** Events of requests that do nothing else with their session than to read or write it: most requests have one. */
export type RoutineEventName = 'loaded' | 'touched' | 'saved' | 'lateRead';

export const ROUTINE_EVENTS: ReadonlySet<SessionEventName> = new Set<RoutineEventName>([
  'loaded',
  'touched',
  'saved',
  'lateRead',
]);

interface EventKind {
  readonly channel: Channel;
  /** By reason, `''` for all; `null` for an event that is not reported on the console. */
  readonly warnings: Readonly<Record<string, string>> | null;
}

const KINDS = new Map<string, EventKind>(
  SESSION_EVENT_NAMES.map((name) => [
    name,
    { channel: channel(`websauna-session:${name}`), warnings: warningsOf(name) },
  ]),
);

function warningsOf(name: SessionEventName): EventKind['warnings'] {
  const given = WARNINGS[name] ?? null;
  return typeof given === 'string' ? { '': given } : given;
}

export type SessionListener<Name extends SessionEventName> = (event: SessionEvents[Name]) => void;

/** Carries out an operation, and emits `storeError` when the store fails at it. */
export async function withStoreErrorEvent<T>(events: EventHub, operation: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SessionError && error.code.startsWith('ERR_SESSION_STORE')) {
      events.emit('storeError', { operation, error });
    }
    throw error;
  }
}

/**
 * Calls the listeners of one factory, and `node:diagnostics_channel` subscribers of `websauna-session:<name>`. Outside
 * production and tests, it also reports on the console what costs an application its sessions: see {@link WARNINGS}.
 * A listener that throws does not break the request; its error becomes an uncaught exception, as in
 * diagnostics_channel.
 */
export class EventHub {
  readonly #listeners = new Map<string, Set<(event: never) => void>>();
  /** What was reported on the console; `null` where nothing is. Tests provoke on purpose what is reported. */
  readonly #warned = /^(?:production|test)$/.test(process.env['NODE_ENV'] ?? '') ? null : new Set<string>();

  on<Name extends SessionEventName>(name: Name, listener: SessionListener<Name>): () => void {
    if (!KINDS.has(name)) {
      throw new TypeError(
        `Expected the event's name to be one of ${SESSION_EVENT_NAMES.join(', ')}, got ${JSON.stringify(name)}`,
      );
    }
    if (typeof listener !== 'function') throw expected('listener', 'a function of the event', listener);
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set.add(listener));
    return () => set.delete(listener);
  }

  /** Returns whether anything listens: ask before building a costly payload. */
  hasListeners(name: SessionEventName): boolean {
    const { channel: published, warnings } = KINDS.get(name)!;
    return this.#listeners.has(name) || published.hasSubscribers || (warnings !== null && this.#warned !== null);
  }

  emit<Name extends SessionEventName>(name: Name, event: SessionEvents[Name]): void {
    const { channel: published, warnings } = KINDS.get(name)!;
    published.publish(event);
    if (warnings !== null && this.#warned !== null)
      this.#warn(name, warnings, (event as { reason?: string }).reason ?? '');
    const set = this.#listeners.get(name);
    if (set === undefined) return;
    for (const listener of set) {
      try {
        listener(event as never);
      } catch (error) {
        throwLater(error);
      }
    }
  }

  #warn(name: string, warnings: Readonly<Record<string, string>>, reason: string): void {
    const text = warnings[reason];
    if (text === undefined || this.#warned!.has(text)) return;
    this.#warned!.add(text);
    const code = `WEBSAUNA_SESSION_${name.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`;
    process.emitWarning(text, { type: 'SessionWarning', code });
  }
}
