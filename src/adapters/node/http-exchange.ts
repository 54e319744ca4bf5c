import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SessionFactory } from '../../factory.ts';
import type { WebsaunaSession } from '../../session/session.ts';
import { CommittingExchange } from './committing-exchange.ts';

/** A request and response without a framework. */
export class HttpExchange<Data extends object, S extends WebsaunaSession<Data>> extends CommittingExchange<Data, S> {
  readonly #next: (error?: unknown) => void;

  constructor(
    factory: SessionFactory<Data, S>,
    req: IncomingMessage,
    res: ServerResponse,
    property: string,
    next: (error?: unknown) => void,
    holder: object = req,
    native: unknown = req,
  ) {
    super(factory, req, res, property, holder, native);
    this.#next = next;
  }

  fail(error: unknown): void {
    this.#next(error);
  }
}
