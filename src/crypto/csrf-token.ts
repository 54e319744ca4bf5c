import { randomBytes, timingSafeEqual } from 'node:crypto';
import { expected } from '../internal/validate.ts';

const SECRET_BYTES = 32;
const SECRET = /^[\w-]{43}$/;
const TOKEN = /^[\w-]{86}$/;

/** Returns a new CSRF secret: 256 bits from a CSPRNG, base64url. */
export function createCsrfSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

/** Returns whether a value has the form of a CSRF secret. */
export function isCsrfSecret(value: unknown): value is string {
  return typeof value === 'string' && SECRET.test(value);
}

/**
 * Returns the secret as it may appear in a page: XORed with fresh random bytes, which stand before it. Every
 * rendering differs, so that compression beside it leaks nothing (BREACH, CVE-2013-3587).
 *
 * @param secret - 32 bytes, base64url, as {@link createCsrfSecret} returns.
 * @returns 86 base64url characters.
 * @throws TypeError when the secret is not of that form.
 */
export function maskCsrfSecret(secret: string): string {
  const bytes = decode(secret, SECRET);
  if (bytes === undefined) throw expected('secret', '32 bytes in base64url', secret);
  const mask = randomBytes(SECRET_BYTES);
  return Buffer.concat([mask, xor(mask, bytes)]).toString('base64url');
}

/**
 * Returns whether this is a rendering of the secret. Compares in constant time (ASVS 11.2.4). Anything that is no
 * token is `false`, never an exception: tokens come from forms.
 */
export function verifyCsrfToken(token: unknown, secret: unknown): boolean {
  const rendering = decode(token, TOKEN);
  const bytes = decode(secret, SECRET);
  if (rendering === undefined || bytes === undefined) return false;
  return timingSafeEqual(xor(rendering.subarray(0, SECRET_BYTES), rendering.subarray(SECRET_BYTES)), bytes);
}

function decode(text: unknown, form: RegExp): Buffer | undefined {
  return typeof text === 'string' && form.test(text) ? Buffer.from(text, 'base64url') : undefined;
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, index) => byte ^ b[index]!);
}
