import type { NextResponse } from 'next/server.js';
import type { ResponseCookie } from '../../exchange.ts';
import type { FetchHead } from '../fetch/head.ts';
import { withCookie } from './request-cookie.ts';

const OVERRIDDEN = 'x-middleware-override-headers';
const OVERRIDE_PREFIX = 'x-middleware-request-';
/** What Next sends with pages that are made for one request, unless the proxy has set something else. */
const DYNAMIC_PAGE = 'private, no-cache, no-store, max-age=0, must-revalidate';

/** Returns whether a proxy's response lets the request go on to a page, an action or a route. */
function goesOn(head: FetchHead): boolean {
  return head.get('x-middleware-next') !== undefined || head.get('x-middleware-rewrite') !== undefined;
}

/** What a proxy hands over to the page, the action or the route of the same request. */
export class HandOver {
  readonly #responses: typeof NextResponse;
  readonly #given: Headers;
  #setsCaching = false;

  /** @param given the request's headers */
  constructor(responses: typeof NextResponse, given: Headers) {
    this.#responses = responses;
    this.#given = given;
  }

  /** Takes what the application's handler returned. */
  take(response: Response | undefined | void): Response {
    const taken = response ?? this.#responses.next();
    this.#setsCaching = taken.headers.has('cache-control');
    return taken;
  }

  /** Completes the head of the response, which has the session's headers by now. */
  complete(head: FetchHead): void {
    if (!goesOn(head)) return;
    // Next would keep a weaker value, and the browser would show the page again after a logout.
    if (!this.#setsCaching && head.get('cache-control') !== undefined) head.set('cache-control', DYNAMIC_PAGE);
    if (head.cookie !== null) this.#handOn(head, head.cookie);
  }

  /** Makes the page, action or route of this request find the cookie that the response sets. */
  #handOn(head: FetchHead, cookie: ResponseCookie): void {
    const headers = overriddenHeaders(this.#given, head);
    const value = withCookie(headers.get('cookie'), cookie);
    if (value === '') headers.delete('cookie');
    else headers.set('cookie', value);
    // Next itself writes down how the headers are handed on.
    for (const [name, each] of this.#responses.next({ request: { headers } }).headers) {
      if (name === OVERRIDDEN || name.startsWith(OVERRIDE_PREFIX)) head.set(name, each);
    }
  }
}

/** Returns the request's headers, or those that the application has put in their place. */
function overriddenHeaders(given: Headers, head: FetchHead): Headers {
  const names = head.get(OVERRIDDEN);
  if (names === undefined) return new Headers(given);
  const headers = new Headers();
  for (const name of names.split(',')) {
    const value = head.get(OVERRIDE_PREFIX + name);
    if (value !== undefined) headers.set(name, value);
  }
  return headers;
}
