import type { SessionState } from './state.ts';
import { loadLazily } from './open.ts';
import { goOn } from './save.ts';

/**
 * Reads the session again, from the store itself. What others did to it since shows; what this request
 * changed stays. A session that has ended meanwhile is lost, as at the commit.
 */
export async function reloadSession(state: SessionState): Promise<void> {
  await state.committing;
  state.fresh = true;
  if (state.phase === 'unloaded') return await loadLazily(state);
  while (state.key !== null && state.phase === 'ready') {
    const [id, key] = [state.id!, state.key];
    const record = await state.store!.load(key, true);
    // A commit of the same request has given it another id.
    if (state.key !== key) continue;
    if (record?.status === 'corrupt') return state.abandon();
    if (record?.status === 'found') {
      state.meta = record.meta;
      state.lastSeen = record.lastSeen;
      state.fields.reload(record.fields, key.handle);
      return;
    }
    goOn(state, id, record ?? { status: 'gone' }, state.fields.changes(key.handle));
  }
}
