import { isValidDate } from '../internal/validate.ts';
import type { FoundRecord, RecordKey, RecordMeta } from '../stores/store.ts';
import type { AdoptionRules, SessionContext } from './context.ts';

/** Why a record may not be used. */
export type AdoptionRefusal = 'owner' | 'expired' | 'authentication-changed';

/** A record with the lifetimes that are in force for it. */
export interface AdoptedRecord {
  readonly meta: RecordMeta;
  readonly refusal: AdoptionRefusal | null;
}

/**
 * Returns a record's metadata under the lifetimes of the factory, and why it may not be used, if so. A session under
 * an owner hash that is not its owner's would be out of reach of `owners.revoke`; and a program that can write into the
 * store must not make one owner's session another's.
 */
export function judgeRecord(
  key: RecordKey,
  { meta: stored, lastSeen, now }: Pick<FoundRecord, 'meta' | 'lastSeen' | 'now'>,
  rules: AdoptionRules,
  changedAt: number | null,
): AdoptedRecord {
  const meta = withinLifetimes(stored, rules);
  const idleSince = now - lastSeen;
  if (!isOwnersKey(key.ownerHash, meta.owner, rules)) return { meta, refusal: 'owner' };
  // Times are stored to a second.
  if (idleSince >= meta.timeout.seconds * 1000 + 1000) return { meta, refusal: 'expired' };
  if (meta.expiresAt > 0 && now >= meta.expiresAt) return { meta, refusal: 'expired' };
  if (changedAt !== null && meta.authenticatedAt < changedAt) return { meta, refusal: 'authentication-changed' };
  return { meta, refusal: null };
}

/** Returns whether a record of this owner, `null` for none, can be under a key with this hash. */
export function isOwnersKey(ownerHash: string | null, owner: string | null, rules: AdoptionRules): boolean {
  if (ownerHash === null || owner === null) return ownerHash === null && owner === null;
  return rules.isOwnerHashOf(ownerHash, owner);
}

/** Returns the metadata with the factory's present limits, which also apply to sessions from before they were set. */
function withinLifetimes(meta: RecordMeta, rules: AdoptionRules): RecordMeta {
  const { timeout, maxTimeout } = rules;
  const own = meta.timeout.adjusted ? meta.timeout.seconds : timeout;
  const seconds = maxTimeout === null ? own : Math.min(own, maxTimeout);
  // What the login has set is its own.
  const absoluteTimeout = meta.ownExpiry ? rules.maxAbsoluteTimeout : rules.absoluteTimeout;
  const limit = absoluteTimeout === null ? Infinity : meta.createdAt + absoluteTimeout * 1000;
  const expiresAt = Math.min(meta.expiresAt || Infinity, limit);
  const known = seconds === meta.timeout.seconds && (expiresAt === meta.expiresAt || expiresAt === Infinity);
  if (known) return meta;
  return {
    ...meta,
    timeout: { seconds, adjusted: meta.timeout.adjusted },
    expiresAt: expiresAt === Infinity ? 0 : expiresAt,
  };
}

/**
 * Asks the application since when the owner's sessions are valid, milliseconds; `null` when they all are.
 * @throws {TypeError} when its answer is not a valid date
 */
export async function authenticationChangedAt(
  { config }: SessionContext,
  owner: string,
  request: unknown,
): Promise<number | null> {
  if (config.invalidateBefore === null) return null;
  const changed: unknown = await config.invalidateBefore(owner, request);
  if (changed == null) return null;
  if (isValidDate(changed)) return changed.getTime();
  const got = changed instanceof Date ? 'an invalid Date' : `a ${typeof changed}`;
  throw new TypeError(`Expected \`invalidateBefore\` to return a valid Date or null, got ${got}`);
}
