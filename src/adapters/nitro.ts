import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SessionFactory } from '../factory.ts';
// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, WebsaunaSession } from '../index.ts';
import { checkFunction, checkNames } from '../internal/validate.ts';
import { sendError } from './node/error-response.ts';
import { HttpExchange } from './node/http-exchange.ts';
import { resolveFactory, type FactoryOrOptions } from './resolve-factory.ts';

/** What is used of an event of h3 1. */
export interface NitroEvent {
  readonly node: { readonly req: IncomingMessage; readonly res: ServerResponse };
  readonly context: object;
}

/** An event handler of h3 1. */
export interface NitroSessionHandler {
  (event: NitroEvent): Promise<void> | undefined;
  readonly __is_handler__: true;
}

export interface NitroSessionOptions {
  /** The property of `event.context` that holds the session. Default `session`. */
  property?: string;
  /**
   * Answers when storing the session failed, of which h3 hears nothing: it has handed its response to Node by then.
   * Default: a line of text with the error's status.
   */
  onError?: (error: unknown, event: NitroEvent) => void;
}

/** In the context of an event: the sessions that it has, by their factories. */
const SESSIONS: unique symbol = Symbol.for('websauna-session.nitro-sessions');

type Context = Record<string, unknown> & { [SESSIONS]?: Map<object, WebsaunaSession<object>> };

/**
 * Server middleware for Nitro 2, as in Nuxt 3 and 4, and for h3 1, on Node: opens `event.context.session`, and commits it
 * before the headers of the response leave. What `event.$fetch` and, in pages, `useFetch` request of the application
 * itself shares the session.
 *
 * @example
 * ```ts
 * // server/middleware/session.ts
 * export default sessions(factory);
 * ```
 */
export function sessions<Data extends object = DefaultData, S extends WebsaunaSession<Data> = WebsaunaSession<Data>>(
  given: FactoryOrOptions<Data, S>,
  options: NitroSessionOptions = {},
): NitroSessionHandler {
  const factory = resolveFactory(given);
  checkNames('options', options, ['property', 'onError']);
  const { property = 'session', onError } = options;
  checkFunction('options.onError', onError, 'a function of the error and the event');
  const handler = (event: NitroEvent): Promise<void> | undefined => {
    const context = event.context as Context;
    const place = (session: S): undefined => {
      context[property] = session;
      (context[SESSIONS] ??= new Map()).set(factory, session as unknown as WebsaunaSession<object>);
    };
    const known = context[SESSIONS]?.get(factory) ?? contextOfCaller(event)?.[SESSIONS]?.get(factory);
    if (known !== undefined) return place(known as unknown as S);
    const fail = (error: unknown): void => {
      if (onError === undefined) sendError(error, event.node.res);
      else onError(error, event);
    };
    const opened = new NitroExchange(factory, event, property, fail).load();
    return opened instanceof Promise ? opened.then(place, rethrowWithCause) : place(opened);
  };
  return Object.assign(handler, { __is_handler__: true } as const);
}

/**
 * Returns the context of the event whose `$fetch` this request comes from. Nitro hands it over in the request that it
 * makes up; one that came over the network has none.
 */
function contextOfCaller({ node: { req } }: NitroEvent): Context | undefined {
  return (req as IncomingMessage & { __unenv__?: Context }).__unenv__;
}

/** h3 makes its own error of one, and keeps the innermost cause only. */
function rethrowWithCause(error: Error & { readonly status?: number }): never {
  const { message, status = 500 } = error;
  throw Object.assign(new Error(message, { cause: error }), { statusCode: status });
}

class NitroExchange<Data extends object, S extends WebsaunaSession<Data>> extends HttpExchange<Data, S> {
  constructor(factory: SessionFactory<Data, S>, event: NitroEvent, property: string, fail: (error: unknown) => void) {
    const { req, res } = event.node;
    super(factory, req, res, property, fail, event.context, event);
  }
}
