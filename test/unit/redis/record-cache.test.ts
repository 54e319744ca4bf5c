import { beforeEach, expect, test } from 'vitest';
import { RecordCache } from '../../../src/stores/redis/record-cache.ts';
import { ManualClock } from './manual-clock.ts';

const FIELDS = { a: '1' };
const LIFE = 60_000;

let clock: ManualClock;
let cache: RecordCache;

beforeEach(() => {
  clock = new ManualClock();
  cache = new RecordCache({ maxEntries: 3, maxBytes: 1_000 }, clock);
});

function read(key: string, fields: Record<string, string> = FIELDS, life = LIFE): void {
  const reading = cache.startRead(key);
  cache.recordReply(clock.now());
  cache.set(reading, fields, false, clock.now() + life);
  cache.endRead(reading);
}

test('returns what was read, until it is invalidated', () => {
  read('a');
  read('b', { b: '2' });
  expect(cache.get('a', false)?.fields).toBe(FIELDS);
  cache.invalidate('a');
  expect(cache.get('a', false)).toBeUndefined();
  expect(cache.get('b', false)?.fields).toEqual({ b: '2' });
  cache.clear();
  cache.recordReply(clock.now());
  expect(cache.get('b', false)).toBeUndefined();
});

test('does not keep what changed while it was read', () => {
  const reading = cache.startRead('a');
  cache.invalidate('a');
  const later = cache.startRead('a');
  cache.recordReply(clock.now());
  cache.set(reading, { a: 'old' }, false, clock.now() + LIFE);
  expect(cache.get('a', false)).toBeUndefined();
  cache.set(later, { a: 'new' }, false, clock.now() + LIFE);
  expect(cache.get('a', false)?.fields).toEqual({ a: 'new' });
});

test('of two reads at once, the later does not keep what changed after the earlier was kept', () => {
  const [one, other] = [cache.startRead('a'), cache.startRead('a')];
  cache.recordReply(clock.now());
  cache.set(one, FIELDS, false, clock.now() + LIFE);
  cache.endRead(one);
  cache.invalidate('a');
  cache.set(other, FIELDS, false, clock.now() + LIFE);
  cache.endRead(other);
  expect(cache.get('a', false)).toBeUndefined();
});

test('forgets reads that have ended, successfully or not', () => {
  const [kept, absent, changed] = [cache.startRead('a'), cache.startRead('b'), cache.startRead('c')];
  cache.set(kept, FIELDS, false, clock.now() + LIFE);
  cache.invalidate('c');
  const again = cache.startRead('c');
  for (const reading of [kept, absent, changed]) cache.endRead(reading);
  expect(cache.pending).toBe(1);
  cache.endRead(again);
  expect(cache.pending).toBe(0);
});

test('does not keep what was read over a connection that broke meanwhile', () => {
  const reading = cache.startRead('a');
  cache.clear();
  cache.recordReply(clock.now());
  cache.set(reading, FIELDS, false, clock.now() + LIFE);
  expect(cache.get('a', false)).toBeUndefined();
});

test('is not believed a second after the last sign of life, and again after the next', async () => {
  read('a');
  await clock.pass(1_000);
  expect(cache.get('a', false)?.fields).toBe(FIELDS);
  await clock.pass(1);
  expect(cache.get('a', false)).toBeUndefined();
  cache.recordReply(clock.now());
  expect(cache.get('a', false)?.fields).toBe(FIELDS);
});

test('a late answer to an old question is no sign of life', async () => {
  read('a');
  const asked = clock.now();
  await clock.pass(1_500);
  cache.recordReply(asked);
  expect(cache.get('a', false)).toBeUndefined();
});

test('returns no record beyond its time to live', async () => {
  read('a', FIELDS, 300);
  await clock.pass(299);
  expect(cache.get('a', false)?.fields).toBe(FIELDS);
  await clock.pass(1);
  expect(cache.get('a', false)).toBeUndefined();
  expect(cache.size).toBe(0);
});

test('makes room for a record by the one that was not used for the longest time', () => {
  for (const key of ['a', 'b', 'c']) read(key);
  cache.get('a', false);
  read('d');
  expect(['a', 'b', 'c', 'd'].filter((key) => cache.get(key, false) !== undefined)).toEqual(['a', 'c', 'd']);
});

test('does not give text for bytes', () => {
  read('a');
  expect(cache.get('a', true)).toBeUndefined();
});

test('holds no more bytes than it may, and drops the least recently used first', () => {
  const value = 'x'.repeat(490);
  read('a', { f: value });
  read('b', { f: value });
  expect(cache.byteLength).toBe(2 * 492);
  cache.get('a', false);
  read('c', { f: 'ü'.repeat(7) });
  expect([cache.size, cache.byteLength]).toEqual([3, 1000]);
  // As many records as before, and one byte more.
  read('c', { f: `${'ü'.repeat(7)}x` });
  expect(['a', 'b', 'c'].map((key) => cache.get(key, false) !== undefined)).toEqual([true, false, true]);
  expect(cache.byteLength).toBe(492 + 17);
});

test('keeps a record out that is larger than the whole cache, and forgets the one before it', () => {
  read('a', { f: 'small' });
  read('b');
  read('a', { f: 'x'.repeat(1_000) });
  expect(cache.get('a', false)).toBeUndefined();
  expect(cache.get('b', false)?.fields).toBe(FIELDS);
});

test('counts bytes for what is replaced, invalidated, expired and cleared', async () => {
  read('a', { f: '12' });
  read('a', { f: '1234' });
  expect(cache.byteLength).toBe(6);
  cache.invalidate('a');
  expect(cache.byteLength).toBe(0);
  read('b', FIELDS, 5);
  await clock.pass(6);
  expect(cache.get('b', false)).toBeUndefined();
  expect(cache.byteLength).toBe(0);
  read('c');
  cache.clear();
  expect(cache.byteLength).toBe(0);
});
