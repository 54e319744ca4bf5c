import type { LoginChange, OwnerIndex, SessionStore } from '../stores/store.ts';
import type { Epoch, PendingLogin } from './epoch.ts';
import { explanationOf } from './explanation.ts';
import type { LoginLimits } from './lifetimes.ts';
import { endRecord } from './rotation.ts';
import type { SessionState } from './state.ts';

/** Returns what the store needs to know to accept a login. */
export async function loginChange(
  state: SessionState,
  epoch: Epoch,
  login: PendingLogin,
  { ownExpiry, remember }: LoginLimits,
): Promise<LoginChange> {
  const { onSessionLimit } = state.context.config;
  const max = await remainingSlots(state, epoch, login.owner);
  // Rounded down: a login must not seem older than a change of password that was made just before it.
  const age = Math.max(0, Math.floor(performance.now() - login.at));
  const { authenticatedAt, pendingSince } = login;
  return { age, authenticatedAt, pendingSince, max, onSessionLimit, ownExpiry, remember };
}

/**
 * Returns how many sessions the owner may have under the newest secret; 0 for any number, less than 0 for none.
 * Those of logins under older secrets count too, and make room first. No more of them can come, so they
 * may be counted before the store counts the others.
 */
async function remainingSlots(state: SessionState, epoch: Epoch, owner: string): Promise<number> {
  const { keyring, config, events } = state.context;
  const max = config.maxSessionsPerOwner ?? 0;
  const store = await state.store.connect();
  const ownerHashes = keyring.ownerHashes(owner);
  if (max === 0 || ownerHashes.length === 1 || !('listOwned' in store)) return max;
  const count = async (ownerHash: string): Promise<{ ownerHash: string; handle: string }[]> => {
    const owned = await (store as SessionStore & OwnerIndex).listOwned(ownerHash);
    const others = owned.filter(({ handle }) => handle !== epoch.record?.key.handle);
    return others.map(({ handle }) => ({ ownerHash, handle }));
  };
  const lists = await Promise.all(ownerHashes.map(count));
  const newest = lists.pop()!;
  const older = lists.flat();
  const excess = older.length + newest.length + 1 - max;
  const surplus = config.onSessionLimit === 'evict-oldest' ? older.splice(0, Math.max(0, excess)) : [];
  for (const key of surplus) {
    const ended = await endRecord(store, key, null, explanationOf(state.context, 'evicted'));
    if (ended === 'ended') events.emit('destroyed', { handle: key.handle, reason: 'evicted' });
  }
  // 0 would mean any number.
  return max - older.length || -1;
}
