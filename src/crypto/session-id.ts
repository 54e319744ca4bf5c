import type { RecordKey } from '../stores/store.ts';
import { OWNER_HASH_LENGTH, DIGEST_LENGTH, handleOf } from './keyring.ts';

/** The longest random part that an id generator may return. */
export const MAX_RANDOM_LENGTH = 256;
/** The shortest random part that can be worth 128 bits. */
export const MIN_RANDOM_LENGTH = 22;

const MAX_VALUE_LENGTH = OWNER_HASH_LENGTH + 1 + MAX_RANDOM_LENGTH + 1 + DIGEST_LENGTH;
const MIN_VALUE_LENGTH = MIN_RANDOM_LENGTH + 1 + DIGEST_LENGTH;

export function keyOf(id: string): RecordKey {
  return { handle: handleOf(id), ownerHash: ownerHashOf(id) };
}

/** Returns the owner hash in an owned session's id; `null` for an anonymous one's. */
export function ownerHashOf(id: string): string | null {
  return id.charCodeAt(OWNER_HASH_LENGTH) === DOT ? id.slice(0, OWNER_HASH_LENGTH) : null;
}

/** Returns `<random>`, or `<owner hash>.<random>`. */
export function makeId(ownerHash: string | null, random: string): string {
  return ownerHash === null ? random : `${ownerHash}.${random}`;
}

const DOT = 0x2e;

/** Returns whether a text has the length of a cookie of ours and the dot of its signature: the rest costs more to check. */
export function isPlausibleCookieValue(value: string): boolean {
  if (value.length < MIN_VALUE_LENGTH || value.length > MAX_VALUE_LENGTH) return false;
  return value.charCodeAt(value.length - DIGEST_LENGTH - 1) === DOT;
}

/**
 * Splits `<id>.<signature>`; `null` when the text cannot be a cookie of ours, so that garbage never
 * reaches a hash function or the store.
 */
export function splitCookieValue(value: string): { id: string; signature: string } | null {
  if (!isPlausibleCookieValue(value)) return null;
  const end = value.length - DIGEST_LENGTH - 1;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === DOT ? i !== end && i !== OWNER_HASH_LENGTH : !isBase64url(code)) return null;
  }
  const id = value.slice(0, end);
  const randomLength = ownerHashOf(id) === null ? id.length : id.length - OWNER_HASH_LENGTH - 1;
  if (randomLength < MIN_RANDOM_LENGTH || randomLength > MAX_RANDOM_LENGTH) return null;
  return { id, signature: value.slice(end + 1) };
}

function isBase64url(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2d ||
    code === 0x5f
  );
}
