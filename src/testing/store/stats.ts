import assert from 'node:assert/strict';
import type { RecordKey, SessionSightings, SessionStatistics, SessionStore, StatsReport } from '../../stores/store.ts';
import type { StoreCheck, StoreHarness } from './check.ts';
import { createAnonymous, createOwned, newOwnerHash, written } from './fixtures.ts';

type Counting = SessionStore & SessionStatistics;

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Seconds for which counts are kept. */
const KEEP = 7200;
const NONE: SessionSightings = { written: new Map(), ended: new Map() };

function counting({ store }: StoreHarness): Counting {
  assert.ok(store.addStats !== undefined && store.readStats !== undefined);
  return store as Counting;
}

function report(counts: StatsReport['counts'], more: Partial<StatsReport> = {}): StatsReport {
  return { counts, anonymous: NONE, owned: NONE, ...more };
}

/** An event of a name that no other check has. */
let checks = 0;
const newEvent = (): string => `event${process.pid}x${checks++}`;

async function countsOf(store: Counting, event: string, since: number | null): Promise<object[]> {
  const { counts } = await store.readStats(since, KEEP);
  return counts.filter((each) => each.event === event).map(({ reason, count }) => ({ reason, count }));
}

/** What a store counts of events and sessions. */
export const STATS: readonly StoreCheck[] = [
  {
    title: 'stats: what several processes count adds up, by minute, event and reason',
    async run(harness) {
      const store = counting(harness);
      const event = newEvent();
      const before = await store.now();
      for (let i = 0; i < 2; i++) {
        const counts = [
          { event, reason: null, count: 2, age: 0 },
          { event, reason: 'not-found', count: 3, age: 0 },
          { event, reason: null, count: 5, age: 10 * MINUTE_MS },
        ];
        await store.addStats(report(counts), KEEP);
      }
      const { counts, now } = await store.readStats(null, KEEP);
      const mine = counts.filter((each) => each.event === event);
      const total = (reason: string | null, from: number, to: number): number =>
        mine
          .filter((each) => each.reason === reason && each.start > from - MINUTE_MS && each.start <= to)
          .reduce((sum, { count }) => sum + count, 0);
      assert.equal(total(null, before, now), 4);
      assert.equal(total('not-found', before, now), 6);
      assert.equal(total(null, before - 10 * MINUTE_MS, now - 10 * MINUTE_MS), 10);
      assert.ok(mine.every(({ start }) => start % MINUTE_MS === 0));
      assert.deepEqual(
        mine.map(({ start }) => start),
        mine.map(({ start }) => start).toSorted((a, b) => a - b),
      );
    },
  },
  {
    title: 'stats: what is older than an hour, or than was asked for, is left out',
    async run(harness) {
      const store = counting(harness);
      const event = newEvent();
      const now = await store.now();
      for (const minutes of [90, 30, 5]) {
        await store.addStats(report([{ event, reason: null, count: minutes, age: minutes * MINUTE_MS }]), KEEP);
      }
      const counted = async (since: number | null): Promise<number[]> =>
        (await countsOf(store, event, since)).map((each) => (each as { count: number }).count);
      assert.deepEqual(await counted(null), [30, 5]);
      assert.deepEqual(await counted(now - 10 * MINUTE_MS), [5]);
      assert.deepEqual(await counted(0), [90, 30, 5]);
    },
  },
  {
    title: 'stats: the sums of hours add up, and are kept for longer than minutes',
    async run(harness) {
      const store = counting(harness);
      const [event, keep] = [newEvent(), 3 * 3600];
      const now = await store.now();
      const thisHour = now - (now % HOUR_MS);
      for (const ago of [1, 1, 2, 30, 30, 200, 800]) {
        // In the middle of an hour, so that it does not matter when exactly this is counted.
        const age = now - (thisHour - ago * HOUR_MS + HOUR_MS / 2);
        const counts = [
          { event, reason: null, count: 2, age },
          { event, reason: 'expired', count: 3, age },
        ];
        await store.addStats(report(counts), keep);
      }
      const read = async (since: number | null): Promise<object[]> => {
        const { counts } = await store.readStats(since, keep, 'hour');
        return counts
          .filter((each) => each.event === event)
          .map(({ start, reason, count }) => [(thisHour - start) / HOUR_MS, reason ?? '', count])
          .toSorted((a, b) => Number(b[0]) - Number(a[0]) || String(a[1]).localeCompare(String(b[1])));
      };
      const sums = (times: readonly (readonly [ago: number, times: number])[]): object[] =>
        times.flatMap(([ago, many]) => [
          [ago, '', 2 * many],
          [ago, 'expired', 3 * many],
        ]);
      const lastDay = [
        [2, 1],
        [1, 2],
      ] as const;
      assert.deepEqual(await read(0), sums([[800, 1], [200, 1], [30, 2], ...lastDay]));
      assert.deepEqual(await read(now - 168 * HOUR_MS), sums([[30, 2], ...lastDay]));
      assert.deepEqual(await read(null), sums(lastDay));
      const { counts } = await store.readStats(0, keep, 'hour');
      assert.deepEqual(
        counts.map(({ start }) => start),
        counts.map(({ start }) => start).toSorted((a, b) => a - b),
      );
      const minutes = (await store.readStats(0, keep)).counts.filter((each) => each.event === event);
      assert.equal(
        minutes.reduce((sum, { count }) => sum + count, 0),
        3 * 5,
      );
    },
  },
  {
    title: 'stats: live sessions are those that were written and have not ended, to the error that is stated',
    async run(harness) {
      const store = counting(harness);
      const before = await store.readStats(null, KEEP);
      const [ownerHash, endsAt] = [newOwnerHash(), before.now + 1_200_000];
      const keys: RecordKey[] = [];
      for (let i = 0; i < 40; i++) keys.push(await (i < 30 ? createOwned(store, ownerHash) : createAnonymous(store)));
      const ended = keys.filter((_, i) => i % 10 === 0);
      for (const key of ended) await written(store.destroy(key));
      const sightings = (isOwned: boolean): SessionSightings => {
        const entries = (of: readonly RecordKey[], at: number): Map<string, number> =>
          new Map(of.filter((key) => (key.ownerHash !== null) === isOwned).map(({ handle }) => [handle, at]));
        return { written: entries(keys, endsAt), ended: entries(ended, endsAt + 100_000) };
      };
      await store.addStats(report([], { anonymous: sightings(false), owned: sightings(true) }), KEEP);
      // Two processes may report one session.
      await store.addStats(report([], { owned: sightings(true) }), KEEP);
      const after = await store.readStats(null, KEEP);
      const tolerance = (count: number): number => Math.ceil(6 * after.error * count);
      const near = (actual: number, exact: number): void =>
        assert.ok(Math.abs(actual - exact) <= tolerance(exact), `${actual} is not about ${exact}`);
      near(after.owned, before.owned + 27);
      near(after.anonymous, before.anonymous + 9);
      assert.ok(after.error < 0.2, `an error of ${after.error}`);
    },
  },
];
