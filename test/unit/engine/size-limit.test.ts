import { describe, expect, test } from 'vitest';
import type { Epoch } from '../../../src/engine/epoch.ts';
import { CSRF_FIELD, PENDING_LOGIN_FIELD } from '../../../src/engine/field-names.ts';
import { FieldTracker } from '../../../src/engine/fields.ts';
import { assertSizeAllowed, limitInStore, tooLargeInStore } from '../../../src/engine/size-limit.ts';
import type { SessionState } from '../../../src/engine/state.ts';
import type { Stored } from '../../../src/stores/store.ts';

const MAX = 1000;
const MAX_FIELDS = 65_536;
type Fields = Readonly<Record<string, Stored>>;

/** What a session with these fields is told of a change: `undefined` where it may be made. */
function refusalOf(
  stored: Fields,
  set: Fields,
  deleted: readonly string[] = [],
  maxSize: number | null = MAX,
): unknown {
  const { state, epoch } = session(stored, maxSize);
  try {
    assertSizeAllowed(state, epoch, { set: new Map(Object.entries(set)), delete: new Set(deleted) });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function session(stored: Fields, maxSize: number | null = MAX): { state: SessionState; epoch: Epoch } {
  const fields = new FieldTracker({ serialize: (value) => String(value), deserialize: (text) => text });
  fields.load(stored, 'h');
  const state = { context: { config: { maxSize }, events: { emit: () => undefined } }, exchange: {} };
  return { state: state as unknown as SessionState, epoch: { fields, handle: 'h' } as unknown as Epoch };
}

const text = (length: number): string => 'x'.repeat(length);

describe('the size of a session', () => {
  test.each([
    ['up to the limit', { a: text(499) }, { b: text(499) }, []],
    ['what replaces a field', { a: text(999) }, { a: text(999) }, []],
    ['what takes the place of a deleted field', { a: text(999) }, { b: text(999) }, ['a']],
    ['a deletion of what is not stored', { a: text(400) }, { b: text(400) }, ['none']],
    ['bytes that are no text', { a: Buffer.alloc(499) }, { b: Buffer.alloc(499) }, []],
  ])('allows %s', (_, stored, set, deleted) => {
    expect(refusalOf(stored, set, deleted)).toBeUndefined();
  });

  test.each([
    ['one byte too many', { a: text(499) }, { b: text(500) }, []],
    ['a field that grows', { a: text(999) }, { a: text(1000) }, []],
    ['more than the deleted field has left', { a: text(999) }, { b: text(1000) }, ['a']],
    ['characters of more than one byte', {}, { a: '€'.repeat(334) }, []],
  ])('refuses %s', (_, stored, set, deleted) => {
    expect(refusalOf(stored, set, deleted)).toMatch(/would have 1\d\d\d bytes, and `maxSize` allows 1000/);
  });

  test('that is over a lowered limit may change and shrink, and must not grow', () => {
    const over = { a: text(2000), b: text(100) };
    expect(refusalOf(over, { b: text(100) })).toBeUndefined();
    expect(refusalOf(over, { c: text(50) }, ['b'])).toBeUndefined();
    expect(refusalOf(over, { b: text(101) })).toMatch(/would have 2103 bytes/);
    expect(refusalOf(over, { c: text(101) }, ['b'])).toMatch(/would have 2103 bytes/);
  });

  test('does not keep a full session from a CSRF secret, or the first factor of a login', () => {
    const full = { a: text(999) };
    expect(refusalOf(full, { [CSRF_FIELD]: text(40), [PENDING_LOGIN_FIELD]: text(60) })).toBeUndefined();
    expect(refusalOf(full, { [CSRF_FIELD]: text(40), b: text(1) })).toMatch(/would have 1044 bytes/);
  });

  test('is not limited where `maxSize` is null', () => {
    expect(refusalOf({ a: text(9999) }, { b: text(9999) }, [], null)).toBeUndefined();
  });
});

describe('the number of fields', () => {
  const many = (count: number): Fields => Object.fromEntries(Array.from({ length: count }, (_, i) => [`${i}`, '']));
  const refusal = (stored: Fields, set: Fields, deleted: readonly string[] = []): unknown =>
    refusalOf(stored, set, deleted, 10_000_000);

  test('is at most 65536, however small they are', () => {
    expect(refusal(many(MAX_FIELDS - 1), { a: '' })).toBeUndefined();
    expect(refusal(many(MAX_FIELDS), { a: '' })).toMatch(/would have 65537 fields, of at most 65536, in \d+ bytes/);
  });

  test('must not grow where it is too large already, and may stay or shrink', () => {
    const over = many(MAX_FIELDS + 2);
    expect(refusal(over, { 0: 'x' })).toBeUndefined();
    expect(refusal(over, { a: '' }, ['0'])).toBeUndefined();
    expect(refusal(over, { a: '' }, ['none'])).toMatch(/would have 65539 fields/);
    expect(refusal(over, { a: '', b: '' }, ['0'])).toMatch(/would have 65539 fields/);
  });
});

describe('the error', () => {
  test('names the three largest, those of the library by what they are', () => {
    const stored = { '@@at': text(300), [CSRF_FIELD]: text(200), [PENDING_LOGIN_FIELD]: text(150), small: '1' };
    expect(refusalOf(stored, { b: text(500) })).toMatch(
      /Largest are `b` \(501\), `@at` \(304\), the CSRF secret \(202\)\./,
    );
    const rest = { '@f:1': text(200), '@f:2': text(200), [PENDING_LOGIN_FIELD]: text(150), small: '1' };
    expect(refusalOf(rest, { b: text(500) })).toMatch(
      /Largest are `b` \(501\), flash messages \(408\), the pending login \(152\)\./,
    );
  });

  test('of a change that the store has refused names the change among what is stored', () => {
    const { state, epoch } = session({ a: text(100) });
    const changes = { set: new Map<string, Stored>([['b', text(500)]]), delete: new Set<string>() };
    const { code, message } = tooLargeInStore(state, epoch, changes, 1200);
    expect(code).toBe('ERR_SESSION_TOO_LARGE');
    expect(message).toMatch(
      /would have 1200 bytes, and `maxSize` allows 1000\. Largest are `b` \(501\), `a` \(101\)\./,
    );
  });
});

test('the store looks again at changes that are not small: more than a 256th of the limit', () => {
  const limit = (maxSize: number | null, length: number): unknown =>
    limitInStore(maxSize, new Map([['n', text(length - 1)]]));
  expect([limit(25_600, 100), limit(25_600, 101), limit(null, 101)]).toEqual([undefined, 25_600, undefined]);
});
