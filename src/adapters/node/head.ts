import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { ResponseHead } from '../../exchange.ts';

/** What waits for the head of a response. */
export interface HeadOwner {
  /** Whether the response looks sent, and refuses headers. */
  pending: boolean;
  /** Called when the session's cookie or token has been added. */
  cookieAdded?(): void;
}

/**
 * The head of a response of `node:http` that has not left yet, for adapters of frameworks that put all headers into it
 * before they write.
 *
 * @example
 * ```ts
 * await factory.commit(session, new NodeHead(res));
 * ```
 */
export class NodeHead implements ResponseHead {
  readonly #res: ServerResponse;
  readonly #owner: HeadOwner;
  /** Read here, because the facade of a pending response takes its place. */
  readonly #setHeader: ServerResponse['setHeader'];

  /** @param owner what makes the response wait for a commit, if this package does */
  constructor(res: ServerResponse, owner: HeadOwner = { pending: false }) {
    this.#res = res;
    this.#owner = owner;
    // oxlint-disable-next-line typescript/unbound-method -- called with the response below
    this.#setHeader = res.setHeader;
  }

  get status(): number {
    return this.#res.statusCode;
  }

  get(name: string): string | undefined {
    return joinValues(this.#res.getHeader(name));
  }

  set(name: string, value: string): void {
    this.#write(name, value);
  }

  appendCookie(value: string): void {
    this.#write('set-cookie', addCookie(this.#res.getHeader('set-cookie'), value));
    this.#owner.cookieAdded?.();
  }

  setToken(name: string, value: string): void {
    this.#write(name, value);
    this.#owner.cookieAdded?.();
  }

  #write(name: string, value: string | string[]): void {
    const { pending } = this.#owner;
    this.#owner.pending = false;
    try {
      this.#setHeader.call(this.#res, name, value);
    } finally {
      this.#owner.pending = pending;
    }
  }
}

/** The head of an HTTP/2 stream: headers in a copy of the object or the list that it is given. */
export class HeaderMapHead implements ResponseHead {
  readonly headers: OutgoingHttpHeaders;

  constructor(given: OutgoingHttpHeaders | readonly OutgoingHttpHeader[] = {}) {
    if (!Array.isArray(given)) {
      // `http2.sensitiveHeaders` is a symbol, and is kept.
      this.headers = { ...(given as OutgoingHttpHeaders) };
      for (const name of Object.keys(given)) {
        delete this.headers[name];
        this.headers[name.toLowerCase()] = (given as OutgoingHttpHeaders)[name];
      }
      return;
    }
    this.headers = {};
    for (let i = 0; i + 1 < given.length; i += 2) {
      const name = String(given[i]).toLowerCase();
      const before = this.headers[name];
      this.headers[name] = before === undefined ? given[i + 1] : addCookie(before, String(given[i + 1]));
    }
  }

  get status(): number {
    return Number(this.headers[':status'] ?? 200);
  }

  get(name: string): string | undefined {
    return joinValues(this.headers[name]);
  }

  set(name: string, value: string): void {
    this.headers[name] = value;
  }

  appendCookie(value: string): void {
    this.headers['set-cookie'] = addCookie(this.headers['set-cookie'], value);
  }

  setToken(name: string, value: string): void {
    this.set(name, value);
  }
}

export function joinValues(value: OutgoingHttpHeader | undefined): string | undefined {
  return value === undefined ? undefined : Array.isArray(value) ? value.join(', ') : String(value);
}

function addCookie(present: OutgoingHttpHeader | undefined, value: string): string[] {
  const cookies = present === undefined ? [] : Array.isArray(present) ? present : [String(present)];
  return [...cookies, value];
}

/**
 * Moves what `writeHead(status, reason?, headers?)` was given into the response, so that its headers are
 * seen and can be added to; leaves the status in `args`.
 */
export function applyWriteHeadArgs(res: ServerResponse, args: unknown[]): void {
  const [status, second, third] = args;
  if (typeof status !== 'number') return;
  const headers = (typeof second === 'string' ? third : (second ?? third)) as
    | OutgoingHttpHeaders
    | OutgoingHttpHeader[]
    | undefined;
  if (headers != null) applyHeaders(res, headers);
  res.statusCode = status;
  args.length = typeof second === 'string' ? 2 : 1;
}

/** Moves headers that `writeHead` takes into the response. */
export function applyHeaders(res: ServerResponse, headers: OutgoingHttpHeaders | OutgoingHttpHeader[]): void {
  if (Array.isArray(headers)) applyRawHeaders(res, headers);
  else for (const [name, value] of Object.entries(headers)) if (value !== undefined) res.setHeader(name, value);
}

/** Names and values, flat or in pairs; a name may repeat. */
function applyRawHeaders(res: ServerResponse, list: readonly unknown[]): void {
  const flat = list.flat(Array.isArray(list[0]) ? 1 : 0) as string[];
  for (let i = 0; i < flat.length; i += 2) res.removeHeader(flat[i]!);
  for (let i = 0; i + 1 < flat.length; i += 2) res.appendHeader(flat[i]!, flat[i + 1]!);
}
