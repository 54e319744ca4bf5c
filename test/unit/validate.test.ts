import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { suggestName } from '../../src/internal/did-you-mean.ts';
import { checkNames, describe as name, expected } from '../../src/internal/validate.ts';

describe('suggestName', () => {
  const known = ['timeout', 'absoluteTimeout', 'cookie.name', 'cookie_httponly', 'secret', 'port', 'db'];

  it.each([
    ['timeOut', 'timeout'],
    ['tiemout', 'timeout'],
    ['absolute_timeout', 'absoluteTimeout'],
    ['cookieName', 'cookie.name'],
    ['C_o_o_k_i_e_n_a_m_e', 'cookie.name'],
    ['cookie-http-only', 'cookie_httponly'],
    ['secert', 'secret'],
    ['ports', 'port'],
    ['dbs', 'db'],
    ['resave', undefined],
    ['x', undefined],
    ['', undefined],
  ])('takes %j for %j', (typed, meant) => {
    expect(suggestName(typed, known)).toBe(meant);
  });

  it('finds every known name itself, and survives any other', () => {
    for (const each of known) expect(suggestName(each, known)).toBe(each);
    fc.assert(
      fc.property(fc.string({ maxLength: 5000 }), (typed) => [...known, undefined].includes(suggestName(typed, known))),
    );
  });
});

describe('messages', () => {
  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    [Number.NaN, 'NaN'],
    [-1, '-1'],
    [true, 'true'],
    ['', 'an empty string'],
    ['secret', 'a string'],
    [[], 'an empty array'],
    [['secret'], 'an array'],
    [new Uint8Array(3), '3 bytes'],
    [{ secret: 'secret' }, 'an object'],
    [Promise.resolve('secret'), 'a promise'],
    [() => 'secret', 'a function'],
    [Symbol('secret'), 'a symbol'],
    [1n, 'a bigint'],
  ])('describe a value without repeating it: case %#', (value, description) => {
    expect(name(value)).toBe(description);
    expect(expected('option', 'something', value).message).toBe(
      `Expected \`option\` to be something, got ${description}`,
    );
  });

  it('describe anything', () => {
    fc.assert(fc.property(fc.anything({ withNullPrototype: true }), (value) => name(value).length > 0));
  });

  it('say what to do with an unknown name', () => {
    const check = (value: unknown): void => checkNames('cookie', value, ['name', 'maxAge'], ['timeout']);
    expect(() => check({ maxage: 1 })).toThrow(
      'Expected `cookie` to have known properties only, got `cookie.maxage`. Did you mean `cookie.maxAge`?',
    );
    expect(() => check({ nonsense: 1 })).toThrow('got `cookie.nonsense`. Known are name, maxAge');
    expect(() => check({ ['x\n`'.repeat(50)]: 1 })).toThrow(/got `cookie\.(?:x\?\?){20}\.\.\.`/);
    expect(() => check(null)).toThrow('Expected `cookie` to be an object, got null');
    expect(() => check([])).toThrow('Expected `cookie` to be an object, got an empty array');
  });
});
