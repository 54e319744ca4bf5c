import { SessionError } from '../errors.ts';
import { explainLoss, isLossless } from './json-loss.ts';
import { refusal, titleOf } from './refusal.ts';
import type { Serializer } from './serializer.ts';

/**
 * The default serializer: JSON. It refuses what JSON would return as something else: dates, maps, sets, bytes and
 * other class instances, objects with a `toJSON()`, `NaN` and infinities, functions, symbols, BigInts, cycles, and
 * `undefined` in an array. A property that is `undefined` is left out, which reads the same; `-0` becomes 0. What an array
 * has beside its items is left out, too, and so is a property whose key is a symbol: to look for them costs too much.
 *
 * Stored text cannot reach a prototype (ASVS 1.5.2). A key `__proto__` becomes an own property like any
 * other, in reading as in spreading, and is written back unchanged: dropping it would make a request
 * that only reads look like one that writes. Only `Object.assign` and loops that copy by assignment
 * give it a meaning, for the one object that they copy into.
 *
 * @throws {SessionError} `ERR_SESSION_SERIALIZE`: when writing, for what would come back as something else, with its
 * path and what to store instead, at once where the value is set; when reading, for what is not JSON
 */
export const json: Serializer = {
  serialize(value, { field }) {
    let text: string | undefined;
    let cause: unknown;
    try {
      text = JSON.stringify(value);
    } catch (error) {
      cause = error;
    }
    // After JSON.stringify, because it notices cycles by itself.
    if (text === undefined || !isKept(value)) throw refused(field, value, cause);
    return text;
  },

  check(value, field) {
    if (!isKept(value)) throw refused(field, value, undefined);
  },

  deserialize(stored, { field }) {
    if (typeof stored === 'string') {
      try {
        return JSON.parse(stored);
      } catch {
        // The parser's own message quotes what it read; it must not get into logs as a cause either.
      }
    }
    throw new SessionError('ERR_SESSION_SERIALIZE', `The stored value of ${titleOf(field)} is not JSON`);
  },
};

function isKept(value: unknown): boolean {
  try {
    return isLossless(value);
  } catch (error) {
    // A cycle, or too many levels.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function refused(field: string, value: unknown, cause: unknown): SessionError {
  return refusal(field, 'as JSON', explainLoss(value), 'a `serializer` that keeps it, such as `rich()`', cause);
}
