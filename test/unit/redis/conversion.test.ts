import { describe, expect, test } from 'vitest';
import { checkHash } from '../../../src/stores/redis/clients/conversion.ts';
import { MisdirectedReplyError } from '../../../src/stores/redis/errors.ts';
import { lengthOfHash, parseHash } from '../../../src/stores/redis/hash.ts';

describe('an object that the client library has made of the reply to HGETALL', () => {
  test.each([['OK'], [1], [null], [undefined], [[]], [['a', '1']], [{ a: 1 }], [{ a: null }], [{ 0: [] }]])(
    'is not %j',
    (reply) => {
      expect(() => checkHash(reply)).toThrow(MisdirectedReplyError);
    },
  );

  test.each([[{}], [{ a: '1', '': '' }], [{ a: Buffer.from([0xff]) }], [Object.create(null)]])('is %j', (reply) => {
    expect(checkHash(reply)).toBe(reply);
  });

  test('is judged by its own fields alone', () => {
    expect(() => checkHash(Object.create({ inherited: 1 }))).not.toThrow();
  });
});

describe('the reply to HGETALL as a list', () => {
  test.each([['OK'], [1], [null], [undefined], [{}], [['a']], [['a', 1]], [['a', null]], [[1, '1']], [['a', []]]])(
    'is not %j',
    (reply) => {
      expect(() => parseHash(reply)).toThrow(MisdirectedReplyError);
    },
  );

  test('becomes an object, in which every name is a field', () => {
    const hash = parseHash(['a', '1', '__proto__', '2', 'constructor', Buffer.from([0xff])]);
    expect(Object.entries(hash)).toEqual([
      ['a', '1'],
      ['__proto__', '2'],
      ['constructor', Buffer.from([0xff])],
    ]);
    expect(Object.keys(parseHash([]))).toEqual([]);
  });

  test('knows the length of its names and values, in code units or in bytes', () => {
    expect(lengthOfHash(parseHash(['a', '€€', 'name', '']))).toBe(7);
    expect(lengthOfHash(parseHash(['a', Buffer.from('€€')]))).toBe(7);
    expect(lengthOfHash({ a: '1' })).toBeUndefined();
  });
});
