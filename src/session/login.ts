import { MAX_PENDING_LOGIN_TIMEOUT, storedPendingLogin } from '../engine/pending-login.ts';
import type { SessionState } from '../engine/state.ts';
import { SessionError } from '../errors.ts';
import {
  checkNames,
  checkNumber,
  checkOwner,
  checkString,
  expected,
  isObject,
  OF_SECONDS,
} from '../internal/validate.ts';

export interface LoginOptions {
  /** How the owner authenticated, in the application's words, such as `password` or `passkey`. */
  method?: string;
  /**
   * What else the session can be found by, such as `{ sid }` for an identity provider's session id; see
   * `factory.owners.revokeBy`. Default: what the last login of the same owner in this session has set, or nothing.
   */
  index?: Readonly<Record<string, string>>;
  /** When the owner authenticated, such as an identity provider's `auth_time`. Default: now. */
  authenticatedAt?: Date;
}

export interface BeginLoginOptions {
  /** How the owner has authenticated so far, in the application's words. */
  method?: string;
  /** Seconds that the owner has for the second factor, at most 3600. Default 300. */
  timeout?: number;
}

const PENDING_LOGIN_TIMEOUT = 300;

/** Marks a login for the commit. */
export function requestLogin(state: SessionState, owner: string, options: LoginOptions): void {
  checkOwner(owner);
  checkNames('options', options, ['method', 'index', 'authenticatedAt']);
  const { method, index, authenticatedAt } = options;
  checkMethod(method);
  const indexKeys = indexKeysOf(state, index);
  const authenticated = dateOf(authenticatedAt);
  requireSession(state);
  const sameOwner = state.record?.meta.owner === owner;
  state.requestLogin({
    owner,
    method: method ?? null,
    indexKeys: indexKeys ?? (sameOwner ? null : []),
    at: performance.now(),
    authenticatedAt: authenticated,
    pendingSince: pendingSince(state, owner),
  });
}

/** Milliseconds; `null` for a login that has not waited for a second factor, or begins in this request. */
function pendingSince(state: SessionState, owner: string): number | null {
  const { login, begunLogin } = state.epoch.pending;
  if (login?.owner === owner) return login.pendingSince;
  if (begunLogin !== null) return null;
  const stored = storedPendingLogin(state);
  return stored?.owner === owner ? stored.startedAt.getTime() : null;
}

/** Marks the first factor of a login for the commit. */
export function requestBegunLogin(state: SessionState, owner: string, options: BeginLoginOptions): void {
  checkOwner(owner);
  checkNames('options', options, ['method', 'timeout']);
  const { method, timeout = PENDING_LOGIN_TIMEOUT } = options;
  checkMethod(method);
  checkNumber('options.timeout', timeout, { of: OF_SECONDS, min: 1, max: MAX_PENDING_LOGIN_TIMEOUT });
  requireSession(state);
  const { epoch } = state;
  epoch.releaseReservedId();
  state.requestBegunLogin({ owner, method: method ?? null, timeout, at: performance.now() });
}

function checkMethod(method: unknown): void {
  checkString('options.method', method, 'a word for how the owner authenticated');
  // No store keeps lone surrogates apart.
  if (typeof method === 'string' && !method.isWellFormed()) {
    throw expected('options.method', 'text without lone surrogates', method);
  }
}

function requireSession(state: SessionState): void {
  if (state.phase !== 'ignored') return;
  throw new SessionError('ERR_SESSION_UNSUPPORTED', 'A URL that the `ignore` option names has no session to log in to');
}

function dateOf(date: unknown): number | null {
  if (date === undefined) return null;
  // 0 would stand for no login.
  if (date instanceof Date && date.getTime() > 0) return date.getTime();
  throw expected('options.authenticatedAt', 'a valid Date after 1970 began', date);
}

function indexKeysOf(state: SessionState, index: unknown): string[] | null {
  if (index === undefined) return null;
  if (!isObject(index)) throw expected('options.index', 'an object of strings', index);
  return Object.entries(index).map(([name, value]: [string, unknown]) => {
    if (name === '') throw expected('options.index', 'an object without an empty name', index);
    if (typeof value !== 'string' || value === '') throw expected(`options.index.${name}`, 'a non-empty string', value);
    return state.context.keyring.indexKeys(name, value)[0]!;
  });
}
