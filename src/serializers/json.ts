import { SessionError } from '../errors.ts';
import { explainLoss, isLossless } from './json-loss.ts';
import type { Serializer } from './serializer.ts';

/**
 * The default serializer: JSON. It refuses what JSON would return as something else: dates, maps, sets, bytes and
 * other class instances, objects with a `toJSON()`, `NaN` and infinities, functions, symbols, BigInts, cycles, and
 * `undefined` in an array. A property that is `undefined` is left out, which reads the same; `-0` becomes 0.
 *
 * Stored text cannot reach a prototype (ASVS 1.5.2). A key `__proto__` becomes an own property like any
 * other, in reading as in spreading, and is written back unchanged: dropping it would make a request
 * that only reads look like one that writes. Only `Object.assign` and loops that copy by assignment
 * give it a meaning, for the one object that they copy into.
 *
 * @throws {SessionError} `ERR_SESSION_SERIALIZE`: when writing, for what would come back as something else, with its
 * path and what to store instead; when reading, for what is not JSON
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
    if (text === undefined || !isLossless(value)) throw refused(field, value, cause);
    return text;
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

function refused(field: string, value: unknown, cause: unknown): SessionError {
  const { path, what, advice } = explainLoss(value);
  const isFlash = field.startsWith(FLASH);
  // Flash messages are stored beside their time.
  const place = isFlash ? `message${path.replace(/^\[1\]/, '')}` : `${nameOf(field) || 'value'}${path}`;
  return new SessionError(
    'ERR_SESSION_SERIALIZE',
    `Cannot write ${titleOf(field)} as JSON: \`${place}\` ${what}. ${advice}, or pass a \`serializer\` that keeps it`,
    cause === undefined ? undefined : { cause },
  );
}

/** What the engine's names of flash fields begin with. */
const FLASH = '@f';

function titleOf(field: string): string {
  if (field === '') return 'a session field';
  return field.startsWith(FLASH) ? 'a flash message' : `session field \`${nameOf(field)}\``;
}

/** Returns the application's name of a field: one that begins with `@` is stored with one more. */
function nameOf(field: string): string {
  return field.replace(/^@(?=@)/, '').slice(0, 100);
}
