// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, WebsaunaSession } from '../index.ts';
import { checkFunction, checkNames } from '../internal/validate.ts';
import { placeAbsentSession } from './absent-session.ts';
import { serve } from './context.ts';
import { resolveFactory, type FactoryOrOptions } from './resolve-factory.ts';

export { getSession } from './context.ts';

/** What is used of SvelteKit's `RequestEvent`. */
export interface SvelteKitEvent {
  readonly request: Request;
  readonly locals: object;
  readonly isSubRequest: boolean;
  readonly getClientAddress: () => string;
}

/** SvelteKit's `handle` hook, as far as it is used. */
export type SvelteKitHandle = <Event extends SvelteKitEvent>(input: {
  event: Event;
  resolve: (event: Event) => Response | Promise<Response>;
}) => Promise<Response>;

export interface SvelteKitSessionOptions {
  /** The property of `event.locals` that holds the session. Default `session`. */
  property?: string;
  /**
   * Makes the response when opening or storing the session failed, or what runs behind it did. Default: the session's own
   * errors are answered with a line of text and their status, and others are thrown on.
   */
  onError?: (error: unknown, event: SvelteKitEvent) => Response | Promise<Response>;
}

/**
 * A `handle` hook for SvelteKit 2 and 3: opens `event.locals.session`, and commits it to the response, redirects and error
 * pages included. What `event.fetch` requests of the application itself shares the session, unless it is asked for with
 * `credentials: 'omit'`. Pages that are prerendered have none.
 *
 * @example
 * ```ts
 * // src/hooks.server.ts
 * export const handle = sessions(factory);
 * ```
 */
export function sessions<Data extends object = DefaultData, S extends WebsaunaSession<Data> = WebsaunaSession<Data>>(
  given: FactoryOrOptions<Data, S>,
  options: SvelteKitSessionOptions = {},
): SvelteKitHandle {
  const factory = resolveFactory(given);
  checkNames('options', options, ['property', 'onError']);
  const { property = 'session', onError } = options;
  checkFunction('options.onError', onError, 'a function of the error and the event');
  return async ({ event, resolve }) => {
    const { request, locals, isSubRequest } = event;
    const peer = addressOf(event);
    if (peer.prerendering) {
      placeAbsentSession(locals, property, 'it has no visitor. Set `export const prerender = false`');
      return await resolve(event);
    }
    const handler = (session: S): Response | Promise<Response> => {
      (locals as Record<string, unknown>)[property] = session;
      return resolve(event);
    };
    return await serve(factory, request, handler, {
      clientAddress: peer.address,
      native: event,
      isSubRequest: isSubRequest && request.credentials !== 'omit',
      ...(onError && { onError: (error: unknown) => onError(error, event) }),
    });
  };
}

/** Not every platform knows the address. While pages are prerendered, SvelteKit says so in the error alone. */
function addressOf(event: SvelteKitEvent): { readonly address: string | null; readonly prerendering: boolean } {
  try {
    return { address: event.getClientAddress(), prerendering: false };
  } catch (error) {
    return { address: null, prerendering: error instanceof Error && error.message.includes('prerender') };
  }
}
