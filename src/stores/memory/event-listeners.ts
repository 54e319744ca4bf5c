import type { EventBatch, EventReport, SharedEventListener } from '../store.ts';
import { Listeners } from './listeners.ts';

/** What listens to the events that processes share; factories over one store in memory, as it were. */
export class EventListeners extends Listeners<SharedEventListener> {
  /** @param now the store's clock */
  report(report: EventReport, now: number): void {
    if (this.isEmpty) return;
    const events = report.events.map(({ age, ...event }) => ({ ...event, at: Math.round(now - age) }));
    const batch: EventBatch = { ...report, events };
    this.call((listener) => listener.happened(batch));
  }
}
