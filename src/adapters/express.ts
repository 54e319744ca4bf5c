import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { SessionFactory } from '../factory.ts';
// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, WebsaunaSession } from '../index.ts';
import { checkNames } from '../internal/validate.ts';
import { resolveFactory, type FactoryOrOptions } from './resolve-factory.ts';
import { attachSession } from './node/attach-session.ts';
import { CommittingExchange } from './node/committing-exchange.ts';
import { patchResponsePrototype } from './node/prototype-patch.ts';

/** Adds the session to `Request`. Inherited, so that the property of another session package takes its place. */
interface RequestWithSession {
  /** The session of this request. */
  session: 'sessionStore' extends keyof Express.Request ? unknown : WebsaunaSession;
}

declare global {
  namespace Express {
    interface Request extends RequestWithSession {}
  }
}

export interface ExpressSessionOptions {
  /** The request's property that holds the session. Default `session`. */
  property?: string;
}

/**
 * Express middleware, for Express 4 and 5: opens `req.session`, and commits it before the headers of the
 * response leave. Errors go to `next`. `trust proxy` decides about HTTPS and the client's address.
 *
 * @example
 * ```ts
 * app.use(sessions({ secret, redis: { url } }));
 * app.get('/', (req, res) => res.send(`Hello ${req.session.owner ?? 'stranger'}`));
 * ```
 */
export function sessions<Data extends object = DefaultData, S extends WebsaunaSession<Data> = WebsaunaSession<Data>>(
  given: FactoryOrOptions<Data, S>,
  options: ExpressSessionOptions = {},
): RequestHandler {
  const factory = resolveFactory(given);
  checkNames('options', options, ['property']);
  const { property = 'session' } = options;
  const mount = { factory, property };
  return (req, res, next) => attachSession(new ExpressExchange(factory, req, res, property, next), mount, next);
}

class ExpressExchange<Data extends object, S extends WebsaunaSession<Data>> extends CommittingExchange<Data, S> {
  declare readonly request: Request;
  readonly #next: NextFunction;

  constructor(factory: SessionFactory<Data, S>, req: Request, res: Response, property: string, next: NextFunction) {
    super(factory, req, res, property);
    this.#next = next;
  }

  override get secure(): boolean {
    return this.request.secure;
  }

  override get clientAddress(): string | null {
    return this.request.ip ?? null;
  }

  protected override deferResponse(): void {
    patchResponsePrototype(this.res);
    super.deferResponse();
  }

  fail(error: unknown): void {
    this.#next(error);
  }
}
