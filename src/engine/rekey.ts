import { keyOf, ownerHashOf } from '../crypto/session-id.ts';
import { SessionError } from '../errors.ts';
import type { LoginChange, RecordRekey, RekeyOutcome, Stored, Written } from '../stores/store.ts';
import {
  addIndexKeys,
  createRecord,
  detailsOf,
  emitEvictions,
  emitLogin,
  idTaken,
  metaOf,
  newId,
  refuseLogin,
  renewIndexKeys,
} from './create.ts';
import type { BegunLogin, BoundRecord, Epoch, PendingLogin } from './epoch.ts';
import { CSRF_FIELD, PENDING_LOGIN_FIELD } from './field-names.ts';
import type { FieldChanges } from './fields.ts';
import { UnreadableField } from './stored-fields.ts';
import { loginLimits, type LoginLimits } from './lifetimes.ts';
import { storeBegunLogin } from './pending-login.ts';
import { newNonce, newTombstone, onRecord, successorOf } from './rotation.ts';
import { changeOf, saveRecord, sentAttributes } from './save.ts';
import { loginChange } from './session-limit.ts';
import { assertSizeAllowed } from './size-limit.ts';
import type { SessionState } from './state.ts';

const MAX_TAKEN_IDS = 3;
/** Each means that another request was faster, so this many in a row are no race. */
const MAX_CONFLICTS = 32;

/** What is asked for, as it was when the commit began. */
interface Request {
  readonly login: PendingLogin | null;
  /** What the request has begun, beside a login that it completes. */
  readonly begunLogin: BegunLogin | null;
  readonly indexKeys: readonly string[];
  readonly rotation: 'graceful' | 'immediate' | null;
  readonly timeout: number | null;
  /** What a login makes of the record's limits; `null` for a rotation. */
  readonly limits: LoginLimits | null;
}

/** What one attempt has sent to the store. */
interface Attempt {
  readonly id: string;
  readonly changes: FieldChanges;
  readonly sent: RecordRekey;
}

/** Gives the session a new id, for a rotation or a login, together with what the request changed. */
export async function rekeyRecord(state: SessionState, epoch: Epoch): Promise<void> {
  const { login, begunLogin, rotation, timeout } = epoch.pending;
  const indexKeys = login?.indexKeys ?? epoch.record!.meta.indexKeys;
  if (begunLogin !== null) await storeBegunLogin(state, epoch, begunLogin);
  try {
    const limits = login === null ? null : loginLimits(state.context.config, login, epoch.record!.meta, timeout);
    await rekey(state, epoch, { login, begunLogin, indexKeys, rotation, timeout, limits });
  } catch (error) {
    if (!(error instanceof UnreadableField)) throw error;
    state.discardCorrupt(epoch);
    const next = state.epoch;
    if (next.pending.login !== null || next.fields.changes('') !== null) {
      await createRecord(state, next, next.pending.login);
    }
  }
}

async function rekey(state: SessionState, epoch: Epoch, request: Request): Promise<void> {
  const { login, rotation, limits } = request;
  if (login !== null) {
    const seconds = (limits!.timeout ?? epoch.record!.meta.timeout).seconds;
    await addIndexKeys(state, login.owner, request.indexKeys, limits!.absoluteTimeout, seconds);
  }
  const renewing = login === null ? renewIndexKeys(state, epoch) : undefined;
  if (renewing !== undefined) await renewing;
  let [taken, conflicts] = [0, 0];
  for (;;) {
    const change = login === null ? null : await loginChange(state, epoch, login, limits!);
    if (change !== null && change.max < 0) throw refuseLogin(state, epoch, 'full');
    const from = epoch.record!;
    let attempt: Attempt | undefined;
    const outcome: Exclude<RekeyOutcome, { status: 'gone' | 'tombstone' }> | null = await onRecord(
      state,
      epoch,
      'lose',
      async (store, key) => {
        // A concurrent request has rotated already: both clients end up with the same id.
        if (key !== from.key && isGraceful(request)) return { status: 'rotated' as never };
        attempt = prepare(state, epoch, request, change);
        const result = await store.rekey(key, keyOf(attempt.id), attempt.sent);
        if (result.status !== 'ok') emitEvictions(state, result.evicted ?? []);
        return result;
      },
    );
    // A rotation ends with its session; a login begins a session of its own, and takes over nothing that was stored.
    if (outcome === null) {
      const begins = login !== null && epoch.over === 'lost';
      return begins ? await createRecord(state, state.epoch, login) : undefined;
    }
    switch (outcome.status as RekeyOutcome['status'] | 'rotated') {
      case 'ok':
        return complete(state, epoch, request, attempt!, outcome as Written);
      case 'full':
      case 'revoked':
        throw refuseLogin(state, epoch, outcome.status as 'full' | 'revoked');
      case 'exists':
        if (++taken === MAX_TAKEN_IDS) throw idTaken();
        break;
      case 'rotated':
        if (epoch.pending.rotation === rotation) epoch.pending.rotation = null;
        if (login !== null) adopted(epoch, login);
        return await saveRecord(state, epoch, epoch.fields.changes(epoch.record!.key.handle), 'always');
      default:
        if (++conflicts === MAX_CONFLICTS) throw tooManyConflicts();
        if (outcome.status === 'conflict') epoch.fields.reload(outcome.fields, epoch.record!.key.handle);
    }
  }
}

/** Returns whether the old id leads to the new one for a while. */
function isGraceful({ login, rotation }: Request): boolean {
  return login === null ? rotation === 'graceful' : login.isAdoption === true;
}

/** Records that a concurrent request has told the store whose session it is. */
function adopted(epoch: Epoch, login: PendingLogin): void {
  if (epoch.pending.login === login) epoch.pending.login = null;
  epoch.update({ meta: { ...epoch.record!.meta, owner: login.owner } });
}

function tooManyConflicts(): SessionError {
  return new SessionError(
    'ERR_SESSION_CONFLICT',
    'Other requests changed the session so often that it could not get its new id: send the request again',
  );
}

function prepare(state: SessionState, epoch: Epoch, request: Request, login: LoginChange | null): Attempt {
  const { context } = state;
  const { config } = context;
  const record = epoch.record!;
  const ownerHash = request.login === null ? null : context.keyring.ownerHash(request.login.owner);
  const nonce = isGraceful(request) ? newNonce(ownerHash) : '';
  const id = targetId(state, record.id, request.login, nonce);
  const { changes, expect } = changesFor(state, epoch, request, keyOf(id).handle);
  assertSizeAllowed(state, epoch, changes);
  const cookieAttributes = sentAttributes(state) ?? record.meta.cookie.attributes;
  const change = changeOf(state, epoch, changes, request.timeout, cookieAttributes);
  const timeout = request.limits?.timeout ?? change.timeout;
  const keep = Math.max(timeout?.seconds ?? 0, record.meta.timeout.seconds);
  // An end of the old id goes on to what the session has become. The session of a first login is another: it is for its
  // client alone.
  const sameSession = nonce !== '' || record.key.ownerHash === ownerHashOf(id);
  const tombstone = newTombstone(context, keep, nonce, sameSession);
  return {
    id,
    changes,
    sent: {
      ...change,
      timeout,
      expect,
      exact: config.serializer.boundToHandle === true,
      tombstone,
      login:
        login === null
          ? null
          : {
              ...login,
              details: detailsOf(state, request.login, request.indexKeys),
              absoluteTimeout: request.limits!.absoluteTimeout,
            },
    },
  };
}

function targetId(state: SessionState, id: string, login: PendingLogin | null, nonce: string): string {
  if (nonce !== '') return successorOf(state.context, id, nonce);
  return newId(state, login === null ? ownerHashOf(id) : state.context.keyring.ownerHash(login.owner));
}

/** Returns what the request changed, and, for values that are bound to their handle, everything else serialised again. */
function changesFor(
  state: SessionState,
  { fields, record }: Epoch,
  { login, begunLogin }: Request,
  handle: string,
): { changes: FieldChanges; expect: Map<string, Stored | undefined> | null } {
  const { config, keyring } = state.context;
  const isLogin = login !== null;
  const changes = fields.changes(handle) ?? { set: new Map(), delete: new Set() };
  let isSecretKept = false;
  // A login begins with a new CSRF secret, also instead of one that a concurrent request has stored.
  if (isLogin && !changes.set.has(CSRF_FIELD)) changes.delete.add(CSRF_FIELD);
  if (isLogin && begunLogin === null) {
    changes.set.delete(PENDING_LOGIN_FIELD);
    changes.delete.add(PENDING_LOGIN_FIELD);
  }
  // A rotation keeps the forms that are open in the browser valid: a secret that was derived from the old id is stored
  // now, unless a concurrent request has stored another.
  if (!isLogin && !changes.set.has(CSRF_FIELD) && !fields.has(CSRF_FIELD)) {
    const secrets = keyring.csrf(record!.originalId);
    const value = secrets.length === 1 ? secrets[0] : secrets;
    changes.set.set(CSRF_FIELD, fields.serialize(CSRF_FIELD, value, handle));
    isSecretKept = true;
  }
  if (config.serializer.boundToHandle !== true) {
    return { changes, expect: isSecretKept ? new Map([[CSRF_FIELD, undefined]]) : null };
  }
  const { set, expect } = fields.reserializeAll(handle);
  for (const [name, value] of changes.set) set.set(name, value);
  for (const name of changes.delete) set.delete(name);
  return { changes: { set, delete: changes.delete }, expect };
}

function complete(
  state: SessionState,
  epoch: Epoch,
  request: Request,
  attempt: Attempt,
  { now, evicted }: Written,
): void {
  const { events } = state.context;
  const { pending, fields } = epoch;
  const old = epoch.record!;
  const key = keyOf(attempt.id);
  fields.committed(attempt.changes, key.handle);
  // The CSRF secret from before a login is not read again, either.
  if (request.login !== null && !attempt.changes.set.has(CSRF_FIELD)) fields.forget([CSRF_FIELD]);
  if (request.login !== null && request.begunLogin === null) fields.forget([PENDING_LOGIN_FIELD]);
  if (pending.login === request.login) pending.login = null;
  if (pending.begunLogin === request.begunLogin) pending.begunLogin = null;
  // A login that was begun meanwhile needs an id of its own.
  if (pending.rotation === request.rotation && pending.begunLogin === null) pending.rotation = null;
  if (pending.timeout === request.timeout) pending.timeout = null;
  const meta = newMeta(old, attempt.sent, now);
  const keepsExpiry = attempt.sent.login?.absoluteTimeout == null;
  const issue = request.login === null ? 'rotation' : 'login';
  epoch.bindIssued(attempt.id, meta, now, issue, keepsExpiry ? old.storedExpiresAt : meta.expiresAt);
  state.acknowledge(epoch);
  if (request.login === null) events.emit('rotated', { handle: key.handle, previous: old.key.handle });
  else emitLogin(state, epoch, request.login, old.key.handle, evicted);
}

function newMeta(old: BoundRecord, sent: RecordRekey, now: number): BoundRecord['meta'] {
  const cookieAttributes = sent.cookieAttributes!;
  const timeout = sent.timeout ?? old.meta.timeout;
  const { login } = sent;
  if (login !== null) {
    const { absoluteTimeout } = login;
    const meta = metaOf({ ...login, absoluteTimeout: absoluteTimeout ?? 0, timeout, login, cookieAttributes }, now);
    if (absoluteTimeout !== null) return meta;
    const { createdAt, expiresAt, ownExpiry } = old.meta;
    return { ...meta, createdAt, expiresAt, ownExpiry };
  }
  return { ...old.meta, timeout, cookie: { sentAt: now, attributes: cookieAttributes, confirmed: false } };
}
