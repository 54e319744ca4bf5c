import { beforeEach, expect, test, vi } from 'vitest';
import { MessageFeed, type SubscriptionEvents } from '../../../src/stores/redis/message-feed.ts';
import { dispatchMessage } from '../../../src/stores/redis/ends/messages.ts';
import type { EndListener } from '../../../src/stores/store.ts';
import { collectUncaught } from '../../support/uncaught.ts';
import { settle } from './manual-clock.ts';

let opened: { events: SubscriptionEvents; closed: boolean }[];
let feed: MessageFeed<EndListener>;

beforeEach(() => {
  opened = [];
  feed = new MessageFeed<EndListener>((events) => {
    const subscription = { events, closed: false };
    opened.push(subscription);
    return {
      async close() {
        subscription.closed = true;
      },
    };
  }, dispatchMessage);
});

const newListener = () => ({
  ended: vi.fn<EndListener['ended']>(),
  rekeyed: vi.fn<EndListener['rekeyed']>(),
  resumed: vi.fn<EndListener['resumed']>(),
  failed: vi.fn<EndListener['failed']>(),
});

test('tells a later listener at once that messages arrive, but not while they do not', async () => {
  const [first, second, third] = [newListener(), newListener(), newListener()];
  feed.add(first);
  opened[0]!.events.subscribed();
  feed.add(second);
  await settle();
  expect([first.resumed.mock.calls.length, second.resumed.mock.calls.length]).toEqual([1, 1]);
  opened[0]!.events.failed(new Error('connection lost'));
  feed.add(third);
  await settle();
  expect(third.resumed).not.toHaveBeenCalled();
  expect(opened).toHaveLength(1);
});

test('no longer listens to a subscription that it has closed', async () => {
  const before = newListener();
  const remove = feed.add(before);
  remove();
  expect(opened[0]!.closed).toBe(true);
  const after = newListener();
  feed.add(after);
  const [old] = opened;
  old!.events.subscribed();
  old!.events.message('ended logout handle');
  old!.events.failed(new Error('connection lost'));
  await settle();
  for (const { ended, resumed, failed } of [before, after]) {
    expect([ended.mock.calls, resumed.mock.calls, failed.mock.calls]).toEqual([[], [], []]);
  }
  opened[1]!.events.message('ended logout handle');
  expect(after.ended.mock.calls).toEqual([[['handle'], 'logout']]);
});

test('passes on ends for reasons of later releases, and nothing else that comes over the channel', () => {
  const listener = newListener();
  for (const message of ['ended quarantined one two', 'rekeyed old new', 'rekeyed old', 'rekeyed a b c', 'hello', '']) {
    dispatchMessage(message, listener);
  }
  expect(listener.ended.mock.calls).toEqual([[['one', 'two'], 'unknown']]);
  expect(listener.rekeyed.mock.calls).toEqual([['old', 'new']]);
});

test('a listener that throws is an uncaught exception; others are called, and so is the listener the next time', async () => {
  const [throws, other] = [newListener(), newListener()];
  for (const name of ['ended', 'resumed', 'failed'] as const) {
    throws[name].mockImplementation(() => {
      throw new Error(name);
    });
  }
  const later = newListener();
  later.resumed.mockImplementation(() => {
    throw new Error('later');
  });
  feed.add(throws);
  feed.add(other);
  const { events } = opened[0]!;
  const uncaught = collectUncaught();
  try {
    events.subscribed();
    events.message('ended logout handle');
    feed.add(later);
    await settle();
    events.failed(new Error('connection lost'));
    events.subscribed();
    await settle();
  } finally {
    uncaught.stop();
  }
  expect(uncaught.errors.map((error) => (error as Error).message)).toEqual([
    'resumed',
    'ended',
    'later',
    'failed',
    'resumed',
    'later',
  ]);
  for (const { ended, resumed, failed } of [throws, other]) {
    expect([ended, resumed, failed].map(({ mock }) => mock.calls.length)).toEqual([1, 2, 1]);
  }
});

test('keeps no listener whose subscription could not be opened', () => {
  let isBroken = true;
  let events!: SubscriptionEvents;
  const broken = new MessageFeed<EndListener>((given) => {
    if (isBroken) throw new Error('no such client');
    events = given;
    return { close: async () => {} };
  }, dispatchMessage);
  const [refused, added] = [newListener(), newListener()];
  expect(() => broken.add(refused)).toThrow('no such client');
  isBroken = false;
  broken.add(added);
  events.subscribed();
  expect([refused.resumed.mock.calls.length, added.resumed.mock.calls.length]).toEqual([0, 1]);
});
