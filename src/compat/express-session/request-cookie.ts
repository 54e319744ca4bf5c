import { Cookie } from './cookie.ts';
import { isSecure } from './exchange.ts';
import { newCookie } from './options.ts';
import type { SessionRequest } from './request.ts';
import { CookieOverrides } from './session-cookie.ts';
import type { Site } from './site.ts';

/** The cookie of the session of one request: what it is configured to be, what it has become, and what the response has of it. */
export class RequestCookie {
  readonly #site: Site;
  readonly #req: SessionRequest;
  /** `null` until something asks for the cookie. */
  #overrides: CookieOverrides | null = null;
  /** The cookie of a session that the request has ended, so that it is to be deleted. */
  #ended: Cookie | null = null;
  #written = false;

  constructor(site: Site, req: SessionRequest) {
    this.#site = site;
    this.#req = req;
  }

  /** Whether the response's head has the cookie, or its deletion. */
  get written(): boolean {
    return this.#written;
  }

  /** The configured cookie, and how a session's own differs from it. */
  get overrides(): CookieOverrides {
    return (this.#overrides ??= new CookieOverrides(
      newCookie(this.#site.options, this.#req, isSecure(this.#req, this.#site.options.proxy)),
      this.#site.adapter !== null,
    ));
  }

  /** Returns the cookie of what `req.session` holds, which may be any object. */
  of(session: object): Cookie {
    const { cookie } = session as { cookie?: unknown };
    if (cookie instanceof Cookie) return cookie;
    const made = typeof cookie === 'object' && cookie !== null ? new Cookie(cookie) : this.overrides.apply(undefined);
    Object.assign(session, { cookie: made });
    return made;
  }

  /** Returns whether the connection forbids a cookie. */
  isForbidden({ secure }: Cookie): boolean {
    return Boolean(secure) && !isSecure(this.#req, this.#site.options.proxy);
  }

  /** Records the cookie to delete: for `destroy()` and `unset` only, since what follows `regenerate()` may be in another response. */
  end(cookie: Cookie): void {
    this.#ended = cookie;
  }

  /** Returns the `Set-Cookie` for a session; `null` where the connection forbids it. */
  serialize(cookie: Cookie, sid: string): string | null {
    if (this.isForbidden(cookie)) return null;
    this.#written = true;
    return cookie.serialize(this.#site.options.name, this.#site.codec.write(sid));
  }

  /** Returns the `Set-Cookie` that deletes the cookie of an ended session; `null` for none. */
  serializeDeletion(): string | null {
    if (this.#ended === null) return null;
    this.#written = true;
    const expired = new Cookie(this.#ended);
    expired.expires = new Date(0);
    return expired.serialize(this.#site.options.name, '');
  }
}
