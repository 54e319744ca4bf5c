import { beforeEach, describe, expect, test } from 'vitest';
import { TimeoutQueue, systemClock } from '../../../src/stores/redis/connection/timeout-queue.ts';
import { ManualClock, settle } from './manual-clock.ts';

interface Controlled {
  readonly promise: Promise<string>;
  readonly resolve: (value: string) => void;
  readonly reject: (error: unknown) => void;
}

function controlled(): Controlled {
  let resolve!: Controlled['resolve'];
  let reject!: Controlled['reject'];
  const promise = new Promise<string>((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
}

describe('TimeoutQueue', () => {
  let clock: ManualClock;
  let log: string[];
  let deadlines: TimeoutQueue;

  beforeEach(() => {
    clock = new ManualClock();
    log = [];
    const outcomes = {
      succeeded: (ticket: number) => void log.push(`succeeded ${ticket}`),
      failed: (error: unknown, ticket: number) => {
        log.push(`failed ${ticket}`);
        return new Error('failed', { cause: error });
      },
      timedOut: (ticket: number) => {
        log.push(`late ${ticket}`);
        return new Error('late');
      },
    };
    deadlines = new TimeoutQueue(100, outcomes, clock);
  });

  function race(command: Controlled, ticket: number): Promise<string> {
    const raced = deadlines.race(command.promise, ticket);
    raced.then(
      () => log.push(`resolved ${ticket}`),
      (error: Error) => log.push(`rejected ${ticket}: ${error.message}`),
    );
    return raced;
  }

  test('passes on what settles in time', async () => {
    const [good, bad, cause] = [controlled(), controlled(), new Error('cause')];
    const raced = [race(good, 1), race(bad, 2)];
    await clock.pass(99);
    good.resolve('value');
    bad.reject(cause);
    await expect(raced[0]).resolves.toBe('value');
    await expect(raced[1]).rejects.toMatchObject({ message: 'failed', cause });
    await clock.pass(1_000);
    expect(log).toEqual(['succeeded 1', 'failed 2', 'resolved 1', 'rejected 2: failed']);
  });

  test('rejects each command at its own deadline, with one timer for all', async () => {
    race(controlled(), 1).catch(() => {});
    await clock.pass(30);
    race(controlled(), 2).catch(() => {});
    race(controlled(), 3).catch(() => {});
    expect(clock.timers).toBe(1);
    await clock.pass(69);
    expect(log).toEqual([]);
    await clock.pass(1);
    expect(log).toEqual(['late 1', 'rejected 1: late']);
    expect(clock.timers).toBe(1);
    await clock.pass(30);
    expect(log.slice(2)).toEqual(['late 2', 'late 3', 'rejected 2: late', 'rejected 3: late']);
    expect(clock.timers).toBe(0);
  });

  test('ignores what comes after the deadline', async () => {
    const [good, bad] = [controlled(), controlled()];
    race(good, 1).catch(() => {});
    race(bad, 2).catch(() => {});
    await clock.pass(100);
    log.length = 0;
    good.resolve('value');
    bad.reject(new Error('unhandled?'));
    await settle();
    expect(log).toEqual([]);
  });

  test('a command in the middle that settles leaves its neighbours their deadlines', async () => {
    const commands = [controlled(), controlled(), controlled()];
    for (const [index, command] of commands.entries()) race(command, index).catch(() => {});
    commands[1]!.resolve('value');
    await clock.pass(100);
    expect(log).toEqual(['succeeded 1', 'resolved 1', 'late 0', 'late 2', 'rejected 0: late', 'rejected 2: late']);
  });

  test('a timer that is left over ends quietly, and the next command has a full span', async () => {
    const command = controlled();
    race(command, 1).catch(() => {});
    command.resolve('value');
    await clock.pass(50);
    race(controlled(), 2).catch(() => {});
    await clock.pass(99);
    expect(log).toEqual(['succeeded 1', 'resolved 1']);
    await clock.pass(1);
    expect(log.slice(2)).toEqual(['late 2', 'rejected 2: late']);
  });

  test('a process that was busy reads its sockets before it calls anything late', async () => {
    const [arrived, missing] = [controlled(), controlled()];
    race(arrived, 1).catch(() => {});
    race(missing, 2).catch(() => {});
    clock.block(5_000);
    const passing = clock.pass(0);
    arrived.resolve('was in the buffer');
    await passing;
    await clock.pass(1);
    expect(log).toEqual(['succeeded 1', 'resolved 1', 'late 2', 'rejected 2: late']);
  });

  test('a process that is busy all the time still gets its deadlines', async () => {
    race(controlled(), 1).catch(() => {});
    for (let i = 0; i < 3; i += 1) {
      clock.block(500);
      await clock.pass(0);
    }
    expect(log).toEqual(['late 1', 'rejected 1: late']);
  });
});

test("the system's clock does not keep the process alive", () => {
  const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const callOff = systemClock.after(60_000, () => {});
  expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout')).toHaveLength(before);
  callOff();
});
