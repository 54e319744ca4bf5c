import { fieldName } from './field-names.ts';
import type { SessionMigration } from './migration.ts';
import type { SessionState } from './state.ts';

/**
 * Asks the commit to store whose session it is, which it has been before: the old id leads to it for a while. A later
 * request can do it, too.
 * @param since milliseconds: when the owner has authenticated at the latest
 */
export function requestAdoption(state: SessionState, owner: string, since: number): void {
  if (state.headLeaving || state.isPrefetch || state.clientCookie.insecurity !== null) return;
  state.requestLogin({
    owner,
    method: null,
    indexKeys: [],
    at: performance.now(),
    authenticatedAt: Math.max(1, since),
    pendingSince: null,
    isAdoption: true,
    timeout: null,
    absoluteTimeout: undefined,
    remember: null,
    keep: true,
  });
}

/** Makes a session that comes from another library its owner's. */
export function adoptForeignOwner(state: SessionState, migration: SessionMigration): void {
  const { epoch, record } = state;
  if (record === null || record.meta.owner !== null) return;
  const data = Object.create(null) as Record<string, unknown>;
  for (const key of epoch.fields.keys()) {
    data[key] = state.read(fieldName(key));
    // What cannot be read is no session any longer.
    if (state.epoch !== epoch) return;
  }
  const owner = migration.ownerOf(data);
  if (owner === null) return;
  // The other library has not said when. What is converted must not look as if its owner had just logged in.
  requestAdoption(state, owner, record.meta.createdAt - record.meta.timeout.seconds * 1000);
}
