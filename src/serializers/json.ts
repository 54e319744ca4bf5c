import { SessionError } from '../errors.ts';
import type { Serializer } from './serializer.ts';

/**
 * The default serializer: JSON, with JSON's limits. Dates come back as strings; maps, sets and class
 * instances as plain objects; functions and `undefined` inside an object are left out.
 *
 * Stored text cannot reach a prototype (ASVS 1.5.2). A key `__proto__` becomes an own property like any
 * other, in reading as in spreading, and is written back unchanged: dropping it would make a request
 * that only reads look like one that writes. Only `Object.assign` and loops that copy by assignment
 * give it a meaning, for the one object that they copy into.
 *
 * @throws SessionError `ERR_SESSION_SERIALIZE`: when writing, for what JSON has no form for at all
 * (`undefined`, functions, symbols, BigInts, cycles); when reading, for what is not JSON.
 */
export const json: Serializer = {
  serialize(value, { field }) {
    let text: string | undefined;
    try {
      text = JSON.stringify(value);
    } catch (cause) {
      throw refused(field, 'it has a BigInt, a cycle, or a toJSON() that throws', cause);
    }
    // JSON.stringify's type does not admit it, but undefined, functions and symbols have no JSON.
    if (text === undefined) throw refused(field, `it is of type ${typeof value}`);
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
    throw new SessionError('ERR_SESSION_SERIALIZE', `The stored value of ${name(field)} is not JSON`);
  },
};

function refused(field: string, why: string, cause?: unknown): SessionError {
  return new SessionError(
    'ERR_SESSION_SERIALIZE',
    `Cannot write ${name(field)} as JSON: ${why}. Store plain data, or pass your own \`serialize\` and \`deserialize\``,
    cause === undefined ? undefined : { cause },
  );
}

function name(field: string): string {
  return field === '' ? 'a session field' : `session field \`${field.slice(0, 100)}\``;
}
