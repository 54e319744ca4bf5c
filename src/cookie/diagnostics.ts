import type { Engine } from '../engine/context.ts';
import type { CookieReason } from '../events.ts';
import type { Exchange } from '../exchange.ts';
import { untrustedHttps } from '../internal/forwarded.ts';

type Doubt = Exclude<CookieReason, 'cacheable' | 'exception'>;

/** Why the browser may refuse the cookie that this response sets, or fail to send it back. */
export function diagnoseCookie(engine: Engine, exchange: Exchange): Doubt[] {
  const { cookie } = engine.options;
  const { path, domain } = cookie.attributes;
  const doubts: Doubt[] = [];
  const forwarded = exchange.header('x-forwarded-proto');
  if (untrustedHttps(forwarded, 0, exchange.secure)) doubts.push('untrusted-proxy');
  else if (!exchange.secure && cookie.isSecure(false) && !isLoopback(hostOf(exchange))) doubts.push('secure-over-http');
  if (!pathMatches(pathOf(exchange.url), path)) doubts.push('path');
  if (domain !== null && !domainMatches(hostOf(exchange), domain)) doubts.push('domain');
  return doubts;
}

function hostOf(exchange: Exchange): string {
  const host = exchange.header('host') ?? '';
  return host.replace(/:\d+$/, '').toLowerCase();
}

/** Browsers treat these as secure whatever the scheme. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '127.0.0.1' || host === '[::1]';
}

function pathOf(url: string): string {
  const path = url.startsWith('/') ? url : URL.canParse(url) ? new URL(url).pathname : '/';
  return path.replace(/[?#].*$/s, '');
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
