import { expect, test, vi } from 'vitest';
import { CookieVerifier } from '../../src/crypto/cookie-verifier.ts';
import { Keyring, randomId } from '../../src/crypto/keyring.ts';
import { keyOf } from '../../src/crypto/session-id.ts';

/** Both generations, and one more. */
const MANY = 10_001;

const old = new Keyring(['the old secret, of more than thirty-two bytes']);
const keyring = new Keyring([
  'the new secret, of more than thirty-two bytes',
  'the old secret, of more than thirty-two bytes',
]);

function cookieOf(id: string, signer = keyring): string {
  return `${id}.${signer.sign(id)}`;
}

test('returns id, key and secret of a cookie, the first time and after', () => {
  const verifier = new CookieVerifier(keyring);
  const anonymous = randomId();
  const owned = `${keyring.ownerHash('ada')}.${randomId()}`;
  for (let time = 0; time < 3; time++) {
    expect(verifier.verify(cookieOf(anonymous))).toEqual({ id: anonymous, key: keyOf(anonymous), secret: 0 });
    expect(verifier.verify(cookieOf(owned, old))).toEqual({ id: owned, key: keyOf(owned), secret: 1 });
  }
});

test('refuses another signature and other text, also next to a cookie that it remembers', () => {
  const verifier = new CookieVerifier(keyring);
  const id = randomId();
  const cookie = cookieOf(id);
  verifier.verify(cookie);
  const flip = (at: number): string => `${cookie.slice(0, at)}${cookie[at] === 'A' ? 'B' : 'A'}${cookie.slice(at + 1)}`;
  // Of the last character of 32 bytes in base64url only four bits count; all are compared.
  for (const at of [0, id.length - 1, id.length + 1, cookie.length - 1])
    expect(verifier.verify(flip(at))).toBe('signature');
  const foreign = [
    `${id}.${cookieOf(randomId()).slice(-43)}`,
    cookieOf(id, new Keyring(['some other secret, as long as those'])),
  ];
  for (const value of foreign) expect(verifier.verify(value)).toBe('signature');
  for (const value of ['', id, `${cookie} `, `${cookie}A`, cookie.slice(1), cookie.replace('.', '\u00e9')]) {
    expect(verifier.verify(value)).not.toBeTypeOf('object');
  }
  expect(verifier.verify(cookie)).toMatchObject({ id });
});

test('computes once for a cookie that comes again, and remembers a limited number', () => {
  const verifier = new CookieVerifier(keyring);
  const verify = vi.spyOn(keyring, 'verify');
  const first = cookieOf(randomId());
  const inUse = cookieOf(randomId());
  for (const cookie of [first, first, inUse]) verifier.verify(cookie);
  expect(verify).toHaveBeenCalledTimes(2);
  for (let i = 0; i < MANY; i++) {
    verifier.verify(cookieOf(randomId()));
    verifier.verify(inUse);
  }
  expect(verify).toHaveBeenCalledTimes(2 + MANY);
  verifier.verify(first);
  expect(verify).toHaveBeenCalledTimes(3 + MANY);
});

test('remembers nothing that it refused', () => {
  const verifier = new CookieVerifier(keyring);
  const verify = vi.spyOn(keyring, 'verify').mockClear();
  const forged = `${randomId()}.${randomId()}`;
  for (let time = 0; time < 2; time++) expect(verifier.verify(forged)).toBe('signature');
  expect(verify).toHaveBeenCalledTimes(2);
});
