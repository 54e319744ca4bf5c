// What follows a rotation, which leaves a tombstone at the old key:
//
// - A cookie of an old id that opens a session: `openSuccessor` in load.ts.
// - An operation on a record that another request rotates meanwhile (save, update, takeFlash, rekey, reload):
//   `onRecord`. A rotation that cannot be followed loses the session: `loseSession`.
// - An end, or a tool that looks a session up, which need no id: `endRecord` and `findRecord`.
//
// The new id is derived from the old one (`findSuccessor`), so only a client with the old id is led to it.
import { randomBytes } from 'node:crypto';
import { handleOf } from '../crypto/keyring.ts';
import { keyOf, makeId, ownerHashOf } from '../crypto/session-id.ts';
import { SessionError } from '../errors.ts';
import type {
  DestroyOutcome,
  EndExplanation,
  FoundRecord,
  Gone,
  LoadResult,
  NewTombstone,
  OwnedRecord,
  RecordKey,
  SessionStore,
  Tombstone,
} from '../stores/store.ts';
import type { SessionContext } from './context.ts';
import type { Epoch } from './epoch.ts';
import type { LossReason, SessionState } from './state.ts';

/** Rotations that a request follows in a row: no honest client has an id that is so old. */
export const MAX_ROTATIONS_FOLLOWED = 8;

/** Of 12 bytes in base64url. An owner hash may follow. */
const NONCE_LENGTH = 16;

/**
 * Returns what a rotation keeps in the store to derive the new id from the old one by.
 * @param ownerHash that of the new id, where it is another; `null` where it is the old one's
 */
export function newNonce(ownerHash: string | null = null): string {
  return randomBytes(12).toString('base64url') + (ownerHash ?? '');
}

/** Returns the owner hash of the id that a nonce leads to. */
function ownerHashAfter(nonce: string, ownerHash: string | null): string | null {
  return nonce.length > NONCE_LENGTH ? nonce.slice(NONCE_LENGTH) : ownerHash;
}

/** Returns the id that a rotation of `id` leads to when this process makes it. */
export function successorOf(context: SessionContext, id: string, nonce: string): string {
  return candidates(context, id, nonce)[0]!;
}

/**
 * Returns the id that a rotation of `id` has led to; `null` when it was a login, whose new id is for its client alone,
 * or was derived under a secret that is not known here.
 */
export function findSuccessor(context: SessionContext, id: string, tombstone: Tombstone): string | null {
  if (tombstone.nonce === '') return null;
  return candidates(context, id, tombstone.nonce).find((each) => handleOf(each) === tombstone.successor) ?? null;
}

/** Returns the id that a rotation leads to under each secret, the one of the first secret first. */
function candidates({ keyring }: SessionContext, id: string, nonce: string): string[] {
  const ownerHash = ownerHashAfter(nonce, ownerHashOf(id));
  return keyring.successors(id, nonce).map((random) => makeId(ownerHash, random));
}

/**
 * Returns what remains at the key of a session that goes on under another one.
 *
 * @param nonce leads clients with the old id to the new one; empty when it is for its client alone
 * @param namesSuccessor whether an end may go on to the successor
 */
export function newTombstone(
  { config }: SessionContext,
  idleSeconds: number,
  nonce = '',
  namesSuccessor: boolean = nonce !== '',
): NewTombstone {
  const { rotationGrace: grace } = config;
  return { nonce, namesSuccessor, grace, keep: Math.max(grace, idleSeconds) };
}

/**
 * Runs an operation on the record of an epoch, and again on its successor where a concurrent request has rotated it.
 * Returns `null` when the session is lost, and the state knows why; or when the request itself ends it meanwhile, or
 * leaves it, and the epoch is over.
 *
 * @param afterGrace what to do when the rotation's grace is over: a change of a request that began before takes effect
 * all the same, but its client does not learn the new id
 */
export async function onRecord<Outcome extends { readonly status: string }>(
  state: SessionState,
  epoch: Epoch,
  afterGrace: 'follow' | 'lose',
  operate: (store: SessionStore, key: RecordKey) => Promise<Outcome | Gone | Tombstone>,
): Promise<Exclude<Outcome, Gone | Tombstone> | null> {
  const connected = state.store.connect();
  const store = connected instanceof Promise ? await connected : connected;
  for (let followed = 0; ; followed++) {
    if (epoch.over !== null) return null;
    const outcome = await operate(store, epoch.record!.key);
    const { now } = outcome as { now?: number };
    if (now !== undefined) state.store.observeClock(now);
    switch (outcome.status) {
      case 'gone':
        loseSession(state, epoch, 'gone');
        return null;
      case 'tombstone': {
        const lost =
          followed === MAX_ROTATIONS_FOLLOWED
            ? 'rotated'
            : followRotation(state, epoch, outcome as Tombstone, afterGrace);
        if (lost === null) continue;
        loseSession(state, epoch, lost);
        return null;
      }
      default:
        return outcome as Exclude<Outcome, Gone | Tombstone>;
    }
  }
}

/** Moves an epoch on to the successor of its record; returns why that cannot be. */
function followRotation(
  { context }: SessionState,
  epoch: Epoch,
  tombstone: Tombstone,
  afterGrace: 'follow' | 'lose',
): LossReason | null {
  const { id, key, sendableUntil } = epoch.record!;
  if (tombstone.nonce === '') return 'superseded';
  const successor = findSuccessor(context, id, tombstone);
  const inGrace = tombstone.now < tombstone.graceUntil;
  if (successor === null && inGrace) return 'superseded';
  if (!inGrace) context.events.emit('staleId', { handle: key.handle, successor: tombstone.successor });
  if (successor === null || (!inGrace && afterGrace === 'lose')) return 'rotated';
  epoch.update({
    id: successor,
    key: keyOf(successor),
    sendableUntil: Math.min(sendableUntil, tombstone.graceUntil),
  });
  return null;
}

/**
 * Reports that the session of an epoch is lost, and goes on without it. What the request wrote goes into the session of
 * a login that is still to come, if there is one.
 */
export function loseSession(state: SessionState, epoch: Epoch, reason: LossReason): void {
  if (epoch.over !== null) return;
  const { events } = state.context;
  const { handle } = epoch.record!.key;
  if (reason === 'gone') events.emit('lost', { handle });
  const discards = epoch.pending.login === null && epoch.asks;
  state.lose(epoch, reason);
  if (discards) events.emit('discarded', { handle, reason });
}

export function sessionEnded(): SessionError {
  return new SessionError(
    'ERR_SESSION_ENDED',
    'The session has ended, so its change was not stored: it was logged out, revoked, expired or taken over by a login while the request ran',
  );
}

/**
 * Ends a record, or what rotations have made of it since. Returns `gone` where there was none, and `superseded` where a
 * login has taken it over, whose session is another.
 */
export async function endRecord(
  store: SessionStore,
  key: RecordKey,
  tombstone: NewTombstone | null = null,
  explanation: EndExplanation | null = null,
): Promise<'ended' | 'gone' | 'superseded'> {
  const outcome = await alongRotations(key, (each) => store.destroy(each, tombstone, explanation));
  if (outcome === undefined) return 'superseded';
  return outcome.status === 'ok' ? 'ended' : 'gone';
}

/** A record that was found by a key that may have been replaced since. */
export interface FoundByKey extends OwnedRecord, Pick<FoundRecord, 'fields'> {}

/** Returns what is known about a record, or about what rotations have made of it since. */
export async function findRecord(store: SessionStore, key: RecordKey): Promise<FoundByKey | undefined> {
  let { handle } = key;
  const record = await alongRotations(key, (each) => {
    ({ handle } = each);
    return store.load(each);
  });
  if (record?.status !== 'found') return undefined;
  return { handle, meta: record.meta, lastSeen: record.lastSeen, fields: record.fields };
}

/** Asks along a chain of rotations by the handles in its tombstones, which ends and tools may do without the ids. */
async function alongRotations<Outcome extends DestroyOutcome | LoadResult>(
  key: RecordKey,
  ask: (key: RecordKey) => Promise<Outcome | undefined>,
): Promise<Exclude<Outcome, Tombstone> | undefined> {
  const asked = new Set<string>();
  let { ownerHash } = key;
  // Rotations make no circles, but a store that others write to can have one.
  for (let { handle } = key; handle !== '' && !asked.has(handle);) {
    asked.add(handle);
    const outcome = await ask({ handle, ownerHash });
    if (outcome?.status !== 'tombstone') return outcome as Exclude<Outcome, Tombstone> | undefined;
    handle = outcome.successor;
    ownerHash = ownerHashAfter(outcome.nonce, ownerHash);
  }
  return undefined;
}
