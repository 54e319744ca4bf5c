import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ResponseHead } from '../../exchange.ts';
import type { SessionFactory } from '../../factory.ts';
import type { WebsaunaSession } from '../../session/session.ts';
import { assertInPlace } from '../mount.ts';
import type { BeforeHeaders } from './deferred-response.ts';
import { NodeExchange } from './exchange.ts';
import { deferResponse } from './intercept-response.ts';
import { canWait, standInHead } from './stand-in.ts';

/**
 * The exchange of `node:http` and of the frameworks that are built on it. Commits its session when the response is
 * about to send its headers.
 */
export abstract class CommittingExchange<Data extends object, S extends WebsaunaSession<Data>>
  extends NodeExchange
  implements BeforeHeaders
{
  readonly #factory: SessionFactory<Data, S>;
  readonly #holder: object;
  readonly #property: string;
  readonly #canWait: boolean;
  #session: S | undefined;

  /**
   * @param holder the object that has the session in a property
   * @param native the framework's own request
   */
  constructor(
    factory: SessionFactory<Data, S>,
    req: IncomingMessage,
    res: ServerResponse,
    property: string,
    holder: object = req,
    native: unknown = holder,
  ) {
    super(factory, req, res, native);
    this.#factory = factory;
    this.#holder = holder;
    this.#property = property;
    this.#canWait = canWait(res);
  }

  /** Hands an error to the framework. */
  abstract fail(error: unknown): void;

  interceptResponse(): void {
    if (this.#canWait && !this.res.headersSent) this.deferResponse();
  }

  /** Makes the response wait for the commit. */
  protected deferResponse(): void {
    deferResponse(this.res, this);
  }

  /** Loads the session. Not a promise when nothing has to be read. */
  load(): S | Promise<S> {
    const opened = this.#factory.load(this);
    if (!this.#canWait) return this.#commitEarly(opened);
    if (!(opened instanceof Promise)) return (this.#session = opened);
    return opened.then((session) => (this.#session = session));
  }

  /** Commits what is due before the handler runs: what it changes later, it has to save itself. */
  async #commitEarly(opened: S | Promise<S>): Promise<S> {
    const session = await opened;
    session.markPersonal();
    await this.#factory.commit(session, standInHead(this.res));
    return session;
  }

  commit(head: ResponseHead): Promise<void> | undefined {
    if (this.#session === undefined) return undefined;
    if (head.status < 500) assertInPlace(this.#holder, this.#property);
    return this.#factory.commit(this.#session, head);
  }

  finalize(head: ResponseHead): void {
    if (this.#session !== undefined) this.#factory.finalize(this.#session, head);
  }
}
