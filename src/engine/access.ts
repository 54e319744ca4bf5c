import { SessionError } from '../errors.ts';
import type { SessionState } from './state.ts';

// What the application may do with its session at this moment. The first use makes the response depend on the cookie.

/**
 * Prepares for reading.
 * @throws {SessionError} `ERR_SESSION_NOT_LOADED`
 */
export function markAccessed(state: SessionState): void {
  state.markPersonal();
  if (state.phase === 'unloaded') {
    throw new SessionError('ERR_SESSION_NOT_LOADED', 'The session is not loaded: call `await session.load()` first');
  }
  if (state.headLeaving) state.armLateCheck();
  state.applyInitialData();
}

/**
 * Prepares for a change, which an exchange may refuse, as in a page that Next renders.
 * @throws {SessionError} as {@link assertStorable}
 */
export function assertWritable(state: SessionState): void {
  state.exchange.assertWritable?.();
  assertStorable(state);
}

/**
 * Prepares for a change that no exchange refuses.
 * @throws {SessionError} `ERR_SESSION_DEGRADED` when the store has failed, `ERR_SESSION_HEADERS_SENT` when the change
 * needs a cookie that cannot be sent any longer
 */
export function assertStorable(state: SessionState): void {
  markAccessed(state);
  if (state.phase === 'degraded') {
    throw new SessionError(
      'ERR_SESSION_DEGRADED',
      'The session cannot be changed because the store failed: check `session.degraded` first',
    );
  }
  if (state.headLeaving && state.record === null) throw headersSent('A session that is not stored cannot be changed');
  state.armBypassCheck();
}

/**
 * Prepares for a change that needs another cookie.
 * @throws {SessionError} `ERR_SESSION_PREFETCH`, `ERR_SESSION_HEADERS_SENT`, and as {@link assertWritable}
 */
export function assertCookieSendable(state: SessionState, operation: string): void {
  assertWritable(state);
  if (state.isPrefetch) {
    throw new SessionError(
      'ERR_SESSION_PREFETCH',
      `\`session.${operation}()\` is refused because a browser prefetches the page, which its user may never visit. The visit is a request of its own`,
    );
  }
  if (state.headLeaving) throw headersSent(`\`session.${operation}()\` cannot take effect`);
}

function headersSent(what: string): SessionError {
  return new SessionError(
    'ERR_SESSION_HEADERS_SENT',
    `${what} because the response's headers have left: do it before the response, or call \`await session.save()\` before the first write`,
  );
}
