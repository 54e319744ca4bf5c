// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, SessionFactory, WebsaunaSession } from '../index.ts';
import { checkNames } from '../internal/validate.ts';
import { assertFactory } from './resolve-factory.ts';
import { FetchExchange } from './fetch/exchange.ts';
import { serveRequest } from './fetch/serve.ts';
import { findSession, runWithSession } from './request-context.ts';
import { isMarkedSubRequest } from './sub-request.ts';

export { markSubRequest } from './sub-request.ts';

export interface ServeOptions {
  /** The address at the other end of the connection, where the platform knows it. Default: unknown. */
  clientAddress?: string | null;
  /** The framework's own request, handed to callbacks such as `invalidateBefore`. Default: the request. */
  native?: unknown;
  /**
   * Whether the application sends this request to itself while it handles another one, as SvelteKit's `event.fetch`
   * does. It shares the session of that one, which commits it. Default: whether the
   * application has marked it by `markSubRequest`. Never set it for a request that came
   * over the network: it would get another visitor's session.
   */
  isSubRequest?: boolean;
  /** Makes the response of an error, as the option of `withSession`. Default: only the session's own errors are answered. */
  onError?: (error: unknown) => Response | Promise<Response>;
}

/**
 * Handles a Fetch request with a session, which `getSession()` returns to everything that the handler calls. The
 * session is committed before the response is handed out, returned or thrown: this is what adapters are made of for
 * frameworks that take a `Request` and return a `Response`.
 *
 * @example
 * ```ts
 * export const onRequest = (context, next) => serve(factory, context.request, () => next());
 * ```
 */
export async function serve<
  Data extends object = DefaultData,
  S extends WebsaunaSession<Data> = WebsaunaSession<Data>,
  R extends Response | undefined = Response,
>(
  factory: SessionFactory<Data, S>,
  request: Request,
  handler: (session: S) => R | Promise<R>,
  options: ServeOptions = {},
): Promise<R | Response> {
  checkNames('options', options, ['clientAddress', 'native', 'isSubRequest', 'onError']);
  const { clientAddress = null, native = request, isSubRequest = isMarkedSubRequest(request), onError } = options;
  assertFactory(factory);
  const shared = isSubRequest ? findSession(factory) : undefined;
  if (shared !== undefined) return await handler(shared);
  const exchange = new FetchExchange(factory, request, clientAddress, native);
  const run = (session: S): R | Promise<R> => runWithSession(factory, session, handler);
  return await serveRequest(factory, exchange, run, onError);
}

/**
 * Returns the session of the request that is being handled; with a factory, the session of that one.
 * @throws {TypeError} outside of a request
 */
export function getSession<Data extends object = DefaultData, S extends WebsaunaSession<Data> = WebsaunaSession<Data>>(
  factory?: SessionFactory<Data, S>,
): S {
  const found = findSession(factory);
  if (found !== undefined) return found;
  throw new TypeError(
    'Expected `getSession()` to be called while a request is handled: mount the sessions in front of what calls it, or hand the session on',
  );
}
