import { isSharedByTarget, isUnshared, makeUnshared } from '../cookie/cache-control.ts';
import { diagnoseCookie, type CookieRequest } from '../cookie/diagnostics.ts';
import type { Exchange, ResponseHead } from '../exchange.ts';
import type { SessionConfig } from './config.ts';
import type { CookieEvidence } from './client-cookie.ts';
import { cookieLifetime } from './lifetimes.ts';
import type { SessionState } from './state.ts';

/** Returns whether a response may set a cookie; if not, a shared cache could hand it to others, or it takes none. */
export function allowsCookie(config: SessionConfig, head: Pick<ResponseHead, 'get' | 'takesCookies'>): boolean {
  if (head.takesCookies === false) return false;
  const { cookielessHeaders, isCookieless } = config;
  if (isCookieless !== null) return !isCookieless(head);
  if (isSharedByTarget(head)) return false;
  if (!cookielessHeaders.some((name) => head.get(name) !== undefined)) return true;
  return isUnshared(head.get('cache-control'));
}

/** Returns why a head allows no cookie: an error of which the framework makes the response later has no head to write into. */
export function suppressionOf({
  takesCookies,
  status,
}: Pick<ResponseHead, 'takesCookies' | 'status'>): 'cacheable' | 'exception' {
  return takesCookies === false && status >= 500 ? 'exception' : 'cacheable';
}

/** Decides what becomes of the client's cookie. Without evidence it stays as it is: the browser may have a newer one by now. */
export function decideCookie({ id, ended }: CookieEvidence, stored: boolean): 'set' | 'delete' | 'keep' {
  if (id !== null) return 'set';
  return ended && !stored ? 'delete' : 'keep';
}

/**
 * Writes the session's headers into a response's head: the cookie or the token, and those that make caches respect it. Takes effect
 * once, after the last commit and before the headers leave.
 */
export function writeSessionHeaders(state: SessionState, head: ResponseHead): void {
  if (state.headersWritten) return;
  const { config } = state.context;
  state.markHeadersWritten();
  const sent = !state.commitFailed && sendCookie(state, head);
  if (state.clearSiteData && !state.commitFailed) head.set('clear-site-data', '"cache", "storage"');
  if (sent || (state.accessed && state.phase !== 'ignored')) {
    addVary(config, head);
    if (head.get('cache-control') === undefined) head.set('cache-control', 'private, no-cache');
  }
}

/**
 * Looks at a head once more when nothing can change it any longer: a cookie of the session in a response that a
 * shared cache may store by now would reach other visitors, so such caching is taken back.
 */
export function finalizeHead(state: SessionState, head: ResponseHead): void {
  const { config, events } = state.context;
  if (!state.clientCookie.written) {
    if (state.accessed && state.phase !== 'ignored') addVary(config, head);
    return;
  }
  addVary(config, head);
  if (allowsCookie(config, head)) return;
  makeUnshared(head);
  events.emit('cacheControlOverridden', { handle: state.epoch.handle });
}

function sendCookie(state: SessionState, head: ResponseHead): boolean {
  const { config, events, keyring } = state.context;
  const { handle } = state.epoch;
  const decision = decideCookie(state.clientCookie.evidence, state.record !== null);
  if (decision === 'keep') return false;
  const { template, onException } = state.cookie;
  if (!allowsCookie(config, head)) {
    events.emit('cookieSuppressed', { handle, reason: suppressionOf(head) });
    return false;
  }
  if (decision === 'delete') {
    writeDeletion(state, head);
    state.clientCookie.markWritten();
    return true;
  }
  if (head.status >= 500 && !onException) {
    events.emit('cookieSuppressed', { handle, reason: 'exception' });
    return false;
  }
  const { id } = state.record!;
  const value = `${id}.${keyring.sign(id)}`;
  state.clientCookie.markWritten();
  if (state.token !== null) {
    head.setToken(config.tokenHeader, value);
    return true;
  }
  const lifetime = { secure: state.exchange.secure, maxAge: maxAge(state) };
  const text = template.serialize(value, lifetime);
  deleteOutdatedVariant(state, head);
  head.appendCookie(text, template.describe(value, lifetime));
  if (events.hasListeners('cookieWarning')) warn(state, handle!);
  return true;
}

/** Makes the client forget the session: by a cookie that is over, or an empty token. */
function writeDeletion(state: SessionState, head: ResponseHead): void {
  if (state.token !== null) return head.setToken(state.context.config.tokenHeader, '');
  const { template } = state.cookie;
  const { secure } = state.exchange;
  deleteOutdatedVariant(state, head);
  head.appendCookie(template.serializeDeletion({ secure }), template.describe('', { secure, maxAge: 0 }));
}

/**
 * Deletes the cookie of another path, domain or partition, which the browser would go on sending beside this one. It comes
 * before this one: to a browser that does not know partitions, and to a jar that has one cookie of a name, they are the same.
 */
function deleteOutdatedVariant({ cookie, exchange, clientCookie }: SessionState, head: ResponseHead): void {
  const { outdatedVariant } = clientCookie;
  if (outdatedVariant === null) return;
  const { template } = cookie;
  const deletion = { secure: exchange.secure, variant: outdatedVariant };
  head.appendCookie(template.serializeDeletion(deletion), template.describe('', { ...deletion, maxAge: 0 }));
}

function warn({ context, cookie, exchange }: SessionState, handle: string): void {
  for (const reason of diagnoseCookie(cookie.template, cookieRequestOf(exchange))) {
    context.events.emit('cookieWarning', { handle, reason });
  }
}

/** Reports once that the connection forbids the session's cookie. */
export function warnOfInsecurity({ clientCookie, context }: SessionState): void {
  if (!clientCookie.startInsecurityReport()) return;
  context.events.emit('cookieWarning', { handle: null, reason: clientCookie.insecurity! });
}

/** Returns what a cookie is compared with. */
export function cookieRequestOf(exchange: Exchange): CookieRequest {
  return {
    url: exchange.url,
    host: exchange.header('host'),
    secure: exchange.secure,
    forwardedProto: exchange.header('x-forwarded-proto'),
  };
}

/** Returns the cookie's `Max-Age`: the configured one or the session's own timeout, never past the absolute expiry. */
function maxAge({ cookie, record, store }: SessionState): number | null {
  const wanted = cookieLifetime(cookie.maxAge, record!.meta);
  const { expiresAt } = record!.meta;
  if (wanted === null || expiresAt === 0) return wanted;
  return Math.max(0, Math.min(wanted, Math.floor((expiresAt - store.answeredAt) / 1000)));
}

/** Adds to `Vary` what brings sessions, unless it is there, or `*` is (RFC 9110 section 12.5.5). */
function addVary({ vary: added }: SessionConfig, head: ResponseHead): void {
  const vary = head.get('vary');
  if (vary === undefined || vary.trim() === '') return head.set('vary', added.join(', '));
  const names = vary.split(',').map((name) => name.trim().toLowerCase());
  if (names.includes('*')) return;
  const missing = added.filter((name) => !names.includes(name.toLowerCase()));
  if (missing.length > 0) head.set('vary', [vary, ...missing].join(', '));
}
