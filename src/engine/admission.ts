import type { LoginChange, OwnerIndex, SessionStore } from '../stores/store.ts';
import { endRecord } from './end.ts';
import type { PendingLogin, SessionState } from './state.ts';

/** What the store needs to know to admit a login. */
export async function loginChange(state: SessionState, login: PendingLogin): Promise<LoginChange> {
  const { whenFull } = state.engine.options;
  const max = await roomFor(state, login.owner);
  // Rounded down: a login must not seem older than a change of password that was made just before it.
  const age = Math.max(0, Math.floor(performance.now() - login.at));
  return { age, max, whenFull };
}

/**
 * How many sessions the owner may have in the bucket of this login; 0 for any number, less than 0 for none.
 * Those of logins under older secrets count too, and make room first. No more of them can come, so they
 * may be counted before the store counts the others.
 */
async function roomFor(state: SessionState, owner: string): Promise<number> {
  const { keyring, options, events } = state.engine;
  const max = options.maxSessionsPerOwner ?? 0;
  const store = state.store!;
  const buckets = keyring.buckets(owner);
  if (max === 0 || buckets.length === 1 || !('listOwned' in store)) return max;
  const count = async (bucket: string): Promise<{ bucket: string; handle: string }[]> => {
    const owned = await (store as SessionStore & OwnerIndex).listOwned(bucket);
    const others = owned.filter(({ handle }) => handle !== state.key?.handle);
    return others.map(({ handle }) => ({ bucket, handle }));
  };
  const lists = await Promise.all(buckets.map(count));
  const newest = lists.pop()!;
  const older = lists.flat();
  const excess = older.length + newest.length + 1 - max;
  const surplus = options.whenFull === 'evict-oldest' ? older.splice(0, Math.max(0, excess)) : [];
  for (const key of surplus) {
    if (await endRecord(store, key)) events.emit('destroyed', { handle: key.handle, reason: 'evicted' });
  }
  // 0 would mean any number.
  return max - older.length || -1;
}
