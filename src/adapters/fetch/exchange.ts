import type { Exchange } from '../../exchange.ts';
import { forwardedFor, forwardedProto } from '../../internal/forwarded.ts';

/** A Fetch `Request`. What a platform knows of the connection is not in it, so that the peer's address is handed in. */
export class FetchExchange implements Exchange {
  readonly request: unknown;
  readonly #request: Request;
  readonly #hops: number;
  readonly #peer: string | null;

  constructor(request: Request, hops: number, peer: string | null, native: unknown = request) {
    this.request = native;
    this.#request = request;
    this.#hops = hops;
    this.#peer = peer;
  }

  get method(): string {
    return this.#request.method;
  }

  get url(): string {
    return this.#request.url;
  }

  get secure(): boolean {
    return forwardedProto(this.header('x-forwarded-proto'), this.#hops, this.#request.url.startsWith('https:'));
  }

  get clientAddress(): string | null {
    return forwardedFor(this.header('x-forwarded-for'), this.#hops, this.#peer);
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined;
  }
}
