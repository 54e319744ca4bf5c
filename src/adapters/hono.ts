import type { Context, MiddlewareHandler } from 'hono';
import type { ResponseHead } from '../exchange.ts';
import type { SessionFactory } from '../factory.ts';
// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, WebsaunaSession } from '../index.ts';
import { checkNames } from '../internal/validate.ts';
import { AbsentHead } from './absent-head.ts';
import { isMounted } from './mount.ts';
import { resolveFactory, type FactoryOrOptions } from './resolve-factory.ts';
import { REPRESENTATION_HEADERS } from './representation-headers.ts';
import { thrown } from './fetch/answer.ts';
import { cancelBody } from './fetch/cancel-body.ts';
import { FetchHead } from './fetch/head.ts';
import { createExchange, nodeBindings } from './hono/exchange.ts';
import { checkWhenRead, replaceResponse } from './hono/final-gate.ts';
import { addFinalChecks } from './node/final-gate.ts';

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
    const opened = factory.load(createExchange(c, factory.trustedHops, clientAddress(c) ?? null));
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
    await commitResponse(factory, session, c);
    return undefined;
  };
}

async function commitResponse<Data extends object, S extends WebsaunaSession<Data>>(
  factory: SessionFactory<Data, S>,
  session: S,
  c: Context,
): Promise<void> {
  const { outgoing } = nodeBindings(c);
  // Nothing has answered, which Hono is about to report; or the handler has, past Hono.
  if (!c.finalized || outgoing?.headersSent === true) {
    await factory.commit(session, new AbsentHead());
    return;
  }
  const head = new FetchHead(c.res);
  try {
    await factory.commit(session, head);
  } catch (error) {
    cancelBody(head.response);
    const headers = new Headers(head.response.headers);
    for (const name of REPRESENTATION_HEADERS) headers.delete(name);
    // Hono gives the error's response the headers of the one that it replaces.
    replaceResponse(c, new Response(null, { headers }));
    throw error;
  }
  if (head.response !== c.res) replaceResponse(c, head.response);
  if (!head.cookieAdded) return;
  const check = { finalize: (last: ResponseHead): void => factory.finalize(session, last) };
  checkWhenRead(c, check);
  if (outgoing !== undefined) addFinalChecks(outgoing, [check]);
}

/** Returns the address that `@hono/node-server` knows. */
function nodeAddress(c: Context): string | null {
  return nodeBindings(c).incoming?.socket?.remoteAddress ?? null;
}
