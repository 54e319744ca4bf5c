import type { SessionEventName, SessionEvents, SessionFactory } from '../index.ts';

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
}

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
 * The last events of a factory in this process. Requests that only read or write their session leave no trace here, so
 * that looking at the dashboard is no event by itself.
 */
export class EventLog {
  readonly since: Date = new Date();
  readonly #events: LoggedEvent[] = [];
  readonly #counts = new Map<string, EventCount>();
  readonly #listeners = new Set<() => void>();
  readonly #stops: (() => void)[];
  #lastId = 0;
  #isCircuitOpen = false;

  constructor(factory: SessionFactory) {
    this.#stops = LOGGED_EVENTS.map((name) => factory.on(name, (event) => this.#add(name, event)));
  }

  /** Whether the store is taken for down at present. */
  get isCircuitOpen(): boolean {
    return this.#isCircuitOpen;
  }

  /** Returns the last events, the newest first. */
  latest(max: number = KEPT): LoggedEvent[] {
    return this.#events.slice(-max).toReversed();
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
    for (const stop of this.#stops) stop();
    this.#listeners.clear();
  }

  #add(name: LoggedEventName, event: SessionEvents[LoggedEventName]): void {
    if (name === 'circuitOpen') this.#isCircuitOpen = true;
    if (name === 'circuitClosed') this.#isCircuitOpen = false;
    const at = new Date();
    const { reason = null, handle, handles, owner = null } = event as EventParts;
    this.#events.push({
      id: ++this.#lastId,
      at,
      name,
      reason,
      handle: handle ?? handles?.[0] ?? null,
      owner,
      detail: detailOf(event),
    });
    if (this.#events.length > KEPT) this.#events.shift();
    const key = `${name} ${reason ?? ''}`;
    this.#counts.set(key, { name, reason, count: (this.#counts.get(key)?.count ?? 0) + 1, last: at });
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
