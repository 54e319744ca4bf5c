import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkedGenerator, checkGeneratedId } from '../../src/crypto/generated-id.ts';

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
    ['a UUID with underscores', randomUUID().replaceAll('-', '_')],
    ['a UUID with something before it', `user-${randomUUID()}`],
    ['a UUID of no known version', '00000000-0000-0000-0000-000000000000'],
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

describe('checkedGenerator', () => {
  const bare = (): string => randomUUID().replaceAll('-', '');

  it.each<[string, () => string]>([
    ['without separators', bare],
    ['in upper case', () => bare().toUpperCase()],
    ['with something before it', () => `session_${bare()}`],
    ['in base64url', () => Buffer.from(bare(), 'hex').toString('base64url')],
    [
      'of version 7',
      () =>
        `${Date.now().toString(16).padStart(12, '0')}7${randomBytes(2).toString('hex').slice(1)}8${bare().slice(17)}`,
    ],
  ])('refuses UUIDs %s at the first id', (_, generate) => {
    expect(checkedGenerator(generate)).toThrow(REFUSED);
  });

  it('accepts random ids, also where the first looks like a UUID, and UUIDs beside 128 random bits', () => {
    for (let i = 0; i < 200; i++) {
      const first = [bare()];
      checkedGenerator(() => first.pop() ?? randomBytes(16).toString('hex'))();
      checkedGenerator(() => randomBytes(16).toString('hex'))();
      checkedGenerator(() => randomBytes(16).toString('base64url'))();
      checkedGenerator(() => `${randomUUID()}-${randomBytes(16).toString('base64url')}`)();
    }
  });

  it('calls the generator once for each id', () => {
    let calls = 0;
    const generate = checkedGenerator(() => {
      calls += 1;
      return randomBytes(32).toString('base64url');
    });
    for (let i = 1; i <= 3; i++) {
      generate();
      expect(calls).toBe(i);
    }
  });
});
