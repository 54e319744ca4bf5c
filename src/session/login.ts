import type { SessionState } from '../engine/state.ts';
import { SessionError } from '../errors.ts';
import { checkNumber, checkString, expected, isObject } from '../internal/validate.ts';
import type { PendingLoginInfo } from './session.ts';

/** The field of a login whose second factor is pending: owner, method, end in milliseconds. */
const PENDING_FIELD = '@p';
const PENDING_TIMEOUT = 300;

/** @throws {TypeError} unless it is a non-empty string */
export function checkOwner(owner: unknown): string {
  if (typeof owner === 'string' && owner !== '') return owner;
  throw expected(
    'owner',
    "a non-empty string, the application's user id",
    owner,
    'Convert other ids with `String(id)`',
  );
}

export function markLogin(
  state: SessionState,
  owner: string,
  method: string | undefined,
  index: Readonly<Record<string, string>> | undefined,
): void {
  checkOwner(owner);
  checkString('options.method', method, 'a word for how the owner authenticated');
  const indexKeys = indexKeysOf(state, index);
  requireSession(state);
  // A login is an act of its own: it may follow another that has taken the session over a moment ago.
  state.phase = 'ready';
  state.fields.delete(PENDING_FIELD);
  state.login = { owner, method: method ?? null, indexKeys, at: performance.now() };
}

export function markPending(
  state: SessionState,
  owner: string,
  method: string | undefined,
  timeout: number = PENDING_TIMEOUT,
): void {
  checkOwner(owner);
  checkString('options.method', method, 'a word for how the owner authenticated');
  checkNumber('options.timeout', timeout, { of: 'of seconds', min: 1 });
  requireSession(state);
  state.fields.set(PENDING_FIELD, [owner, method ?? null, timeNow(state) + timeout * 1000]);
  state.promisedId = null;
  state.rotate = state.key === null ? null : 'cut';
}

export function pendingLogin(state: SessionState): PendingLoginInfo | null {
  const stored = state.read(PENDING_FIELD) as [string, string | null, number] | undefined;
  if (stored === undefined || stored[2] <= timeNow(state)) return null;
  return { owner: stored[0], method: stored[1], expiresAt: new Date(stored[2]) };
}

/** By the store's clock, also where the store has not been needed yet. */
function timeNow(state: SessionState): number {
  const store = state.store ?? state.engine.storeFor(state.exchange.request);
  return store instanceof Promise ? Date.now() : store.now();
}

function requireSession(state: SessionState): void {
  if (state.phase !== 'ignored') return;
  throw new SessionError('ERR_SESSION_UNSUPPORTED', 'A URL that the `ignore` option names has no session to log in to');
}

function indexKeysOf(state: SessionState, index: unknown): string[] {
  if (index === undefined) return [];
  if (!isObject(index)) throw expected('options.index', 'an object of strings', index);
  return Object.entries(index).map(([name, value]: [string, unknown]) => {
    if (typeof value !== 'string' || value === '') throw expected(`options.index.${name}`, 'a non-empty string', value);
    return state.engine.keyring.indexKeys(name, value)[0]!;
  });
}
