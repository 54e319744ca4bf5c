import {
  hasAuditTrail,
  hasOwnerIndex,
  type OwnedRecord,
  type RecordKey,
  type SessionStore,
  type Tombstone,
} from '../stores/store.ts';
import { explanationOf } from './explanation.ts';
import { isOwnersKey } from './judge-record.ts';
import { revokeOwner } from './revoke.ts';
import { endRecord, findRecord, MAX_ROTATIONS_FOLLOWED } from './rotation.ts';
import type { SessionState } from './state.ts';

/** A cookie of an id that was rotated away, and whose grace is over. */
export interface StaleCookie {
  readonly key: RecordKey;
  /** What is left at that id, or at what rotations have made of it. */
  readonly tombstone: Tombstone;
}

/**
 * Reports in the audit trail, and does what `onReuse` says about, cookies of rotated ids, none of which has
 * opened a session: two clients have had the same cookie.
 */
export async function answerReuse(
  state: SessionState,
  store: SessionStore,
  cookies: readonly StaleCookie[],
): Promise<void> {
  const { context } = state;
  const { onReuse, audit } = context.config;
  if (audit !== null) await reportReuse(state, store, cookies);
  if (onReuse === 'report') return;
  for (const cookie of cookies) {
    const key = await findConfirmedSuccessor(store, cookie);
    if (key === null) continue;
    const record = onReuse === 'end-owner' ? await findRecord(store, key) : undefined;
    if (record !== undefined && (await endOwner(state, store, key, record))) continue;
    if ((await endRecord(store, key, null, explanationOf(context, 'id-reuse'))) !== 'ended') continue;
    context.events.emit('destroyed', { handle: key.handle, reason: 'id-reuse' });
  }
}

/** Writes that ids were used again. A failure is reported and not thrown: it must not keep the sessions from ending. */
async function reportReuse(
  { context }: SessionState,
  store: SessionStore,
  cookies: readonly StaleCookie[],
): Promise<void> {
  if (!hasAuditTrail(store)) return;
  try {
    for (const { key } of cookies) if (key.ownerHash !== null) await store.reportReuse(key);
  } catch (error) {
    context.events.emit('storeError', { operation: 'audit', error });
  }
}

/**
 * Returns the successor that the client is known to have, and so has given up the id that was used: a client whose
 * response was lost has no other. `null` when there is none. After a login nothing shows that the client has its id.
 */
async function findConfirmedSuccessor(store: SessionStore, { key, tombstone }: StaleCookie): Promise<RecordKey | null> {
  let link = tombstone;
  for (let followed = 0; followed < MAX_ROTATIONS_FOLLOWED; followed++) {
    if (link.nonce === '' || link.now < link.graceUntil) return null;
    const successor: RecordKey = { handle: link.successor, ownerHash: key.ownerHash };
    const record = await store.load(successor, true);
    if (record?.status === 'found') return record.meta.cookie.confirmed ? successor : null;
    if (record?.status !== 'tombstone') return null;
    if (record.confirmed) return successor;
    link = record;
  }
  return null;
}

/** Ends all sessions of the owner of a record. Returns false when it has none, or the store cannot find them. */
async function endOwner(
  { context }: SessionState,
  store: SessionStore,
  { ownerHash }: RecordKey,
  { meta }: OwnedRecord,
): Promise<boolean> {
  const { owner } = meta;
  // A record under the hash of another owner says nothing about this one.
  if (owner === null || !isOwnersKey(ownerHash, owner, context.adoptionRules)) return false;
  // Beside another library, the store of a request cannot, although the application's can.
  if (!hasOwnerIndex(store)) return false;
  await revokeOwner(context, store, owner, null, 'id-reuse');
  return true;
}
