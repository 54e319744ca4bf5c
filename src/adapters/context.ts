import { AsyncLocalStorage } from 'node:async_hooks';
// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, SessionFactory, WebsaunaSession } from '../index.ts';
import { checkNames } from '../internal/validate.ts';
import { assertFactory } from './resolve-factory.ts';
import { FetchExchange } from './fetch/exchange.ts';
import { serveRequest } from './fetch/serve.ts';
import { isMarkedSubRequest } from './sub-request.ts';

export { markSubRequest } from './sub-request.ts';

/** The request that code runs in, and its session. */
interface RequestContext {
  readonly factory: object;
  readonly session: WebsaunaSession<object>;
  /** The context of another factory's session, in which this one began. */
  readonly outer: RequestContext | undefined;
}

/** One for all copies of the package: bundlers load it more than once. */
const CONTEXT: unique symbol = Symbol.for('websauna-session.context');

function contexts(): AsyncLocalStorage<RequestContext> {
  const holder = globalThis as { [CONTEXT]?: AsyncLocalStorage<RequestContext> };
  return (holder[CONTEXT] ??= new AsyncLocalStorage());
}

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
  const outer = contexts().getStore();
  const shared = isSubRequest ? find(outer, factory) : undefined;
  if (shared !== undefined) return await handler(shared.session as unknown as S);
  const exchange = new FetchExchange(request, factory.trustedHops, clientAddress, native);
  const run = (session: S): R | Promise<R> =>
    contexts().run({ factory, session: session as unknown as WebsaunaSession<object>, outer }, handler, session);
  return await serveRequest(factory, exchange, run, onError);
}

/**
 * Returns the session of the request that is being handled; with a factory, the session of that one.
 * @throws {TypeError} outside of a request
 */
export function getSession<Data extends object = DefaultData, S extends WebsaunaSession<Data> = WebsaunaSession<Data>>(
  factory?: SessionFactory<Data, S>,
): S {
  const found = find(contexts().getStore(), factory);
  if (found !== undefined) return found.session as unknown as S;
  throw new TypeError(
    'Expected `getSession()` to be called while a request is handled: mount the sessions in front of what calls it, or hand the session on',
  );
}

function find(context: RequestContext | undefined, factory: object | undefined): RequestContext | undefined {
  if (context === undefined || factory === undefined || context.factory === factory) return context;
  return find(context.outer, factory);
}
