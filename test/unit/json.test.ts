import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { json } from '../../src/serializers/json.ts';

const CONTEXT = { field: 'cart', handle: 'handle' };

function roundTrip(value: unknown): unknown {
  return json.deserialize(json.serialize(value, CONTEXT), CONTEXT);
}

describe('the JSON serializer', () => {
  it('gives back what JSON can hold', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        // JSON has no negative zero.
        fc.pre(!JSON.stringify(value).includes('-0') && !Object.is(value, -0));
        expect(JSON.stringify(roundTrip(value))).toBe(JSON.stringify(value));
      }),
    );
  });

  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['a function', () => 'secret-value'],
    ['a symbol', Symbol('secret-value')],
    ['a BigInt', 1n],
    ['a nested BigInt', { total: 1n }],
    ['a cycle', cycle],
    ['a toJSON that throws', { toJSON: () => { throw new Error('no'); } }], // prettier-ignore
    ['a toJSON that gives nothing', { toJSON: () => undefined }],
  ])('refuses %s, and names the field', (_, value) => {
    expect(() => json.serialize(value, CONTEXT)).toThrow(
      expect.objectContaining({ code: 'ERR_SESSION_SERIALIZE', message: expect.stringContaining('`cart`') }),
    );
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
