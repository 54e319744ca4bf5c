import { expect, test } from 'vitest';
import { ExpiryQueue, type Expiring } from '../../../src/stores/memory/expiry-queue.ts';

interface Item extends Expiring {
  readonly name: string;
}

function setUp() {
  const live = new Set<Item>();
  const queue = new ExpiryQueue<Item>(
    (item) => live.has(item),
    () => live.size,
  );
  const add = (name: string, endsAt: number): Item => {
    const item = { name, endsAt, queuedFor: Infinity };
    live.add(item);
    queue.schedule(item);
    return item;
  };
  const expired = (now: number): string[] => {
    const names = [];
    for (const item of queue.takeExpired(now)) {
      live.delete(item);
      names.push(item.name);
    }
    return names;
  };
  return { live, queue, add, expired };
}

test('returns what has ended, soonest first, and nothing twice', () => {
  const { add, expired } = setUp();
  for (const end of [50, 10, 40, 20, 30, 20]) add(`${end}`, end);
  expect(expired(9)).toEqual([]);
  expect(expired(30)).toEqual(['10', '20', '20', '30']);
  expect(expired(30)).toEqual([]);
  expect(expired(100)).toEqual(['40', '50']);
});

test('follows ends that are put off and brought forward', () => {
  const { queue, add, expired } = setUp();
  const [off, forward] = [add('off', 10), add('forward', 100)];
  off.endsAt = 60;
  queue.schedule(off);
  forward.endsAt = 20;
  queue.schedule(forward);
  expect(expired(15)).toEqual([]);
  expect(expired(20)).toEqual(['forward']);
  expect(expired(59)).toEqual([]);
  expect(expired(60)).toEqual(['off']);
  expect(expired(1000)).toEqual([]);
});

test('passes over what was removed by other means', () => {
  const { live, add, expired } = setUp();
  const removed = add('removed', 10);
  add('kept', 10);
  live.delete(removed);
  expect(expired(10)).toEqual(['kept']);
});

test('agrees with a plain search over thousands of random changes', () => {
  const { live, queue, add, expired } = setUp();
  let seed = 1;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const items: Item[] = [];
  for (let now = 0; now < 3000; now++) {
    if (random(3) > 0) items.push(add(`${now}`, now + 1 + random(200)));
    const some = items[random(items.length || 1)];
    if (some !== undefined && live.has(some)) {
      if (random(4) === 0) live.delete(some);
      else {
        some.endsAt = now + 1 + random(200);
        queue.schedule(some);
      }
    }
    const ended = [...live].filter(({ endsAt }) => endsAt <= now).map(({ name }) => name);
    expect(expired(now).toSorted()).toEqual(ended.toSorted());
  }
});
