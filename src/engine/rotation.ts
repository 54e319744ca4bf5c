import { randomBytes } from 'node:crypto';
import type { Tombstone } from '../stores/store.ts';
import { handleOf } from '../crypto/keyring.ts';
import { ownerHashOf, makeId } from '../crypto/session-id.ts';
import type { SessionState } from './state.ts';

/** What a rotation keeps in the store, to derive the new id from the old one by. */
export function newNonce(): string {
  return randomBytes(12).toString('base64url');
}

/** The id that a rotation of `id` leads to when this process makes it. */
export function successorOf(state: SessionState, id: string, nonce: string): string {
  return candidates(state, id, nonce)[0]!;
}

/**
 * The id that a rotation of `id` has led to; `null` when it was a login, whose new id is nobody else's to
 * have, or was derived under a secret that is not known here.
 */
export function findSuccessor(state: SessionState, id: string, trace: Tombstone): string | null {
  if (trace.nonce === '') return null;
  return candidates(state, id, trace.nonce).find((candidate) => handleOf(candidate) === trace.successor) ?? null;
}

/** One id for each secret. */
function candidates(state: SessionState, id: string, nonce: string): string[] {
  const ownerHash = ownerHashOf(id);
  return state.engine.keyring.successors(id, nonce).map((random) => makeId(ownerHash, random));
}

/** Goes on with the session that a concurrent rotation made of this one; false when that cannot be. */
export function follow(state: SessionState, trace: Tombstone): boolean {
  const successor = findSuccessor(state, state.id!, trace);
  if (successor === null) return false;
  state.succeed(successor);
  return true;
}
