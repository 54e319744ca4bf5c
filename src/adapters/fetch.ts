// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, WebsaunaSession } from '../index.ts';
import { checkNames } from '../internal/validate.ts';
import { resolveFactory, type FactoryOrOptions } from './resolve-factory.ts';
import { FetchExchange } from './fetch/exchange.ts';
import { serveRequest } from './fetch/serve.ts';

/**
 * Takes a request and its session; further arguments are the platform's, such as Next's route parameters. It
 * may return nothing where the platform lets it, as after Bun's `server.upgrade()`.
 */
export type SessionHandler<
  S,
  Rest extends readonly unknown[] = readonly unknown[],
  R extends Response | undefined = Response,
> = (request: Request, session: S, ...rest: Rest) => R | Promise<R>;

export interface FetchSessionOptions<Rest extends readonly unknown[] = readonly unknown[]> {
  /** The address at the other end of the connection, where the platform knows it. Default: unknown. */
  clientAddress?: (request: Request, ...rest: Rest) => string | null | undefined;
  /**
   * Makes the response when the handler, or opening or storing the session, failed. Default: errors of the
   * session are answered with their status; the handler's are thrown on. Then no cookie can be set: changes of
   * a session that the client has are stored, as `cookie.onException` says, and others are reported. A thrown
   * `Response`, and a redirect or an error page that Next or SvelteKit throws, is an answer, and is never passed in.
   */
  onError?: (error: unknown, request: Request) => Response | Promise<Response>;
}

/**
 * Returns a Fetch handler (`Request` in, `Response` out) with a session, for Next's route handlers, Bun, Deno and
 * others. The session is committed before the response is handed out, returned or thrown; what a streamed body
 * writes to it later needs `await session.save()`. The response is a copy when headers are added: a constant one
 * stays as it is. Code that wraps the function must not make a response storable that sets the cookie.
 *
 * @example
 * ```ts
 * export const GET = withSession(factory, (request, session) => {
 *   return Response.json({ owner: session.owner });
 * });
 * ```
 */
export function withSession<
  Rest extends readonly unknown[],
  Data extends object = DefaultData,
  S extends WebsaunaSession<Data> = WebsaunaSession<Data>,
  R extends Response | undefined = Response,
>(
  given: FactoryOrOptions<Data, S>,
  handler: SessionHandler<S, Rest, R>,
  options: FetchSessionOptions<Rest> = {},
): (request: Request, ...rest: Rest) => Promise<R | Response> {
  const factory = resolveFactory(given);
  checkNames('options', options, ['clientAddress', 'onError']);
  const { clientAddress, onError } = options;
  return async (request, ...rest) => {
    const exchange = new FetchExchange(factory, request, clientAddress?.(request, ...rest) ?? null);
    const respond = onError === undefined ? undefined : (error: unknown) => onError(error, request);
    return await serveRequest(factory, exchange, (session) => handler(request, session, ...rest), respond);
  };
}

/** Returns `withSession` for several handlers: `const withSession = sessions(factory)`. */
export function sessions<Data extends object = DefaultData, S extends WebsaunaSession<Data> = WebsaunaSession<Data>>(
  given: FactoryOrOptions<Data, S>,
): <Rest extends readonly unknown[], R extends Response | undefined = Response>(
  handler: SessionHandler<S, Rest, R>,
  options?: FetchSessionOptions<Rest>,
) => (request: Request, ...rest: Rest) => Promise<R | Response> {
  const factory = resolveFactory(given);
  return (handler, options) => withSession(factory, handler, options);
}
