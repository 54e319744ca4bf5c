import type { ResponseHead } from '../exchange.ts';
import { diagnoseCookie } from '../cookie/diagnostics.ts';
import type { Engine } from './context.ts';
import type { SessionState } from './state.ts';

/** Directives that keep a response out of shared caches (RFC 9111 section 5.2.2), or from being used unchecked. */
const UNSHARED = /(?:^|[\s,])(?:private|no-store|no-cache)(?:$|[\s,=])/i;

/** May this response set a cookie, or could a shared cache hand it to others? */
export function allowsCookie(engine: Engine, head: ResponseHead): boolean {
  const { cookielessHeaders, isCookieless } = engine.options;
  if (isCookieless !== null) return !isCookieless(head);
  if (!cookielessHeaders.some((name) => head.get(name) !== undefined)) return true;
  return UNSHARED.test(head.get('cache-control') ?? '');
}

/**
 * Writes what the session has to say into a response's head: the cookie, and that the response depends
 * on it. Called once, after the last commit and before the headers leave.
 */
export function finishHead(state: SessionState, head: ResponseHead): void {
  if (state.finished) return;
  state.finished = true;
  const sent = state.cookie !== 'keep' && !state.failed && sendCookie(state, head);
  if (state.clearSiteData && !state.failed) head.set('clear-site-data', '"cache", "storage"');
  if (sent || (state.used && state.phase !== 'ignored')) {
    addVary(head);
    if (head.get('cache-control') === undefined) head.set('cache-control', 'private, no-cache');
  }
}

function sendCookie(state: SessionState, head: ResponseHead): boolean {
  const { engine, exchange } = state;
  const { options, events } = engine;
  const { cookie } = options;
  const handle = state.key?.handle ?? null;
  if (!allowsCookie(engine, head)) {
    events.emit('cookieSuppressed', { handle, reason: 'cacheable' });
    return false;
  }
  if (state.cookie === 'delete') {
    head.appendCookie(cookie.serializeDeletion({ secure: exchange.secure }));
    return true;
  }
  if (head.status >= 500 && !options.cookieOnException) {
    events.emit('cookieSuppressed', { handle, reason: 'exception' });
    return false;
  }
  const id = state.id!;
  const value = `${id}.${engine.keyring.sign(id)}`;
  head.appendCookie(cookie.serialize(value, { secure: exchange.secure, maxAge: maxAge(state) }));
  if (events.wants('cookieWarning')) {
    for (const reason of diagnoseCookie(engine, exchange)) events.emit('cookieWarning', { handle: handle!, reason });
  }
  return true;
}

/** Seconds that the cookie may live: never past the absolute expiry. */
function maxAge(state: SessionState): number | null {
  const { cookieMaxAge: configured } = state.engine.options;
  if (configured === null) return null;
  const { expiresAt } = state.meta!;
  if (expiresAt === 0) return configured;
  return Math.max(0, Math.min(configured, Math.floor((expiresAt - state.store!.now()) / 1000)));
}

/** Adds `Cookie` to `Vary` unless it is there, or `*` is (RFC 9110 section 12.5.5). */
function addVary(head: ResponseHead): void {
  const vary = head.get('vary');
  if (vary === undefined || vary.trim() === '') return head.set('vary', 'Cookie');
  const names = vary.split(',').map((name) => name.trim().toLowerCase());
  if (!names.includes('*') && !names.includes('cookie')) head.set('vary', `${vary}, Cookie`);
}
