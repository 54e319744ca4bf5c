import type { EndReason } from '../events.ts';
import type { OwnerIndex, SessionStore } from '../stores/store.ts';
import { MAX_LIFETIME_SECONDS } from '../internal/validate.ts';
import type { SessionContext } from './context.ts';
import { explanationOf } from './explanation.ts';
import { MAX_PENDING_LOGIN_TIMEOUT } from './pending-login.ts';

/**
 * Ends the sessions of an owner, in one step for each secret; returns the ended handles.
 * @param except the handle of a session to spare
 * @param by who ends them, for the audit trail; `null` where it is not said
 */
export async function revokeOwner(
  context: SessionContext,
  store: SessionStore & OwnerIndex,
  owner: string,
  except: string | null,
  reason: EndReason,
  by: string | null = null,
): Promise<string[]> {
  const handles: string[] = [];
  const explanation = explanationOf(context, reason, by);
  for (const ownerHash of context.keyring.ownerHashes(owner)) {
    handles.push(...(await store.revokeOwned(ownerHash, except, null, longestLife(context), explanation)));
  }
  announceRevocation(context, owner, handles, reason);
  return handles;
}

/** Reports the end of sessions of one owner, `null` where they were found by an index. */
export function announceRevocation(
  { events }: SessionContext,
  owner: string | null,
  handles: readonly string[],
  reason: EndReason = 'revoked',
): void {
  events.emit('revoked', { owner, handles });
  for (const handle of handles) events.emit('destroyed', { handle, reason });
}

/** Returns the seconds that a session can live on unseen. */
export function longestLife({ config }: SessionContext): number {
  const { maxTimeout, maxAbsoluteTimeout } = config;
  // Logins may set longer limits than the factory's, unless it bounds them.
  const longest = Math.min(maxTimeout ?? MAX_LIFETIME_SECONDS, maxAbsoluteTimeout ?? MAX_LIFETIME_SECONDS);
  return Math.max(MAX_PENDING_LOGIN_TIMEOUT, longest);
}
