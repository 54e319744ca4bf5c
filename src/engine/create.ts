import { makeId, keyOf } from '../crypto/session-id.ts';
import { SessionError } from '../errors.ts';
import type { LoginIndex, NewRecord, RecordDetails, RecordMeta, SessionStore } from '../stores/store.ts';
import { clientDetails } from './client-details.ts';
import type { Epoch, PendingLogin } from './epoch.ts';
import { PENDING_LOGIN_FIELD } from './field-names.ts';
import { loginLimits } from './lifetimes.ts';
import { storeBegunLogin } from './pending-login.ts';
import { loginChange } from './session-limit.ts';
import { assertSizeAllowed } from './size-limit.ts';
import type { SessionState } from './state.ts';

/** Retries on collision: repeated collisions mean a broken generator. */
const MAX_ATTEMPTS = 3;

/** Returns a new id: the application's generator's, or 256 random bits. */
export function newId(state: SessionState, ownerHash: string | null): string {
  return makeId(ownerHash, state.context.config.generateId());
}

export function idTaken(): SessionError {
  return new SessionError(
    'ERR_SESSION_ID_GENERATOR',
    'All session ids that `idGenerator` returned are taken: it must return a new, unguessable id each time',
  );
}

/** Returns what the store keeps about who opened or took over the session. */
export function detailsOf(
  state: SessionState,
  login: PendingLogin | null,
  indexKeys: readonly string[],
): RecordDetails {
  return {
    owner: login?.owner ?? null,
    method: login?.method ?? null,
    ...clientDetails(state.context, state.exchange, login !== null),
    indexKeys,
  };
}

/** Returns what the store has made of a new or newly owned record. */
export function metaOf(record: Omit<NewRecord, 'fields'>, now: number): RecordMeta {
  const { details, timeout, absoluteTimeout, login, cookieAttributes } = record;
  const authenticated = login === null ? 0 : Math.min(login.authenticatedAt ?? now - login.age, now);
  return {
    ...details,
    createdAt: now,
    timeout,
    expiresAt: absoluteTimeout === 0 ? 0 : now + absoluteTimeout * 1000,
    ownExpiry: login?.ownExpiry ?? false,
    authenticatedAt: authenticated,
    cookie: { sentAt: now, attributes: cookieAttributes, confirmed: true },
    remember: login?.remember ?? null,
  };
}

/**
 * Makes the session findable by its index keys, before it exists: then there is none that cannot be found.
 * @param absoluteTimeout seconds to the absolute expiry; 0 for none, `null` for the record's
 * @param timeout the idle timeout that the session is about to have, seconds
 */
export async function addIndexKeys(
  state: SessionState,
  owner: string,
  indexKeys: readonly string[],
  absoluteTimeout: number | null,
  timeout: number,
): Promise<void> {
  if (indexKeys.length === 0) return;
  const store = await state.store.connect();
  if (!('addIndexKey' in store)) {
    throw new SessionError(
      'ERR_SESSION_UNSUPPORTED',
      'The store cannot find sessions by `index`: it has no `addIndexKey`',
    );
  }
  const { keyring, config } = state.context;
  const ownerHash = keyring.ownerHash(owner);
  const left = absoluteTimeout ?? Math.ceil(((state.record?.storedExpiresAt ?? 0) - state.store.answeredAt) / 1000);
  // Without an absolute expiry, every write adds the entry again.
  const keep = left > 0 ? left : (config.maxTimeout ?? Math.max(config.timeout, timeout));
  for (const indexKey of indexKeys) await (store as SessionStore & LoginIndex).addIndexKey(indexKey, ownerHash, keep);
}

/**
 * Adds the session's index keys again before a write that renews its idle timeout: without an absolute expiry, they must
 * live as long as the session is used. Not a promise when there is nothing to add.
 */
export function renewIndexKeys(state: SessionState, { record, pending }: Epoch): Promise<void> | undefined {
  const { owner, indexKeys, timeout } = record!.meta;
  if (record!.storedExpiresAt > 0 || indexKeys.length === 0) return undefined;
  return addIndexKeys(state, owner!, indexKeys, 0, pending.timeout ?? timeout.seconds);
}

/** Abandons a login, and returns the error that says why. */
export function refuseLogin(state: SessionState, epoch: Epoch, status: 'full' | 'revoked'): SessionError {
  state.loginRefused(epoch);
  const { clientAddress } = state.exchange;
  // The handle of the session that the client keeps, also after a login as another owner.
  const { handle } = state.epoch;
  const reason = status === 'full' ? 'session-limit' : 'login-expired';
  state.context.events.emit('refused', { handle, reason, clientAddress });
  if (status === 'full') {
    return new SessionError(
      'ERR_SESSION_FULL',
      `The owner has ${state.context.config.maxSessionsPerOwner} sessions already, as many as \`maxSessionsPerOwner\` allows`,
    );
  }
  return new SessionError(
    'ERR_SESSION_LOGIN_EXPIRED',
    "The owner's sessions were revoked while this login waited for its second factor: begin the login again",
  );
}

/** Reports a login that the store has accepted. */
export function emitLogin(
  state: SessionState,
  epoch: Epoch,
  login: PendingLogin,
  previous: string | null,
  evicted: readonly string[],
): void {
  const { events } = state.context;
  const { owner, method } = login;
  const { key, meta } = epoch.record!;
  const expiresAt = meta.expiresAt === 0 ? null : new Date(meta.expiresAt);
  const { timeout, remember } = meta;
  const limits = { timeout: timeout.seconds, expiresAt, remember };
  events.emit('login', { handle: key.handle, previous, owner, method, ...limits });
  emitEvictions(state, evicted);
}

/** Reports sessions that were ended to make room. */
export function emitEvictions({ context }: SessionState, evicted: readonly string[]): void {
  for (const handle of evicted) context.events.emit('destroyed', { handle, reason: 'evicted' });
}

/** Stores a session for the first time, initial data included, in one step; with it a login, if there is one. */
export async function createRecord(state: SessionState, epoch: Epoch, login: PendingLogin | null): Promise<void> {
  const { context } = state;
  const { config, keyring, events } = context;
  const { fields, pending } = epoch;
  const adjusted = pending.timeout;
  const limits = login === null ? null : loginLimits(config, login, null, adjusted);
  const timeout = limits?.timeout ?? { seconds: adjusted ?? config.timeout, adjusted: adjusted !== null };
  const absoluteTimeout = limits?.absoluteTimeout ?? config.absoluteTimeout ?? 0;
  const ownerHash = login === null ? null : keyring.ownerHash(login.owner);
  const indexKeys = login?.indexKeys ?? [];
  if (epoch === state.epoch) state.applyInitialData();
  const { begunLogin } = pending;
  if (begunLogin !== null) await storeBegunLogin(state, epoch, begunLogin);
  if (login !== null) await addIndexKeys(state, login.owner, indexKeys, absoluteTimeout, timeout.seconds);
  const store = await state.store.connect();
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const change = login === null ? null : await loginChange(state, epoch, login, limits!);
    if (change !== null && change.max < 0) throw refuseLogin(state, epoch, 'full');
    const reserved = login === null && attempt === 0 ? epoch.reservedId : null;
    const id = reserved ?? newId(state, ownerHash);
    const key = keyOf(id);
    const changes = { set: fields.all(key.handle), delete: new Set<string>() };
    if (login !== null && begunLogin === null) changes.set.delete(PENDING_LOGIN_FIELD);
    assertSizeAllowed(state, epoch, changes);
    const record: NewRecord = {
      details: detailsOf(state, login, indexKeys),
      timeout,
      absoluteTimeout,
      fields: changes.set,
      cookieAttributes: state.cookie.attributes,
      login: change,
      explainEnds: config.explainEnds,
    };
    const outcome = await store.create(key, record);
    if (outcome.status === 'full' || outcome.status === 'revoked') throw refuseLogin(state, epoch, outcome.status);
    if (outcome.status === 'exists') continue;
    const { now, evicted } = outcome;
    state.store.observeClock(now);
    const meta = metaOf(record, now);
    fields.committed(changes, key.handle);
    if (login !== null && begunLogin === null) fields.forget([PENDING_LOGIN_FIELD]);
    if (pending.login === login) pending.login = null;
    if (pending.timeout === adjusted) pending.timeout = null;
    if (pending.begunLogin === begunLogin) pending.begunLogin = null;
    // A login that was begun meanwhile needs an id of its own.
    pending.rotation = pending.begunLogin === null ? null : 'immediate';
    epoch.bindIssued(id, meta, now, login === null ? 'creation' : 'login');
    state.acknowledge(epoch);
    events.emit('created', { handle: key.handle });
    if (login !== null) {
      emitLogin(state, epoch, login, null, evicted);
      if (epoch === state.epoch) state.ends.addSwitched();
    }
    return;
  }
  throw idTaken();
}
