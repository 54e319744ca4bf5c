import { readCookies } from '../cookie/read.ts';
import type { Exchange } from '../exchange.ts';
import { addFlash } from '../session/flash.ts';
import type { FoundRecord, Tombstone, RecordKey } from '../stores/store.ts';
import type { VerifiedCookie } from '../crypto/cookie-verifier.ts';
import type { Engine } from './context.ts';
import { keyOf } from '../crypto/session-id.ts';
import { SessionState } from './state.ts';
import { findSuccessor } from './rotation.ts';

/** What `invalidateBefore` leaves on the fresh session, in the flash queue of no name. */
export const SESSION_INVALIDATED = 'session-invalidated';

/**
 * Opens the session of a request. Synchronous when there is nothing to ask the store for.
 * @throws {SessionError} when the store fails and `onStoreError` is `'fail'`
 */
export function openSession(engine: Engine, exchange: Exchange): SessionState | Promise<SessionState> {
  const state = new SessionState(engine, exchange);
  const { options } = engine;
  if (options.ignore(exchange.url)) {
    state.phase = 'ignored';
    return state;
  }
  state.interceptResponse();
  const values = readCookies(exchange.header('cookie'), options.cookie.name);
  if (values === undefined) return state;
  const cookies = verify(state, values);
  if (cookies.length === 0) return state;
  if (options.load === 'lazy') {
    state.phase = 'unloaded';
    return state;
  }
  return loadSession(state, cookies);
}

/** Loads a session that `load: 'lazy'` left unloaded. */
export async function loadLazily(state: SessionState): Promise<void> {
  if (state.phase !== 'unloaded') return;
  state.used = true;
  const { engine, exchange } = state;
  const values = readCookies(exchange.header('cookie'), engine.options.cookie.name) ?? [];
  await loadSession(state, verify(state, values));
}

/** The cookies that we signed. Nothing else in a cookie ever reaches the store. */
function verify(state: SessionState, values: readonly string[]): VerifiedCookie[] {
  const { cookies, events } = state.engine;
  const verified: VerifiedCookie[] = [];
  let reason: 'malformed' | 'signature' = 'malformed';
  for (const value of values) {
    const cookie = cookies.verify(value);
    if (typeof cookie === 'object') verified.push(cookie);
    else if (cookie === 'signature') reason = 'signature';
  }
  if (verified.length === 0) events.emit('rejected', { handle: null, reason, detail: null });
  return verified;
}

async function loadSession(state: SessionState, cookies: readonly VerifiedCookie[]): Promise<SessionState> {
  const { engine, exchange } = state;
  try {
    const store = engine.storeFor(exchange.request);
    state.store = store instanceof Promise ? await store : store;
    state.fresh ||= engine.options.fresh?.(exchange) === true;
    for (const cookie of cookies) {
      if (await openRecord(state, cookie)) {
        if (cookie.secret > 0 && state.key !== null) state.cookie = 'set';
        break;
      }
    }
  } catch (error) {
    engine.events.emit('storeError', { operation: 'load', error });
    if (engine.options.onStoreError === 'fail') throw error;
    state.detach();
    state.cookie = 'keep';
    state.phase = 'degraded';
    return state;
  }
  if (state.phase === 'unloaded') state.phase = 'ready';
  if (state.meta?.owner != null) await checkAuthentication(state, state.meta.owner);
  return state;
}

/** Opens the record of a cookie, or of the id that a rotation replaced it with. Says whether there is one. */
async function openRecord(state: SessionState, presented: VerifiedCookie): Promise<boolean> {
  const { events } = state.engine;
  let { id, key } = presented;
  for (;;) {
    const record = await state.store!.load(key, state.fresh);
    switch (record?.status) {
      case 'found':
        if (!belongs(state, key, record)) {
          events.emit('rejected', { handle: key.handle, reason: 'owner', detail: null });
          state.cookie = 'delete';
          return false;
        }
        accept(state, id, key, record);
        if (id !== presented.id) state.cookie = 'set';
        return true;
      case 'corrupt':
        // The cookie stays: what is unreadable to this version of the application may not be to the next.
        events.emit('rejected', { handle: key.handle, reason: 'corrupt', detail: record.reason });
        state.unreadable = { id, key };
        return true;
      case 'tombstone': {
        const successor = enterSuccessor(state, id, key, record);
        if (successor === null) return state.phase === 'superseded';
        id = successor;
        key = keyOf(id);
        break;
      }
      default:
        events.emit('rejected', { handle: key.handle, reason: 'not-found', detail: null });
        state.cookie = 'delete';
        return false;
    }
  }
}

/**
 * Is the record its key's? A session in a ownerHash that no secret leads to would be out of reach of
 * `owners.revoke`; and whoever can write into the store must not make one owner's session another's.
 */
function belongs(state: SessionState, { ownerHash }: RecordKey, { meta: { owner } }: FoundRecord): boolean {
  if (ownerHash === null || owner === null) return ownerHash === null && owner === null;
  return state.engine.keyring.isOwnerHashOf(ownerHash, owner);
}

function accept(state: SessionState, id: string, key: RecordKey, record: FoundRecord): void {
  state.attach(id, key, record.meta, record.lastSeen);
  state.isNew = false;
  state.cookie = 'keep';
  state.fields.load(record.fields, key.handle);
  state.engine.events.emit('loaded', { handle: key.handle });
}

/** The id that a rotation led to; `null` when it may not be followed. */
function enterSuccessor(state: SessionState, id: string, key: RecordKey, trace: Tombstone): string | null {
  const { events } = state.engine;
  const { handle } = key;
  if (trace.now < trace.graceUntil) {
    const successor = findSuccessor(state, id, trace);
    if (successor === null) {
      events.emit('rejected', { handle, reason: 'superseded', detail: null });
      state.phase = 'superseded';
    }
    return successor;
  }
  events.emit('rejected', { handle, reason: 'rotated', detail: null });
  events.emit('staleId', { handle, successor: trace.successor === '' ? null : trace.successor });
  state.cookie = 'delete';
  return null;
}

/** Ends a session that authenticated before the owner's password, or the like, was changed. */
async function checkAuthentication(state: SessionState, owner: string): Promise<void> {
  const { engine, exchange } = state;
  const changed = await engine.options.invalidateBefore?.(owner, exchange.request);
  if (changed == null || state.meta!.authenticatedAt >= changed.getTime()) return;
  engine.events.emit('rejected', { handle: state.key!.handle, reason: 'authentication-changed', detail: null });
  state.retire('authentication-changed');
  addFlash(state, SESSION_INVALIDATED, '', true);
}
