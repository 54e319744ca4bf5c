import { throwLater } from '../../internal/throw-later.ts';
import type { EventBatch, EventReport, SharedEventListener } from '../store.ts';

/** What listens to the events that processes share; factories over one store in memory, as it were. It is called later, as over a network. */
export class EventListeners {
  readonly #listeners = new Set<SharedEventListener>();

  add(listener: SharedEventListener): () => void {
    this.#listeners.add(listener);
    queueMicrotask(() => this.#listeners.has(listener) && listener.resumed());
    return () => this.#listeners.delete(listener);
  }

  /** @param now the store's clock */
  report(report: EventReport, now: number): void {
    if (this.#listeners.size === 0) return;
    const events = report.events.map(({ age, ...event }) => ({ ...event, at: Math.round(now - age) }));
    const batch: EventBatch = { ...report, events };
    queueMicrotask(() => {
      for (const listener of this.#listeners) {
        try {
          listener.happened(batch);
        } catch (error) {
          throwLater(error);
        }
      }
    });
  }
}
