import type { Context, MiddlewareHandler } from 'hono';
// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, WebsaunaSession } from '../index.ts';
import { checkNames } from '../internal/validate.ts';
import { hasMount, isMounted } from './mount.ts';
import { resolveFactory, type FactoryOrOptions } from './resolve-factory.ts';
import { thrown } from './fetch/answer.ts';
import { commitResponse } from './hono/commit.ts';
import { createExchange, nodeBindings } from './hono/exchange.ts';

/** For `new Hono<{ Variables: SessionVariables }>()`. */
export interface SessionVariables<S = WebsaunaSession> {
  session: S;
}

export interface HonoSessionOptions {
  /** The context's variable that holds the session. Default `session`. */
  property?: string;
  /** The address at the other end of the connection. Default: as `@hono/node-server` reports it, else unknown. */
  clientAddress?: (c: Context) => string | null | undefined;
}

/** On a request that a handler makes of the application itself: the handler's context. */
const CALLER: unique symbol = Symbol('websauna-session.caller');

type SubRequest = Request & { [CALLER]?: Context };

/**
 * Hono middleware: opens `c.get('session')`, also known as `c.var.session`, and commits it after the
 * handler, before the response leaves. The option `trustProxy` decides about HTTPS and the client's
 * address behind proxies. What a streamed body writes later needs `await session.save()`.
 *
 * @example
 * ```ts
 * const app = new Hono<{ Variables: SessionVariables }>();
 * app.use(sessions({ secret, redis: { url } }));
 * app.get('/', (c) => c.text(`Hello ${c.var.session.owner ?? 'stranger'}`));
 * ```
 */
export function sessions<Data extends object = DefaultData, S extends WebsaunaSession<Data> = WebsaunaSession<Data>>(
  given: FactoryOrOptions<Data, S>,
  options: HonoSessionOptions = {},
): MiddlewareHandler<{ Variables: SessionVariables<S> }> {
  const factory = resolveFactory(given);
  checkNames('options', options, ['property', 'clientAddress']);
  const { property = 'session', clientAddress = nodeAddress } = options;
  const mount = { factory, property };
  return async (c, next) => {
    if (isMounted(c, mount)) {
      await next();
      return undefined;
    }
    const caller = (c.req.raw as SubRequest)[CALLER];
    if (caller !== undefined && hasMount(caller, mount)) {
      c.set(property as 'session', caller.get(property) as S);
      await next();
      return undefined;
    }
    const opened = factory.load(createExchange(c, factory, clientAddress(c) ?? null));
    const session = opened instanceof Promise ? await opened : opened;
    c.set(property as 'session', session);
    try {
      await next();
    } catch (value) {
      // Hono's error handler answers errors. What comes here is a thrown response, or the handler's own failure.
      const answer = thrown(value);
      await factory.commit(session, answer.head);
      return answer.deliver();
    }
    await commitResponse(factory, session, c, property);
    return undefined;
  };
}

/**
 * Marks a request that a handler hands to the application itself, so that it shares the sessions of the handler's own
 * request, which commits them. A copy of the request is not marked.
 *
 * @example
 * ```ts
 * const response = await app.fetch(markSubRequest(new Request(new URL('/cart', c.req.url)), c), c.env);
 * ```
 * @param c the context of the request that is being handled
 * @returns the same request
 */
export function markSubRequest<R extends Request>(request: R, c: Context): R {
  (request as SubRequest)[CALLER] = c;
  return request;
}

/** Returns the address that `@hono/node-server` knows. */
function nodeAddress(c: Context): string | null {
  return nodeBindings(c).incoming?.socket?.remoteAddress ?? null;
}
