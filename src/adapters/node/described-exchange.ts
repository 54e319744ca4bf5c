import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SessionFactory } from '../../factory.ts';
import type { WebsaunaSession } from '../../session/session.ts';
import { HttpExchange } from './http-exchange.ts';

/** How a framework on `node:http` describes its requests. */
export interface RequestDescription {
  /**
   * Returns whether the client speaks HTTPS, as the framework sees it. Default: by the connection, and by
   * `X-Forwarded-Proto` of the proxies that the factory's `trustProxy` counts.
   */
  secure?: (req: IncomingMessage) => boolean;
  /**
   * Returns the client's address, as the framework sees it; `null` or `undefined` if it is unknown. Default: by the
   * connection, and by `X-Forwarded-For` of the proxies that the factory's `trustProxy` counts.
   */
  clientAddress?: (req: IncomingMessage) => string | null | undefined;
  /** Returns the framework's own request, handed to callbacks such as `invalidateBefore`. Default: the request of Node. */
  native?: (req: IncomingMessage, res: ServerResponse) => unknown;
}

/** A request and response of a framework that describes them. */
export class DescribedExchange<Data extends object, S extends WebsaunaSession<Data>> extends HttpExchange<Data, S> {
  readonly #description: RequestDescription;

  constructor(
    factory: SessionFactory<Data, S>,
    req: IncomingMessage,
    res: ServerResponse,
    property: string,
    next: (error?: unknown) => void,
    description: RequestDescription,
  ) {
    const { native } = description;
    super(factory, req, res, property, next, req, native === undefined ? req : native(req, res));
    this.#description = description;
  }

  override get secure(): boolean {
    const { secure } = this.#description;
    return secure === undefined ? super.secure : secure(this.req);
  }

  override get clientAddress(): string | null {
    const { clientAddress } = this.#description;
    return clientAddress === undefined ? super.clientAddress : (clientAddress(this.req) ?? null);
  }
}
