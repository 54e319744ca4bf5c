import type { ServerResponse } from 'node:http';
import type { WebsaunaSession } from '../../session/session.ts';
import { canWait, standInHead } from '../../adapters/node/stand-in.ts';
import { SessionExchange } from './exchange.ts';
import { normalizeOptions, type NormalizedOptions, type SessionOptions } from './options.ts';
import { REQUEST_SESSION, type SessionRequest } from './request.ts';
import { RequestSession } from './request-session.ts';
import { createSite, type AnyFactory, type Site } from './site.ts';

type Next = (error?: unknown) => void;

/** The middleware, and the factory of its sessions. */
export interface Middleware {
  (req: SessionRequest, res: ServerResponse, next: Next): void;
  readonly factory: AnyFactory;
}

/** Makes the middleware. */
export function createMiddleware(given: SessionOptions): Middleware {
  const options = normalizeOptions(given);
  const sites = new Sites(options);
  const isConnected = watchConnection(options.expressStore);
  const middleware = (req: SessionRequest, res: ServerResponse, next: Next): void => {
    if (hasSession(req) || !isConnected()) return next();
    let site: Site;
    try {
      if (!isBelowPath(options, req)) return next();
      site = sites.for(req);
    } catch (error) {
      return next(error);
    }
    return openSession(site, req, res, next);
  };
  return Object.defineProperty(middleware as Middleware, 'factory', { get: () => sites.first.factory });
}

/** Makes the site when its secret is known: cookie-parser brings one with the request. */
class Sites {
  readonly #options: NormalizedOptions;
  #site: Site | undefined;

  constructor(options: NormalizedOptions) {
    this.#options = options;
    if (options.secrets.length > 0) this.#site = createSite(options, options.secrets);
  }

  /** @throws {Error} without a secret */
  get first(): Site {
    if (this.#site === undefined) throw new Error('The secret option is required for sessions, as `secret`');
    return this.#site;
  }

  for({ secret }: SessionRequest): Site {
    if (this.#site === undefined && secret) this.#site = createSite(this.#options, [secret]);
    return this.first;
  }
}

/** Returns whether the store has a connection, by the events of stores that tell. */
function watchConnection(store: object | null): () => boolean {
  let connected = true;
  const { on } = (store ?? {}) as { on?: unknown };
  if (typeof on === 'function') {
    Reflect.apply(on, store, ['disconnect', () => (connected = false)]);
    Reflect.apply(on, store, ['connect', () => (connected = true)]);
  }
  return () => connected;
}

/** Returns whether a middleware in front has made a session. Its accessor is not called: that would count as a use. */
function hasSession(req: SessionRequest): boolean {
  return req[REQUEST_SESSION] !== undefined || Boolean(req.session);
}

function isBelowPath({ cookieFor }: NormalizedOptions, req: SessionRequest): boolean {
  const [path] = (req.originalUrl ?? req.url!).split('?');
  const pathname = /^\w+:\/\//.test(path!) ? new URL(path!).pathname : path || '/';
  return pathname.startsWith(cookieFor(req).path || '/');
}

function openSession(site: Site, req: SessionRequest, res: ServerResponse, next: Next): void {
  const session = new RequestSession(site, req, res);
  req[REQUEST_SESSION] = session;
  const exchange = new SessionExchange(site, session, req, res, next);
  const start = (opened: WebsaunaSession<Record<string, unknown>>): void => {
    session.start(opened, exchange);
    if (canWait(res)) return next();
    // A response that cannot wait is settled first. What the handler changes later, it has to save itself.
    Promise.resolve(session.commit(standInHead(res))).then(() => next(), next);
  };
  let opened: ReturnType<AnyFactory['load']>;
  try {
    opened = site.factory.load(exchange);
  } catch (error) {
    return next(error);
  }
  if (opened instanceof Promise) opened.then(start, (error: unknown) => next(session.unwrap(error)));
  else start(opened);
}
