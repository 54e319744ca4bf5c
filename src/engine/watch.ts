import type { WatchedEndReason } from '../errors.ts';
import { callEach } from '../internal/throw-later.ts';
import type { EndListener, RecordCheck, RecordKey, SessionStore, SessionWatcher } from '../stores/store.ts';
import { authenticationChangedAt, judgeRecord } from './judge-record.ts';
import type { SessionContext } from './context.ts';

/** Milliseconds that a session is looked at again after its expiry at the earliest: times are stored to a second. */
const EXPIRY_PRECISION_MS = 1_000;
/** Owners that the application is asked about at a time. */
const CONCURRENT_QUESTIONS = 8;

export type EndCallback = (reason: WatchedEndReason) => void;

/** Returns whether a store can report the ends of sessions. */
export function hasWatcher(store: SessionStore): store is SessionStore & SessionWatcher {
  return 'watchEnds' in store && 'checkRecords' in store;
}

/** One that waits for the end of a session. */
interface Waiter {
  /** `null` when it waits no longer. */
  watch: Watch | null;
  readonly onEnd: EndCallback;
}

/** A session that is watched, for all who wait for its end in this process. */
interface Watch {
  key: RecordKey;
  /** When the session will have expired, unless it is used: milliseconds of the process's monotonic clock. */
  deadline: number;
  timer: NodeJS.Timeout | undefined;
  /** The request of the first, for the application's `invalidateBefore`. */
  readonly request: unknown;
  readonly waiters: Set<Waiter>;
}

/**
 * The watched sessions of one store. What the store reports ends them at once. All of them are also looked at every
 * `watchInterval` seconds, when the store reports again after an interruption, and each when it is added and when it
 * expires, so that a report that is lost delays an end and nothing else.
 */
export class SessionWatches {
  readonly #context: SessionContext;
  readonly #store: SessionStore & SessionWatcher;
  readonly #watches = new Map<string, Watch>();
  /** To be looked at. */
  readonly #due = new Set<Watch>();
  #stop: (() => void) | undefined;
  #interval: NodeJS.Timeout | undefined;
  #isChecking = false;
  #isAsking = false;
  #isInterrupted = false;

  constructor(context: SessionContext, store: SessionStore & SessionWatcher) {
    this.#context = context;
    this.#store = store;
  }

  /** How many sessions are watched. */
  get size(): number {
    return this.#watches.size;
  }

  /** Calls back once, when the session of a record has ended. Returns a function that stops it. */
  add(key: RecordKey, request: unknown, onEnd: EndCallback): () => void {
    this.#start();
    let watch = this.#watches.get(key.handle);
    if (watch === undefined) {
      watch = { key, deadline: Infinity, timer: undefined, request, waiters: new Set() };
      this.#watches.set(key.handle, watch);
      // It may have ended since it was read.
      this.#check([watch]);
    }
    const waiter: Waiter = { watch, onEnd };
    watch.waiters.add(waiter);
    return () => this.#remove(waiter);
  }

  close(): void {
    this.#stop?.();
    clearInterval(this.#interval);
    this.#stop = this.#interval = undefined;
    for (const watch of this.#watches.values()) clearTimeout(watch.timer);
    this.#watches.clear();
    this.#due.clear();
  }

  #start(): void {
    this.#stop ??= this.#store.watchEnds(this.#listener);
    this.#interval ??= setInterval(this.#checkAll, this.#context.config.watchInterval * 1000).unref();
  }

  #remove(waiter: Waiter): void {
    const { watch } = waiter;
    waiter.watch = null;
    if (watch === null || !watch.waiters.delete(waiter) || watch.waiters.size > 0) return;
    this.#drop(watch);
    if (this.#watches.size > 0) return;
    clearInterval(this.#interval);
    this.#interval = undefined;
  }

  #drop(watch: Watch): void {
    clearTimeout(watch.timer);
    this.#due.delete(watch);
    this.#watches.delete(watch.key.handle);
  }

  #end(watch: Watch, reason: WatchedEndReason): void {
    const isExpired = reason === 'unknown' && performance.now() >= watch.deadline - EXPIRY_PRECISION_MS;
    this.#drop(watch);
    callEach(watch.waiters, (waiter) => {
      waiter.watch = null;
      waiter.onEnd(isExpired ? 'expired' : reason);
    });
  }

  /** Goes on under another handle, perhaps together with those who have loaded the session under that one. */
  #follow(watch: Watch, handle: string): void {
    this.#drop(watch);
    const other = this.#watches.get(handle);
    if (other === undefined) {
      watch.key = { handle, ownerHash: watch.key.ownerHash };
      this.#watches.set(handle, watch);
    } else {
      for (const waiter of watch.waiters) {
        waiter.watch = other;
        other.waiters.add(waiter);
      }
    }
    // Reports of several servers of a cluster can come in another order.
    this.#check([other ?? watch]);
  }

  readonly #listener: EndListener = {
    ended: (handles, reason) => {
      for (const handle of handles) {
        const watch = this.#watches.get(handle);
        if (watch !== undefined) this.#end(watch, reason);
      }
    },
    rekeyed: (handle, successor) => {
      const watch = this.#watches.get(handle);
      if (watch !== undefined) this.#follow(watch, successor);
    },
    resumed: () => {
      this.#isInterrupted = false;
      this.#checkAll();
    },
    failed: (error) => {
      if (!this.#isInterrupted) this.#report(error);
      this.#isInterrupted = true;
    },
  };

  readonly #checkAll = (): void => this.#check(this.#watches.values());

  /** Looks at sessions soon, and at many together. */
  #check(watches: Iterable<Watch>): void {
    for (const watch of watches) this.#due.add(watch);
    if (this.#isChecking) return;
    this.#isChecking = true;
    setImmediate(() => void this.#checkDue());
  }

  async #checkDue(): Promise<void> {
    try {
      while (this.#due.size > 0) {
        const watches = [...this.#due];
        this.#due.clear();
        const keys = watches.map(({ key }) => key);
        const { records, now } = await this.#store.checkRecords(keys);
        for (const [i, watch] of watches.entries()) {
          // Ended, dropped or rekeyed meanwhile.
          if (watch.key === keys[i] && this.#isWatched(watch)) this.#apply(watch, records[i]!, now);
        }
        if (this.#context.config.invalidateBefore !== null) void this.#askApplication(watches, records, now);
      }
    } catch (error) {
      // The next look is at all of them.
      this.#report(error);
    } finally {
      this.#isChecking = false;
    }
  }

  #apply(watch: Watch, record: RecordCheck, now: number): void {
    if (record.status === 'ended') return this.#end(watch, record.reason);
    if (record.status === 'rekeyed') return this.#follow(watch, record.successor);
    const { meta, refusal } = judgeRecord(watch.key, { ...record, now }, this.#context.adoptionRules, null);
    if (refusal !== null) return this.#end(watch, refusal === 'owner' ? 'unknown' : refusal);
    const endsAt = Math.min(record.lastSeen + meta.timeout.seconds * 1000, meta.expiresAt || Infinity);
    watch.deadline = performance.now() + endsAt - now;
    clearTimeout(watch.timer);
    const left = Math.max(watch.deadline - performance.now(), EXPIRY_PRECISION_MS);
    // A later expiry is met by the regular look.
    if (left < this.#context.config.watchInterval * 1000) {
      watch.timer = setTimeout(() => this.#check([watch]), left).unref();
    }
  }

  /** Ends sessions whose authentication is no longer valid, by `invalidateBefore`. */
  async #askApplication(watches: readonly Watch[], records: readonly RecordCheck[], now: number): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const answers = new Map<string, Promise<number | null>>();
    const left = watches.entries();
    const ask = async (): Promise<void> => {
      for (const [i, watch] of left) {
        const record = records[i]!;
        const owner = record.status === 'found' ? record.meta.owner : null;
        if (record.status !== 'found' || owner === null || !this.#isWatched(watch)) continue;
        const answer = answers.get(owner) ?? authenticationChangedAt(this.#context, owner, watch.request);
        answers.set(owner, answer);
        const { key } = watch;
        const { refusal } = judgeRecord(key, { ...record, now }, this.#context.adoptionRules, await answer);
        if (refusal === 'authentication-changed' && watch.key === key && this.#isWatched(watch))
          this.#end(watch, refusal);
      }
    };
    try {
      await Promise.all(Array.from({ length: CONCURRENT_QUESTIONS }, ask));
    } catch (error) {
      this.#report(error);
    } finally {
      this.#isAsking = false;
    }
  }

  #isWatched(watch: Watch): boolean {
    return this.#watches.get(watch.key.handle) === watch;
  }

  #report(error: unknown): void {
    this.#context.events.emit('storeError', { operation: 'watch', error });
  }
}

const watchesByContext = new WeakMap<SessionContext, Map<SessionStore, SessionWatches>>();

/** Returns the watched sessions of a store, for one factory. */
export function watchesOf(context: SessionContext, store: SessionStore & SessionWatcher): SessionWatches {
  let byStore = watchesByContext.get(context);
  if (byStore === undefined) watchesByContext.set(context, (byStore = new Map<SessionStore, SessionWatches>()));
  let watches = byStore.get(store);
  if (watches === undefined) byStore.set(store, (watches = new SessionWatches(context, store)));
  return watches;
}

/** Stops watching: what still waits for an end is not called any longer. */
export function closeWatches(context: SessionContext): void {
  for (const watches of watchesByContext.get(context)?.values() ?? []) watches.close();
  watchesByContext.delete(context);
}
