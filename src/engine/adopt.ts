import type { RejectReason } from '../events.ts';
import type { FoundRecord, RecordKey, RecordMeta } from '../stores/store.ts';
import type { BoundRecord, Epoch } from './epoch.ts';
import { endOfRefused } from './explanation.ts';
import { flashPrefix, PENDING_LOGIN_FIELD, SESSION_INVALIDATED } from './field-names.ts';
import { authenticationChangedAt, judgeRecord, type AdoptedRecord, type AdoptionRefusal } from './judge-record.ts';
import { pendingLoginOf } from './pending-login.ts';
import { loseSession } from './rotation.ts';
import type { SessionState } from './state.ts';

/** What became of a cookie. */
export type Opened = 'opened' | 'invalidated' | 'superseded' | 'rejected';

/** An id that a request has come with, or what rotations have made of it. */
export interface Candidate {
  readonly id: string;
  readonly key: RecordKey;
  /** See {@link BoundRecord.sendableUntil}. */
  readonly sendableUntil: number;
}

/**
 * The one gate through which a record becomes the session's: checks whether it may be used, and binds it.
 * Returns whether the session is bound to it, or was, until `invalidateBefore` ended it. A promise where the application
 * has to be asked.
 */
export function adoptIfValid(
  state: SessionState,
  epoch: Epoch,
  candidate: Candidate,
  record: FoundRecord,
): Opened | Promise<Opened> {
  const { context } = state;
  const { adoptionRules, config } = context;
  state.store.observeClock(record.now);
  const judged = judgeRecord(candidate.key, record, adoptionRules, null);
  if (config.invalidateBefore === null || judged.refusal !== null)
    return adopt(state, epoch, candidate, record, judged);
  return adoptAfterAsking(state, epoch, candidate, record, judged);
}

async function adoptAfterAsking(
  state: SessionState,
  epoch: Epoch,
  candidate: Candidate,
  record: FoundRecord,
  judged: AdoptedRecord,
): Promise<Opened> {
  const { context, exchange } = state;
  const { owner } = judged.meta;
  const changedAt = owner === null ? null : await authenticationChangedAt(context, owner, exchange.request);
  const judgedAgain = judgeRecord(candidate.key, record, context.adoptionRules, changedAt);
  const opened = adopt(state, epoch, candidate, record, judgedAgain);
  if (opened === 'opened') await checkPendingLogin(state, epoch);
  return opened;
}

function adopt(
  state: SessionState,
  epoch: Epoch,
  { id, key, sendableUntil }: Candidate,
  record: FoundRecord,
  { meta, refusal }: AdoptedRecord,
): Opened {
  const { context } = state;
  // The request has ended its session while the application was asked.
  if (epoch.over !== null) return 'rejected';
  if (refusal !== null) return refuseRecord(state, epoch, { key, meta, lastSeen: record.lastSeen }, refusal);
  const bound: BoundRecord = {
    id,
    key,
    meta,
    storedExpiresAt: record.meta.expiresAt,
    lastSeen: record.lastSeen,
    originalId: epoch.record?.originalId ?? id,
    fromClient: epoch.record?.fromClient ?? true,
    issuedBy: epoch.record?.issuedBy ?? null,
    timeoutOutdated: meta.timeout.seconds !== record.meta.timeout.seconds,
    sendableUntil,
  };
  if (epoch.record === null) {
    state.bindLoaded(bound);
    epoch.fields.load(record.fields, key.handle, record.fieldsLength);
  } else {
    epoch.bind(bound);
    epoch.fields.reload(record.fields, key.handle, record.fieldsLength);
  }
  context.events.emit('loaded', { handle: key.handle });
  return 'opened';
}

/** Goes on without a record that may not be used. What has outlived its time, or its authentication, ends at the commit. */
function refuseRecord(
  state: SessionState,
  epoch: Epoch,
  { key, meta, lastSeen }: { readonly key: RecordKey; readonly meta: RecordMeta; readonly lastSeen: number },
  refusal: AdoptionRefusal,
): Opened {
  const record = { key, owner: meta.owner };
  reject(state, key.handle, refusal);
  if (refusal !== 'owner' && meta.owner !== null) {
    state.explainEnd(endOfRefused(refusal, meta, lastSeen, state.store.now));
  }
  const wasBound = epoch.record !== null;
  if (refusal === 'authentication-changed') {
    if (wasBound) endInvalidated(state, epoch);
    else state.ends.addInvalidated(record);
    return 'invalidated';
  }
  if (refusal === 'expired') state.ends.addExpired(record);
  if (wasBound) loseSession(state, epoch, 'gone');
  return 'rejected';
}

/** Ends the session, and discards what the request has asked of it; what follows belongs to a new one. */
function endInvalidated(state: SessionState, epoch: Epoch): void {
  if (epoch.asks) state.discardChanges('gone', epoch);
  state.end('authentication-changed');
  flashInvalidated(state);
}

/** Leaves a message on the session that follows one which `invalidateBefore` has ended. */
export function flashInvalidated(state: SessionState): void {
  state.epoch.fields.set(`${flashPrefix('')}invalidated`, [state.store.now, SESSION_INVALIDATED]);
}

/** Forgets a login that was begun before the owner's authentication was changed. */
async function checkPendingLogin(state: SessionState, epoch: Epoch): Promise<void> {
  if (!epoch.fields.has(PENDING_LOGIN_FIELD)) return;
  const pending = pendingLoginOf(state);
  if (pending === null) return;
  const changedAt = await authenticationChangedAt(state.context, pending.owner, state.exchange.request);
  if (changedAt === null || pending.startedAt.getTime() >= changedAt || epoch.over !== null) return;
  epoch.fields.delete(PENDING_LOGIN_FIELD);
  const { clientAddress } = state.exchange;
  state.context.events.emit('refused', { handle: epoch.handle, reason: 'login-expired', clientAddress });
}

/** Reports a cookie that opens no session. */
export function reject(
  state: SessionState,
  handle: string | null,
  reason: RejectReason,
  detail: string | null = null,
): void {
  const { clientAddress } = state.exchange;
  state.context.events.emit('rejected', { handle, reason, detail, clientAddress });
}
