import { SessionError } from '../errors.ts';
import { describe } from '../internal/validate.ts';
import { MAX_RANDOM_LENGTH } from './session-id.ts';

const MIN_BITS = 128;
const BITS_PER_HEX = 4;
const BITS_PER_BASE64URL = 6;
const HEX = /^(?:[\da-f]+|[\dA-F]+)$/;
const BASE64URL = /^[\w-]+$/;
/** A UUID in hexadecimal: of any version where its groups are separated, and otherwise of a version and variant of RFC 9562. */
const UUID =
  /(?<![\da-f])(?:[\da-f]{8}([-_])[\da-f]{4}\1[\da-f]{4}\1[\da-f]{4}\1[\da-f]{12}|[\da-f]{12}[1-8][\da-f]{3}[89ab][\da-f]{15})(?![\da-f])/i;
/** As many random ids in a row look like UUIDs once in 2^48 times. */
const TRIED = 16;

/**
 * Returns a generator that checks each id of the application's, and at the first whether they are UUIDs without
 * separators: one random id in eight looks like one, and all of a generator's only if they are.
 */
export function checkedGenerator(generate: () => unknown): () => string {
  let isTried = false;
  return () => {
    const id = checkGeneratedId(generate());
    if (!isTried) refuseUuids(id, generate);
    isTried = true;
    return id;
  };
}

function refuseUuids(first: string, generate: () => unknown): void {
  if (!isUuid(first)) return;
  for (let tried = 0; tried < TRIED; tried++) {
    if (!isUuid(checkGeneratedId(generate()))) return;
  }
  throw refused('128 random bits or more', 'UUIDs');
}

/** Returns whether an id looks like a UUID in hexadecimal or base64url, perhaps with something beside it. */
export function isUuid(id: string): boolean {
  const [hex] = UUID.exec(id) ?? [];
  if (hex !== undefined) return (id.length - hex.length) * BITS_PER_BASE64URL < MIN_BITS;
  if (id.length !== 22) return false;
  const bytes = Buffer.from(id, 'base64url');
  const [version, variant] = [bytes[6]! >> 4, bytes[8]! >> 6];
  return version >= 1 && version <= 8 && variant === 2;
}

/**
 * Returns what an application's `idGenerator` returned, when it can be unguessable: base64url characters,
 * enough of them for 128 bits (ASVS 7.2.3), where hexadecimal ones count 4 bits and others 6. UUIDs are
 * refused although they look random (ASVS 11.5.1): at most 122 bits of one are, and in some versions none. Those
 * without separators cannot be recognised by one id; see {@link checkedGenerator}.
 *
 * @throws SessionError `ERR_SESSION_ID_GENERATOR`, which does not repeat the id.
 */
export function checkGeneratedId(id: unknown): string {
  if (typeof id !== 'string') throw refused('a string', describe(id));
  if (id.length > MAX_RANDOM_LENGTH)
    throw refused(`at most ${MAX_RANDOM_LENGTH} characters`, `${id.length} characters`);
  if (!BASE64URL.test(id)) throw refused('base64url characters (A-Z, a-z, 0-9, - and _)', 'other characters');
  if (/[-_]/.test(UUID.exec(id)?.[0] ?? '') && isUuid(id)) throw refused('128 random bits or more', 'a UUID');
  const bits = id.length * (HEX.test(id) ? BITS_PER_HEX : BITS_PER_BASE64URL);
  if (bits < MIN_BITS) throw refused('128 random bits or more', `characters for ${bits}`);
  return id;
}

function refused(what: string, got: string): SessionError {
  return new SessionError(
    'ERR_SESSION_ID_GENERATOR',
    `Expected \`idGenerator\` to return ${what}, got ${got}. Try \`() => randomBytes(32).toString('base64url')\``,
  );
}
