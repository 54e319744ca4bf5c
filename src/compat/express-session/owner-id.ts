import { checkOwner, expected } from '../../internal/validate.ts';

/** Returns the user that the `owner` option has returned. */
export function normalizeOwner(owner: unknown): string | null {
  if (owner === undefined || owner === null || owner === false) return null;
  if (typeof owner === 'number' || typeof owner === 'bigint') return String(owner);
  if (typeof owner !== 'string') {
    throw expected('owner', 'a function that returns a user id, a string or a number', owner, 'Return the id alone');
  }
  return checkOwner(owner);
}
