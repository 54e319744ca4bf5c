import { SessionError } from '../errors.ts';
import type { NewRecord, RecordDetails, RecordMeta, SessionStore, LoginIndex } from '../stores/store.ts';
import { loginChange } from './session-limit.ts';
import { makeId, keyOf } from '../crypto/session-id.ts';
import type { PendingLogin, SessionState } from './state.ts';

/** An id that is taken is a broken generator's or a one-in-2^256 chance; a few more tries tell them apart. */
const MAX_ATTEMPTS = 3;
/** Long enough for every browser of today; what is longer is nobody's. */
const MAX_AGENT_LENGTH = 512;

/** A new id: the application's generator's, or 256 random bits. */
export function newId(state: SessionState, ownerHash: string | null): string {
  return makeId(ownerHash, state.engine.options.generateId());
}

export function idTaken(): SessionError {
  return new SessionError(
    'ERR_SESSION_ID_GENERATOR',
    'The session ids that `idGenerator` gave are all taken: it must give a new, unguessable id each time',
  );
}

/** What the store keeps about who opened or took over the session. */
export function detailsOf(state: SessionState, login: PendingLogin | null): RecordDetails {
  const { exchange } = state;
  return {
    owner: login?.owner ?? null,
    method: login?.method ?? null,
    address: exchange.clientAddress,
    agent: exchange.header('user-agent')?.slice(0, MAX_AGENT_LENGTH) ?? null,
    indexKeys: login?.indexKeys ?? [],
  };
}

/** What the store has made of a new or newly owned record. */
export function metaOf(record: Omit<NewRecord, 'fields'>, now: number): RecordMeta {
  const { details, timeout, absoluteTimeout, login } = record;
  return {
    ...details,
    createdAt: now,
    timeout,
    expiresAt: absoluteTimeout === 0 ? 0 : now + absoluteTimeout * 1000,
    authenticatedAt: login === null ? 0 : now - login.age,
  };
}

/** Makes the session findable by its indexKeys, before it exists: then there is none that cannot be found. */
export async function addIndexKeys(state: SessionState, login: PendingLogin): Promise<void> {
  if (login.indexKeys.length === 0) return;
  const store = state.store!;
  if (!('addIndexKey' in store)) {
    throw new SessionError(
      'ERR_SESSION_UNSUPPORTED',
      'The store cannot find sessions by `index`: it has no `addIndexKey`',
    );
  }
  const { keyring, options } = state.engine;
  const ownerHash = keyring.ownerHash(login.owner);
  for (const indexKey of login.indexKeys)
    await (store as SessionStore & LoginIndex).addIndexKey(indexKey, ownerHash, options.absoluteTimeout ?? 0);
}

export function refuseLogin(state: SessionState): SessionError {
  state.login = null;
  return new SessionError(
    'ERR_SESSION_FULL',
    `The owner has ${state.engine.options.maxSessionsPerOwner} sessions already, as many as \`maxSessionsPerOwner\` allows`,
  );
}

/** Tells of a login that the store has accepted. */
export function announceLogin(state: SessionState, previous: string | null, evicted: readonly string[]): void {
  const { events } = state.engine;
  const { owner, method } = state.login!;
  events.emit('login', { handle: state.key!.handle, previous, owner, method });
  announceEvictions(state, evicted);
  state.login = null;
}

/** Tells of sessions that were ended to make room. */
export function announceEvictions({ engine }: SessionState, evicted: readonly string[]): void {
  for (const handle of evicted) engine.events.emit('destroyed', { handle, reason: 'evicted' });
}

/** Stores a session for the first time, initial data included, in one step. */
export async function createRecord(state: SessionState): Promise<void> {
  const { engine, fields, login } = state;
  const absoluteTimeout = engine.options.absoluteTimeout ?? 0;
  const timeout = state.timeout ?? engine.options.timeout;
  const ownerHash = login === null ? null : engine.keyring.ownerHash(login.owner);
  const details = detailsOf(state, login);
  state.use();
  if (login !== null) await addIndexKeys(state, login);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const change = login === null ? null : await loginChange(state, login);
    if (change !== null && change.max < 0) throw refuseLogin(state);
    const promised = login === null && attempt === 0 ? state.promisedId : null;
    const id = promised ?? newId(state, ownerHash);
    const key = keyOf(id);
    const changes = { set: fields.all(key.handle), delete: new Set<string>() };
    const record = { details, timeout, absoluteTimeout, fields: changes.set, login: change };
    const outcome = await state.store!.create(key, record);
    if (outcome.status === 'full') throw refuseLogin(state);
    if (outcome.status === 'exists') continue;
    state.attach(id, key, metaOf(record, outcome.now), outcome.now);
    fields.committed(changes, key.handle);
    state.timeout = null;
    state.cookie = 'set';
    engine.events.emit('created', { handle: key.handle });
    if (login !== null) announceLogin(state, null, outcome.evicted);
    return;
  }
  throw idTaken();
}
