// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, WebsaunaSession } from '../index.ts';
import { checkFunction, checkNames } from '../internal/validate.ts';
import { serve } from './context.ts';
import { resolveFactory, type FactoryOrOptions } from './resolve-factory.ts';

export { getSession } from './context.ts';

/** What React Router hands to middleware, as far as it is used. */
export interface ReactRouterArgs {
  readonly request: Request;
}

/** Server middleware of React Router's framework mode. */
export type ReactRouterMiddleware = (args: ReactRouterArgs, next: () => Promise<Response>) => Promise<Response>;

export interface ReactRouterSessionOptions {
  /**
   * The address at the other end of the connection, where the server knows it and hands it on in the request's context.
   * Default: unknown.
   */
  clientAddress?: (args: ReactRouterArgs) => string | null | undefined;
  /**
   * Makes the response when opening or storing the session failed, or what runs behind it did. Default: the session's own
   * errors are answered with a line of text and their status, and others are thrown on.
   */
  onError?: (error: unknown, args: ReactRouterArgs) => Response | Promise<Response>;
}

/**
 * Middleware for the root route of React Router 7 and 8 in framework mode. Loaders, actions and components that render on
 * the server get the session by `getSession()`. It is committed before the response leaves: what a promise that a loader
 * returns without awaiting it changes later needs `await session.save()`.
 *
 * @example
 * ```ts
 * // app/root.tsx
 * export const middleware = [sessions(factory)];
 *
 * // in any route
 * export const loader = () => ({ owner: getSession(factory).owner });
 * ```
 */
export function sessions<Data extends object = DefaultData, S extends WebsaunaSession<Data> = WebsaunaSession<Data>>(
  given: FactoryOrOptions<Data, S>,
  options: ReactRouterSessionOptions = {},
): ReactRouterMiddleware {
  const factory = resolveFactory(given);
  checkNames('options', options, ['clientAddress', 'onError']);
  const { clientAddress, onError } = options;
  checkFunction('options.clientAddress', clientAddress, 'a function of what the middleware is given');
  checkFunction('options.onError', onError, 'a function of the error and of what the middleware is given');
  return async (args, next) =>
    await serve(factory, args.request, () => next(), {
      clientAddress: clientAddress?.(args) ?? null,
      native: args,
      ...(onError && { onError: (error: unknown) => onError(error, args) }),
    });
}
