import { expect, test } from 'vitest';
import { RecentMap } from '../../src/internal/recent-map.ts';

test('remembers the last entries, and at most twice as many', () => {
  const map = new RecentMap<number>(10);
  for (let i = 0; i < 100; i++) map.set(`key ${i}`, i);
  const known = Array.from({ length: 100 }, (_, i) => i).filter((i) => map.get(`key ${i}`) !== undefined);
  expect(known.length).toBeGreaterThanOrEqual(10);
  expect(known.length).toBeLessThanOrEqual(20);
  expect(known.at(-1)).toBe(99);
});

test('remembers what is used again and again', () => {
  const map = new RecentMap<number>(10);
  map.set('used', 1);
  for (let i = 0; i < 100; i++) {
    map.set(`key ${i}`, i);
    expect(map.get('used')).toBe(1);
  }
});
