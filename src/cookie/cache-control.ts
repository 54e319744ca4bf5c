/** Reads the headers of a response by their lower-case names. */
export interface HeaderReader {
  get(name: string): string | undefined;
}

/**
 * Headers that speak to some caches alone and override `Cache-Control` there (RFC 9213 and what came before it).
 * Those with directives are read like `Cache-Control`.
 */
const TARGETED_HEADERS = [
  'cdn-cache-control',
  'cloudflare-cdn-cache-control',
  'netlify-cdn-cache-control',
  'vercel-cdn-cache-control',
  'akamai-cache-control',
  'edge-control',
  'surrogate-control',
] as const;
const ACCEL_EXPIRES = 'x-accel-expires';
/** Of LiteSpeed, which follows it regardless of `Cache-Control`, and does not store what is `no-cache`. */
const LITESPEED = 'x-litespeed-cache-control';

/** Directives and parameters: a token, perhaps with a value that is a token or a quoted string (RFC 9111 section 5.2). */
const DIRECTIVE = /\s*([^\s,;="]+)(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,;"]*))?\s*(?:[,;]|$)|[^,;]*(?:[,;]|$)/gy;

/**
 * Returns whether a `Cache-Control` header keeps the response out of shared caches: by `no-store` or by a `private`
 * without field names. `no-cache` does not: it lets a cache store the response, and serve it after asking.
 */
export function isUnshared(value: string | undefined): boolean {
  // A quotation that does not end is read differently by different caches.
  if (value === undefined || value.replaceAll(/\\./g, '').split('"').length % 2 === 0) return false;
  for (const [, name, argument] of value.matchAll(DIRECTIVE)) {
    const directive = name?.toLowerCase();
    if (directive === 'no-store' || (directive === 'private' && argument === undefined)) return true;
  }
  return false;
}

/** Returns whether a header that speaks to some caches alone lets one of them store the response. */
export function isSharedByTarget(headers: HeaderReader): boolean {
  for (const name of TARGETED_HEADERS) {
    const value = headers.get(name);
    if (value !== undefined && !isUnshared(value)) return true;
  }
  const accel = headers.get(ACCEL_EXPIRES);
  if (accel !== undefined && accel.trim() !== '0') return true;
  const litespeed = headers.get(LITESPEED);
  return litespeed !== undefined && !isUnshared(litespeed.replaceAll(/\bno-cache\b/gi, 'no-store'));
}

/** Keeps a response out of shared caches, overriding its headers. */
export function makeUnshared(headers: HeaderReader & { set(name: string, value: string): void }): void {
  if (!isUnshared(headers.get('cache-control'))) headers.set('cache-control', 'private, no-cache');
  for (const name of TARGETED_HEADERS) {
    const value = headers.get(name);
    if (value !== undefined && !isUnshared(value)) headers.set(name, 'no-store');
  }
  if (headers.get(ACCEL_EXPIRES) !== undefined) headers.set(ACCEL_EXPIRES, '0');
  if (headers.get(LITESPEED) !== undefined) headers.set(LITESPEED, 'no-cache');
}
