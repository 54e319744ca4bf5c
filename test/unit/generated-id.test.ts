import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkGeneratedId } from '../../src/crypto/generated-id.ts';

const REFUSED = expect.objectContaining({ code: 'ERR_SESSION_ID_GENERATOR' });

describe('checkGeneratedId', () => {
  it.each([
    randomBytes(16).toString('base64url'),
    randomBytes(32).toString('base64url'),
    randomBytes(16).toString('hex'),
    randomBytes(20).toString('hex').toUpperCase(),
    'A_'.repeat(128),
  ])('passes on %s', (id) => {
    expect(checkGeneratedId(id)).toBe(id);
  });

  it.each<[string, unknown]>([
    ['a UUID', randomUUID()],
    ['a UUID in upper case', randomUUID().toUpperCase()],
    ['less than 128 bits', `${randomBytes(15).toString('base64url')}x`],
    ['hexadecimal digits for less than 128 bits', randomBytes(15).toString('hex')],
    ['a long text', 'aB'.repeat(129)],
    ['nothing', ''],
    ['another alphabet', `${randomBytes(32).toString('base64url')}.`],
    ['base64', `${randomBytes(32).toString('base64url')}=`],
    ['a line break', `${randomBytes(32).toString('base64url')}\n`],
    ['letters beyond ASCII', '\u00e9'.repeat(43)],
    ['undefined', undefined],
    ['null', null],
    ['a number', 1e40],
    ['bytes', randomBytes(32)],
    ['a promise', Promise.resolve('x')],
  ])('refuses %s, and does not repeat it', (_, id) => {
    let error: unknown;
    try {
      checkGeneratedId(id);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toEqual(REFUSED);
    if (typeof id === 'string' && id !== '') expect(String(error)).not.toContain(id);
  });

  it('accepts every id of 128 random bits', () => {
    for (let i = 0; i < 20_000; i++) {
      checkGeneratedId(randomBytes(16).toString('base64url'));
      checkGeneratedId(randomBytes(16).toString('hex'));
    }
  });
});
