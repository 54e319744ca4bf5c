// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, WebsaunaSession } from '../index.ts';
import { checkFunction, checkNames } from '../internal/validate.ts';
import { placeAbsentSession } from './absent-session.ts';
import { serve } from './context.ts';
import { isMounted } from './mount.ts';
import { resolveFactory, type FactoryOrOptions } from './resolve-factory.ts';

export { getSession } from './context.ts';

/** What is used of Astro's `APIContext`. */
export interface AstroContext {
  readonly request: Request;
  readonly locals: object;
  readonly isPrerendered: boolean;
  readonly clientAddress: string;
}

/** Astro's `onRequest`, as far as it is used. */
export type AstroMiddleware = (context: AstroContext, next: () => Promise<Response>) => Promise<Response>;

export interface AstroSessionOptions {
  /** The property of `context.locals` that holds the session. Default `session`. */
  property?: string;
  /**
   * Makes the response when opening or storing the session failed, or what runs behind it did. Default: the session's own
   * errors are answered with a line of text and their status, and others are thrown on.
   */
  onError?: (error: unknown, context: AstroContext) => Response | Promise<Response>;
}

/**
 * Middleware for Astro: opens `locals.session`, which pages have as `Astro.locals.session`, and commits it before the
 * response leaves. Components render after that: read and change the session in the page itself, before its markup. Pages
 * that are prerendered have none.
 *
 * @example
 * ```ts
 * // src/middleware.ts
 * export const onRequest = sessions(factory);
 * ```
 */
export function sessions<Data extends object = DefaultData, S extends WebsaunaSession<Data> = WebsaunaSession<Data>>(
  given: FactoryOrOptions<Data, S>,
  options: AstroSessionOptions = {},
): AstroMiddleware {
  const factory = resolveFactory(given);
  checkNames('options', options, ['property', 'onError']);
  const { property = 'session', onError } = options;
  checkFunction('options.onError', onError, 'a function of the error and the context');
  const mount = { factory, property };
  return async (context, next) => {
    const { request, locals } = context;
    if (context.isPrerendered) {
      placeAbsentSession(locals, property, 'it has no visitor. Set `export const prerender = false`');
      return await next();
    }
    // Astro runs middleware again, with the same locals, when a page rewrites its request to another one.
    if (isMounted(locals, mount)) return await next();
    const handler = (session: S): Promise<Response> => {
      (locals as Record<string, unknown>)[property] = session;
      return next();
    };
    return await serve(factory, request, handler, {
      clientAddress: addressOf(context),
      native: context,
      ...(onError && { onError: (error: unknown) => onError(error, context) }),
    });
  };
}

/** Not every adapter of Astro knows the address. */
function addressOf(context: AstroContext): string | null {
  try {
    return context.clientAddress;
  } catch {
    return null;
  }
}
