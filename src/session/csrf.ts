import { CSRF_FIELD } from '../engine/field-names.ts';
import type { SessionState } from '../engine/state.ts';
import { SessionError } from '../errors.ts';
import { classifyOrigin } from './request-origin.ts';
import { createCsrfSecret, isCsrfSecret, maskCsrfSecret, verifyCsrfToken } from '../crypto/csrf-token.ts';

/**
 * Returns the secrets that tokens of this session are made from. A stored session without one has a secret that
 * is derived from its id: two pages that are rendered at once need no write, and agree.
 */
function secretsOf(state: SessionState): readonly unknown[] {
  const stored = state.read(CSRF_FIELD);
  if (stored !== undefined) return Array.isArray(stored) ? stored : [stored];
  const { record, context } = state;
  return record === null ? [] : context.keyring.csrf(record.originalId);
}

export function renewCsrfToken(state: SessionState): string {
  state.exchange.assertWritable?.();
  const secret = createCsrfSecret();
  state.epoch.fields.set(CSRF_FIELD, secret);
  return maskCsrfSecret(secret);
}

export function csrfToken(state: SessionState): string {
  // A session that cannot be stored renders a form that cannot be sent, rather than no page at all.
  if (state.phase !== 'ready') return maskCsrfSecret(createCsrfSecret());
  // A login that is about to be stored replaces the secret.
  const { pending, fields } = state.epoch;
  if (pending.login !== null && !fields.isWritten(CSRF_FIELD)) return renewCsrfToken(state);
  const secret = secretsOf(state).find(isCsrfSecret);
  return secret === undefined ? renewCsrfToken(state) : maskCsrfSecret(secret);
}

export function verifyToken(state: SessionState, token: unknown): boolean {
  // All are compared, so that the time does not depend on which one matches.
  return secretsOf(state).filter((secret) => verifyCsrfToken(token, secret)).length > 0;
}

/**
 * A session token is no ambient authority: a page of another site does not have it, and cannot make the browser send it.
 * So a request that uses the header needs no CSRF token. One that has not chosen it by itself must not come from another
 * site all the same: a browser, or a proxy, may have authenticated it by other means.
 *
 * @throws {SessionError} `ERR_SESSION_CSRF`
 */
export function requireToken(state: SessionState, token: unknown, trustedOrigins: readonly string[]): void {
  const { exchange, token: sessionToken } = state;
  const { method, secure } = exchange;
  if (sessionToken?.isChosen === true) return;
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return;
  const verdict = classifyOrigin({
    method,
    secFetchSite: exchange.header('sec-fetch-site'),
    origin: exchange.header('origin'),
    host: exchange.header('host'),
    secure,
    trustedOrigins,
  });
  if (verdict === 'cross-site') {
    throw refused(state, 'The request comes from another site: list its origin in `trustedOrigins` if it may');
  }
  if (sessionToken === null && !verifyToken(state, token)) {
    throw refused(state, 'The form has no valid CSRF token: render `session.getCsrfToken()` into it');
  }
}

function refused(state: SessionState, message: string): SessionError {
  const { exchange, epoch, context } = state;
  const { clientAddress } = exchange;
  context.events.emit('refused', { handle: epoch.handle, reason: 'csrf', clientAddress });
  return new SessionError('ERR_SESSION_CSRF', message);
}
