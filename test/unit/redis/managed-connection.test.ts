import { beforeEach, describe, expect, test, vi } from 'vitest';
import { MisdirectedReplyError } from '../../../src/stores/redis/errors.ts';
import { ManagedConnection } from '../../../src/stores/redis/connection/managed-connection.ts';
import { fakeConnections, REFUSED, type FakeConnection } from './fake-connection.ts';
import { ManualClock, settle } from './manual-clock.ts';

const SCRIPT = { source: '', sha: '' };
const READONLY = new Error("READONLY You can't write against a read only replica.");
/** Milliseconds. */
const LONGEST_FIRST_DELAY = 10;
const READ_GRACE = 100;

let clock: ManualClock;
let made: FakeConnection[];
let connection: ManagedConnection;

beforeEach(async () => {
  clock = new ManualClock();
  const fake = fakeConnections();
  made = fake.made;
  connection = new ManagedConnection(fake.load, { address: 'localhost:6379', timeout: 2, clock });
  await settle();
});

const read = (): Promise<unknown> => connection.hgetall('key', false);
const write = (): Promise<unknown> => connection.evaluate(SCRIPT, ['key'], [], false);

/** Collects how a command ends. */
function watch(command: Promise<unknown>): { outcome: unknown } {
  const watched: { outcome: unknown } = { outcome: 'none yet' };
  command.then(
    (value) => (watched.outcome = value),
    (error: unknown) => (watched.outcome = error),
  );
  return watched;
}

describe('a connection of our own', () => {
  test('is opened again after every loss, at intervals that grow to two seconds', async () => {
    for (let i = 0; i < 30; i += 1) {
      expect(made).toHaveLength(i + 1);
      const start = clock.now();
      made[i]!.events.lost(REFUSED);
      while (made.length === i + 1) await clock.pass(1);
      const waited = clock.now() - start;
      const longest = Math.min(10 * 2 ** i, 2_000);
      expect(waited).toBeGreaterThanOrEqual(Math.floor(longest / 2));
      expect(waited).toBeLessThanOrEqual(longest + 1);
    }
  });

  test('is opened again at once when one that had lasted is lost, and ever later when none lasts', async () => {
    made[0]!.events.ready();
    for (let i = 0; i < 5; i += 1) {
      await clock.pass(5_000);
      made[i]!.events.lost(REFUSED);
      await clock.pass(0);
      expect(made).toHaveLength(i + 2);
      made[i + 1]!.events.ready();
    }
    for (let i = 5; i < 15; i += 1) {
      made[i]!.events.lost(REFUSED);
      while (made.length === i + 1) await clock.pass(10);
      made[i + 1]!.events.ready();
    }
    made[15]!.events.lost(REFUSED);
    await clock.pass(900);
    expect(made).toHaveLength(16);
  });

  test('is abandoned and opened again when it does not get ready', async () => {
    await clock.pass(5_000 + LONGEST_FIRST_DELAY);
    expect(made).toHaveLength(2);
    expect(made[0]!.destroy).toHaveBeenCalledOnce();
  });

  test('is replaced when a reply was one to another command', async () => {
    made[0]!.events.ready();
    made[0]!.answer = new MisdirectedReplyError();
    await expect(write()).rejects.toBe(made[0]!.answer);
    expect(made[0]!.destroy).toHaveBeenCalledOnce();
    await clock.pass(LONGEST_FIRST_DELAY);
    expect(made).toHaveLength(2);
  });

  test('is not replaced for its silence before it is ready', async () => {
    connection.reconnectIfStale();
    await clock.pass(LONGEST_FIRST_DELAY);
    expect(made).toHaveLength(1);
    made[0]!.events.ready();
    connection.reconnectIfStale();
    await clock.pass(LONGEST_FIRST_DELAY);
    expect(made).toHaveLength(2);
  });

  test('says why there is none when loading the library fails, also with a value that is no error', async () => {
    const onFailed = vi.fn<(error: Error) => void>();
    const load = (): Promise<never> => Promise.reject('no chunk');
    const broken = new ManagedConnection(load, { address: 'localhost:6379', timeout: 2, clock, onFailed });
    await expect(broken.ping()).rejects.toMatchObject({ cause: 'no chunk' });
    expect(onFailed).toHaveBeenCalledOnce();
  });

  test('is replaced once a second at most while it leads to a replica', async () => {
    made[0]!.events.ready();
    await clock.pass(5_000);
    const start = clock.now();
    while (clock.now() < start + 10_000) {
      made.at(-1)!.answer = READONLY;
      await write().catch(() => {});
      await clock.pass(2);
      if (connection.fault !== undefined) {
        await clock.pass(LONGEST_FIRST_DELAY);
        made.at(-1)!.events.ready();
      }
    }
    expect(made.length).toBeGreaterThanOrEqual(10);
    expect(made.length).toBeLessThanOrEqual(11);
  });
});

describe('a read that meets a lost connection', () => {
  test('waits for the next one', async () => {
    made[0]!.events.ready();
    made[0]!.events.lost(REFUSED);
    const reading = watch(read());
    await clock.pass(READ_GRACE - 1);
    expect(reading.outcome).toBe('none yet');
    made[1]!.events.ready();
    await settle();
    expect(reading.outcome).toEqual({ field: 'value' });
  });

  test('is sent once more when it was under way', async () => {
    made[0]!.events.ready();
    let fail!: () => void;
    made[0]!.answer = new Promise((_, reject) => (fail = () => reject(REFUSED)));
    const reading = watch(read());
    await settle();
    made[0]!.events.lost(REFUSED);
    fail();
    await clock.pass(LONGEST_FIRST_DELAY);
    made[1]!.events.ready();
    await settle();
    expect(reading.outcome).toEqual({ field: 'value' });
  });

  test('is sent again over a connection that is still in use, for 100 milliseconds', async () => {
    const reading = watch(read());
    made[0]!.answer = REFUSED;
    made[0]!.events.ready();
    await clock.pass(50);
    expect([reading.outcome, made.length]).toEqual(['none yet', 1]);
    expect(made[0]!.commands).toBeGreaterThan(2);
    made[0]!.answer = 'fields';
    await clock.pass(10);
    expect(reading.outcome).toEqual({ field: 'value' });
    made[0]!.answer = REFUSED;
    const failing = watch(read());
    await clock.pass(READ_GRACE + 10);
    expect(failing.outcome).toBe(REFUSED);
  });

  test('fails after 100 milliseconds when there is none', async () => {
    made[0]!.events.ready();
    made[0]!.events.lost(REFUSED);
    const reading = watch(read());
    await clock.pass(READ_GRACE - 1);
    expect(reading.outcome).toBe('none yet');
    await clock.pass(1);
    expect(reading.outcome).toBeInstanceOf(Error);
  });

  test('is not sent again for an error of the server or of a program', async () => {
    made[0]!.events.ready();
    for (const error of [new Error('WRONGTYPE Operation against a key'), new TypeError('Invalid argument')]) {
      made[0]!.answer = error;
      await expect(read()).rejects.toBe(error);
    }
    expect(made).toHaveLength(1);
  });
});

test('a write that meets a lost connection fails at once, and is not sent later', async () => {
  made[0]!.events.ready();
  made[0]!.events.lost(REFUSED);
  await expect(write()).rejects.toThrow('Redis cannot be reached');
  await clock.pass(LONGEST_FIRST_DELAY);
  made[1]!.events.ready();
  await settle();
  expect(made[1]!.commands).toBe(0);
});

test('the process is kept alive while a command waits for a connection, and not by what connects', async () => {
  expect(clock.keepsAlive).toBe(false);
  const first = watch(write());
  expect(clock.keepsAlive).toBe(true);
  made[0]!.events.ready();
  await settle();
  expect([first.outcome, clock.keepsAlive]).toEqual([[1], false]);
  made[0]!.events.lost(REFUSED);
  expect(clock.keepsAlive).toBe(false);
  watch(read());
  expect(clock.keepsAlive).toBe(true);
  await clock.pass(READ_GRACE);
  expect(clock.keepsAlive).toBe(false);
});
