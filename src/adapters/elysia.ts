import type { Elysia } from 'elysia';
// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, WebsaunaSession } from '../index.ts';
import { checkFunction, checkNames } from '../internal/validate.ts';
import { getSession, serve } from './context.ts';
import { isMounted } from './mount.ts';
import { resolveFactory, type FactoryOrOptions } from './resolve-factory.ts';

export { getSession, markSubRequest } from './context.ts';

export interface ElysiaSessionOptions<Property extends string = 'session'> {
  /** The context's property that holds the session. Default `session`. */
  property?: Property;
  /** The address at the other end of the connection. Default: as Bun's server, or the adapter for Node, reports it. */
  clientAddress?: (request: Request) => string | null | undefined;
  /**
   * Makes the response when opening or storing the session failed, of which Elysia's `onError` hears nothing. Default: a
   * line of text with the error's status.
   */
  onError?: (error: unknown, request: Request) => Response | Promise<Response>;
}

/** An application of which handlers find the session in their context. */
export type ElysiaWithSession<S, Property extends string = 'session'> = Elysia<
  '',
  { decorator: {}; store: {}; derive: Record<Property, S>; resolve: {} }
>;

type Fetch = (request: Request) => Response | Promise<Response>;

/** What is used of an application. */
interface Wrappable {
  readonly server: { requestIP(request: Request): { readonly address: string } | null } | null;
  wrap(fn: (next: Fetch) => Fetch): Wrappable;
  derive(options: { as: 'global' }, fn: () => object): Wrappable;
}

let wrappers = 0;

/**
 * An Elysia plugin: handlers find the session in their context, and hooks that run before a route is found get it by
 * `getSession()`. It is committed when Elysia has made its response: redirects, errors and cookies of the application's own
 * included. What `app.handle` is given from inside a handler shares the session if `markSubRequest` has marked it.
 *
 * @example
 * ```ts
 * new Elysia()
 *   .use(sessions({ secret, redis: { url } }))
 *   .get('/', ({ session }) => `Hello ${session.owner ?? 'stranger'}`)
 *   .listen(3000);
 * ```
 */
export function sessions<
  Data extends object = DefaultData,
  S extends WebsaunaSession<Data> = WebsaunaSession<Data>,
  const Property extends string = 'session',
>(
  given: FactoryOrOptions<Data, S>,
  options: ElysiaSessionOptions<Property> = {},
): (app: Elysia) => ElysiaWithSession<S, Property> {
  const factory = resolveFactory(given);
  checkNames('options', options, ['property', 'clientAddress', 'onError']);
  const { property = 'session', clientAddress, onError } = options;
  checkFunction('options.clientAddress', clientAddress, 'a function of the request');
  checkFunction('options.onError', onError, 'a function of the error and the request');
  const mount = { factory, property };
  return (elysia) => {
    const app = elysia as unknown as Wrappable;
    const wrap = (next: Fetch): Fetch => {
      return async (request) => {
        if (isMounted(request, mount)) return await next(request);
        return await serve(factory, request, () => next(request), {
          clientAddress: clientAddress === undefined ? addressOf(app, request) : (clientAddress(request) ?? null),
          ...(onError && { onError: (error: unknown) => onError(error, request) }),
        });
      };
    };
    // Elysia takes functions of the same source for the same one.
    const source = `sessions ${++wrappers}`;
    Object.defineProperty(wrap, 'toString', { value: () => source });
    const mounted = app.wrap(wrap).derive({ as: 'global' }, () => ({ [property]: getSession(factory) }));
    return mounted as unknown as ElysiaWithSession<S, Property>;
  };
}

/** Bun's server knows the address; the request of the adapter for Node has it. */
function addressOf({ server }: Wrappable, request: Request & { readonly ip?: string }): string | null {
  if (request.ip !== undefined) return request.ip;
  try {
    return server?.requestIP(request)?.address ?? null;
  } catch {
    return null;
  }
}
