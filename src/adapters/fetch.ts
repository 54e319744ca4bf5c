import { SessionError } from '../errors.ts';
// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, WebsaunaSession } from '../index.ts';
import { resolveFactory, type FactoryOrOptions } from './resolve-factory.ts';
import { cancelBody } from './fetch/cancel-body.ts';
import { FetchExchange } from './fetch/exchange.ts';
import { FetchHead } from './fetch/head.ts';

/** Takes a request and its session; further arguments are the platform's, such as Next's route parameters. */
export type SessionHandler<S, Rest extends readonly unknown[] = readonly unknown[]> = (
  request: Request,
  session: S,
  ...rest: Rest
) => Response | Promise<Response>;

export interface FetchSessionOptions<Rest extends readonly unknown[] = readonly unknown[]> {
  /** The address at the other end of the connection, where the platform tells. Default: unknown. */
  clientAddress?: (request: Request, ...rest: Rest) => string | null | undefined;
  /**
   * Makes the response when the handler, or opening or storing the session, failed. Default: errors of the
   * session are answered with their status; the handler's are thrown on, and nothing is stored.
   */
  onError?: (error: unknown, request: Request) => Response | Promise<Response>;
}

/**
 * A Fetch handler (`Request` in, `Response` out) with a session, for Next's route handlers, Bun, Deno and
 * the like. The session is committed before the response is handed out; what a streamed body writes to it
 * later needs `await session.save()`.
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
>(
  given: FactoryOrOptions<Data, S>,
  handler: SessionHandler<S, Rest>,
  options: FetchSessionOptions<Rest> = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  const factory = resolveFactory(given);
  const { clientAddress, onError } = options;
  return async (request, ...rest) => {
    const exchange = new FetchExchange(request, factory.trustedHops, clientAddress?.(request, ...rest) ?? null);
    let session: S | undefined;
    let response: Response;
    try {
      session = await factory.load(exchange);
      response = await handler(request, session, ...rest);
    } catch (error) {
      response = await answer(error, request, onError);
    }
    if (session === undefined) return response;
    const head = new FetchHead(response);
    try {
      await factory.commit(session, head);
      // The last point that this adapter has: what wraps it must not make the response storable.
      if (head.cookieAdded) factory.finalize(session, head);
      return head.response;
    } catch (error) {
      cancelBody(head.response);
      const failed = new FetchHead(await answer(error, request, onError));
      await factory.commit(session, failed);
      return failed.response;
    }
  };
}

/** `withSession` for several handlers: `const withSession = sessions(factory)`. */
export function sessions<Data extends object = DefaultData, S extends WebsaunaSession<Data> = WebsaunaSession<Data>>(
  given: FactoryOrOptions<Data, S>,
): <Rest extends readonly unknown[]>(
  handler: SessionHandler<S, Rest>,
  options?: FetchSessionOptions<Rest>,
) => (request: Request, ...rest: Rest) => Promise<Response> {
  const factory = resolveFactory(given);
  return (handler, options) => withSession(factory, handler, options);
}

async function answer(error: unknown, request: Request, onError: FetchSessionOptions['onError']): Promise<Response> {
  if (onError !== undefined) return await onError(error, request);
  if (!(error instanceof SessionError)) throw error;
  return error.getResponse();
}
