import { AsyncLocalStorage } from 'node:async_hooks';
import type { SessionFactory } from '../factory.ts';
import type { WebsaunaSession } from '../session/session.ts';

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

/** Runs a handler, and everything that it calls, in the context of its request. */
export function runWithSession<Data extends object, S extends WebsaunaSession<Data>, R>(
  factory: SessionFactory<Data, S>,
  session: S,
  handler: (session: S) => R,
): R {
  const outer = contexts().getStore();
  const context = { factory, session: session as unknown as WebsaunaSession<object>, outer };
  return contexts().run(context, handler, session);
}

/**
 * Returns the session of the request that is being handled; with a factory, the session of that one. `undefined` outside
 * of a request.
 */
export function findSession<Data extends object, S extends WebsaunaSession<Data>>(
  factory: SessionFactory<Data, S> | undefined,
): S | undefined {
  return find(contexts().getStore(), factory)?.session as S | undefined;
}

function find(context: RequestContext | undefined, factory: object | undefined): RequestContext | undefined {
  if (context === undefined || factory === undefined || context.factory === factory) return context;
  return find(context.outer, factory);
}
