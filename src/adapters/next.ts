// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, SessionFactory, WebsaunaSession } from '../index.ts';
import { checkFunction, checkNames, expected } from '../internal/validate.ts';
import { AbsentHead } from './absent-head.ts';
import { FetchExchange } from './fetch/exchange.ts';
import type { FetchHead } from './fetch/head.ts';
import { serveRequest } from './fetch/serve.ts';
import { assertCookiesWritable, runAction } from './next/action.ts';
import { HandOver } from './next/hand-over.ts';
import { HeadersExchange } from './next/headers-exchange.ts';
import { sessionsOf } from './next/requests.ts';
import { findSession, runWithSession } from './request-context.ts';
import { resolveFactory, type FactoryOrOptions } from './resolve-factory.ts';

export interface NextSessionOptions {
  /** The address at the other end of the connection, where the platform has a header for it. Default: unknown. */
  clientAddress?: (headers: Headers) => string | null | undefined;
  /**
   * Makes the response of `route` and `proxy` when the handler, or opening or storing the session, failed. Default: errors of
   * the session are answered with their status; the handler's are thrown on.
   */
  onError?: (error: unknown, request: Request) => Response | Promise<Response>;
}

/** What an application of Next uses of its sessions. */
export interface NextSessions<S> {
  /**
   * Returns the session of the request: everywhere on the server, and the same one to everything that renders in it. In
   * server components it can be read alone.
   *
   * @example
   * ```tsx
   * export default async function Page() {
   *   const session = await getSession();
   *   return <p>Hello {session.owner ?? 'stranger'}</p>;
   * }
   * ```
   */
  readonly getSession: () => Promise<S>;
  /**
   * Wraps a server action, in which `getSession()` returns a session that can be changed. It is committed before the
   * action's answer, also when that is thrown, as by `redirect()`.
   *
   * @example
   * ```ts
   * 'use server';
   * export const logOut = action(async () => {
   *   (await getSession()).logout();
   *   redirect('/');
   * });
   * ```
   */
  readonly action: <Args extends unknown[], R>(fn: (...args: Args) => R | Promise<R>) => (...args: Args) => Promise<R>;
  /**
   * Wraps a route handler. The session is its second argument, before Next's own, and committed to its response.
   *
   * @example
   * ```ts
   * export const GET = route((request, session) => Response.json({ owner: session.owner }));
   * ```
   */
  readonly route: <Rest extends unknown[], Req extends Request = Request>(
    handler: (request: Req, session: S, ...rest: Rest) => Response | Promise<Response>,
  ) => (request: Req, ...rest: Rest) => Promise<Response>;
  /**
   * Makes the function of `proxy.ts`: it renews idle timeout and cookie, which pages cannot. What its handler changes is
   * committed before the request goes on, and the page, action or route of the same request has that session.
   *
   * @param handler may return a response, such as one of `NextResponse`; default: the request goes on
   * @example
   * ```ts
   * export default proxy();
   * ```
   */
  readonly proxy: <Rest extends unknown[], Req extends Request = Request>(
    handler?: (request: Req, session: S, ...rest: Rest) => ProxyAnswer | Promise<ProxyAnswer>,
  ) => (request: Req, ...rest: Rest) => Promise<Response>;
}

/** What a proxy's handler returns; nothing to let the request go on. */
export type ProxyAnswer = Response | undefined | void;

/**
 * Gives an application of Next's App Router its sessions.
 *
 * @example
 * ```ts
 * const factory = sharedFactory('app', () => createSessionFactory(() => ({ secret: process.env.SESSION_SECRET! })));
 * export const { getSession, action, route, proxy } = nextSessions(factory);
 * ```
 */
export function nextSessions<
  Data extends object = DefaultData,
  S extends WebsaunaSession<Data> = WebsaunaSession<Data>,
>(given: FactoryOrOptions<Data, S>, options: NextSessionOptions = {}): NextSessions<S> {
  const factory = resolveFactory(given);
  checkNames('options', options, ['clientAddress', 'onError']);
  const { clientAddress, onError } = options;
  checkFunction('options.clientAddress', clientAddress, 'a function of the headers');
  checkFunction('options.onError', onError, 'a function of the error and the request');
  const peerOf = (headers: Headers): string | null => clientAddress?.(headers) ?? null;
  const serve = (
    request: Request,
    handler: (session: S) => Response | Promise<Response>,
    complete?: (head: FetchHead) => void,
  ): Promise<Response> => {
    const exchange = new FetchExchange(factory, request, peerOf(request.headers));
    const run = (session: S): Promise<Response> => responseOf(() => runWithSession(factory, session, handler));
    return serveRequest(factory, exchange, run, onError && ((error) => onError(error, request)), complete);
  };
  return {
    async getSession() {
      const session = findSession(factory) ?? (await readSession(factory, peerOf));
      return await session.load();
    },
    action(fn) {
      requireFunction('fn', fn, 'a server action');
      return async (...args) => await act(factory, peerOf, () => fn(...args));
    },
    route(handler) {
      requireFunction('handler', handler, 'a route handler');
      return async (request, ...rest) => await serve(request, (session) => handler(request, session, ...rest));
    },
    proxy(handler) {
      checkFunction('handler', handler, 'a function of the request and its session');
      return async (request, ...rest) => {
        const { NextResponse } = await import('next/server.js');
        const { headers } = request;
        const handOver = new HandOver(NextResponse, headers);
        const answer = async (session: S): Promise<Response> =>
          handOver.take(await handler?.(request, session, ...rest));
        return await serve(request, answer, (head) => handOver.complete(head));
      };
    },
  };
}

function requireFunction(name: string, value: unknown, what: string): void {
  if (typeof value !== 'function') throw expected(name, what, value);
}

/** Returns a thrown response, too, of which Next itself would make an error. */
async function responseOf(work: () => Response | Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof Response) return thrown;
    throw thrown;
  }
}

type PeerOf = (headers: Headers) => string | null;

/** Opens the session of a request of which Next shows the headers alone. */
async function openSession<Data extends object, S extends WebsaunaSession<Data>>(
  factory: SessionFactory<Data, S>,
  peerOf: PeerOf,
  headers: Headers,
  isAction: boolean,
): Promise<S> {
  const { cookie } = sessionsOf(headers);
  const [hops, peer] = [factory.trustedHops, peerOf(headers)];
  return await factory.load(new HeadersExchange({ headers, cookie, hops, peer, isAction }));
}

/** Returns the session that the pages of the request read. */
async function readSession<Data extends object, S extends WebsaunaSession<Data>>(
  factory: SessionFactory<Data, S>,
  peerOf: PeerOf,
): Promise<S> {
  const nextHeaders = await import('next/headers.js');
  // Before anything else: it ends the attempt to render the page at build time.
  const headers = await nextHeaders.headers();
  const sessions = sessionsOf(headers);
  return await sessions.openOnce(factory, async () => {
    const session = await openSession(factory, peerOf, headers, false);
    await session.load();
    // Renews the idle timeout, where no proxy has done it.
    if (!session.isNew) await factory.commit(session, new AbsentHead());
    return session;
  });
}

/** Runs a server action, or a part of one that is an action by itself. */
async function act<Data extends object, S extends WebsaunaSession<Data>, R>(
  factory: SessionFactory<Data, S>,
  peerOf: PeerOf,
  action: () => R | Promise<R>,
): Promise<R> {
  if (findSession(factory) !== undefined) return await action();
  const nextHeaders = await import('next/headers.js');
  const [headers, jar] = await Promise.all([nextHeaders.headers(), nextHeaders.cookies()]);
  assertCookiesWritable(jar);
  const session = await openSession(factory, peerOf, headers, true);
  const { head, deliver } = await runAction(factory, session, jar, action);
  sessionsOf(headers).acted(factory, head.cookie, headers);
  return deliver();
}
