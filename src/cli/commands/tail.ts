import { contextOf, type SessionFactory } from '../../factory.ts';
import { RecentMap } from '../../internal/recent-map.ts';
import { hasEventWatcher, type SessionStore, type SessionWatcher } from '../../stores/store.ts';
import { EXIT, messageOf, RefusedError, type Command, type ExitCode } from '../command.ts';
import { time } from '../session-view.ts';
import type { Terminal } from '../terminal.ts';

export const tail: Command = {
  name: 'tail',
  summary: 'Print what happens to sessions, in any process, as it happens, until Ctrl+C',
  details:
    'It shows what processes publish: how sessions end and rotate, if they set redis.publishEnds, and all other events, some\n' +
    'seconds later, if they set stats.publishEvents. What has expired is shown only when something meets it.',
  examples: ['tail', 'tail --json | grep id-reuse'],
  async run({ options, open, terminal, interrupted }): Promise<ExitCode> {
    const isUrl = options['factory'] === undefined;
    const { factory } = await open({ ...options, 'publish-ends': isUrl, 'watch-events': isUrl });
    const { config, storeFor } = contextOf(factory);
    const store = await storeFor(undefined);
    if (!isWatcher(store)) throw new RefusedError('The store does not report how sessions end: only Redis does');
    // A store that cannot be reached is an error now, and something to wait for later.
    await store.now();
    const sources = new Sources(terminal);
    const isSharing = config.stats?.publishEvents === true && hasEventWatcher(store);
    const stops: (() => void)[] = [];
    try {
      if (isSharing) stops.push(await watchEvents(factory, sources));
      else terminal.note('Other events stay in their process: the factory does not set stats.publishEvents.');
      stops.push(watchEnds(store, sources, isSharing));
      await interrupted();
    } finally {
      for (const stop of stops) stop();
    }
    return EXIT.ok;
  },
};

/** Handles that are remembered. */
const REMEMBERED = 10_000;

/** What arrives, and from where. */
class Sources {
  readonly #terminal: Terminal;
  /** Ends and rotations that were printed as they happened: processes report them as events, too. */
  readonly #printed = new RecentMap<true>(REMEMBERED);

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  resumed(what: string): void {
    this.#terminal.note(`Listening to ${what}.`);
  }

  failed(what: string, error: unknown): void {
    this.#terminal.error(`${what}: ${messageOf(error)}`);
  }

  ended(handle: string, reason: string): void {
    this.#printed.set(handle, true);
    this.#print(new Date(), 'ended', handle, { reason }, reason);
  }

  rotated(handle: string, successor: string): void {
    this.#printed.set(successor, true);
    this.#print(new Date(), 'rotated', handle, { successor }, successor);
  }

  happened(at: Date, name: string, reason: string | null, handle: string | null): void {
    if (COVERED.has(name) && handle !== null && this.#printed.get(handle) === true) return;
    this.#print(at, name, handle, { reason }, reason ?? '');
  }

  missed(count: number): void {
    this.#terminal.object({ at: new Date(), event: 'missed', count });
    this.#terminal.line(`${time(new Date())}  ${count} events were too many to be shown, or lost on the way`);
  }

  #print(at: Date, event: string, handle: string | null, more: object, text: string): void {
    this.#terminal.object({ at, event, handle, ...more });
    this.#terminal.line(`${time(at)}  ${event.padEnd(16)}  ${(handle ?? '-').padEnd(43)}  ${text}`.trimEnd());
  }
}

/** Events that say of a session what its end or its rotation has said. */
const COVERED: ReadonlySet<string> = new Set(['destroyed', 'revoked', 'rotated']);

function isWatcher(store: SessionStore): store is SessionStore & SessionWatcher {
  return 'watchEnds' in store;
}

function watchEnds(store: SessionWatcher, sources: Sources, isOptional: boolean): () => void {
  try {
    return store.watchEnds({
      ended(handles, reason) {
        for (const handle of handles) sources.ended(handle, reason);
      },
      rekeyed: (handle, successor) => sources.rotated(handle, successor),
      resumed: () => sources.resumed('the ends and rotations that processes with redis.publishEnds publish'),
      failed: (error) => sources.failed('Ends and rotations', error),
    });
  } catch (error) {
    if (!isOptional) throw error;
    sources.resumed('events alone, because redis.publishEnds is not set: ends arrive with them');
    return () => {};
  }
}

function watchEvents(factory: SessionFactory, sources: Sources): Promise<() => void> {
  return factory.watchEvents({
    happened(events, missed) {
      for (const { at, name, reason, handle } of events) sources.happened(at, name, reason, handle);
      if (missed > 0) sources.missed(missed);
    },
    resumed: () => sources.resumed('the events that processes with stats.publishEvents share'),
    failed: (error) => sources.failed('Events', error),
  });
}
