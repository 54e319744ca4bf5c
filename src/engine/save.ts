import type { Conflict, Gone, Tombstone, RecordChange, SaveOutcome } from '../stores/store.ts';
import type { FieldChanges } from './fields.ts';
import type { SessionState } from './state.ts';
import { follow } from './rotation.ts';

/** Brings changes to the stored record, or renews its idle timeout when there are none. */
export async function saveRecord(state: SessionState, first: FieldChanges | null): Promise<void> {
  const { engine, fields } = state;
  const extendsCookie = engine.options.cookieMaxAge !== null && state.touchDue;
  let changes = first;
  for (;;) {
    const [id, { handle }] = [state.id!, state.key!];
    const request = asChange(changes, state.timeout);
    // Without expectations there are no conflicts.
    const outcome = (await state.store!.save(state.key!, request)) as Exclude<SaveOutcome, Conflict>;
    if (outcome.status !== 'ok') {
      if (!goOn(state, id, outcome, changes)) return;
      changes = fields.changes(state.key!.handle);
      continue;
    }
    fields.committed(changes, handle);
    if (state.timeout !== null) state.meta = { ...state.meta!, timeout: state.timeout };
    state.timeout = null;
    state.lastSeen = outcome.now;
    if (extendsCookie) state.cookie = 'set';
    if (changes === null) engine.events.emit('touched', { handle });
    else engine.events.emit('saved', { handle, set: changes.set.size, deleted: changes.delete.size });
    return;
  }
}

const NONE: ReadonlySet<string> = new Set();
const NOTHING: ReadonlyMap<string, never> = new Map<string, never>();

function asChange(changes: FieldChanges | null, timeout: number | null): RecordChange {
  return { set: changes?.set ?? NOTHING, delete: changes?.delete ?? NONE, timeout, expect: null };
}

/**
 * An operation found no record at `id`. Goes on with the session that a concurrent rotation made of it, or
 * loses it; says whether there is one. What the request does at the same time may have done that already.
 */
export function goOn(state: SessionState, id: string, found: Gone | Tombstone, changes: FieldChanges | null): boolean {
  if (state.id !== id) return state.id !== null;
  if (found.status === 'tombstone' && follow(state, found)) return true;
  lose(state, found.status === 'tombstone' ? 'superseded' : 'gone', changes);
  return false;
}

/**
 * The record ended, or a login moved it on, while the request ran. After a login the cookie is left
 * alone: the browser has a new one by now, or is about to. A login of this request's own is still to come,
 * and begins a session with what the request wrote itself.
 */
function lose(state: SessionState, reason: 'gone' | 'superseded', changes: FieldChanges | null): void {
  const { handle } = state.key!;
  const { events } = state.engine;
  if (reason === 'gone') events.emit('lost', { handle });
  if (changes !== null) events.emit('discarded', { handle, reason });
  state.detach();
  state.rotate = null;
  state.cookie = reason === 'gone' ? 'delete' : 'keep';
  if (state.login !== null) {
    state.fields.detach();
  } else {
    state.fields.reset();
    state.timeout = null;
    if (reason === 'superseded') state.phase = 'superseded';
  }
}
