import { randomBytes } from 'node:crypto';
import type { EventReport, SharedEvent } from './store.ts';

/** Events that wait for a report, and those of them that have one name: a flood of one kind hides no other. */
export const MAX_EVENTS = 200;
const MAX_OF_A_NAME = 50;

/** What the payloads of events may have. */
interface EventParts {
  readonly reason?: string | null;
  readonly handle?: string | null;
  readonly handles?: readonly string[];
}

type OutgoingEvent = SharedEvent & {
  /** By the process's monotonic clock, in milliseconds. */
  readonly takenAt: number;
};

/** The events of a process that wait to be shared: their names, reasons and handles, and nothing else of them. */
export class OutgoingEvents {
  /** Names the process to others. */
  readonly source: string = randomBytes(9).toString('base64url');
  #events: OutgoingEvent[] = [];
  #byName = new Map<string, number>();
  #from = 0;
  #to = 0;

  add(event: string, { reason = null, handle = null, handles }: EventParts): void {
    for (const each of handles ?? [handle]) this.#add(event, reason, each);
  }

  /** Returns what waits; `null` when nothing has happened. */
  report(): EventReport | null {
    if (this.#from === this.#to) return null;
    const now = performance.now();
    const events = this.#events.map(({ takenAt, ...event }) => ({ ...event, age: now - takenAt }));
    return { source: this.source, from: this.#from, to: this.#to, events };
  }

  /** Forgets what was reported. */
  reported({ to }: EventReport): void {
    this.#from = to;
    this.#events = this.#events.filter(({ number }) => number >= to);
    this.#byName = new Map();
    for (const { event } of this.#events) this.#byName.set(event, this.#countOf(event) + 1);
  }

  #add(event: string, reason: string | null, handle: string | null): void {
    const number = this.#to++;
    const count = this.#countOf(event);
    if (count === MAX_OF_A_NAME || this.#events.length === MAX_EVENTS) return;
    this.#byName.set(event, count + 1);
    this.#events.push({ number, event, reason, handle, takenAt: performance.now() });
  }

  #countOf(event: string): number {
    return this.#byName.get(event) ?? 0;
  }
}
