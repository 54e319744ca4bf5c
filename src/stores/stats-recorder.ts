import { ROUTINE_EVENTS, SESSION_EVENT_NAMES, type EventHub } from '../events.ts';
import { RecentMap } from '../internal/recent-map.ts';
import { OutgoingEvents } from './outgoing-events.ts';
import type { StoreProvider } from './store-provider.ts';
import {
  hasEventWatcher,
  hasStatistics,
  type FoundRecord,
  type LoadResult,
  type NewRecord,
  type RecordChange,
  type RecordKey,
  type RecordRekey,
  type RekeyOutcome,
  type SessionStore,
  type StatsReport,
  type StatsUnit,
  type StoredStats,
} from './store.ts';
import { wrapStoreMethods } from './wrap-store-methods.ts';

/** How a process counts. Seconds. */
export interface RecorderSettings {
  /** How long counts are kept. */
  readonly keep: number;
  /** Between two reports. */
  readonly flushInterval: number;
  /** Whether other processes learn of the events. */
  readonly publishEvents: boolean;
  /** The idle timeout of sessions of which nothing is known. */
  readonly timeout: number;
}

/** How long a session lives. */
interface Lifetime {
  /** Seconds of inactivity. */
  readonly timeout: number;
  /** Milliseconds: the end that no activity can move; 0 for none. */
  readonly expiresAt: number;
  /** Milliseconds: when it expires unless it is used. */
  readonly endsAt: number;
}

/** Sessions whose lifetime is remembered, at least: more than a process has under way. */
const REMEMBERED = 20_000;
/** Minutes whose counts are kept while the store fails. */
const MAX_KEPT_BATCHES = 60;
/** Sessions of each kind that are kept while the store fails. */
const MAX_KEPT_SESSIONS = 100_000;
const MINUTE_MS = 60_000;

type Counts = Map<string, number>;

/** Sessions of one kind, as in `SessionSightings`. */
class Sightings {
  written = new Map<string, number>();
  ended = new Map<string, number>();

  get isEmpty(): boolean {
    return this.written.size === 0 && this.ended.size === 0;
  }

  /** Adds what could not be reported, as older than what is here. */
  restore(older: Sightings): void {
    this.written = bounded(new Map([...older.written, ...this.written]));
    this.ended = bounded(new Map([...older.ended, ...this.ended]));
  }
}

/**
 * Counts the events of a factory and the sessions that it writes and ends, and reports them to the store every few
 * seconds, in one command. A report that fails is kept for the next.
 */
export class StatsRecorder {
  readonly #settings: RecorderSettings;
  readonly #events: EventHub;
  readonly #target: () => SessionStore | Promise<SessionStore>;
  /** `null` where events are not shared. */
  readonly outgoing: OutgoingEvents | null;
  readonly #lifetimes = new RecentMap<Lifetime>(REMEMBERED);
  /** The longest idle timeout that was seen, in seconds. */
  #longest: number;
  /** By event and reason, with a space between. */
  #counts: Counts = new Map();
  /** Counts that were not reported yet, and when they were taken by the process's monotonic clock. */
  #kept: { readonly at: number; readonly counts: Counts }[] = [];
  #anonymous = new Sightings();
  #owned = new Sightings();
  /** The store's clock minus the process's monotonic one, in milliseconds. */
  #clockOffset: number = Date.now() - performance.now();
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #hasFailed = false;

  /** @param target returns the store that counts are kept in */
  constructor(settings: RecorderSettings, events: EventHub, target: () => SessionStore | Promise<SessionStore>) {
    this.#settings = settings;
    this.#events = events;
    this.#target = target;
    this.#longest = settings.timeout;
    const outgoing = settings.publishEvents ? new OutgoingEvents() : null;
    this.outgoing = outgoing;
    for (const name of SESSION_EVENT_NAMES) {
      events.on(name, (event: object) => {
        const { reason } = event as { readonly reason?: string };
        this.#count(reason === undefined ? name : `${name} ${reason}`);
      });
      if (outgoing !== null && !ROUTINE_EVENTS.has(name)) events.on(name, (event: object) => outgoing.add(name, event));
    }
  }

  /** Returns the stores of a provider so that what they write and end is counted. */
  wrapProvider(provider: StoreProvider): StoreProvider {
    const wrapped = new WeakMap<SessionStore, SessionStore>();
    const wrap = (store: SessionStore): SessionStore => {
      let known = wrapped.get(store);
      if (known === undefined) wrapped.set(store, (known = this.#wrap(store)));
      return known;
    };
    return {
      storeFor: (request) => {
        const store = provider.storeFor(request);
        return store instanceof Promise ? store.then(wrap) : wrap(store);
      },
      close: async () => {
        clearTimeout(this.#timer);
        await this.flush();
        clearTimeout(this.#timer);
        await provider.close();
      },
    };
  }

  /** Reports to the store, and returns what all processes have counted; `null` when the store cannot count. */
  async read(since: number | null, by: StatsUnit): Promise<StoredStats | null> {
    await this.flush();
    const store = await this.#target();
    return hasStatistics(store) ? await store.readStats(since, this.#settings.keep, by) : null;
  }

  /** Reports to the store now. Does not reject: what fails is reported as an event, and kept. */
  flush(): Promise<void> {
    return (this.#flushing = this.#flushing.then(() => this.#flush()));
  }

  async #flush(): Promise<void> {
    this.#timer = undefined;
    this.#keepCounts();
    const [anonymous, owned, kept] = [this.#anonymous, this.#owned, this.#kept];
    if (anonymous.isEmpty && owned.isEmpty && kept.length === 0) return;
    this.#anonymous = new Sightings();
    this.#owned = new Sightings();
    this.#kept = [];
    try {
      const store = await this.#target();
      if (!hasStatistics(store)) return;
      const shared = hasEventWatcher(store) ? (this.outgoing?.report() ?? null) : null;
      await store.addStats({ counts: reportCounts(kept), anonymous, owned, events: shared }, this.#settings.keep);
      if (shared !== null) this.outgoing!.reported(shared);
      this.#hasFailed = false;
    } catch (error) {
      this.#kept = [...kept, ...this.#kept].slice(-MAX_KEPT_BATCHES);
      this.#anonymous.restore(anonymous);
      this.#owned.restore(owned);
      if (!this.#hasFailed) this.#events.emit('storeError', { operation: 'stats', error });
      this.#hasFailed = true;
      this.#schedule();
    }
  }

  /** Puts the counts beside those that were not reported, one batch for each minute. */
  #keepCounts(): void {
    if (this.#counts.size === 0) return;
    const at = performance.now();
    const last = this.#kept.at(-1);
    if (last === undefined || at - last.at >= MINUTE_MS) this.#kept.push({ at, counts: this.#counts });
    else for (const [key, count] of this.#counts) last.counts.set(key, (last.counts.get(key) ?? 0) + count);
    this.#counts = new Map();
  }

  #count(key: string): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    this.#schedule();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => void this.flush(), this.#settings.flushInterval * 1000).unref();
  }

  #wrap(store: SessionStore): SessionStore {
    return wrapStoreMethods(store, (method, name) => {
      const observe = this.#observers[name];
      if (observe === undefined) return method;
      return async (...args) => {
        const outcome = await method(...args);
        observe(outcome as never, ...(args as never[]));
        return outcome;
      };
    });
  }

  /** By the method after which they are called, with its outcome and its arguments. */
  readonly #observers: Readonly<Record<string, ((outcome: never, ...args: never[]) => void) | undefined>> = {
    load: (found: LoadResult | undefined, { handle }: RecordKey) => {
      if (found?.status === 'found') this.#lifetimes.set(handle, this.#lifetimeOf(found));
    },
    create: (outcome: RekeyOutcome, key: RecordKey, { timeout, absoluteTimeout, expiresIn = 0 }: NewRecord) => {
      this.#evict(outcome);
      if (outcome.status !== 'ok') return;
      const seconds = expiresIn > 0 ? Math.min(expiresIn, timeout.seconds) : timeout.seconds;
      this.#write(key, seconds, absoluteTimeout > 0 ? outcome.now + absoluteTimeout * 1000 : 0, outcome.now);
    },
    save: (outcome: RekeyOutcome, key: RecordKey, { timeout }: RecordChange) => {
      if (outcome.status !== 'ok') return;
      const known = this.#lifetimes.get(key.handle);
      this.#write(key, timeout?.seconds ?? known?.timeout, known?.expiresAt, outcome.now);
    },
    rekey: (outcome: RekeyOutcome, from: RecordKey, to: RecordKey, { timeout, login }: RecordRekey) => {
      this.#evict(outcome);
      if (outcome.status !== 'ok') return;
      const { now } = outcome;
      const known = this.#lifetimes.get(from.handle);
      const absolute = login === null ? null : login.absoluteTimeout;
      const expiresAt = absolute === null ? known?.expiresAt : absolute > 0 ? now + absolute * 1000 : 0;
      this.#end(from.ownerHash, from.handle);
      this.#write(to, timeout?.seconds ?? known?.timeout, expiresAt, now);
    },
    destroy: ({ status }: { readonly status: string }, { ownerHash, handle }: RecordKey) => {
      if (status === 'ok') this.#end(ownerHash, handle);
    },
    revokeOwned: (handles: readonly string[], ownerHash: string) => {
      for (const handle of handles) this.#end(ownerHash, handle);
    },
  };

  #evict({ evicted = [] }: { readonly evicted?: readonly string[] }): void {
    for (const handle of evicted) this.#end('', handle);
  }

  #write(
    { handle, ownerHash }: RecordKey,
    timeout: number | undefined,
    expiresAt: number | undefined,
    now: number,
  ): void {
    this.#clockOffset = now - performance.now();
    const seconds = timeout ?? this.#settings.timeout;
    const lifetime = lifetimeFrom(now, seconds, expiresAt ?? 0);
    this.#longest = Math.max(this.#longest, seconds);
    this.#lifetimes.set(handle, lifetime);
    (ownerHash === null ? this.#anonymous : this.#owned).written.set(handle, lifetime.endsAt);
    this.#schedule();
  }

  #end(ownerHash: string | null, handle: string): void {
    const now = performance.now() + this.#clockOffset;
    const known = this.#lifetimes.get(handle);
    const endsAt = known?.endsAt ?? now + this.#longest * 1000;
    (ownerHash === null ? this.#anonymous : this.#owned).ended.set(
      handle,
      endsAt + (known?.timeout ?? this.#longest) * 100,
    );
    this.#schedule();
  }

  #lifetimeOf({ meta, lastSeen }: FoundRecord): Lifetime {
    return lifetimeFrom(lastSeen, meta.timeout.seconds, meta.expiresAt);
  }
}

function lifetimeFrom(now: number, timeout: number, expiresAt: number): Lifetime {
  return { timeout, expiresAt, endsAt: Math.min(now + timeout * 1000, expiresAt || Infinity) };
}

function reportCounts(kept: readonly { readonly at: number; readonly counts: Counts }[]): StatsReport['counts'] {
  const now = performance.now();
  return kept.flatMap(({ at, counts }) =>
    Array.from(counts, ([key, count]) => {
      const [event = '', reason = null] = key.split(' ');
      return { event, reason, count, age: now - at };
    }),
  );
}

function bounded(sessions: Map<string, number>): Map<string, number> {
  if (sessions.size <= MAX_KEPT_SESSIONS) return sessions;
  return new Map([...sessions].slice(-MAX_KEPT_SESSIONS));
}
