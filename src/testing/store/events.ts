import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type {
  EventBatch,
  EventReport,
  EventWatcher,
  SessionSightings,
  SessionStatistics,
  SessionStore,
  SharedEventListener,
} from '../../stores/store.ts';
import type { StoreCheck, StoreHarness } from './check.ts';
import { newKey } from './fixtures.ts';

type Sharing = SessionStore & SessionStatistics & EventWatcher;

const NONE: SessionSightings = { written: new Map(), ended: new Map() };
/** Seconds for which counts are kept. */
const KEEP = 3600;

function sharing({ store }: StoreHarness): Sharing {
  assert.ok(store.addStats !== undefined && store.readStats !== undefined && store.watchEvents !== undefined);
  return store as Sharing;
}

const newSource = (): string => randomBytes(9).toString('base64url');

/** Keeps the batches of one process, which can be waited for. */
class Batches implements SharedEventListener {
  readonly batches: EventBatch[] = [];
  isListening = false;
  #error: unknown;
  readonly #source: string;
  readonly #waiting = new Set<() => void>();

  constructor(source: string) {
    this.#source = source;
  }

  happened(batch: EventBatch): void {
    if (batch.source === this.#source) this.batches.push(batch);
    this.#look();
  }

  resumed(): void {
    this.isListening = true;
    this.#look();
  }

  failed(error: unknown): void {
    this.#error ??= error;
    this.#look();
  }

  /** Waits for ten seconds at most. */
  async until(what: string, isTrue: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`Never came: ${what}`)), 10_000);
      const look = (): void => {
        if (!isTrue() && this.#error === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        if (this.#error === undefined) resolve();
        else reject(this.#error);
      };
      this.#waiting.add(look);
      look();
    });
  }

  #look(): void {
    for (const look of this.#waiting) look();
  }
}

async function listen(store: Sharing, source: string): Promise<{ heard: Batches; stop: () => void }> {
  const heard = new Batches(source);
  const stop = store.watchEvents(heard);
  await heard.until('the beginning', () => heard.isListening);
  return { heard, stop };
}

async function report(store: Sharing, events: EventReport): Promise<void> {
  await store.addStats({ counts: [], anonymous: NONE, owned: NONE, events }, KEEP);
}

/** What a store promises that passes on the events of processes. */
export const SHARED_EVENTS: readonly StoreCheck[] = [
  {
    title: 'events: what a process reports comes to every listener as it is, with its times by the clock of the store',
    async run(harness) {
      const store = sharing(harness);
      const [source, { handle }] = [newSource(), newKey()];
      const listeners = await Promise.all([listen(store, source), listen(store, source)]);
      const before = await store.now();
      const events = [
        { number: 7, event: 'login', reason: null, handle, age: 4000 },
        { number: 9, event: 'rejected', reason: 'not-found', handle: null, age: 0 },
      ];
      await report(store, { source, from: 7, to: 10, events });
      const after = await store.now();
      for (const { heard, stop } of listeners) {
        await heard.until('the batch', () => heard.batches.length > 0);
        const [batch] = heard.batches;
        const withoutTimes = (all: EventBatch['events'] | EventReport['events']): object[] =>
          all.map(({ number, event, reason, handle: of }) => ({ number, event, reason, of }));
        assert.deepEqual([batch!.source, batch!.from, batch!.to], [source, 7, 10]);
        assert.deepEqual(withoutTimes(batch!.events), withoutTimes(events));
        for (const [i, { at }] of batch!.events.entries()) {
          const { age } = events[i]!;
          assert.ok(at >= before - age - 1500 && at <= after - age + 1500, `${at} is not ${age} ms before ${after}`);
        }
        stop();
      }
    },
  },
  {
    title: 'events: a listener hears what is reported from its beginning to its end, and nothing of a report of none',
    async run(harness) {
      const store = sharing(harness);
      const source = newSource();
      const one = { event: 'login', reason: null, handle: null, age: 0 };
      const reportOf = (from: number): Promise<void> =>
        report(store, { source, from, to: from + 1, events: [{ ...one, number: from }] });
      const always = await listen(store, source);
      await reportOf(0);
      // On a cluster, what was published can be under way for a while.
      await always.heard.until('the first', () => always.heard.batches.length > 0);
      const between = await listen(store, source);
      await store.addStats({ counts: [], anonymous: NONE, owned: NONE }, KEEP);
      await reportOf(1);
      await between.heard.until('the second', () => between.heard.batches.length > 0);
      between.stop();
      await reportOf(2);
      await always.heard.until('the third', () => always.heard.batches.length > 2);
      always.stop();
      assert.deepEqual(
        [always.heard, between.heard].map(({ batches }) => batches.map(({ from }) => from)),
        [[0, 1, 2], [1]],
      );
    },
  },
  {
    title: 'events: of the most that a process reports at a time, all come',
    async run(harness) {
      const store = sharing(harness);
      const source = newSource();
      const { heard, stop } = await listen(store, source);
      const events = Array.from({ length: 200 }, (_, number) => {
        return { number, event: 'destroyed', reason: 'authentication-changed', handle: newKey().handle, age: number };
      });
      await report(store, { source, from: 0, to: 1_000_000, events });
      await heard.until('the batch', () => heard.batches.length > 0);
      stop();
      assert.deepEqual(
        heard.batches[0]!.events.map(({ handle }) => handle),
        events.map(({ handle }) => handle),
      );
    },
  },
];
