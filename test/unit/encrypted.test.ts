import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encrypted, type EncryptedOptions } from '../../src/serializers/encrypted.ts';
import type { Serializer } from '../../src/serializers/serializer.ts';

const HANDLE = createHash('sha256').update('one').digest('base64url');
const OTHER_HANDLE = createHash('sha256').update('two').digest('base64url');
const CONTEXT = { field: 'cart', handle: HANDLE };
const SERIALIZE = expect.objectContaining({ code: 'ERR_SESSION_SERIALIZE' });

const oldKey = randomBytes(32);
const newKey = randomBytes(32);

function stored(serializer: Serializer, value: unknown): string {
  return serializer.serialize(value, CONTEXT) as string;
}

describe('encrypted', () => {
  const serializer = encrypted({ key: newKey });

  it('decrypts what it encrypted', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, field) => {
        fc.pre(!JSON.stringify(value).includes('-0') && !Object.is(value, -0));
        const context = { field, handle: HANDLE };
        const back = serializer.deserialize(serializer.serialize(value, context), context);
        expect(JSON.stringify(back)).toBe(JSON.stringify(value));
      }),
    );
  });

  it('writes text with a version, which reveals nothing and never repeats', () => {
    const texts = Array.from({ length: 50 }, () => stored(serializer, 'attack at dawn'));
    expect(new Set(texts).size).toBe(50);
    for (const text of texts) {
      expect(text).toMatch(/^e1\.[\w-]+$/);
      expect(Buffer.from(text.slice(3), 'base64url').includes('attack')).toBe(false);
    }
    const nonces = texts.map((text) => Buffer.from(text.slice(3), 'base64url').subarray(7, 19).toString('hex'));
    expect(new Set(nonces).size).toBe(50);
  });

  it('refuses a value that was moved to another field', () => {
    expect(() => serializer.deserialize(stored(serializer, 1), { field: 'role', handle: HANDLE })).toThrow(SERIALIZE);
  });

  it('refuses a value that was moved to another session', () => {
    const text = stored(serializer, 1);
    expect(() => serializer.deserialize(text, { field: 'cart', handle: OTHER_HANDLE })).toThrow(SERIALIZE);
    expect(serializer.boundToHandle).toBe(true);
  });

  it('does not confuse a handle and a field that run together', () => {
    const text = serializer.serialize(1, { field: 'bc', handle: 'a' });
    expect(() => serializer.deserialize(text, { field: 'c', handle: 'ab' })).toThrow(SERIALIZE);
  });

  it('refuses a value of which any character was changed', () => {
    const text = stored(serializer, { role: 'user' });
    for (let i = 0; i < text.length; i++) {
      for (const character of ['A', 'B', '_', '=', ' ', '.', '\u00e9']) {
        if (text[i] === character) continue;
        const changed = text.slice(0, i) + character + text.slice(i + 1);
        expect(() => serializer.deserialize(changed, CONTEXT), `${i}: ${character}`).toThrow(SERIALIZE);
      }
    }
  });

  it('refuses a value of which any bit was flipped', () => {
    const bytes = Buffer.from(stored(serializer, { role: 'user' }).slice(3), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => serializer.deserialize(`e1.${flipped.toString('base64url')}`, CONTEXT)).toThrow(SERIALIZE);
    }
  });

  it('refuses a value that was cut short, extended, or is something else', () => {
    const text = stored(serializer, 'x');
    for (let length = 0; length < text.length; length++) {
      expect(() => serializer.deserialize(text.slice(0, length), CONTEXT)).toThrow(SERIALIZE);
    }
    for (const other of [`${text}A`, `${text}=`, `${text}\n`, ` ${text}`, '"x"', Buffer.from(text), undefined]) {
      expect(() => serializer.deserialize(other as never, CONTEXT)).toThrow(SERIALIZE);
    }
  });

  it('has a stable form, which is never the stored one', () => {
    expect(serializer.stableForm!({ a: 1 }, CONTEXT)).toBe('{"a":1}');
    expect(() => serializer.stableForm!({ a: 1n }, CONTEXT)).toThrow(SERIALIZE);
    const inner: Serializer = { serialize: () => '', deserialize: () => '', stableForm: () => 'stable' };
    expect(encrypted({ key: newKey, serializer: inner }).stableForm!(1, CONTEXT)).toBe('stable');
  });
});

describe('keys', () => {
  it('rotate: the first encrypts, all decrypt, and a dropped one does not', () => {
    const before = encrypted({ key: oldKey });
    const during = encrypted({ keys: [newKey, oldKey] });
    const after = encrypted({ keys: [newKey] });
    expect(during.deserialize(stored(before, 'v'), CONTEXT)).toBe('v');
    expect(after.deserialize(stored(during, 'v'), CONTEXT)).toBe('v');
    expect(() => after.deserialize(stored(before, 'v'), CONTEXT)).toThrow(/key that is not among `keys`/);
    expect(() => before.deserialize(stored(during, 'v'), CONTEXT)).toThrow(SERIALIZE);
  });

  it('may be text or bytes', () => {
    const bytes = encrypted({ key: newKey });
    for (const encoding of ['hex', 'base64', 'base64url'] as const) {
      expect(encrypted({ key: newKey.toString(encoding) }).deserialize(stored(bytes, 'v'), CONTEXT)).toBe('v');
    }
    expect(encrypted({ key: new Uint8Array(newKey) }).deserialize(stored(bytes, 'v'), CONTEXT)).toBe('v');
    expect(encrypted({ key: newKey.toString('hex').toUpperCase() }).deserialize(stored(bytes, 'v'), CONTEXT)).toBe('v');
  });

  it('are not in the stored value', () => {
    const bytes = Buffer.from(stored(encrypted({ key: newKey }), 'v').slice(3), 'base64url');
    expect(bytes.includes(newKey.subarray(0, 4))).toBe(false);
  });

  it.each<[string, unknown]>([
    ['options', undefined],
    ['key', {}],
    ['key', { key: undefined }],
    ['key', { key: null }],
    ['key', { key: '' }],
    ['key', { key: 'k'.repeat(32) }],
    ['key', { key: randomBytes(31) }],
    ['key', { key: randomBytes(33) }],
    ['key', { key: new Uint8Array(32) }],
    ['key', { key: randomBytes(48).toString('base64') }],
    ['key', { key: `${randomBytes(32).toString('base64')}\n` }],
    ['key', { key: { length: 32 } }],
    ['keys', { keys: [] }],
    ['keys', { keys: newKey }],
    ['keys[1]', { keys: [newKey, 'x'] }],
    ['serializer', { key: newKey, serializer: null }],
    ['serializer', { key: newKey, serializer: JSON }],
  ])('refuses wrong %s: case %#', (name, options) => {
    const attempt = (): unknown => encrypted(options as EncryptedOptions);
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow(`Expected \`${name}\` to be`);
  });

  it('refuses both options at once, and unknown ones', () => {
    expect(() => encrypted({ key: newKey, keys: [newKey] })).toThrow(/got both/);
    expect(() => encrypted({ keey: newKey } as never)).toThrow(/Did you mean `key`/);
  });

  it('never appear in a message', () => {
    const key = `secret-${'k'.repeat(40)}`;
    expect(() => encrypted({ key })).toThrow(expect.not.objectContaining({ message: expect.stringContaining(key) }));
  });
});

describe('another serializer inside', () => {
  it('is never asked about a value that was changed, in its kind neither', () => {
    const anything: Serializer = { serialize: String, deserialize: (text) => text };
    const serializer = encrypted({ key: newKey, serializer: anything });
    const bytes = Buffer.from(stored(serializer, 'v').slice(3), 'base64url');
    bytes[0] = 1;
    expect(() => serializer.deserialize(`e1.${bytes.toString('base64url')}`, CONTEXT)).toThrow(SERIALIZE);
  });

  it('keeps text text and bytes bytes', () => {
    const bytes: Serializer = {
      serialize: (value) => Buffer.from(String(value)),
      deserialize: (text) => ({ isBytes: text instanceof Uint8Array, text: Buffer.from(text).toString() }),
    };
    const ofBytes = encrypted({ key: newKey, serializer: bytes });
    expect(ofBytes.deserialize(stored(ofBytes, '\u20ac'), CONTEXT)).toEqual({ isBytes: true, text: '\u20ac' });

    const text: Serializer = { serialize: String, deserialize: (value) => value };
    const ofText = encrypted({ key: newKey, serializer: text });
    expect(ofText.deserialize(stored(ofText, '\u20ac'), CONTEXT)).toBe('\u20ac');
  });
});
