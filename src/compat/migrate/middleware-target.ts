import type { IdleTimeout, Stored } from '../../stores/store.ts';
import { Cookie, COOKIE_FIELD, type CookieAttributes } from '../express-session/cookie.ts';
import type { MiddlewareParts, MigratingRequest } from '../express-session/migration.ts';
import { toJson } from '../express-session/serializer.ts';
import { engineIdOf } from '../express-session/session-id.ts';
import { setFields, storedCookie, storedFields } from '../express-session/stored-fields.ts';
import { timeoutOf } from '../express-session/timeout.ts';
import type { RequestTarget } from './migrating-store.ts';
import type { OldSession } from './options.ts';

/** The attributes of a cookie that a session stores. */
const ATTRIBUTES = Object.keys({
  originalMaxAge: true,
  partitioned: true,
  priority: true,
  secure: true,
  httpOnly: true,
  domain: true,
  path: true,
  sameSite: true,
} satisfies Record<keyof Omit<CookieAttributes, 'maxAge' | 'expires'>, true>) as (keyof CookieAttributes)[];

/** What the class `Cookie` of express-session has where nothing is stored. */
const CLASS_DEFAULTS: CookieAttributes = { path: '/', httpOnly: true };

/**
 * Returns what sessions become behind `websauna-session/express-session`: their fields as JSON, and of their cookie the
 * attributes that are not the configured ones.
 * @param request what is known of the request; `undefined` for none, where all attributes are stored
 */
export function middlewareTarget(parts: MiddlewareParts, request: MigratingRequest | undefined): RequestTarget {
  const configured = request?.configuredCookie ?? parts.cookie;
  const defaults = configured === null ? null : new Cookie(configured).data;
  const decided = request === undefined ? {} : new Cookie(request.decidedCookie).data;
  const ttlOf = ({ cookie }: OldSession): number => timeoutOf(ageOf(cookie), parts.ttl);
  const defaultTimeout = timeoutOf(defaults?.originalMaxAge ?? null, parts.ttl);
  return {
    idOf: engineIdOf,
    absoluteTimeout: 0,
    longestTimeout: Math.max(parts.ttl, defaultTimeout),
    cookieAttributes: parts.cookieAttributes,
    sidOf: (key) => request?.sidOf(key),
    timeoutOf: (session): IdleTimeout => {
      const seconds = ttlOf(session);
      return { seconds, adjusted: seconds !== defaultTimeout };
    },
    fieldsOf: (session) => fieldsOf(session, defaults),
    encode: (fields, before) => encode(fields, { ...decided, ...autoAttributes(before, configured) }, before),
  };
}

function ageOf(cookie: OldSession['cookie']): number | null {
  const age = cookie?.originalMaxAge;
  return typeof age === 'number' ? age : null;
}

function fieldsOf(session: OldSession, defaults: CookieAttributes | null): Map<string, Stored> {
  const fields = new Map<string, Stored>(storedFields(session));
  const own = ownAttributes(session.cookie, defaults);
  if (own !== undefined) fields.set(COOKIE_FIELD, toJson(own)!);
  return fields;
}

/** Returns the attributes that are not the configured ones; `undefined` when all are. */
function ownAttributes(cookie: OldSession['cookie'], defaults: CookieAttributes | null): CookieAttributes | undefined {
  if (typeof cookie !== 'object' || cookie === null) return undefined;
  const stored = { ...CLASS_DEFAULTS, ...(JSON.parse(toJson(cookie)!) as CookieAttributes) };
  const entries = ATTRIBUTES.filter((name) => isOwn(name, stored, defaults)).map((name) => [
    name,
    stored[name] ?? null,
  ]);
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as CookieAttributes);
}

function isOwn(name: keyof CookieAttributes, stored: CookieAttributes, defaults: CookieAttributes | null): boolean {
  if (defaults === null) return Object.hasOwn(stored, name);
  // What depends on the connection was decided by that of the request.
  if (defaults[name] === 'auto') return false;
  return (stored[name] ?? null) !== (defaults[name] ?? null);
}

/** Returns what the connection has decided about the cookie of a stored session. */
function autoAttributes(before: OldSession | null, configured: CookieAttributes | null): CookieAttributes {
  const { cookie } = before ?? {};
  if (configured === null || typeof cookie !== 'object' || cookie === null) return {};
  return Object.fromEntries(
    ATTRIBUTES.filter((name) => configured[name] === 'auto').map((name) => [name, cookie[name]]),
  );
}

/** Returns a session as express-session writes it. @param defaults attributes of the cookie that are not stored */
function encode(
  fields: Readonly<Record<string, Stored>>,
  defaults: CookieAttributes,
  before: OldSession | null,
): OldSession {
  const session: OldSession = {};
  session.cookie = cookieOf({ ...defaults, ...storedCookie(fields) }, before);
  setFields(session, fields);
  return session;
}

/** Returns the cookie of a session, whose time begins again. */
function cookieOf({ originalMaxAge, ...attributes }: CookieAttributes, before: OldSession | null): CookieAttributes {
  const cookie = new Cookie({ ...attributes, expires: undefined, maxAge: undefined });
  if (typeof originalMaxAge === 'number') cookie.maxAge = originalMaxAge;
  else if (before?.cookie?.expires) {
    cookie.expires = before.cookie.expires;
    cookie.originalMaxAge = null;
  }
  return JSON.parse(toJson(cookie.data)!) as CookieAttributes;
}
