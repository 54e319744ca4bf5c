import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SessionFactory } from '../../factory.ts';
import { forwardedFor, forwardedProto, isEncrypted } from '../../internal/forwarded.ts';
import type { WebsaunaSession } from '../../session/session.ts';
import { NodeExchange } from './exchange.ts';

/** A request and response without a framework. */
export class HttpExchange<Data extends object, S extends WebsaunaSession<Data>> extends NodeExchange<Data, S> {
  readonly #hops: number;
  readonly #next: (error?: unknown) => void;

  constructor(
    factory: SessionFactory<Data, S>,
    req: IncomingMessage,
    res: ServerResponse,
    property: string,
    next: (error?: unknown) => void,
    holder: object = req,
  ) {
    super(factory, req, res, property, holder);
    this.#hops = factory.trustedHops;
    this.#next = next;
  }

  get request(): unknown {
    return this.req;
  }

  get secure(): boolean {
    return forwardedProto(this.header('x-forwarded-proto'), this.#hops, isEncrypted(this.req));
  }

  get clientAddress(): string | null {
    return forwardedFor(this.header('x-forwarded-for'), this.#hops, this.req.socket?.remoteAddress ?? null);
  }

  fail(error: unknown): void {
    this.#next(error);
  }
}
