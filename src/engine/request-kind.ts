import { readCookies } from '../cookie/read.ts';
import { isPlausibleCookieValue } from '../crypto/session-id.ts';
import type { Exchange } from '../exchange.ts';
import type { CookieConfig } from './config.ts';

/**
 * Returns whether a page is fetched ahead of a visit that may never come: `Sec-Purpose` (Fetch section 4.1) has
 * `prefetch`, or `prefetch;prerender` for a page that is rendered as well. `Purpose` and `X-Moz` are of older browsers.
 * `Next-Router-Prefetch`, with any value, is of the links of Next.js, whose script cannot set the first.
 */
export function isPrefetchRequest(exchange: Exchange): boolean {
  return (
    isPrefetch(exchange.header('sec-purpose')) ||
    isPrefetch(exchange.header('purpose')) ||
    isPrefetch(exchange.header('x-moz')) ||
    exchange.header('next-router-prefetch') !== undefined
  );
}

function isPrefetch(purpose: string | undefined): boolean {
  return /^\s*prefetch\b/i.test(purpose ?? '');
}

/**
 * Returns whether the browser may have withheld the session's cookie because of `SameSite`: the request comes from a page
 * of another site, as the `form_post` response of an identity provider does. `Lax` lets the cookie go with a visit by GET
 * (RFC 6265bis section 5.5). Without `Sec-Fetch-Site`, which browsers of today send over HTTPS, this is not known.
 */
export function isCookieWithheldBySite({ template }: CookieConfig, exchange: Exchange): boolean {
  const { sameSite, name } = template.attributes;
  if (sameSite === 'none' || exchange.header('sec-fetch-site') !== 'cross-site') return false;
  const { method } = exchange;
  if (sameSite === 'lax' && (method === 'GET' || method === 'HEAD')) return false;
  return readCookies(exchange.header('cookie'), name, 1, isPlausibleCookieValue) === undefined;
}
