import type { CookieJar } from 'next/headers.js';
import type { ResponseCookie, ResponseHead } from '../../exchange.ts';

/** The response of a server action: Next makes it, never lets caches store it, and takes nothing but cookies. */
export class ActionHead implements ResponseHead {
  readonly status: number;
  /** The session's cookie, once it has been set. */
  cookie: ResponseCookie | null = null;
  readonly #jar: CookieJar;

  constructor(jar: CookieJar, status: number) {
    this.#jar = jar;
    this.status = status;
  }

  get(): undefined {
    return undefined;
  }

  set(name: string): void {
    if (name !== 'clear-site-data') return;
    throw new TypeError(
      'Expected `logout({ clearSiteData: true })` to be called in a route handler, got a server action, whose response takes ' +
        'no header: the session has ended, but `Clear-Site-Data` was not sent',
    );
  }

  setToken(): void {
    throw new TypeError(
      'Expected the session of a server action to have a cookie, got a token in a header: answer clients without cookies in a route handler',
    );
  }

  appendCookie(_value: string, cookie: ResponseCookie): void {
    // The jar has one cookie of a name, the last, so the deletion of one with another path waits for the proxy or a route handler.
    this.cookie = cookie;
    const { maxAge, domain, priority, ...rest } = cookie;
    this.#jar.set({
      ...rest,
      ...(maxAge !== null && { maxAge }),
      ...(domain !== null && { domain }),
      ...(priority !== null && { priority }),
    });
  }
}
