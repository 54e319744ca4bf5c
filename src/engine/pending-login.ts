import type { BegunLogin, Epoch } from './epoch.ts';
import { PENDING_LOGIN_FIELD } from './field-names.ts';
import type { SessionState } from './state.ts';

/** Seconds. A store remembers for as long that the owner's sessions were revoked. */
export const MAX_PENDING_LOGIN_TIMEOUT = 3600;

/** A login that waits for its second factor. */
export interface PendingLoginInfo {
  readonly owner: string;
  readonly method: string | null;
  /** When the second factor was asked for. */
  readonly startedAt: Date;
  /** When it has to be there. */
  readonly expiresAt: Date;
}

/** Returns the login that waits for its second factor; `null` when there is none, or its time is over. */
export function pendingLoginOf(state: SessionState): PendingLoginInfo | null {
  if (state.epoch.pending.login !== null) return null;
  const { begunLogin } = state.epoch.pending;
  return begunLogin === null ? storedPendingLogin(state, state.store.now) : describe(dated(state, begunLogin));
}

/**
 * Returns the one that the session has had since before what this request has asked for; `null` as above.
 * @param at when its time must not have been over, milliseconds of the store's clock
 */
export function storedPendingLogin(state: SessionState, at: number): PendingLoginInfo | null {
  const stored = state.read(PENDING_LOGIN_FIELD);
  return isPendingLogin(stored) && stored[3] > at ? describe(stored) : null;
}

type StoredPendingLogin = readonly [owner: string, method: string | null, startedAt: number, expiresAt: number];

function isPendingLogin(value: unknown): value is StoredPendingLogin {
  if (!Array.isArray(value)) return false;
  const [owner, method, startedAt, expiresAt] = value as unknown[];
  const isText = typeof owner === 'string' && (method === null || typeof method === 'string');
  return isText && typeof startedAt === 'number' && typeof expiresAt === 'number';
}

function describe([owner, method, startedAt, expiresAt]: StoredPendingLogin): PendingLoginInfo {
  return { owner, method, startedAt: new Date(startedAt), expiresAt: new Date(expiresAt) };
}

/**
 * Writes a login that was begun in this request into its field. It stays pending until the
 * store has it.
 */
export async function storeBegunLogin(state: SessionState, epoch: Epoch, begunLogin: BegunLogin): Promise<void> {
  await state.store.ensureClock();
  epoch.fields.set(PENDING_LOGIN_FIELD, dated(state, begunLogin));
}

/** Returns a login that was begun in this request as it is stored, dated by the store's clock. */
function dated({ store }: SessionState, { owner, method, timeout, at }: BegunLogin): StoredPendingLogin {
  const startedAt = Math.floor(store.now - (performance.now() - at));
  return [owner, method, startedAt, startedAt + timeout * 1000];
}
