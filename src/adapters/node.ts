import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { SessionError } from '../errors.ts';
// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, WebsaunaSession } from '../index.ts';
import { checkFunction, checkNames } from '../internal/validate.ts';
import { resolveFactory, type FactoryOrOptions } from './resolve-factory.ts';
import { attachSession } from './node/attach-session.ts';
import { DescribedExchange, type RequestDescription } from './node/described-exchange.ts';
import { sendError } from './node/error-response.ts';
import { HttpExchange } from './node/http-exchange.ts';

export type { RequestDescription } from './node/described-exchange.ts';

export { nodeHandler, nodeRequest, type NodeHandler, type SessionIncomingMessage } from './node/fetch-handler.ts';

/** A request with its session. */
export type SessionRequest<S = WebsaunaSession> = IncomingMessage & { session: S };

export interface NodeSessionOptions extends RequestDescription {
  /** The request's property that holds the session. Default `session`. */
  property?: string;
}

export interface NodeListenerOptions {
  /**
   * Answers when the listener, or opening or storing the session, failed. Default: a line of text with the
   * error's status; only what the listener throws is thrown on, unless it is an error of the session.
   */
  onError?: (error: unknown, req: IncomingMessage, res: ServerResponse) => void;
}

/**
 * Returns a listener for `node:http`, `https` and `http2`'s compatibility API that has a session, which is committed
 * before the headers of the response leave. The option `trustProxy` decides about HTTPS and the client's
 * address behind proxies.
 *
 * @example
 * ```ts
 * createServer(withSession({ secret, redis: { url } }, (req, res) => {
 *   req.session.data.views = Number(req.session.data.views ?? 0) + 1;
 *   res.end(`You were here ${req.session.data.views} times`);
 * })).listen(3000);
 * ```
 */
export function withSession<Data extends object = DefaultData, S extends WebsaunaSession<Data> = WebsaunaSession<Data>>(
  given: FactoryOrOptions<Data, S>,
  listener: (req: SessionRequest<S>, res: ServerResponse) => unknown,
  options: NodeListenerOptions = {},
): RequestListener {
  const middleware = sessions(given);
  checkNames('options', options, ['onError']);
  const { onError } = options;
  return (req, res) => {
    let failed = false;
    const fail = (error: unknown): void => {
      failed = true;
      if (onError === undefined) sendError(error, res);
      else onError(error, req, res);
    };
    const run = async (): Promise<void> => {
      try {
        await listener(req as SessionRequest<S>, res);
      } catch (error) {
        if (onError !== undefined || error instanceof SessionError) fail(error);
        // After a failure of the session, the listener is not to blame for what it can no longer send.
        else if (!failed) throw error;
      }
    };
    middleware(req, res, (error) => {
      if (error === undefined) void run();
      else fail(error);
    });
  };
}

/**
 * Returns middleware in the style of Connect, for servers that chain `(req, res, next)`. Errors go to `next`. An adapter
 * for a framework on `node:http` is this with the options `secure`, `clientAddress` and `native`.
 *
 * @example
 * ```ts
 * const attach = sessions(factory, { clientAddress: (req) => callOf(req).address });
 * framework.use((call, next) => attach(call.req, call.res, next));
 * ```
 */
export function sessions<Data extends object = DefaultData, S extends WebsaunaSession<Data> = WebsaunaSession<Data>>(
  given: FactoryOrOptions<Data, S>,
  options: NodeSessionOptions = {},
): (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void {
  const factory = resolveFactory(given);
  checkNames('options', options, ['property', 'secure', 'clientAddress', 'native']);
  const { property = 'session', secure, clientAddress, native } = options;
  checkFunction('options.secure', secure, 'a function of the request');
  checkFunction('options.clientAddress', clientAddress, 'a function of the request');
  checkFunction('options.native', native, 'a function of the request and the response');
  const mount = { factory, property };
  if (secure === undefined && clientAddress === undefined && native === undefined) {
    return (req, res, next) => attachSession(new HttpExchange(factory, req, res, property, next), mount, next);
  }
  return (req, res, next) =>
    attachSession(new DescribedExchange(factory, req, res, property, next, options), mount, next);
}
