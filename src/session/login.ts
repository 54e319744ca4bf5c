import { checkKey } from './dict.ts';
import { MAX_PENDING_LOGIN_TIMEOUT, storedPendingLogin } from '../engine/pending-login.ts';
import type { SessionState } from '../engine/state.ts';
import { SessionError } from '../errors.ts';
import {
  checkBoolean,
  checkNames,
  checkNumber,
  checkOwner,
  checkString,
  expected,
  isObject,
  MAX_LIFETIME_SECONDS,
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
  /**
   * `true`: a cookie that outlives the browser's session, for as long as the session may be idle; `false`: one that ends
   * with the browser, also where `cookie.maxAge` is set. Default: what the last login of the same owner in this session has
   * set, or else what `cookie.maxAge` says.
   */
  remember?: boolean;
  /**
   * Seconds of inactivity after which this session ends, at most `maxTimeout`, and 400 days; it may be longer than the
   * factory's. Default: for a login of the same owner again the session's own, or else the factory's.
   */
  timeout?: number;
  /**
   * Seconds after which this session ends although it is used, at most `maxAbsoluteTimeout`, and 400 days; `null` for
   * never. It may be longer than the factory's. Default: a login of the same owner again keeps the end that the session
   * has; every other gets the factory's.
   */
  absoluteTimeout?: number | null;
  /**
   * Fields that a login as another owner takes over from the present owner's session; `true` for all. Default: none. The
   * first login of an anonymous session keeps all of them, and so does one of the same owner.
   */
  keep?: readonly string[] | true;
}

const LOGIN_OPTION_NAMES = Object.keys({
  method: true,
  index: true,
  authenticatedAt: true,
  remember: true,
  timeout: true,
  absoluteTimeout: true,
  keep: true,
} satisfies Record<keyof LoginOptions, true>);

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
  checkNames('options', options, LOGIN_OPTION_NAMES);
  const { method, index, authenticatedAt, remember, keep = [] } = options;
  checkMethod(method);
  const indexKeys = indexKeysOf(state, index);
  const authenticated = dateOf(authenticatedAt);
  checkBoolean('options.remember', remember);
  checkKeep(keep);
  checkLimits(state, owner, options);
  requireSession(state);
  // What an earlier call of this request has said stays, like what an earlier login has.
  const { login } = state.epoch.pending;
  const earlier = login?.owner === owner ? login : null;
  state.requestLogin({
    owner,
    method: method ?? null,
    indexKeys: indexKeys ?? earlier?.indexKeys ?? null,
    at: performance.now(),
    authenticatedAt: authenticated,
    pendingSince: pendingSince(state, owner),
    timeout: options.timeout ?? earlier?.timeout ?? null,
    absoluteTimeout: options.absoluteTimeout === undefined ? earlier?.absoluteTimeout : options.absoluteTimeout,
    remember: remember ?? earlier?.remember ?? null,
    keep,
  });
}

function checkKeep(keep: unknown): void {
  if (keep === true) return;
  if (!Array.isArray(keep)) throw expected('options.keep', 'an array of field names, or true for all fields', keep);
  for (const key of keep) checkKey(key);
}

/** @throws {TypeError} for limits that are out of range, or contradict each other */
function checkLimits(state: SessionState, owner: string, { timeout, absoluteTimeout }: LoginOptions): void {
  const { config } = state.context;
  const max = config.maxTimeout ?? MAX_LIFETIME_SECONDS;
  checkNumber('options.timeout', timeout, { of: OF_SECONDS, min: 1, max });
  const maxAbsolute = config.maxAbsoluteTimeout ?? MAX_LIFETIME_SECONDS;
  const orNull = config.maxAbsoluteTimeout === null ? { orNull: 'null for never' } : {};
  checkNumber('options.absoluteTimeout', absoluteTimeout, { of: OF_SECONDS, min: 1, max: maxAbsolute, ...orNull });
  if (timeout === undefined) return;
  // A login of the same owner keeps the end that there is, however far it is.
  const isSameOwner = (state.epoch.pending.login?.owner ?? state.record?.meta.owner) === owner;
  const end = absoluteTimeout === undefined && !isSameOwner ? config.absoluteTimeout : (absoluteTimeout ?? null);
  if (end === null || timeout <= end) return;
  const what = `at most the absolute timeout, which is ${end}`;
  throw expected(
    'options.timeout',
    what,
    timeout,
    'Set `absoluteTimeout` too, or to null for a session without an end',
  );
}

/** Milliseconds; `null` for a login that has not waited for a second factor, or begins in this request. */
function pendingSince(state: SessionState, owner: string): number | null {
  const { login, begunLogin } = state.epoch.pending;
  if (login?.owner === owner) return login.pendingSince;
  if (begunLogin !== null) return null;
  // The request has found it in time. While the second factor was checked, its time may have passed.
  const stored = storedPendingLogin(state, state.store.firstAnsweredAt);
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
