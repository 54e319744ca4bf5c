import { stateOf } from '../../session/dict.ts';
import type { WebsaunaSession } from '../../session/session.ts';
import { Cookie, COOKIE_FIELD, type CookieAttributes, type CookieData } from './cookie.ts';
import { toJson } from './serializer.ts';

type Inner = WebsaunaSession<Record<string, unknown>>;

/**
 * What a session stores of its cookie: the attributes that are not the configured ones, so that all others follow a
 * change of the configuration; or all of them, as express-session does it, in a store that it may read.
 */
export class CookieOverrides {
  readonly configured: Cookie;
  readonly #storesAll: boolean;

  constructor(configured: Cookie, storesAll: boolean) {
    this.configured = configured;
    this.#storesAll = storesAll;
  }

  /** Returns the cookie of a session that has stored this. */
  apply(stored: unknown): Cookie {
    const configured = this.configured.data;
    if (typeof stored !== 'object' || stored === null) return copyOf(configured, configured.originalMaxAge);
    const own = stored as CookieAttributes;
    const isOwnAge = this.#storesAll || 'originalMaxAge' in own;
    const attributes = this.#storesAll ? own : { ...configured, ...own };
    return copyOf(attributes, isOwnAge ? own.originalMaxAge : configured.originalMaxAge);
  }

  /**
   * Writes what differs into the engine's session; returns whether the client has to learn of a change.
   * @param isStoredEmpty whether a session without content is stored
   */
  write(inner: Inner, cookie: Cookie, isStoredEmpty: boolean): boolean {
    const present = inner.get(COOKIE_FIELD);
    const wanted = this.#storesAll ? withoutExpiry(cookie.data) : this.#differences(cookie);
    const isNew = stateOf(inner).record === null;
    const isEmpty = inner.keys().every((key) => key === COOKIE_FIELD);
    // The attributes alone are no content.
    if (isNew && isEmpty && !isStoredEmpty) return false;
    const isMarked = isNew && isEmpty && present === undefined;
    if (!isMarked && toJson(present ?? {}) === toJson(wanted ?? {})) return false;
    if (wanted === undefined && !isMarked) inner.delete(COOKIE_FIELD);
    else inner.set(COOKIE_FIELD, wanted ?? {});
    return !isNew;
  }

  #differences(cookie: Cookie): CookieAttributes | undefined {
    const configured = withoutExpiry(this.configured.data);
    const entries = Object.entries(withoutExpiry(cookie.data))
      .filter(([name, value]) => value !== configured[name as keyof typeof configured])
      .map(([name, value]) => [name, value ?? null]);
    return entries.length === 0 ? undefined : (Object.fromEntries(entries) as CookieAttributes);
  }
}

function withoutExpiry(data: CookieData): Omit<CookieData, 'expires'> {
  const { expires: _, ...rest } = data;
  return rest;
}

function copyOf(attributes: CookieAttributes, originalMaxAge: number | null | undefined): Cookie {
  const { originalMaxAge: _, maxAge: __, expires: ___, ...rest } = attributes;
  const cookie = new Cookie(rest);
  cookie.maxAge = originalMaxAge ?? null;
  return cookie;
}
