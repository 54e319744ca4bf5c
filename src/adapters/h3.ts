import type { ServerResponse } from 'node:http';
import { toResponse, type H3Event, type Middleware } from 'h3';
// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, WebsaunaSession } from '../index.ts';
import { checkFunction, checkNames } from '../internal/validate.ts';
import { serve } from './context.ts';
import { isMounted } from './mount.ts';
import { resolveFactory, type FactoryOrOptions } from './resolve-factory.ts';

export { getSession, markSubRequest } from './context.ts';

export interface H3SessionOptions {
  /** The property of `event.context` that holds the session. Default `session`. */
  property?: string;
  /** The address at the other end of the connection. Default: as the server, srvx, reports it. */
  clientAddress?: (event: H3Event) => string | null | undefined;
  /**
   * Makes the response when opening or storing the session failed, of which the application's `onError` hears nothing.
   * Default: a line of text with the error's status.
   */
  onError?: (error: unknown, event: H3Event) => Response | Promise<Response>;
}

/**
 * Middleware for h3 2, and for Nitro 3: opens `event.context.session`, and commits it to the response, that of a thrown
 * `HTTPError` included. A request that the application makes of itself with the same context, as
 * `app.request(url, {}, event.context)`, shares the session.
 *
 * @example
 * ```ts
 * const app = new H3();
 * app.use(sessions({ secret, redis: { url } }));
 * app.get('/', (event) => `Hello ${event.context.session.owner ?? 'stranger'}`);
 * ```
 */
export function sessions<Data extends object = DefaultData, S extends WebsaunaSession<Data> = WebsaunaSession<Data>>(
  given: FactoryOrOptions<Data, S>,
  options: H3SessionOptions = {},
): Middleware {
  const factory = resolveFactory(given);
  checkNames('options', options, ['property', 'clientAddress', 'onError']);
  const { property = 'session', clientAddress, onError } = options;
  checkFunction('options.clientAddress', clientAddress, 'a function of the event');
  checkFunction('options.onError', onError, 'a function of the error and the event');
  const mount = { factory, property };
  return async (event, next) => {
    // Nothing but the application hands a context on.
    if (isMounted(event.context, mount)) return await next();
    let raw: unknown;
    const handler = async (session: S): Promise<Response | undefined> => {
      (event.context as Record<string, unknown>)[property] = session;
      const answering = Promise.resolve().then(next);
      const response = await respond(event, answering);
      if (!isSent(event)) return response;
      raw = await answering;
      return undefined;
    };
    const response = await serve<Data, S, Response | undefined>(factory, event.req, handler, {
      clientAddress: (clientAddress === undefined ? event.req.ip : clientAddress(event)) ?? null,
      native: event,
      ...(onError && { onError: (error: unknown) => onError(error, event) }),
    });
    return response ?? raw;
  };
}

/** Makes the response as h3 would. Its hook for responses sees it later, with the session's headers. */
async function respond(event: H3Event, answering: Promise<unknown>): Promise<Response> {
  const { onResponse: _, ...config } = event.app?.config ?? {};
  return await toResponse(answering, event, config);
}

/** Whether a handler for Node has sent the response past h3. */
function isSent(event: H3Event): boolean {
  const res = event.runtime?.node?.res as ServerResponse | undefined;
  return res?.headersSent === true;
}
