import { SessionError } from '../errors.ts';
import type { DiscardReason } from '../events.ts';
import type { ResponseHead } from '../exchange.ts';
import { createRecord } from './create.ts';
import { endRecord } from './end.ts';
import type { FieldChanges } from './fields.ts';
import { rekeyRecord } from './rekey.ts';
import { allowsCookie } from './response.ts';
import { saveRecord } from './save.ts';
import type { RetiredRecord, SessionState } from './state.ts';

/**
 * Brings what the request did to its session to the store. `undefined` when there is nothing to bring:
 * the response then goes its way untouched.
 *
 * @param head the response's head when it is about to leave, `null` for a commit before that
 * @throws {SessionError} synchronously when a value cannot be serialised; rejects when the store fails
 */
export function commitSession(state: SessionState, head: ResponseHead | null): Promise<void> | undefined {
  if (state.committing !== null) return afterCommit(state, head);
  if (state.failed || state.phase === 'unloaded' || state.phase === 'degraded') return undefined;
  if (state.key === null && state.retired.length === 0 && !state.used) return undefined;
  let changes = state.fields.changes(state.key?.handle ?? '');
  if (changes === null && !hasMarks(state) && !state.touchDue) return undefined;
  if (state.phase !== 'ready') {
    drop(state, state.phase === 'ignored' ? 'ignored' : 'superseded', changes);
    state.fields.reset();
    return undefined;
  }
  if (head !== null) changes = restrict(state, head, changes);
  else if (state.finished && needsCookie(state, changes)) throw headersSent();
  if (changes === null && !hasMarks(state) && !state.touchDue) return undefined;
  state.committing = run(state, changes).finally(() => {
    state.committing = null;
  });
  return state.committing;
}

/** Gives up what this response must not carry out; what remains of the changes. */
function restrict(state: SessionState, head: ResponseHead, given: FieldChanges | null): FieldChanges | null {
  const { events, options } = state.engine;
  let changes = given;
  if (head.status >= 500 && !options.cookieOnException) {
    drop(state, 'exception', changes);
    changes = null;
  }
  if (!needsCookie(state, changes) || allowsCookie(state.engine, head)) return changes;
  if (state.login !== null) throw withheldLogin();
  events.emit('cookieSuppressed', { handle: state.key?.handle ?? null, reason: 'cacheable' });
  state.rotate = null;
  if (state.key !== null) return changes;
  drop(state, 'cacheable', changes);
  return null;
}

async function afterCommit(state: SessionState, head: ResponseHead | null): Promise<void> {
  try {
    await state.committing;
  } catch {
    // Its own caller was told. What it did not bring to the store is tried again.
  }
  await commitSession(state, head);
}

function hasMarks(state: SessionState): boolean {
  return state.login !== null || state.rotate !== null || state.timeout !== null || state.retired.length > 0;
}

/** Will the commit give the client a new id? */
function needsCookie(state: SessionState, changes: FieldChanges | null): boolean {
  return state.login !== null || (state.key === null ? changes !== null : state.rotate !== null);
}

/** Gives up what the request wrote and marked, except that sessions which were ended stay ended. */
function drop(state: SessionState, reason: DiscardReason, changes: FieldChanges | null): void {
  if (changes !== null || state.login !== null) {
    state.engine.events.emit('discarded', { handle: state.key?.handle ?? null, reason });
  }
  state.fields.committed(changes, state.key?.handle ?? '');
  state.login = null;
  state.rotate = null;
  state.timeout = null;
}

async function run(state: SessionState, changes: FieldChanges | null): Promise<void> {
  const { engine } = state;
  try {
    if (state.store === null) state.store = await engine.storeFor(state.exchange.request);
    while (state.retired.length > 0) {
      await endRecord(state.store, state.retired[0]!.key);
      announceEnd(state, state.retired.shift()!);
    }
    if (state.key === null) {
      if (changes !== null || state.login !== null) await createRecord(state);
    } else if (state.login !== null || state.rotate !== null) {
      await rekeyRecord(state);
    } else if (changes !== null || state.timeout !== null) {
      await saveRecord(state, changes);
    } else if (state.touchDue) {
      await touchRecord(state);
    }
  } catch (error) {
    const refused = error instanceof SessionError && error.code === 'ERR_SESSION_FULL';
    if (!refused) engine.events.emit('storeError', { operation: 'commit', error });
    throw error;
  }
}

/** A request that only reads is answered although its session could not be renewed: the next one tries again. */
async function touchRecord(state: SessionState): Promise<void> {
  try {
    await saveRecord(state, null);
  } catch (error) {
    if (!(error instanceof SessionError)) throw error;
    state.engine.events.emit('storeError', { operation: 'touch', error });
  }
}

function announceEnd(state: SessionState, { key, owner, reason }: RetiredRecord): void {
  const { events } = state.engine;
  if (reason === 'logout') events.emit('logout', { handle: key.handle, owner });
  events.emit('destroyed', { handle: key.handle, reason });
}

function withheldLogin(): SessionError {
  return new SessionError(
    'ERR_SESSION_COOKIE_WITHHELD',
    'A login was answered with a response that shared caches may store, so its cookie cannot be sent: ' +
      'answer with `Cache-Control: no-store`, or without `Cache-Control` and `Expires`',
  );
}

function headersSent(): SessionError {
  return new SessionError(
    'ERR_SESSION_HEADERS_SENT',
    'The session needs a new cookie, but the response has left already: call `await session.save()` before the first write',
  );
}
