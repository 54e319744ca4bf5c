import { expect, test } from 'vitest';
import { retryOnSlotMigration } from '../../../src/stores/redis/cluster/slot-migration-retry.ts';
import { ManualClock, settle } from './manual-clock.ts';

/** Milliseconds. */
const TIME = 2_000;

/** How often a command is run that a server sends away after so many milliseconds, each time. */
async function runs(
  clock: ManualClock,
  lasting: number,
  message = 'TRYAGAIN Multiple keys request',
): Promise<number[]> {
  const begun: number[] = [];
  const start = clock.now();
  const run = (): Promise<never> => {
    begun.push(clock.now() - start);
    return new Promise((_resolve, reject) => clock.after(lasting, () => reject(new Error(message))));
  };
  const result = retryOnSlotMigration(run, start + TIME, clock);
  await Promise.all([expect(result).rejects.toThrow(message), clock.pass(2 * TIME)]);
  return begun;
}

test('tries again until the time is up', async () => {
  const begun = await runs(new ManualClock(), 1);
  expect(begun.length).toBeGreaterThan(20);
  expect(begun.at(-1)).toBeGreaterThan(TIME - 200);
  expect(begun.at(-1)).toBeLessThan(TIME);
});

test('starts no run that would last beyond the end', async () => {
  expect(await runs(new ManualClock(), 700)).toEqual([0, 705]);
  expect(await runs(new ManualClock(), 1_200)).toEqual([0]);
});

test('starts no run when the process was busy until the end', async () => {
  const clock = new ManualClock();
  let begun = 0;
  const run = (): Promise<never> => {
    begun += 1;
    return Promise.reject(new Error('TRYAGAIN Multiple keys request'));
  };
  const result = retryOnSlotMigration(run, clock.now() + TIME, clock);
  const blocked = settle().then(() => {
    clock.block(TIME);
    return clock.pass(0);
  });
  await Promise.all([expect(result).rejects.toThrow('TRYAGAIN'), blocked]);
  expect(begun).toBe(1);
});

test('abandons a run that lasts longer than the one before it, and reports what the server said', async () => {
  const clock = new ManualClock();
  const answers = [Promise.reject(new Error('TRYAGAIN Multiple keys request')), new Promise<never>(() => {})];
  const start = clock.now();
  const settledAt = retryOnSlotMigration(() => answers.shift()!, start + TIME, clock).then(
    () => expect.unreachable(),
    (error: unknown) => {
      expect(error).toMatchObject({ message: 'TRYAGAIN Multiple keys request' });
      return clock.now() - start;
    },
  );
  await clock.pass(2 * TIME);
  expect(answers).toEqual([]);
  expect(await settledAt).toBeLessThan(TIME);
  expect(await settledAt).toBeGreaterThan(TIME - 50);
});

test.each([
  'ASK 1 127.0.0.1:1',
  'MOVED 1 127.0.0.1:1',
  'Cannot find node 127.0.0.1:1',
  // Redis 7.0, then 7.4 and newer, then Valkey.
  'ERR Script attempted to access a non local key in a cluster node script: a4c3, on @user_script:5.',
  "ERR Unable to execute command 'exists' in script because undeclared keys were accessed during rehashing of the slot script: a4c3, on @user_script:5.",
  'ERR Attempted to access a non local key in a cluster node script: on @user_script:52.',
])('after %s', async (message) => {
  expect((await runs(new ManualClock(), 1, message)).length).toBeGreaterThan(20);
});

test.each(['OOM command not allowed', 'ERR wrong number', 'Connection is closed.'])('not after %s', async (message) => {
  expect(await runs(new ManualClock(), 1, message)).toEqual([0]);
});

test('tries again when a client library has followed as many redirections as it may', async () => {
  const moved = new Error('MOVED 1 127.0.0.1:7001');
  const failures = [
    new Error('Too many Cluster redirections', { cause: moved }),
    new Error('Too many Cluster redirections. Last error: ReplyError: ASK 1 127.0.0.1:7001'),
  ];
  const clock = new ManualClock();
  const run = (): Promise<string> =>
    failures.length > 0 ? Promise.reject(failures.shift()!) : Promise.resolve('done');
  const result = retryOnSlotMigration(run, clock.now() + TIME, clock);
  await clock.pass(100);
  await expect(result).resolves.toBe('done');
  const unknown = new Error('Too many Cluster redirections');
  await expect(retryOnSlotMigration(() => Promise.reject(unknown), clock.now() + TIME, clock)).rejects.toBe(unknown);
});
