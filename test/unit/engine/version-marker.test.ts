import { describe, expect, test } from 'vitest';
import { markVersion, splitVersion } from '../../../src/engine/version-marker.ts';
import type { Stored } from '../../../src/stores/store.ts';

const KINDS: [string, (text: string) => Stored][] = [
  ['text', (text) => text],
  ['bytes', (text) => Buffer.from(text)],
  ['bytes of a typed array', (text) => new Uint8Array(Buffer.from(text))],
];

describe.each(KINDS)('a stored value of %s', (_, of) => {
  test.each([
    ['1', 0, '1'],
    ['', 0, ''],
    ['@7:1', 7, '1'],
    ['@123456789:', 123_456_789, ''],
    ['@1:@2:x', 1, '@2:x'],
  ])('%j has version %i', (stored, version, body) => {
    expect(splitVersion(of(stored))).toEqual({ version, body: of(body) });
    const marked = markVersion({ version, body: of(body) });
    expect(typeof marked).toBe(typeof of(stored));
    expect(Buffer.from(marked)).toEqual(Buffer.from(stored));
  });

  test.each(['@', '@:1', '@x:1', '@1', '@1234567890:1', ' @1:x', 'x@1:x'])('%j has no marker', (stored) => {
    expect(splitVersion(of(stored))).toEqual({ version: 0, body: of(stored) });
  });
});

test('bytes behind a marker are not copied', () => {
  const stored = new Uint8Array(Buffer.from('@1:body'));
  const body = splitVersion(stored).body as Uint8Array;
  expect([body.buffer === stored.buffer, body.byteOffset]).toEqual([true, 3]);
});
