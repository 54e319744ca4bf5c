import { beforeEach, expect, test, vi } from 'vitest';
import type { ConnectionEvents, SubscribableConnection } from '../../../src/stores/redis/connection/connection.ts';
import { ManagedSubscription } from '../../../src/stores/redis/connection/managed-subscription.ts';
import { FakeConnection, REFUSED } from './fake-connection.ts';
import { ManualClock, settle } from './manual-clock.ts';

/** Milliseconds. */
const LONGEST_FIRST_DELAY = 10;

/** A connection whose subscription the test answers. */
class FakeSubscription extends FakeConnection implements SubscribableConnection {
  listener!: (message: string) => void;
  accept!: () => void;

  subscribe(_channel: string, listener: (message: string) => void): Promise<void> {
    this.listener = listener;
    return new Promise((resolve) => (this.accept = resolve));
  }
}

type Open = (events: ConnectionEvents) => FakeSubscription;

let clock: ManualClock;
let made: FakeSubscription[];
const events = {
  message: vi.fn<(text: string) => void>(),
  subscribed: vi.fn<() => void>(),
  failed: vi.fn<(error: unknown) => void>(),
};
const open: Open = (given) => {
  made.push(new FakeSubscription(given));
  return made.at(-1)!;
};

beforeEach(() => {
  clock = new ManualClock();
  made = [];
  for (const mock of Object.values(events)) mock.mockReset();
});

function subscribe(load: () => Promise<Open> = async () => open): ManagedSubscription {
  return new ManagedSubscription(load, { channel: 'ends', timeout: 2, events, clock });
}

test('reports a client library that is missing, unless it was closed before', async () => {
  const missing = new Error('There is no Redis client');
  subscribe(() => Promise.reject(missing));
  await settle();
  expect(events.failed.mock.calls).toEqual([[missing]]);
  await subscribe(() => Promise.reject(missing)).close();
  await settle();
  expect(events.failed).toHaveBeenCalledTimes(1);
});

test('opens nothing when it was closed before the client library was loaded', async () => {
  await subscribe().close();
  await settle();
  expect(made).toEqual([]);
  expect(clock.timers).toBe(0);
});

test('subscribes again after a loss, reported once, and no longer listens to the lost connection', async () => {
  subscribe();
  await settle();
  const [first] = made;
  first!.events.ready();
  first!.accept();
  await settle();
  first!.listener('one');
  for (const _ of [1, 2]) first!.events.lost(REFUSED);
  expect(events.failed.mock.calls).toEqual([[REFUSED]]);
  expect(first!.destroy).toHaveBeenCalledOnce();
  await clock.pass(LONGEST_FIRST_DELAY);
  expect(made).toHaveLength(2);
  made[1]!.events.ready();
  made[1]!.accept();
  await settle();
  first!.listener('late');
  made[1]!.listener('two');
  expect(events.message.mock.calls).toEqual([['one'], ['two']]);
  expect(events.subscribed).toHaveBeenCalledTimes(2);
});

test('takes no answer for a subscription that comes after the connection was lost', async () => {
  subscribe();
  await settle();
  made[0]!.events.ready();
  made[0]!.events.lost(REFUSED);
  made[0]!.accept();
  await settle();
  expect(events.subscribed).not.toHaveBeenCalled();
});

test('abandons a connection that gets no answer in time', async () => {
  subscribe();
  await clock.pass(2_000);
  expect(String(events.failed.mock.calls[0]![0])).toContain('Redis does not answer to a subscription');
  await clock.pass(LONGEST_FIRST_DELAY);
  expect(made).toHaveLength(2);
});

test('is silent after it was closed', async () => {
  const subscription = subscribe();
  await settle();
  await subscription.close();
  made[0]!.events.lost(REFUSED);
  await clock.pass(60_000);
  expect(made).toHaveLength(1);
  expect([made[0]!.destroy.mock.calls.length, events.failed.mock.calls.length, clock.timers]).toEqual([1, 0, 0]);
});
