import { beforeEach, describe, expect, test, vi } from 'vitest';
import { CircuitBreaker } from '../../../src/stores/redis/connection/circuit-breaker.ts';
import { ManualClock } from './manual-clock.ts';

const FAULT = new Error('fault');

let clock: ManualClock;
let breaker: CircuitBreaker;
let up: boolean;
const probe = vi.fn<() => Promise<void>>();
const onOpen = vi.fn<(fault: unknown) => void>();
const onClose = vi.fn<() => void>();

beforeEach(() => {
  clock = new ManualClock();
  up = false;
  for (const mock of [probe, onOpen, onClose]) mock.mockReset();
  probe.mockImplementation(() => (up ? Promise.resolve() : Promise.reject(new Error('still down'))));
  breaker = new CircuitBreaker({ probe, onOpen, onClose, clock });
});

/** Commands one after the other, each of which meets its deadline. */
function late(count: number): void {
  for (let i = 0; i < count; i += 1) breaker.timedOut(breaker.start(), FAULT);
}

function begin(count: number): number[] {
  return Array.from({ length: count }, () => breaker.start());
}

describe('closed, the breaker', () => {
  test('opens at the fifth fault in a row, and says so once', () => {
    late(4);
    expect(breaker.isOpen).toBe(false);
    late(1);
    expect(breaker.isOpen).toBe(true);
    late(3);
    expect(onOpen.mock.calls).toEqual([[FAULT]]);
    expect(breaker.fault).toBe(FAULT);
  });

  test('starts counting again after a success', () => {
    late(4);
    breaker.succeeded(breaker.start());
    late(4);
    expect(breaker.isOpen).toBe(false);
    late(1);
    expect(breaker.isOpen).toBe(true);
  });

  test('does not let the success of an older command hide the faults of newer ones', () => {
    const [old] = begin(1);
    late(4);
    breaker.succeeded(old!);
    late(1);
    expect(breaker.isOpen).toBe(true);
  });

  test('lets a success hide the faults of older commands that are reported after it began', () => {
    const older = begin(5);
    const newer = breaker.start();
    for (const ticket of older.slice(0, 4)) breaker.timedOut(ticket, FAULT);
    breaker.succeeded(newer);
    breaker.timedOut(older[4]!, FAULT);
    expect(breaker.isOpen).toBe(false);
  });

  test('counts five commands that hang at once as five', () => {
    for (const ticket of begin(5)) breaker.timedOut(ticket, FAULT);
    expect(breaker.isOpen).toBe(true);
  });

  test('counts a connection that breaks under fifty commands as one fault', () => {
    for (const ticket of begin(50)) breaker.connectionFailed(ticket, FAULT);
    expect(breaker.isOpen).toBe(false);
    for (let i = 0; i < 3; i += 1) breaker.connectionFailed(breaker.start(), FAULT);
    expect(breaker.isOpen).toBe(false);
    breaker.connectionFailed(breaker.start(), FAULT);
    expect(breaker.isOpen).toBe(true);
  });

  test('knows how long it has been since the first fault in a row', async () => {
    late(1);
    await clock.pass(500);
    breaker.succeeded(breaker.start());
    late(1);
    await clock.pass(2_000);
    late(4);
    expect(breaker.downFor).toBe(2_000);
  });
});

describe('open, the breaker', () => {
  test('probes after 100 ms, then ever more rarely, but every second', async () => {
    late(5);
    const probes: number[] = [];
    for (let ms = 0; ms <= 4_500; ms += 50) {
      if (probe.mock.calls.length > probes.length) probes.push(ms);
      await clock.pass(50);
    }
    expect(probes).toEqual([100, 300, 700, 1_500, 2_500, 3_500, 4_500]);
    expect(breaker.isOpen).toBe(true);
  });

  test('closes when a probe is answered', async () => {
    late(5);
    await clock.pass(100);
    up = true;
    await clock.pass(199);
    expect([breaker.isOpen, onClose.mock.calls.length]).toEqual([true, 0]);
    await clock.pass(1);
    expect([breaker.isOpen, onClose.mock.calls.length]).toEqual([false, 1]);
    await clock.pass(10_000);
    expect(probe).toHaveBeenCalledTimes(2);
  });

  test('never has two probes under way', async () => {
    let answer!: () => void;
    probe.mockImplementation(() => new Promise<void>((resolve) => (answer = resolve)));
    late(5);
    await clock.pass(100);
    breaker.probeNow();
    await clock.pass(60_000);
    expect(probe).toHaveBeenCalledTimes(1);
    answer();
    await clock.pass(0);
    expect(breaker.isOpen).toBe(false);
  });

  test('probeNow probes at once, and only while the circuit is open', async () => {
    breaker.probeNow();
    expect(probe).not.toHaveBeenCalled();
    late(5);
    up = true;
    breaker.probeNow();
    await clock.pass(0);
    expect(breaker.isOpen).toBe(false);
    expect(clock.timers).toBe(0);
  });

  test('is not closed by a command that began before it opened', () => {
    const [old] = begin(1);
    late(5);
    breaker.succeeded(old!);
    expect(breaker.isOpen).toBe(true);
  });

  test('does not hold faults from before against the server that is back', async () => {
    const old = begin(20);
    late(5);
    up = true;
    await clock.pass(100);
    expect(breaker.isOpen).toBe(false);
    for (const ticket of old.slice(0, 10)) breaker.timedOut(ticket, FAULT);
    for (const ticket of old.slice(10)) breaker.connectionFailed(ticket, FAULT);
    expect(breaker.isOpen).toBe(false);
    late(4);
    expect(breaker.isOpen).toBe(false);
  });

  test('starts over with short pauses when it opens again', async () => {
    late(5);
    await clock.pass(5_000);
    up = true;
    await clock.pass(1_000);
    expect(breaker.isOpen).toBe(false);
    up = false;
    late(5);
    probe.mockClear();
    await clock.pass(100);
    expect(probe).toHaveBeenCalledTimes(1);
    expect(onOpen).toHaveBeenCalledTimes(2);
  });

  test('stops probing when it is closed for good while a probe is under way', async () => {
    late(5);
    let fail!: (error: Error) => void;
    probe.mockImplementation(() => new Promise((_, reject) => (fail = reject)));
    await clock.pass(100);
    breaker.close();
    fail(new Error('still down'));
    await clock.pass(60_000);
    expect(probe).toHaveBeenCalledTimes(1);
    expect(clock.timers).toBe(0);
  });

  test('stops probing when it is closed for good', async () => {
    late(5);
    await clock.pass(100);
    breaker.close();
    await clock.pass(60_000);
    expect(probe).toHaveBeenCalledTimes(1);
    expect(clock.timers).toBe(0);
  });
});
