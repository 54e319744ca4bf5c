import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { checkGeneratedId, isUuid } from '../../crypto/generated-id.ts';
import { DIGEST_LENGTH, randomId } from '../../crypto/keyring.ts';
import { splitCookieValue } from '../../crypto/session-id.ts';
import { expected } from '../../internal/validate.ts';

/** What signs the cookies: any text or bytes, as in express-session. */
export type Secret = string | Uint8Array;

const SOME_SIGNATURE = 'A'.repeat(DIGEST_LENGTH);
/** How much is kept of an id that is too weak by itself. */
const MAX_KEPT = 128;

/**
 * Returns the id under which the engine knows a session id of express-session: itself where it has the form of ours, as
 * the default ones of express-session have, and else a hash of it.
 */
export function engineIdOf(sid: string): string {
  if (splitCookieValue(`${sid}.${SOME_SIGNATURE}`) !== null) return sid;
  return hashedIdOf(sid);
}

/** Returns the engine's id for a session id of another form. */
export function hashedIdOf(sid: string): string {
  return `x${createHash('sha256').update(sid).digest('base64url')}`;
}

/**
 * Returns what `genid` has returned if it can be unguessable, and else with a random id in front: many applications
 * return UUIDs, or put a name into the id.
 * @throws {TypeError} for anything but a string
 */
export function strengthen(sid: unknown): string {
  if (typeof sid !== 'string') throw expected('genid', 'a function that returns a string', sid);
  if (isStrong(sid)) return sid;
  const kept = sid.replaceAll(/[^\w-]+/g, '-').slice(0, MAX_KEPT);
  return `${randomId()}-${kept}`;
}

function isStrong(sid: string): boolean {
  try {
    return !isUuid(checkGeneratedId(sid));
  } catch {
    return false;
  }
}

/** Returns the value of a cookie, as the module `cookie` decodes it; one that is badly encoded as it is. */
export function decodeCookieValue(raw: string): string {
  if (!raw.includes('%')) return raw;
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}

/** Returns `<value>.<signature>`, as cookie-signature does. */
export function sign(value: string, secret: Secret): string {
  return `${value}.${createHmac('sha256', secret).update(value).digest('base64').replace(/=+$/, '')}`;
}

/** Returns the value that was signed, and the index of the secret; `null` when none of the secrets has signed it. */
export function unsign(signed: string, secrets: readonly Secret[]): { value: string; secret: number } | null {
  const value = signed.slice(0, Math.max(0, signed.lastIndexOf('.')));
  const given = Buffer.from(signed);
  const secret = secrets.findIndex((each) => {
    const right = Buffer.from(sign(value, each));
    return right.length === given.length && timingSafeEqual(right, given);
  });
  return secret === -1 ? null : { value, secret };
}
