import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { EndListener, RecordCheck, RecordKey, SessionStore, SessionWatcher } from 'websauna-session/store';
import type { SessionContext } from '../../../src/engine/context.ts';
import { closeWatches, hasWatcher, SessionWatches, watchesOf } from '../../../src/engine/watch.ts';

type Checks = Awaited<ReturnType<SessionWatcher['checkRecords']>>;
type Store = SessionStore & SessionWatcher;

const NOW = 1_700_000_000_000;
const A: RecordKey = { handle: 'a', ownerHash: null };
const B: RecordKey = { handle: 'b', ownerHash: null };
const OF_ALICE: RecordKey = { handle: 'alice 1', ownerHash: 'hash of alice' };

/** A store of which the test makes the reports, and the answers where it waits for them. */
class ScriptedStore {
  listener: EndListener | null = null;
  readonly looks: string[][] = [];
  readonly records = new Map<string, RecordCheck>();
  /** Answers looks one after the other when the test says so; `null` answers at once. */
  held: ((answer: Promise<Checks>) => void)[] | null = null;

  watchEnds(listener: EndListener): () => void {
    this.listener = listener;
    return () => (this.listener = null);
  }

  checkRecords(keys: readonly RecordKey[]): Promise<Checks> {
    this.looks.push(keys.map(({ handle }) => handle));
    const records = keys.map(({ handle }) => this.records.get(handle) ?? found());
    const answer: Checks = { records, now: NOW };
    if (this.held === null) return Promise.resolve(answer);
    return new Promise((resolve) => this.held!.push(resolve));
  }
}

/** A record that was last used `idle` seconds ago. */
function found(owner: string | null = null, idle = 0, authenticatedAt = NOW): RecordCheck {
  const timeout = { seconds: 100, adjusted: false };
  const meta = { owner, createdAt: NOW - 500_000, timeout, expiresAt: 0, ownExpiry: false, authenticatedAt };
  return { status: 'found', lastSeen: NOW - idle * 1000, meta } as unknown as RecordCheck;
}

let store: ScriptedStore;
let watches: SessionWatches;
let errors: unknown[];
let context: SessionContext;
/** What watched sessions have ended by, as `handle: reason`. */
let ends: string[];

function make(config: { watchInterval?: number; invalidateBefore?: unknown } = {}): void {
  store = new ScriptedStore();
  errors = [];
  ends = [];
  context = {
    config: { watchInterval: 30, invalidateBefore: null, ...config },
    events: { emit: (name: string, { error }: { error: unknown }) => errors.push([name, error]) },
    adoptionRules: {
      timeout: 100,
      maxTimeout: null,
      absoluteTimeout: null,
      maxAbsoluteTimeout: null,
      isOwnerHashOf: (hash: string, owner: string) => hash === `hash of ${owner}`,
    },
  } as unknown as SessionContext;
  watches = new SessionWatches(context, store as unknown as Store);
}

const watch = (key: RecordKey, name = key.handle, request?: unknown): (() => void) =>
  watches.add(key, request, (reason) => ends.push(`${name}: ${reason}`));

async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  make();
});
afterEach(() => {
  watches.close();
  vi.useRealTimers();
});

test('a store has to report ends and to answer looks', () => {
  const [watchEnds, checkRecords] = [(): void => {}, (): void => {}];
  const stores = [{ watchEnds, checkRecords }, { watchEnds }, { checkRecords }, {}];
  expect(stores.map((each) => hasWatcher(each as unknown as SessionStore))).toEqual([true, false, false, false]);
});

describe('those who wait', () => {
  test('for one session in one process share its watch', async () => {
    watch(A, 'first');
    watch(A, 'second');
    watch(B);
    await settle();
    expect([watches.size, store.looks]).toEqual([2, [['a', 'b']]]);
    store.listener!.ended(['a', 'unwatched'], 'logout');
    expect([ends, watches.size]).toEqual([['first: logout', 'second: logout'], 1]);
  });

  test('can stop, each for itself, and more than once', async () => {
    const [first, second] = [watch(A, 'first'), watch(A, 'second')];
    await settle();
    first();
    first();
    expect(watches.size).toBe(1);
    store.listener!.ended(['a'], 'revoked');
    expect(ends).toEqual(['second: revoked']);
    second();
    expect(watches.size).toBe(0);
  });

  test('and stop leave no timer, and no look that is still to come', async () => {
    store.records.set('a', found(null, 90));
    const [first, second] = [watch(A), watch(B)];
    await settle();
    expect(vi.getTimerCount()).toBe(2);
    first();
    expect(vi.getTimerCount()).toBe(1);
    second();
    expect(vi.getTimerCount()).toBe(0);
    watch(A)();
    await settle();
    expect(store.looks).toEqual([['a', 'b']]);
  });

  test('do not keep others from the regular look when they stop', async () => {
    const stop = watch(A);
    watch(B);
    await settle();
    stop();
    await vi.advanceTimersByTimeAsync(30_000);
    await settle();
    expect(store.looks).toEqual([['a', 'b'], ['b']]);
  });
});

describe('an end of which the store does not know the reason', () => {
  // The record expires in 50 seconds; its times are known to a second.
  test.each([
    ['is an expiry where its time is over', 49_000, 'unknown', 'expired'],
    ['is none before', 48_999, 'unknown', 'unknown'],
  ] as const)('%s', async (_, after, reported, reason) => {
    make({ watchInterval: 1000 });
    store.records.set('a', found(null, 50));
    watch(A);
    await settle();
    store.records.set('a', { status: 'ended', reason: reported });
    vi.advanceTimersByTime(after);
    store.listener!.ended(['a'], reported);
    expect([ends, watches.size, vi.getTimerCount()]).toEqual([[`a: ${reason}`], 0, 1]);
  });

  test('is told from one whose reason is known', async () => {
    store.records.set('a', found(null, 99));
    watch(A);
    await settle();
    vi.advanceTimersByTime(5000);
    store.listener!.ended(['a'], 'revoked');
    expect(ends).toEqual(['a: revoked']);
  });
});

describe('a session that gets another id', () => {
  test('is watched under that one', async () => {
    watch(A);
    await settle();
    store.listener!.rekeyed('a', 'b');
    store.listener!.rekeyed('unwatched', 'c');
    await settle();
    expect([watches.size, store.looks]).toEqual([1, [['a'], ['b']]]);
    store.listener!.ended(['a'], 'revoked');
    expect(ends).toEqual([]);
    store.listener!.ended(['b'], 'logout');
    expect(ends).toEqual(['a: logout']);
  });

  test('is watched together with those who know it by that id already', async () => {
    const stop = watch(A);
    watch(B);
    await settle();
    store.listener!.rekeyed('a', 'b');
    expect(watches.size).toBe(1);
    stop();
    expect(watches.size).toBe(1);
    store.listener!.ended(['b'], 'logout');
    expect(ends).toEqual(['b: logout']);
  });

  test('ends for all of them', async () => {
    watch(A);
    watch(B);
    await settle();
    store.listener!.rekeyed('a', 'b');
    store.listener!.ended(['b'], 'logout');
    expect(ends.toSorted()).toEqual(['a: logout', 'b: logout']);
  });
});

describe('a look', () => {
  test('is one at a time, and what comes meanwhile is in the next one', async () => {
    store.held = [];
    watch(A);
    await settle();
    watch(B);
    await settle();
    expect(store.looks).toEqual([['a']]);
    store.held.shift()!(Promise.resolve({ records: [found()], now: NOW }));
    await settle();
    expect(store.looks).toEqual([['a'], ['b']]);
  });

  test('that is answered when no request waits any longer changes nothing', async () => {
    store.held = [];
    const stop = watch(A);
    await settle();
    stop();
    store.held.shift()!(Promise.resolve({ records: [found(null, 90)], now: NOW }));
    await settle();
    expect([vi.getTimerCount(), watches.size]).toEqual([0, 0]);
  });

  test('comes again at the expiry, once, where the regular one would be later', async () => {
    store.records.set('a', found(null, 71));
    store.records.set('b', found(null, 70));
    watch(A);
    watch(B);
    await settle();
    // 29 seconds for one; 30 for the other, which is the regular look's.
    expect(vi.getTimerCount()).toBe(2);
    store.listener!.resumed();
    await settle();
    expect(vi.getTimerCount()).toBe(2);
    await vi.advanceTimersByTimeAsync(29_000);
    await settle();
    expect(store.looks).toEqual([['a', 'b'], ['a', 'b'], ['a']]);
  });

  test('judges records as a request would', async () => {
    store.records.set('a', found(null, 101));
    store.records.set('b', found('alice'));
    watch(A);
    watch(B);
    await settle();
    expect(ends).toEqual(['a: expired', 'b: unknown']);
    expect([watches.size, vi.getTimerCount()]).toEqual([0, 1]);
  });
});

describe('an interruption of the reports', () => {
  test('is an event once, until they go on', async () => {
    watch(A);
    await settle();
    const [cut, still, again] = [new Error('cut'), new Error('still'), new Error('again')];
    store.listener!.failed(cut);
    store.listener!.failed(still);
    expect(errors).toEqual([['storeError', cut]]);
    store.listener!.resumed();
    store.listener!.failed(again);
    expect(errors).toEqual([
      ['storeError', cut],
      ['storeError', again],
    ]);
  });
});

describe('the application, asked by `invalidateBefore`,', () => {
  const asked: unknown[] = [];
  let answer: Promise<Date | null>;
  beforeEach(() => {
    asked.length = 0;
    answer = Promise.resolve(null);
    make({
      invalidateBefore: (...given: unknown[]) => {
        asked.push(given);
        return answer;
      },
    });
  });

  test('is asked about owners whose sessions go on alone', async () => {
    store.records.set('a', { status: 'ended', reason: 'logout' });
    store.records.set('rotated', { status: 'rekeyed', successor: 'b' });
    store.records.set('alice 1', found('alice'));
    store.records.set('alice 2', found('alice', 200));
    watch(A);
    watch({ handle: 'rotated', ownerHash: null });
    watch({ ...OF_ALICE, handle: 'alice 2' }, 'over', 'its request');
    watch(OF_ALICE, 'alice', 'the request');
    await settle();
    expect(ends).toEqual(['a: logout', 'over: expired']);
    expect([asked, errors]).toEqual([[['alice', 'the request']], []]);
  });

  test('ends a session that authenticated before its answer, unless it has another id by then', async () => {
    let reply!: (date: Date) => void;
    answer = new Promise((resolve) => (reply = resolve));
    for (const handle of ['alice 1', 'alice 2']) store.records.set(handle, found('alice', 0, NOW - 1000));
    store.records.set('alice 3', found('alice', 0, NOW));
    watch(OF_ALICE);
    watch({ ...OF_ALICE, handle: 'alice 2' });
    await settle();
    store.listener!.rekeyed('alice 2', 'alice 3');
    reply(new Date(NOW));
    await settle();
    expect(ends).toEqual(['alice 1: authentication-changed']);
  });

  test('is not asked again before it has answered', async () => {
    let reply!: (date: Date | null) => void;
    answer = new Promise((resolve) => (reply = resolve));
    store.records.set('alice 1', found('alice'));
    watch(OF_ALICE);
    await settle();
    await vi.advanceTimersByTimeAsync(30_000);
    await settle();
    expect([store.looks.length, asked.length]).toEqual([2, 1]);
    reply(null);
    await settle();
    await vi.advanceTimersByTimeAsync(30_000);
    await settle();
    expect([store.looks.length, asked.length]).toEqual([3, 2]);
  });

  test('may fail: an event says so, and it is asked again', async () => {
    const failure = new Error('no database');
    answer = Promise.reject(failure);
    answer.catch(() => {});
    store.records.set('alice 1', found('alice'));
    watch(OF_ALICE);
    await settle();
    expect([errors, ends]).toEqual([[['storeError', failure]], []]);
    answer = Promise.resolve(new Date(NOW + 1));
    await vi.advanceTimersByTimeAsync(30_000);
    await settle();
    expect(ends).toEqual(['alice 1: authentication-changed']);
  });
});

describe('closing', () => {
  test('stops the reports, the looks and all timers', async () => {
    store.records.set('a', found(null, 90));
    watch(A);
    await settle();
    watch(B);
    watches.close();
    await settle();
    expect([store.listener, watches.size, vi.getTimerCount(), store.looks]).toEqual([null, 0, 0, [['a']]]);
  });

  test('is nothing where nothing is watched', () => {
    expect(() => watches.close()).not.toThrow();
  });

  test('of a factory is that of its stores, each with watches of its own', () => {
    const [one, two] = [store, new ScriptedStore()].map((each) => each as unknown as Store) as [Store, Store];
    const shared = watchesOf(context, one);
    expect(watchesOf(context, one)).toBe(shared);
    expect(watchesOf(context, two)).not.toBe(shared);
    shared.add(A, undefined, () => {});
    closeWatches(context);
    expect([shared.size, vi.getTimerCount()]).toEqual([0, 0]);
    expect(watchesOf(context, one)).not.toBe(shared);
    closeWatches(context);
    closeWatches(context);
  });
});
