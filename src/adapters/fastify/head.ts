import type { FastifyReply } from 'fastify';
import type { ResponseHead } from '../../exchange.ts';
import type { SessionFactory } from '../../factory.ts';
import type { WebsaunaSession } from '../../session/session.ts';
import { addFinalChecks, type FinalCheck } from '../node/final-gate.ts';
import { joinValues } from '../node/head.ts';

/** The head of a reply. */
export class FastifyHead<Data extends object, S extends WebsaunaSession<Data>> implements ResponseHead, FinalCheck {
  readonly #factory: SessionFactory<Data, S>;
  readonly #session: S;
  readonly #reply: FastifyReply;

  constructor(factory: SessionFactory<Data, S>, session: S, reply: FastifyReply) {
    this.#factory = factory;
    this.#session = session;
    this.#reply = reply;
  }

  get status(): number {
    return this.#reply.statusCode;
  }

  get(name: string): string | undefined {
    return joinValues(this.#reply.getHeader(name));
  }

  set(name: string, value: string): void {
    void this.#reply.header(name, value);
  }

  appendCookie(value: string): void {
    // Fastify itself keeps the `Set-Cookie` headers that are there.
    void this.#reply.header('set-cookie', value);
    addFinalChecks(this.#reply.raw, [this]);
  }

  setToken(name: string, value: string): void {
    this.set(name, value);
    addFinalChecks(this.#reply.raw, [this]);
  }

  /** Runs after later `onSend` hooks, and after middleware on the raw response. */
  finalize(head: ResponseHead): void {
    this.#factory.finalize(this.#session, head);
  }
}
