import type { Exchange, ProxyTrust } from '../../exchange.ts';
import { forwardedFor, forwardedProto } from '../../internal/forwarded.ts';

/**
 * A Fetch `Request`, for adapters of frameworks that have one. What a platform knows of the connection is not in it, so
 * that the peer's address is handed in. The URL says whether it came over HTTPS. Proxies that the factory's `trustProxy`
 * counts are believed about both. Add `onClose` where the platform reports the end of a response.
 *
 * @example
 * ```ts
 * const session = await factory.load(new FetchExchange(factory, request));
 * ```
 */
export class FetchExchange implements Exchange {
  readonly request: unknown;
  readonly #request: Request;
  readonly #hops: number;
  readonly #peer: string | null;

  /**
   * @param peer the address at the other end of the connection; `null`, the default, when it is unknown
   * @param native the framework's own request, handed to callbacks such as `invalidateBefore`. Default: `request`
   */
  constructor(factory: ProxyTrust, request: Request, peer: string | null = null, native: unknown = request) {
    this.request = native;
    this.#request = request;
    this.#hops = factory.trustedHops;
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
