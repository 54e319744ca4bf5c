import type { WatchedEndReason } from '../../errors.ts';
import { throwLater } from '../../internal/throw-later.ts';
import type { EndListener } from '../store.ts';

/** What listens to the ends of records. It is called after the operation, as that of a store over a network would be. */
export class EndListeners {
  readonly #listeners = new Set<EndListener>();

  add(listener: EndListener): () => void {
    this.#listeners.add(listener);
    queueMicrotask(() => this.#listeners.has(listener) && listener.resumed());
    return () => this.#listeners.delete(listener);
  }

  ended(handle: string, reason: WatchedEndReason): void {
    if (this.#listeners.size > 0) this.#report((listener) => listener.ended([handle], reason));
  }

  rekeyed(handle: string, successor: string): void {
    if (this.#listeners.size > 0) this.#report((listener) => listener.rekeyed(handle, successor));
  }

  #report(call: (listener: EndListener) => void): void {
    queueMicrotask(() => {
      for (const listener of this.#listeners) {
        try {
          call(listener);
        } catch (error) {
          throwLater(error);
        }
      }
    });
  }
}
