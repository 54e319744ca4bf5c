import type { ResponseCookie } from '../../exchange.ts';
import { withCookie } from './request-cookie.ts';

/** What a request of Next has been to its sessions so far. */
export class RequestSessions {
  /** The cookies that the browser is going to have, where an action has changed them. */
  cookie: string | undefined;
  /** By factory: the session that the pages of the request read. */
  readonly #opened = new Map<object, Promise<unknown>>();

  /** Returns the session that the pages of this request share. */
  openOnce<S>(factory: object, open: () => Promise<S>): Promise<S> {
    const opened = (this.#opened.get(factory) as Promise<S> | undefined) ?? open();
    this.#opened.set(factory, opened);
    return opened;
  }

  /** Makes what is rendered from now on read the session again. */
  acted(factory: object, cookie: ResponseCookie | null, headers: Headers): void {
    this.#opened.delete(factory);
    if (cookie !== null) this.cookie = withCookie(this.cookie ?? headers.get('cookie'), cookie);
  }
}

/** One for all copies of the package: Next loads it once for each of its bundles. */
const REQUESTS: unique symbol = Symbol.for('websauna-session.next');

/** Returns what belongs to a request, by its headers: Next makes one such object for everything that a request renders. */
export function sessionsOf(headers: Headers): RequestSessions {
  const holder = globalThis as { [REQUESTS]?: WeakMap<Headers, RequestSessions> };
  const requests = (holder[REQUESTS] ??= new WeakMap());
  let sessions = requests.get(headers);
  if (sessions === undefined) {
    sessions = new RequestSessions();
    requests.set(headers, sessions);
  }
  return sessions;
}
