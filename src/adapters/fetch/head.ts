import type { ResponseCookie, ResponseHead } from '../../exchange.ts';
import { copyResponse } from './copy-response.ts';

/**
 * The head of a Fetch `Response`, for adapters of frameworks that return one. The application may return the same object
 * again, so that nothing is ever written into it: the first change makes a copy, which is `response` then.
 *
 * @example
 * ```ts
 * const head = new FetchHead(await next(request));
 * await factory.commit(session, head);
 * return head.response;
 * ```
 */
export class FetchHead implements ResponseHead {
  /** The response that was given, or its copy once something has changed. */
  response: Response;
  /** Whether the session's cookie or token has been added. */
  cookieAdded = false;
  /** The session's cookie; `null` until it has been added. */
  cookie: ResponseCookie | null = null;
  readonly #given: Response;

  constructor(response: Response) {
    this.response = response;
    this.#given = response;
  }

  get status(): number {
    return this.response.status;
  }

  get(name: string): string | undefined {
    return this.response.headers.get(name) ?? undefined;
  }

  set(name: string, value: string): void {
    this.#copiedHeaders().set(name, value);
  }

  appendCookie(value: string, cookie: ResponseCookie): void {
    this.cookieAdded = true;
    this.cookie = cookie;
    this.#copiedHeaders().append('set-cookie', value);
  }

  setToken(name: string, value: string): void {
    this.cookieAdded = true;
    this.set(name, value);
  }

  #copiedHeaders(): Headers {
    if (this.response === this.#given) this.response = copyResponse(this.#given);
    return this.response.headers;
  }
}
