import { untrustedHttps } from '../internal/forwarded.ts';
import type { CookieTemplate } from './set-cookie.ts';

/** Why a browser may refuse a cookie, or fail to send it back. */
export type CookieProblem =
  | 'untrusted-proxy' // a proxy says HTTPS, but the application trusts none: sent without `Secure`
  | 'path' // the request's path is outside `cookie.path`
  | 'domain'; // the request's host is outside `cookie.domain`

/** What a cookie is compared with. */
export interface CookieRequest {
  readonly url: string;
  /** The `Host` header. */
  readonly host: string | undefined;
  readonly secure: boolean;
  /** The `X-Forwarded-Proto` header. */
  readonly forwardedProto: string | undefined;
}

/** Returns why the browser may refuse the cookie that a response sets, or fail to send it back. */
export function diagnoseCookie(cookie: CookieTemplate, request: CookieRequest): CookieProblem[] {
  const { path, domain } = cookie.attributes;
  const host = hostNameOf(request);
  const problems: CookieProblem[] = [];
  if (untrustedHttps(request.forwardedProto, 0, request.secure)) problems.push('untrusted-proxy');
  if (!pathMatches(pathOf(request.url), path)) problems.push('path');
  if (domain !== null && !domainMatches(host, domain)) problems.push('domain');
  return problems;
}

/**
 * Returns why a cookie must neither be read from a request nor be sent with its response: it is always `Secure`, and the
 * request did not come over HTTPS, as far as the application can know. `null` when it may. Plain HTTP within one machine
 * is taken for secure, as browsers do.
 */
export function findInsecurity(
  cookie: CookieTemplate,
  request: CookieRequest,
): 'secure-over-http' | 'untrusted-proxy' | null {
  if (request.secure || !cookie.isSecure(false)) return null;
  if (untrustedHttps(request.forwardedProto, 0, false)) return 'untrusted-proxy';
  return isLoopback(hostNameOf(request)) ? null : 'secure-over-http';
}

function hostNameOf({ host = '' }: CookieRequest): string {
  return host.replace(/:\d+$/, '').toLowerCase();
}

/** Browsers treat these as secure under any scheme. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '127.0.0.1' || host === '[::1]';
}

function pathOf(url: string): string {
  const path = url.startsWith('/') ? url : URL.canParse(url) ? new URL(url).pathname : '/';
  return path.replace(/[?#].*/s, '');
}

/** RFC 6265 section 5.1.4. */
function pathMatches(requested: string, path: string): boolean {
  return requested === path || (requested.startsWith(path) && (path.endsWith('/') || requested[path.length] === '/'));
}

/** RFC 6265 section 5.1.3. */
function domainMatches(host: string, domain: string): boolean {
  const bare = domain.replace(/^\./, '').toLowerCase();
  return host === bare || host.endsWith(`.${bare}`);
}
