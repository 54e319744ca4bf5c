import type { SessionContext } from '../engine/context.ts';
import { SessionError, unsupported } from '../errors.ts';
import { withStoreErrorEvent, type SessionEventName } from '../events.ts';
import { checkFunction, expected, isObject } from '../internal/validate.ts';
import { RecentMap } from '../internal/recent-map.ts';
import type { StatsRecorder } from '../stores/stats-recorder.ts';
import { hasEventWatcher, type EventBatch } from '../stores/store.ts';

/** An event of another process: without owner and details, which stay in their process. */
export interface ForeignEvent {
  readonly name: SessionEventName;
  /** By the store's clock. */
  readonly at: Date;
  readonly reason: string | null;
  /** The public name of the session; `null` for one that is not stored. */
  readonly handle: string | null;
  /** Names the factory in whose process it happened, at random. */
  readonly source: string;
}

/** What is called with the events of other processes. An error that it throws becomes an uncaught exception. */
export interface ForeignEventListener {
  /**
   * @param events oldest first
   * @param missed how many more there were: too many at a time, or lost with a connection
   */
  happened: (events: readonly ForeignEvent[], missed: number) => void;
  /** Events arrive from now on; those before may not have. */
  resumed?: () => void;
  /** No events arrive until `resumed` is called, because of an error. */
  failed?: (error: unknown) => void;
}

/** Processes whose numbers are remembered, at least. */
const REMEMBERED = 1000;

/** Listens to the events of other processes, for one factory. */
export class ForeignEvents {
  readonly #context: SessionContext;
  readonly #recorder: StatsRecorder | null;
  readonly #stops = new Set<() => void>();
  #isClosed = false;

  /** @param recorder `null` where nothing is counted */
  constructor(context: SessionContext, recorder: StatsRecorder | null) {
    this.#context = context;
    this.#recorder = recorder;
  }

  watch(listener: ForeignEventListener): Promise<() => void> {
    return withStoreErrorEvent(this.#context.events, 'watch', async () => {
      checkListener(listener);
      const own = this.#recorder?.outgoing?.source;
      if (own === undefined)
        throw unsupported('Events stay in their process: set `stats: { publishEvents: true }` in every process');
      if (this.#isClosed) throw closed();
      const store = await this.#context.storeFor(undefined);
      // Nothing would end the watch.
      if (this.#isClosed) throw closed();
      if (!hasEventWatcher(store)) throw unsupported('The store cannot pass events on: it has no `watchEvents`');
      const batches = new Batches();
      const unwatch = store.watchEvents({
        happened: (batch) => {
          if (batch.source === own) return;
          const { events, missed } = batches.unseen(batch);
          if (events.length + missed > 0) listener.happened(events, missed);
        },
        resumed: () => listener.resumed?.(),
        failed: (error) => listener.failed?.(error),
      });
      const stop = (): void => {
        if (this.#stops.delete(stop)) unwatch();
      };
      this.#stops.add(stop);
      return stop;
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const stop of this.#stops) stop();
  }
}

/** Finds out what of a batch is new, and what never came. */
class Batches {
  /** The number of the next event, by process. */
  readonly #next = new RecentMap<number>(REMEMBERED);

  unseen({ source, from, to, events }: EventBatch): { events: ForeignEvent[]; missed: number } {
    const next = this.#next.get(source) ?? from;
    if (to <= next) return { events: [], missed: 0 };
    this.#next.set(source, to);
    const unseen = events
      .filter(({ number }) => number >= next)
      .map(({ event, at, reason, handle }) => ({
        name: event as SessionEventName,
        at: new Date(at),
        reason,
        handle,
        source,
      }));
    return { events: unseen, missed: to - next - unseen.length };
  }
}

function checkListener(listener: ForeignEventListener): void {
  if (!isObject(listener)) throw expected('listener', 'an object with a function `happened`', listener);
  const { happened, resumed, failed } = listener;
  if (happened === undefined) throw expected('listener.happened', 'a function of events', happened);
  checkFunction('listener.happened', happened, 'a function of events');
  checkFunction('listener.resumed', resumed, 'a function');
  checkFunction('listener.failed', failed, 'a function of an error');
}

function closed(): SessionError {
  const message = 'The connection to the store was closed by the application';
  return new SessionError('ERR_SESSION_STORE_UNAVAILABLE', message);
}
