import { expect, test } from 'vitest';
import { SerialQueue } from '../../src/internal/serial-queue.ts';

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

test('an operation that finds the queue idle starts at once, and stays synchronous', () => {
  const queue = new SerialQueue();
  expect(queue.run((a: number, b: number) => a + b, 1, 2)).toBe(3);
  expect(queue.idle).toBe(true);
});

test('operations run one after the other, in the order of their calls', async () => {
  const queue = new SerialQueue();
  const log: string[] = [];
  const gate = deferred();
  const first = queue.run(async () => {
    log.push('first begins');
    await gate.promise;
    log.push('first ends');
  });
  const second = queue.run(() => log.push('second'));
  const third = queue.run(async (name: string) => log.push(name), 'third');
  expect(log).toEqual(['first begins']);
  expect(queue.idle).toBe(false);
  gate.resolve();
  await Promise.all([first, second, third]);
  expect(log).toEqual(['first begins', 'first ends', 'second', 'third']);
  await Promise.resolve();
  expect(queue.idle).toBe(true);
});

test("a failure is the caller's alone, and the next operation runs", async () => {
  const queue = new SerialQueue();
  const failing = queue.run(() => Promise.reject(new Error('first')));
  const next = queue.run(() => 'second');
  await expect(failing).rejects.toThrow('first');
  expect(await next).toBe('second');
  expect(() =>
    new SerialQueue().run(() => {
      throw new Error('at once');
    }),
  ).toThrow('at once');
});

test('an operation that is added by the beginning of another one waits for its end', async () => {
  const queue = new SerialQueue();
  const log: string[] = [];
  let nested: unknown;
  const outer = queue.run(async () => {
    nested = queue.run(() => log.push('nested'));
    log.push('outer begins');
    await Promise.resolve();
    log.push('outer ends');
  });
  await outer;
  await nested;
  expect(log).toEqual(['outer begins', 'outer ends', 'nested']);
});
