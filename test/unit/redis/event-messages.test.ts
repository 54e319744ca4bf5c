import { expect, test, vi } from 'vitest';
import { dispatchEvents } from '../../../src/stores/redis/event-messages.ts';
import type { SharedEventListener } from '../../../src/stores/store.ts';

const row = (number: unknown, at: unknown = 1, name: unknown = 'login', reason: unknown = null): unknown[] => [
  number,
  at,
  name,
  reason,
  null,
];

function numbersOf(from: unknown, to: unknown, rows: unknown): number[][] {
  const happened = vi.fn<SharedEventListener['happened']>();
  dispatchEvents(JSON.stringify(['other', from, to, rows]), { happened });
  return happened.mock.calls.map(([{ events }]) => events.map(({ number }) => number));
}

const rows = (count: number): unknown[] => Array.from({ length: count }, (_, number) => row(number));

test('a message has the events that this version knows; others of it are missing', () => {
  expect(
    numbersOf(3, 9, [row(3, 8.64e15), row(5, 1, 'of a later version'), row(6, 1, 'login', '<b>'), row(8)]),
  ).toEqual([[3, 8]]);
  expect(numbersOf(3, 9, [])).toEqual([[]]);
  expect(numbersOf(0, 1e6, rows(200))).toHaveLength(1);
});

test.each([
  ['a time that no date can have', 3, 9, [row(3, 8.64e15 + 1)]],
  ['a time that is no number', 3, 9, [row(3, '1')]],
  ['a number that comes twice', 3, 9, [row(3), row(3)]],
  ['numbers that descend', 3, 9, [row(4), row(3)]],
  ['a number below the first', 3, 9, [row(2)]],
  ['a number past the last', 3, 9, [row(9)]],
  ['a number that comes twice, of an event of a later version', 3, 9, [row(3), row(3, 1, 'later')]],
  ['more rows than a process reports', 0, 1e6, rows(201)],
  ['an end that is not exact', 3, 2 ** 53, [row(3)]],
  ['an end before the beginning', 3, 2, []],
  ['a row that is none', 3, 9, [row(3), 5]],
  ['no rows', 3, 9, {}],
])('a message with %s is none', (_, from, to, given) => {
  expect(numbersOf(from, to, given)).toEqual([]);
});
