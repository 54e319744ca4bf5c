import type { LoginChange, OwnerIndex, SessionStore } from '../stores/store.ts';
import { endRecord } from './end.ts';
import type { PendingLogin, SessionState } from './state.ts';

/** What the store needs to know to admit a login. */
export async function loginChange(state: SessionState, login: PendingLogin): Promise<LoginChange> {
  const { onSessionLimit } = state.engine.options;
  const max = await roomFor(state, login.owner);
  // Rounded down: a login must not seem older than a change of password that was made just before it.
  const age = Math.max(0, Math.floor(performance.now() - login.at));
  return { age, max, onSessionLimit };
}

/**
 * How many sessions the owner may have in the ownerHash of this login; 0 for any number, less than 0 for none.
 * Those of logins under older secrets count too, and make room first. No more of them can come, so they
 * may be counted before the store counts the others.
 */
async function roomFor(state: SessionState, owner: string): Promise<number> {
  const { keyring, options, events } = state.engine;
  const max = options.maxSessionsPerOwner ?? 0;
  const store = state.store!;
  const ownerHashes = keyring.ownerHashes(owner);
  if (max === 0 || ownerHashes.length === 1 || !('listOwned' in store)) return max;
  const count = async (ownerHash: string): Promise<{ ownerHash: string; handle: string }[]> => {
    const owned = await (store as SessionStore & OwnerIndex).listOwned(ownerHash);
    const others = owned.filter(({ handle }) => handle !== state.key?.handle);
    return others.map(({ handle }) => ({ ownerHash, handle }));
  };
  const lists = await Promise.all(ownerHashes.map(count));
  const newest = lists.pop()!;
  const older = lists.flat();
  const excess = older.length + newest.length + 1 - max;
  const surplus = options.onSessionLimit === 'evict-oldest' ? older.splice(0, Math.max(0, excess)) : [];
  for (const key of surplus) {
    if (await endRecord(store, key)) events.emit('destroyed', { handle: key.handle, reason: 'evicted' });
  }
  // 0 would mean any number.
  return max - older.length || -1;
}
