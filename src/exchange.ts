/**
 * One request and its response, as the engine sees them. Adapters implement this; the engine never
 * meets a framework.
 */
export interface Exchange {
  /** The request's method, in upper case. */
  readonly method: string;
  /** The URL as the client sent it: a path with its query, or absolute. Never the part below a mount point. */
  readonly url: string;
  /** Whether the client speaks HTTPS, to us or to a proxy that the application trusts. */
  readonly secure: boolean;
  /** The client's address, behind proxies that the application trusts; `null` when unknown. */
  readonly clientAddress: string | null;
  /** The framework's own request object, handed to callbacks such as `redis.client` and `invalidateBefore`. */
  readonly request: unknown;
  /** A request header by its lower-case name; several `cookie` headers joined with `; `. */
  header(name: string): string | undefined;
  /**
   * Called once, before the request's handler runs, when the request has a session; never when its URL
   * is ignored and the handler does not ask for one. An adapter that must intercept the response to
   * commit before its headers leave does so here. Waiting for the session's first use would be too late:
   * `res.end(page(req.session))` takes the response's method first, and uses the session then.
   */
  interceptResponse?(): void;
  /** Called before a change of the session that needs a commit; throws where no response is going to carry one. */
  assertWritable?(): void;
  /**
   * Calls back once, when the response is finished or its connection is closed; soon, when that has happened already.
   * Without it, changes that are made after the response's head has left have to be saved before the event loop goes on.
   */
  onClose?(callback: () => void): void;
  /**
   * Calls back once, when the response has been sent past the adapter, which could not commit. Asked at the session's
   * first change. For frameworks that let a handler do so; without it, what such a handler has changed is lost silently.
   */
  onBypass?(callback: () => void): void;
}

/** What a session factory knows of the proxies in front. */
export interface ProxyTrust {
  /** How many of them are trusted, counted from this process. */
  readonly trustedHops: number;
}

/** A cookie with its attributes, for frameworks that do not take a `Set-Cookie` header. */
export interface ResponseCookie {
  readonly name: string;
  /** Of characters that need no encoding; empty for a deletion. */
  readonly value: string;
  /** Seconds: 0 for a deletion; `null` ends the cookie with the browser. */
  readonly maxAge: number | null;
  readonly path: string;
  /** `null` for the host alone. */
  readonly domain: string | null;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: 'strict' | 'lax' | 'none';
  readonly partitioned: boolean;
  readonly priority: 'low' | 'medium' | 'high' | null;
}

/** The head of a response that has not left yet. */
export interface ResponseHead {
  /** The status code as it stands now. */
  readonly status: number;
  /** `false` when the response can carry no cookie: it is treated like one that shared caches may store. Default `true`. */
  readonly takesCookies?: boolean;
  /** A response header by its lower-case name; `undefined` when it is not set. */
  get(name: string): string | undefined;
  /** Sets a header, replacing what was there. */
  set(name: string, value: string): void;
  /**
   * Adds one `Set-Cookie` header and keeps those of others.
   * @param value the header's value
   * @param cookie the same, taken apart. Before the session's cookie there may be the deletion of one with the same name
   * and another path, domain or partition: where there can be one cookie of a name, the last counts
   */
  appendCookie(value: string, cookie: ResponseCookie): void;
  /** Sets the header that has the session's token, replacing what was there. As a cookie, it must not reach shared caches. */
  setToken(name: string, value: string): void;
}
