import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { json } from '../../src/serializers/json.ts';

const CONTEXT = { field: 'cart', handle: 'handle' };

function roundTrip(value: unknown): unknown {
  return json.deserialize(json.serialize(value, CONTEXT), CONTEXT);
}

/** JSON has no negative zero. */
function withoutSigns(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (Array.isArray(value)) return value.map(withoutSigns);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutSigns(item)]));
}

describe('the JSON serializer', () => {
  it('returns what JSON can hold', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        // JSON has no negative zero.
        fc.pre(!JSON.stringify(value).includes('-0') && !Object.is(value, -0));
        expect(JSON.stringify(roundTrip(value))).toBe(JSON.stringify(value));
      }),
    );
  });

  const cycle: Record<string, unknown> = { list: [] };
  (cycle['list'] as unknown[]).push({ self: cycle });
  const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as unknown;
  class Money {
    readonly cents = 5;
  }
  class Price extends Money {
    toJSON(): number {
      return this.cents;
    }
  }

  it.each<[string, unknown, string, string]>([
    ['undefined', undefined, '`cart` is undefined', 'delete'],
    ['a function', () => 'secret-value', '`cart` is a function', 'Store data'],
    ['a symbol', Symbol('secret-value'), '`cart` is a symbol', 'Store data'],
    ['a BigInt', 1n, '`cart` is a BigInt', '`String(value)`'],
    ['a nested BigInt', { total: 1n }, '`cart.total` is a BigInt', '`String(value)`'],
    ['NaN', Number.NaN, '`cart` is NaN', 'null'],
    ['a nested Infinity', [0, -Infinity], '`cart[1]` is -Infinity', 'null'],
    ['a Date', new Date(0), '`cart` is a Date', '`date.toISOString()`'],
    ['a nested Date', { items: [{ added: new Date(0) }] }, '`cart.items[0].added` is a Date', '`date.toISOString()`'],
    ['a Map', { a: new Map([[1, 2]]) }, '`cart.a` is a Map', '`[...map]`'],
    ['a Set', { 'a b': new Set([1]) }, "`cart['a b']` is a Set", '`[...set]`'],
    ['bytes', { a: Buffer.from('a') }, '`cart.a` is a Buffer', 'base64'],
    ['typed arrays', { a: new Float64Array(2) }, '`cart.a` is a Float64Array', '`[...array]`'],
    ['a class instance', { a: new Money() }, '`cart.a` is an instance of Money', '`{ ...value }`'],
    ['a class with toJSON', { a: new Price() }, '`cart.a` is an instance of Price', '`toJSON()`'],
    ['a plain object with toJSON', { a: { toJSON: () => 1 } }, '`cart.a` has a toJSON()', '`toJSON()`'],
    ['a URL', [new URL('https://example.com')], '`cart[0]` is an instance of URL', '`toJSON()`'],
    ['an Error', new Error('secret-value'), '`cart` is an instance of Error', '`{ ...value }`'],
    ['a regular expression', { a: /x/ }, '`cart.a` is an instance of RegExp', 'Store'],
    ['a boxed number', { a: Object(5) as unknown }, '`cart.a` is an instance of Number', 'Store'],
    ['a promise', { a: Promise.resolve(1) }, '`cart.a` is a promise', 'Await'],
    ['undefined in an array', { a: [1, undefined] }, '`cart.a[1]` is undefined', 'null'],
    // oxlint-disable-next-line no-sparse-arrays -- it is the point
    ['a hole in an array', { a: [1, , 2] }, '`cart.a[1]` is undefined', 'null'],
    ['a function in an object', { a: { b: () => 'secret-value' } }, '`cart.a.b` is a function', 'Store data'],
    ['a symbol in an array', [Symbol('secret-value')], '`cart[0]` is a symbol', 'Store data'],
    ['a subclass of Array', { a: new (class List extends Array {})() }, '`cart.a` is an instance of List', 'Store'],
    ['a cycle', cycle, '`cart.list[0].self` is a cycle', 'id'],
    ['a toJSON that throws', { toJSON: () => { throw new Error('no'); } }, '`cart` has a toJSON()', '`toJSON()`'], // prettier-ignore
    ['a toJSON that returns nothing', { toJSON: () => undefined }, '`cart` has a toJSON()', '`toJSON()`'],
    ['what is nested too deeply', deep, '`cart`', 'nested'],
  ])('refuses %s, and says where it is and what to do', (_, value, where, advice) => {
    let error: unknown;
    try {
      json.serialize(value, CONTEXT);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'ERR_SESSION_SERIALIZE' });
    const { message } = error as Error;
    expect(message).toContain(`Cannot write session field \`cart\` as JSON: ${where}`);
    expect(message).toContain(advice);
    expect(message).not.toContain('secret-value');
    expect(message.length).toBeLessThan(400);
  });

  it('returns everything that it accepts, but for undefined properties and the sign of zero', () => {
    const anything = fc.anything({ withDate: true, withMap: true, withSet: true, withBigInt: true, withSparseArray: true, withNullPrototype: true, withTypedArray: true, withBoxedValues: true }); // prettier-ignore
    let [taken, refused] = [0, 0];
    fc.assert(
      fc.property(anything, (value) => {
        let text: string;
        try {
          text = json.serialize(value, CONTEXT) as string;
        } catch (error) {
          refused++;
          expect(error).toMatchObject({ code: 'ERR_SESSION_SERIALIZE' });
          return;
        }
        taken++;
        expect(json.deserialize(text, CONTEXT)).toEqual(withoutSigns(value));
      }),
      { numRuns: 3000 },
    );
    expect(Math.min(taken, refused)).toBeGreaterThan(150);
  });

  it('accepts objects without a prototype, of another realm, with undefined properties, with shared parts', () => {
    const shared = { a: 1 };
    const bare = Object.assign(Object.create(null) as object, { a: 1 });
    const foreign: unknown = runInNewContext('({ a: [1, { b: 2 }] })');
    for (const [value, text] of [
      [bare, '{"a":1}'],
      [foreign, '{"a":[1,{"b":2}]}'],
      [{ a: undefined, b: 1 }, '{"b":1}'],
      [{ a: shared, b: shared }, '{"a":{"a":1},"b":{"a":1}}'],
      [-0, '0'],
      ['\ud800', '"\\ud800"'],
    ]) {
      expect(json.serialize(value, CONTEXT)).toBe(text);
    }
  });

  it('is not misled by a method that something has added to Object.prototype', () => {
    // oxlint-disable-next-line no-extend-native -- some libraries do it
    Object.defineProperty(Object.prototype, 'added', {
      value: () => 1,
      writable: true,
      enumerable: true,
      configurable: true,
    });
    try {
      expect(json.serialize({ a: { b: 1 } }, CONTEXT)).toBe('{"a":{"b":1}}');
    } finally {
      delete (Object.prototype as { added?: unknown }).added;
    }
  });

  it('names a flash message, a field of the application that begins with @, and no more of a long path', () => {
    const text = (value: unknown, field: string): string => {
      try {
        return String(json.serialize(value, { field, handle: '' }));
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(text([1, { at: new Date(0) }], '@finfo:abc')).toContain(
      'Cannot write a flash message as JSON: `message.at` is a Date',
    );
    expect(text(new Date(0), '@@at')).toContain('session field `@at` as JSON: `@at` is a Date');
    expect(text({ ['x'.repeat(5000)]: { y: new Date(0) } }, 'a').length).toBeLessThan(500);
    expect(text({ 'new\nline`': 1n }, 'a')).toContain("`a['new?line?']` is a BigInt");
  });

  it.each(['', '{', 'undefined', 'secret-value', '{"a":secret-value}'])(
    'refuses stored %j without quoting it',
    (stored) => {
      let error: unknown;
      try {
        json.deserialize(stored, CONTEXT);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toMatchObject({ code: 'ERR_SESSION_SERIALIZE' });
      expect(String(error)).toContain('`cart`');
      expect(String(error)).not.toContain('secret-value');
      expect((error as Error).cause).toBeUndefined();
    },
  );

  it('refuses bytes, which it never wrote', () => {
    expect(() => json.deserialize(Buffer.from('1'), CONTEXT)).toThrow(/is not JSON/);
    expect(() => json.deserialize(new Uint8Array([1]), CONTEXT)).toThrow(/is not JSON/);
  });
});

describe('keys that name prototypes', () => {
  const text = '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"prototype":{"admin":true}}';

  it('are inert data', () => {
    const value = json.deserialize(text, CONTEXT) as Record<string, unknown>;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor', 'prototype']);
    expect(value.admin).toBeUndefined();
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
    expect((Object as unknown as Record<string, unknown>).admin).toBeUndefined();
  });

  it('stay inert when the value is spread, cloned or written again', () => {
    const value = json.deserialize(text, CONTEXT) as Record<string, unknown>;
    for (const copy of [{ ...value }, structuredClone(value), Object.fromEntries(Object.entries(value))]) {
      expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
      expect(copy.admin).toBeUndefined();
    }
    expect(json.serialize(value, CONTEXT)).toBe(text);
  });

  it('reach at most the one object that Object.assign copies into, as documented', () => {
    const target = Object.assign({}, json.deserialize(text, CONTEXT)) as Record<string, unknown>;
    expect(target.admin).toBe(true);
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
  });
});
