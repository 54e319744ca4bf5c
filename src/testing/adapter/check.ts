import type { SessionFactory } from '../../factory.ts';
import type { SessionOptions } from '../../options/options.ts';
import type { WebsaunaSession } from '../../session/session.ts';

/** Any `SessionData` of an application. */
export type AnyData = Record<string, unknown>;
export type AnySession = WebsaunaSession<AnyData>;

/** What a route answers, in words that every framework has. */
export interface RouteAnswer {
  /** Default 200; 302 for a redirect. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text. Default empty. */
  readonly body?: string;
  /** A body that is sent piece by piece; what runs between the pieces runs after the headers have left. */
  readonly stream?: AsyncIterable<string>;
  /** A path below the prefix, to be redirected to by the framework's own means. */
  readonly redirect?: string;
}

/** Handles every method of a path. `second` is the session of the second middleware, where there is one. */
export type RouteHandler = (session: AnySession, second: AnySession) => RouteAnswer | Promise<RouteAnswer>;

/** Headers that middleware writes as late as its framework lets it. */
export interface LateHeaders {
  readonly headers: Readonly<Record<string, string>>;
  /** Where the middleware stands, seen from the sessions. */
  readonly position: 'in front' | 'behind';
}

/** An application that the harness builds with its framework. */
export interface AdapterApp {
  /** The middleware to install, in this order, each with the property that it puts its session in. */
  readonly sessions: readonly {
    readonly given: SessionFactory<AnyData> | SessionOptions<AnyData>;
    readonly property: string;
  }[];
  /** Handlers by their path below the prefix. */
  readonly routes: Readonly<Record<string, RouteHandler>>;
  /** Whether there is one proxy in front that the framework shall trust. */
  readonly trustProxy: boolean;
  /** What other middleware writes into every response, if anything. */
  readonly lateHeaders?: LateHeaders;
  /** To be called by the framework's own error handler, which then answers with `error.status`, or 500. */
  readonly onError: (error: unknown) => void;
}

export interface RunningApp {
  /** Scheme and host, as in `http://127.0.0.1:4711`. */
  readonly origin: string;
  /** How to send a request. Default: over the network, and without following redirects. */
  readonly fetch?: (request: Request) => Promise<Response>;
  close(): Promise<void>;
}

/** A cache that several visitors share, such as one of RFC 9111. */
export interface SharedCache {
  /** Answers from what is stored, or by asking the origin. */
  fetch(request: Request, origin: (request: Request) => Promise<Response>): Promise<Response>;
}

/** One framework with its adapter. */
export interface AdapterHarness {
  /** Where the application is mounted: nothing for the root, or a path such as `/shop`. */
  readonly prefix: string;
  /** The peer's address, as applications without a proxy shall see it. */
  readonly peer: string;
  start(app: AdapterApp): Promise<RunningApp>;
  /** Makes a shared cache that obeys targeted headers too. Default: none, and the checks of clause C9 show less. */
  readonly sharedCache?: () => SharedCache;
}

/** One promise of the contract. `run` throws an AssertionError when it is broken. */
export interface AdapterCheck {
  readonly title: string;
  run(harness: AdapterHarness): Promise<void>;
}
