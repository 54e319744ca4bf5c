/** What the browser says about where a request comes from. */
export interface RequestOrigin {
  /** The request's method, in upper case. */
  readonly method: string;
  /** The `Sec-Fetch-Site` header. */
  readonly secFetchSite?: string | undefined;
  /** The `Origin` header. */
  readonly origin?: string | undefined;
  /** The host that the client asked for, as in the `Host` header, with its port. */
  readonly host?: string | undefined;
  /** Whether the client speaks HTTPS: then pages that came over plain HTTP are cross-site. */
  readonly secure?: boolean | undefined;
  /** Origins, as in `https://accounts.example.com`, that may send requests all the same. */
  readonly trustedOrigins?: readonly string[] | undefined;
}

/**
 * Classifies where a request comes from. `same-origin` may proceed; `cross-site`, which includes other origins
 * of the same site, must be refused; `unknown` says that the client is no browser of today, and a token
 * has to decide. GET, HEAD and OPTIONS change nothing and are always `same-origin`.
 *
 * `Sec-Fetch-Site` is asked first, because no page can forge it and no proxy changes what it means;
 * `Origin` against `Host` is the fallback. OWASP CSRF cheat sheet; ASVS 3.5.1 to 3.5.3; Fetch Metadata.
 */
export function classifyOrigin(request: RequestOrigin): 'same-origin' | 'cross-site' | 'unknown' {
  const { method, secFetchSite, origin, trustedOrigins = [] } = request;
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return 'same-origin';
  // Sandboxed frames and redirects across sites all share the origin `null`, so it cannot be trusted.
  if (origin !== undefined && origin !== 'null' && trustedOrigins.includes(origin)) return 'same-origin';
  if (secFetchSite !== undefined) {
    // `none`: the user started it, by the address bar or a bookmark.
    return secFetchSite === 'same-origin' || secFetchSite === 'none' ? 'same-origin' : 'cross-site';
  }
  if (origin === undefined) return 'unknown';
  return isOwnOrigin(origin, request.host, request.secure) ? 'same-origin' : 'cross-site';
}

function isOwnOrigin(origin: string, host: string | undefined, secure: boolean | undefined): boolean {
  const source = parse(origin);
  // A browser writes an origin in its one canonical form; anything else was made by something else.
  if (source === undefined || source.origin !== origin || host === undefined) return false;
  // An attacker who can inject pages into plain HTTP must not reach the HTTPS site with them. The other way
  // round is no attack, and common where TLS ends at a proxy that the application does not know of.
  if (secure === true && source.protocol !== 'https:') return false;
  if (/[/\\?#@]/.test(host)) return false;
  // Under the origin's own scheme a default port disappears from both.
  return parse(`${source.protocol}//${host}`)?.host === source.host;
}

function parse(url: string): URL | undefined {
  try {
    return new URL(url);
  } catch {
    return undefined;
  }
}
