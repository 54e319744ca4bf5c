import { CSRF_FIELD } from '../session/csrf.ts';
import { SessionError } from '../errors.ts';
import type { LoginChange, RecordRekey, Stored, Written } from '../stores/store.ts';
import { loginChange } from './session-limit.ts';
import {
  announceEvictions,
  announceLogin,
  createRecord,
  detailsOf,
  idTaken,
  addIndexKeys,
  metaOf,
  newId,
  refuseLogin,
} from './create.ts';
import { UnreadableField, type FieldChanges } from './fields.ts';
import { goOn, saveRecord } from './save.ts';
import { ownerHashOf, keyOf } from '../crypto/session-id.ts';
import type { SessionState } from './state.ts';
import { newNonce, successorOf } from './rotation.ts';

const MAX_TAKEN_IDS = 3;
/** Each means that another request was faster, so this many in a row are no race any more. */
const MAX_CONFLICTS = 32;

/** Gives the session a new id, for a rotation or a login, together with what the request changed. */
export async function rekeyRecord(state: SessionState): Promise<void> {
  try {
    await move(state);
  } catch (error) {
    if (!(error instanceof UnreadableField)) throw error;
    state.abandon();
    if (state.login !== null || state.fields.changes('') !== null) await createRecord(state);
  }
}

async function move(state: SessionState): Promise<void> {
  let [taken, conflicts] = [0, 0];
  if (state.login !== null) await addIndexKeys(state, state.login);
  for (;;) {
    const [old, from] = [state.id!, state.key!];
    const login = state.login === null ? null : await loginChange(state, state.login);
    if (login !== null && login.max < 0) throw refuseLogin(state);
    const nonce = login === null && state.rotate === 'grace' ? newNonce() : '';
    const id = targetId(state, nonce);
    const to = keyOf(id);
    const { changes, expect } = changesFor(state, to.handle);
    const request = asMove(state, { changes, expect, nonce, login });
    const outcome = await state.store!.rekey(from, to, request);
    if (outcome.status === 'ok') return complete(state, id, request, outcome);
    announceEvictions(state, outcome.evicted ?? []);
    if (outcome.status === 'full') throw refuseLogin(state);
    if (outcome.status === 'conflict' || outcome.status === 'interrupted') {
      if (++conflicts === MAX_CONFLICTS) throw tooManyConflicts();
      if (outcome.status === 'conflict') state.fields.reload(outcome.fields, from.handle);
    } else if (outcome.status === 'exists') {
      if (++taken === MAX_TAKEN_IDS) throw idTaken();
    } else {
      // The session ended meanwhile, or a rotation made another of it.
      const dropped = state.login === null && changes.set.size + changes.delete.size > 0 ? changes : null;
      if (!goOn(state, old, outcome, dropped)) return await missed(state);
      if (state.login === null && state.rotate === 'grace') {
        // A concurrent request has rotated already: both clients shall end up with the same id.
        state.rotate = null;
        return await saveRecord(state, state.fields.changes(state.key!.handle));
      }
    }
  }
}

function tooManyConflicts(): SessionError {
  return new SessionError('ERR_SESSION_STORE', 'A session was changed so often that it could not get its new id');
}

function targetId(state: SessionState, nonce: string): string {
  const { login, engine, id } = state;
  if (login !== null) return newId(state, engine.keyring.ownerHash(login.owner));
  return nonce === '' ? newId(state, ownerHashOf(id!)) : successorOf(state, id!, nonce);
}

/** What the request changed, and, for values that are bound to their handle, everything else anew. */
function changesFor(
  state: SessionState,
  handle: string,
): { changes: FieldChanges; expect: Map<string, Stored | undefined> | null } {
  const { fields, engine } = state;
  const written = fields.changes(handle) ?? { set: new Map(), delete: new Set() };
  const carried = carryCsrfSecret(state, written, handle);
  if (engine.options.serializer.boundToHandle !== true) {
    return { changes: written, expect: carried ? new Map([[CSRF_FIELD, undefined]]) : null };
  }
  const { set, expect } = fields.rebind(handle);
  for (const [name, value] of written.set) set.set(name, value);
  for (const name of written.delete) set.delete(name);
  return { changes: { set, delete: written.delete }, expect };
}

/**
 * A login begins with a new CSRF secret. A rotation keeps the forms that are open in the browser valid:
 * a secret that was derived from the old id is stored now, unless a concurrent request has stored another.
 * Says whether it is.
 */
function carryCsrfSecret(state: SessionState, changes: FieldChanges, handle: string): boolean {
  if (changes.set.has(CSRF_FIELD)) return false;
  if (state.login !== null) {
    // Also one that a concurrent request has stored, of which this one does not know.
    changes.delete.add(CSRF_FIELD);
    return false;
  }
  if (state.fields.has(CSRF_FIELD)) return false;
  // Each of several secrets in rotation may have rendered a form.
  const secrets = state.engine.keyring.csrf(state.loadedId!);
  const value = secrets.length === 1 ? secrets[0] : secrets;
  changes.set.set(CSRF_FIELD, state.fields.serialize(CSRF_FIELD, value, handle));
  return true;
}

interface Move {
  readonly changes: FieldChanges;
  readonly expect: Map<string, Stored | undefined> | null;
  readonly nonce: string;
  readonly login: LoginChange | null;
}

function asMove(state: SessionState, { changes, expect, nonce, login }: Move): RecordRekey {
  const { rotationGrace, timeout, absoluteTimeout } = state.engine.options;
  const idle = state.timeout ?? (login === null ? null : timeout);
  const kept = nonce === '' ? rotationGrace : Math.max(rotationGrace, state.meta!.timeout);
  return {
    set: changes.set,
    delete: changes.delete,
    timeout: idle,
    expect,
    exact: state.engine.options.serializer.boundToHandle === true,
    trace: kept === 0 ? null : { nonce, grace: rotationGrace, keep: kept },
    login:
      login === null
        ? null
        : { ...login, details: detailsOf(state, state.login), absoluteTimeout: absoluteTimeout ?? 0 },
  };
}

function complete(state: SessionState, id: string, request: RecordRekey, { now, evicted }: Written): void {
  const previous = state.key!.handle;
  const { engine } = state;
  const timeout = request.timeout ?? state.meta!.timeout;
  const owned = request.login;
  const meta = owned === null ? { ...state.meta!, timeout } : metaOf({ ...owned, timeout, login: owned }, now);
  state.attach(id, keyOf(id), meta, now);
  state.fields.committed(request, state.key!.handle);
  state.rotate = null;
  state.timeout = null;
  state.cookie = 'set';
  if (owned === null) engine.events.emit('rotated', { handle: state.key!.handle, previous });
  else announceLogin(state, previous, evicted);
}

/**
 * The old session ended meanwhile. A rotation ends with it; a login begins a session of its own, as if it
 * had come a moment later, and takes over nothing that was stored.
 */
async function missed(state: SessionState): Promise<void> {
  if (state.login !== null) await createRecord(state);
}
