import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { ResponseHead } from '../../exchange.ts';

/** The head of a Node response. */
export class NodeHead implements ResponseHead {
  readonly #res: ServerResponse;
  /** Taken off for a moment: under it, a response refuses headers. */
  readonly #cover: { covered: boolean };
  /** Taken along, because a response's own cover stands in its place. */
  readonly #setHeader: ServerResponse['setHeader'];

  constructor(res: ServerResponse, cover: { covered: boolean }) {
    this.#res = res;
    this.#cover = cover;
    // oxlint-disable-next-line typescript/unbound-method -- called with the response below
    this.#setHeader = res.setHeader;
  }

  get status(): number {
    return this.#res.statusCode;
  }

  get(name: string): string | undefined {
    const value = this.#res.getHeader(name);
    return value === undefined ? undefined : Array.isArray(value) ? value.join(', ') : String(value);
  }

  set(name: string, value: string): void {
    this.#write(name, value);
  }

  appendCookie(value: string): void {
    const present = this.#res.getHeader('set-cookie');
    const cookies = present === undefined ? [] : Array.isArray(present) ? present : [String(present)];
    this.#write('set-cookie', [...cookies, value]);
  }

  #write(name: string, value: string | string[]): void {
    const { covered } = this.#cover;
    this.#cover.covered = false;
    try {
      this.#setHeader.call(this.#res, name, value);
    } finally {
      this.#cover.covered = covered;
    }
  }
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
  if (Array.isArray(headers)) applyRawHeaders(res, headers);
  else if (headers != null) {
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) res.setHeader(name, value);
  }
  res.statusCode = status;
  args.length = typeof second === 'string' ? 2 : 1;
}

/** Names and values, flat or in pairs; a name may repeat. */
function applyRawHeaders(res: ServerResponse, list: readonly unknown[]): void {
  const flat = list.flat(Array.isArray(list[0]) ? 1 : 0) as string[];
  for (let i = 0; i < flat.length; i += 2) res.removeHeader(flat[i]!);
  for (let i = 0; i + 1 < flat.length; i += 2) res.appendHeader(flat[i]!, flat[i + 1]!);
}
