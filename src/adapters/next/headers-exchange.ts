import type { Exchange } from '../../exchange.ts';
import { forwardedFor, forwardedProto } from '../../internal/forwarded.ts';

/** What is known of a request whose session a page or a server action opens. */
export interface HeadersExchangeInit {
  readonly headers: Headers;
  /** The cookies that the browser is going to have, where an action has changed them; `undefined` where none has. */
  readonly cookie: string | undefined;
  readonly hops: number;
  readonly peer: string | null;
  readonly isAction: boolean;
}

/** A request of which Next shows the headers alone. */
export class HeadersExchange implements Exchange {
  readonly #init: HeadersExchangeInit;

  constructor(init: HeadersExchangeInit) {
    this.#init = init;
  }

  /** The headers, for callbacks such as `invalidateBefore`: there is no request object. */
  get request(): Headers {
    return this.#init.headers;
  }

  get method(): string {
    return this.#init.isAction ? 'POST' : 'GET';
  }

  /** The page of an action, from which it was sent; `/` for a page, which does not know its URL. */
  get url(): string {
    const referer = this.#init.isAction ? this.header('referer') : undefined;
    if (referer === undefined || !URL.canParse(referer)) return '/';
    const { host, pathname, search } = new URL(referer);
    return host === this.header('host') ? pathname + search : '/';
  }

  /** Without trusted proxies, what Next believes too when it makes a request's URL. */
  get secure(): boolean {
    const proto = this.header('x-forwarded-proto');
    return forwardedProto(proto, this.#init.hops, proto?.includes('https') === true);
  }

  get clientAddress(): string | null {
    return forwardedFor(this.header('x-forwarded-for'), this.#init.hops, this.#init.peer);
  }

  header(name: string): string | undefined {
    const { headers, cookie } = this.#init;
    if (name === 'cookie' && cookie !== undefined) return cookie;
    return headers.get(name) ?? undefined;
  }

  assertWritable(): void {
    if (this.#init.isAction) return;
    throw new TypeError(
      'Expected the session to be changed in a server action inside `action()`, in a route handler inside `route()`, or in ' +
        '`proxy()`, got a change while a page renders, which cannot set a cookie. In a page, `peekFlash()` shows flash ' +
        'messages and keeps them, and `await session.takeFlash()` takes them at once',
    );
  }
}
