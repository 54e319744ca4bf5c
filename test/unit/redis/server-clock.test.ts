import { beforeEach, expect, test } from 'vitest';
import { ServerClock } from '../../../src/stores/redis/connection/server-clock.ts';

let monotonic: number;
let wall: number;
let clock: ServerClock;
beforeEach(() => {
  monotonic = 1000;
  wall = 5_000_000;
  clock = new ServerClock({ monotonic: () => monotonic, wall: () => wall });
});

function pass(ms: number): void {
  monotonic += ms;
  wall += ms;
}

/** An answer that names the time of the server, after so many milliseconds. */
function answer(serverTime: number, latency: number): void {
  const askedAt = monotonic;
  pass(latency);
  clock.observe(serverTime, askedAt);
}

test('is unknown at first, so that every deadline has passed', () => {
  expect(clock.freshTime).toBeUndefined();
  expect(clock.toServerTime(monotonic + 1_000_000)).toBe(0);
});

test('is never ahead of the server, and behind by no more than the fastest answer took', () => {
  answer(700_000, 30);
  expect(clock.now()).toBe(700_000);
  answer(700_020, 4);
  expect(clock.now()).toBe(700_020);
  answer(700_021, 50);
  expect(clock.now()).toBe(700_070);
});

test('gives deadlines that are never too early, and too late by no more than the fastest answer took', () => {
  answer(700_000, 30);
  expect(clock.toServerTime(monotonic)).toBe(700_031);
  answer(700_050, 4);
  expect(clock.toServerTime(monotonic)).toBe(700_055);
  answer(700_060, 50);
  expect(clock.toServerTime(monotonic)).toBeGreaterThanOrEqual(700_060);
  expect(clock.toServerTime(monotonic)).toBeLessThanOrEqual(700_060 + 50 + 5);
});

test('goes on by the clock of the process, and converts other times of it', () => {
  answer(700_000, 0);
  pass(10_000);
  expect(clock.now()).toBe(710_000);
  expect(clock.toServerTime(monotonic - 5_000)).toBe(705_001);
});

test.each([-3_600_000, -2_000, 2_000, 3_600_000])('follows a clock that was set by %i ms at once', (by) => {
  answer(700_000, 2);
  pass(1_000);
  answer(701_002 + by, 2);
  expect(clock.now()).toBe(701_002 + by);
  expect(clock.toServerTime(monotonic)).toBe(701_002 + by + 3);
});

test('is stale a minute after the last answer', () => {
  answer(700_000, 2);
  pass(60_000);
  expect(clock.freshTime).toBeDefined();
  pass(1);
  expect(clock.freshTime).toBeUndefined();
  answer(760_003, 2);
  expect(clock.freshTime).toBeDefined();
});

test('is stale when the process was suspended, which its monotonic clock does not count', () => {
  answer(700_000, 2);
  wall += 3_600_000;
  expect(clock.freshTime).toBeUndefined();
});

test('takes no time from the wall clock: when that is set, nothing changes but that the server is asked', () => {
  answer(700_000, 0);
  const before = clock.now();
  wall -= 3_600_000;
  expect(clock.now()).toBe(before);
  expect(clock.freshTime).toBeUndefined();
});
