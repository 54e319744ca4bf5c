import type { ForeignEvent, SessionEventName, SessionEvents, SessionFactory } from '../index.ts';
import { isUnsupported } from './turn-on.ts';

/** One event, as the pages show it. */
export interface LoggedEvent {
  readonly id: number;
  readonly at: Date;
  readonly name: LoggedEventName;
  readonly reason: string | null;
  readonly handle: string | null;
  readonly owner: string | null;
  /** Further words, such as the client's address. */
  readonly detail: string | null;
  /** Whether it happened in another process, from which no owner and no detail comes. */
  readonly isForeign: boolean;
}

/**
 * Whose events are shown: those of this process, as the factory says; those of all processes; or those of all as far as
 * they came, before the subscription was lost.
 */
export type EventSources = 'own' | 'all' | 'lost';

/** Everything but what each request does. */
type Unlogged = 'loaded' | 'touched' | 'saved' | 'lateRead';
export type LoggedEventName = Exclude<SessionEventName, Unlogged>;

export const LOGGED_EVENTS: readonly LoggedEventName[] = Object.keys({
  created: 0,
  rejected: 0,
  staleId: 0,
  rotated: 0,
  login: 0,
  logout: 0,
  destroyed: 0,
  revoked: 0,
  lost: 0,
  discarded: 0,
  refused: 0,
  invalidField: 0,
  cookieSuppressed: 0,
  cookieWarning: 0,
  cacheControlOverridden: 0,
  memoryEvicted: 0,
  storeError: 0,
  circuitOpen: 0,
  circuitClosed: 0,
} satisfies Record<LoggedEventName, 0>) as LoggedEventName[];

const LOGGED: ReadonlySet<SessionEventName> = new Set(LOGGED_EVENTS);

/** How long the first page waits for the subscription. */
const FIRST_ANSWER_MS = 1000;

/** Events that are kept. */
const KEPT = 200;

/** How often an event has happened, by its reason. */
export interface EventCount {
  readonly name: LoggedEventName;
  readonly reason: string | null;
  readonly count: number;
  readonly last: Date;
}

/**
 * The last events of a factory in this process and, once a page shows them, of others. Requests that only read or
 * write their session leave no trace here, so that looking at the dashboard is no event by itself.
 */
export class EventLog {
  readonly since: Date = new Date();
  readonly #events: LoggedEvent[] = [];
  readonly #counts = new Map<string, EventCount>();
  readonly #listeners = new Set<() => void>();
  readonly #stops: (() => void)[];
  #lastId = 0;
  #missed = 0;
  #sources: EventSources = 'own';
  #following: Promise<void> | undefined;
  #isClosed = false;
  #isCircuitOpen = false;

  constructor(factory: SessionFactory) {
    this.#stops = LOGGED_EVENTS.map((name) => factory.on(name, (event) => this.#add(name, event)));
  }

  /** Whether the store is taken for down at present. */
  get isCircuitOpen(): boolean {
    return this.#isCircuitOpen;
  }

  get sources(): EventSources {
    return this.#sources;
  }

  /** Events of other processes that were too many to be passed on, or were lost with a connection. */
  get missed(): number {
    return this.#missed;
  }

  /** Begins to listen to other processes, if the factory shares events. Not before a page shows them: it is a connection more. */
  follow(factory: SessionFactory): Promise<void> {
    return (this.#following ??= this.#follow(factory));
  }

  /** Returns the last events, the newest first. Those of other processes arrive later than they have happened. */
  latest(max: number = KEPT): LoggedEvent[] {
    return this.#events.toSorted((a, b) => b.at.getTime() - a.at.getTime() || b.id - a.id).slice(0, max);
  }

  /** Returns how often the named events have happened since the process began, the most frequent first. */
  counts(names: readonly LoggedEventName[]): EventCount[] {
    return [...this.#counts.values()].filter(({ name }) => names.includes(name)).toSorted((a, b) => b.count - a.count);
  }

  /** Calls back after each event; returns a function that stops it. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#isClosed = true;
    for (const stop of this.#stops) stop();
    this.#listeners.clear();
  }

  #add(name: LoggedEventName, event: SessionEvents[LoggedEventName]): void {
    if (name === 'circuitOpen') this.#isCircuitOpen = true;
    if (name === 'circuitClosed') this.#isCircuitOpen = false;
    const at = new Date();
    const { reason = null, handle, handles, owner = null } = event as EventParts;
    const shown = handle ?? handles?.[0] ?? null;
    this.#keep({ at, name, reason, handle: shown, owner, detail: detailOf(event), isForeign: false });
    const key = `${name} ${reason ?? ''}`;
    this.#counts.set(key, { name, reason, count: (this.#counts.get(key)?.count ?? 0) + 1, last: at });
    this.#changed();
  }

  async #follow(factory: SessionFactory): Promise<void> {
    let resolve!: () => void;
    const answered = new Promise<void>((done) => (resolve = done));
    const become = (sources: EventSources): void => {
      this.#sources = sources;
      this.#changed();
      resolve();
    };
    try {
      const stop = await factory.watchEvents({
        happened: (events, missed) => this.#addForeign(events, missed),
        resumed: () => become('all'),
        failed: () => become('lost'),
      });
      if (this.#isClosed) stop();
      else this.#stops.push(stop);
    } catch (error) {
      if (isUnsupported(error)) return;
      // The next page tries again.
      this.#following = undefined;
      become('lost');
    }
    if (this.#sources === 'own') this.#sources = 'lost';
    const timer = setTimeout(resolve, FIRST_ANSWER_MS);
    await answered;
    clearTimeout(timer);
  }

  #addForeign(events: readonly ForeignEvent[], missed: number): void {
    this.#missed += missed;
    for (const { name, at, reason, handle } of events) {
      if (LOGGED.has(name))
        this.#keep({ name: name as LoggedEventName, at, reason, handle, owner: null, detail: null, isForeign: true });
    }
    this.#changed();
  }

  #keep(event: Omit<LoggedEvent, 'id'>): void {
    this.#events.push({ id: ++this.#lastId, ...event });
    if (this.#events.length > KEPT) this.#events.shift();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** What the payloads of the logged events may have. */
interface EventParts {
  readonly reason?: string;
  readonly handle?: string | null;
  readonly handles?: readonly string[];
  readonly owner?: string | null;
  readonly method?: string | null;
  readonly detail?: string | null;
  readonly field?: string;
  readonly operation?: string;
  readonly error?: unknown;
  readonly clientAddress?: string | null;
}

/** Returns what else there is to say. Messages of errors can name the store's address, so only their codes are shown. */
function detailOf(event: EventParts): string | null {
  const { handles, method, detail, field, operation, error, clientAddress } = event;
  const parts = [
    handles !== undefined && handles.length !== 1 ? `${handles.length} sessions` : null,
    method != null ? `by ${method}` : null,
    detail ?? null,
    field !== undefined ? `field ${field}` : null,
    operation ?? null,
    error === undefined || error === null ? null : codeOf(error),
    clientAddress != null ? `from ${clientAddress}` : null,
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(', ');
}

function codeOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'error';
}
