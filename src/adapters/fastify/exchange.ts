import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Exchange } from '../../exchange.ts';
import { onceClosed } from '../node/closed.ts';
import { joinValues } from '../node/head.ts';

/** A request and its reply, as Fastify has them. */
export class FastifyExchange implements Exchange {
  readonly request: FastifyRequest;
  readonly #reply: FastifyReply;

  constructor(request: FastifyRequest, reply: FastifyReply) {
    this.request = request;
    this.#reply = reply;
  }

  get method(): string {
    return this.request.method;
  }

  get url(): string {
    return this.request.originalUrl;
  }

  get secure(): boolean {
    return this.request.protocol === 'https';
  }

  get clientAddress(): string | null {
    return this.request.ip || null;
  }

  header(name: string): string | undefined {
    return joinValues(this.request.headers[name]);
  }

  onClose(callback: () => void): void {
    onceClosed(this.#reply.raw, callback);
  }

  /** A handler can hijack its reply, or use the raw response. Only then is a response complete that has no commit. */
  onBypass(callback: () => void): void {
    const { raw } = this.#reply;
    onceClosed(raw, () => {
      if (raw.writableFinished) callback();
    });
  }
}
