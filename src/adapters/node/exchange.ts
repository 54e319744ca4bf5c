import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Exchange, ProxyTrust } from '../../exchange.ts';
import { forwardedFor, forwardedProto, isEncrypted } from '../../internal/forwarded.ts';
import { onceOver } from './closed.ts';
import { joinValues } from './head.ts';

/**
 * A request of `node:http` or `http2`, for adapters of frameworks that hand it out. The connection says whether it came
 * over HTTPS and from which address, and proxies that the factory's `trustProxy` counts are believed about both. Override
 * `secure` and `clientAddress` where the framework decides about proxies, and `url` where it changes `req.url` and keeps
 * no `req.originalUrl`.
 *
 * @example
 * ```ts
 * const session = await factory.load(new NodeExchange(factory, req, res));
 * ```
 */
export class NodeExchange implements Exchange {
  readonly req: IncomingMessage & { originalUrl?: string };
  readonly res: ServerResponse;
  readonly request: unknown;
  readonly #hops: number;

  /** @param native the framework's own request, handed to callbacks such as `invalidateBefore`. Default: `req` */
  constructor(factory: ProxyTrust, req: IncomingMessage, res: ServerResponse, native: unknown = req) {
    this.req = req;
    this.res = res;
    this.request = native;
    this.#hops = factory.trustedHops;
  }

  get method(): string {
    return this.req.method ?? 'GET';
  }

  get url(): string {
    return this.req.originalUrl ?? this.req.url ?? '/';
  }

  get secure(): boolean {
    return forwardedProto(this.header('x-forwarded-proto'), this.#hops, isEncrypted(this.req));
  }

  get clientAddress(): string | null {
    return forwardedFor(this.header('x-forwarded-for'), this.#hops, this.req.socket?.remoteAddress ?? null);
  }

  header(name: string): string | undefined {
    const { headers } = this.req;
    // HTTP/2 has `:authority` in place of `Host` (RFC 9113 section 8.3.1).
    const value = headers[name] ?? (name === 'host' ? headers[':authority'] : undefined);
    return joinValues(value);
  }

  onClose(callback: () => void): void {
    onceOver(this.req, this.res, callback);
  }
}
