import CachePolicy from 'http-cache-semantics';
import type { SharedCache } from 'websauna-session/testing';

interface Stored {
  policy: CachePolicy;
  readonly body: string;
}

/** Headers that only some caches read, in the order of preference, and what they mean for this one. */
const TARGETED = ['cdn-cache-control', 'surrogate-control', 'x-litespeed-cache-control'];

/**
 * A shared cache of RFC 9111 that follows targeted headers too (RFC 9213, and those of Surrogates, nginx and
 * LiteSpeed), and stores what they allow.
 */
export class HttpCache implements SharedCache {
  readonly #stored = new Map<string, Stored>();

  async fetch(request: Request, origin: (request: Request) => Promise<Response>): Promise<Response> {
    const asked = { url: request.url, method: request.method, headers: Object.fromEntries(request.headers) };
    const key = `${request.method} ${request.url}`;
    const known = this.#stored.get(key);
    if (known?.policy.satisfiesWithoutRevalidation(asked) === true) return answer(known);
    const conditional = known === undefined ? asked.headers : known.policy.revalidationHeaders(asked);
    const response = await origin(new Request(request, { headers: conditional as Record<string, string> }));
    const answered = { status: response.status, headers: targetedHeaders(response.headers) };
    if (known !== undefined && response.status === 304) {
      known.policy = known.policy.revalidatedPolicy(asked, answered).policy;
      return answer(known);
    }
    const body = await response.clone().text();
    const policy = new CachePolicy(asked, answered, { shared: true });
    if (policy.storable()) this.#stored.set(key, { policy, body });
    return response;
  }
}

function answer({ policy, body }: Stored): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(policy.responseHeaders())) {
    for (const each of [value ?? []].flat()) headers.append(name, each);
  }
  return new Response(body, { headers });
}

/**
 * Response headers with the one that this cache obeys in the place of `Cache-Control`. RFC 9111 lets caches store
 * responses with cookies, and with directives for some fields only; the library is more careful by default.
 */
function targetedHeaders(headers: Headers): Record<string, string | string[]> {
  const plain: Record<string, string | string[]> = Object.fromEntries(headers);
  const cookies = headers.getSetCookie();
  if (cookies.length > 0) plain['set-cookie'] = cookies;
  const name = TARGETED.find((each) => headers.has(each));
  const seconds = headers.get('x-accel-expires');
  let control = headers.get(name ?? 'cache-control');
  if (name === undefined && seconds !== null) control = seconds === '0' ? 'no-store' : `max-age=${seconds}`;
  // LiteSpeed stores none of what is not to be used without asking.
  if (name === 'x-litespeed-cache-control' && control === 'no-cache') control = 'no-store';
  if (control !== null) plain['cache-control'] = `${control.replaceAll(/(?:private|no-cache)="[^"]*",?/g, '')}, public`;
  return plain;
}
