import { SessionError } from '../errors.ts';
import { describe } from '../internal/validate.ts';
import { MAX_RANDOM_LENGTH } from './session-id.ts';

const MIN_BITS = 128;
const BITS_PER_HEX = 4;
const BITS_PER_BASE64URL = 6;
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const HEX = /^(?:[\da-f]+|[\dA-F]+)$/;
const BASE64URL = /^[\w-]+$/;

/**
 * Passes on what an application's `idGenerator` gave, when it can be unguessable: base64url characters,
 * enough of them for 128 bits (ASVS 7.2.3), where hexadecimal ones count 4 bits and others 6. UUIDs are
 * refused although they look random (ASVS 11.5.1): at most 122 bits of one are, and in some versions none.
 *
 * @throws SessionError `ERR_SESSION_ID_GENERATOR`, which does not repeat the id.
 */
export function checkGeneratedId(id: unknown): string {
  if (typeof id !== 'string') throw refused('a string', describe(id));
  if (id.length > MAX_RANDOM_LENGTH)
    throw refused(`at most ${MAX_RANDOM_LENGTH} characters`, `${id.length} characters`);
  if (!BASE64URL.test(id)) throw refused('base64url characters (A-Z, a-z, 0-9, - and _)', 'other characters');
  if (UUID.test(id)) throw refused('128 random bits or more', 'a UUID');
  const bits = id.length * (HEX.test(id) ? BITS_PER_HEX : BITS_PER_BASE64URL);
  if (bits < MIN_BITS) throw refused('128 random bits or more', `characters for ${bits}`);
  return id;
}

function refused(what: string, got: string): SessionError {
  return new SessionError(
    'ERR_SESSION_ID_GENERATOR',
    `Expected \`idGenerator\` to give ${what}, got ${got}. Try \`() => randomBytes(32).toString('base64url')\``,
  );
}
