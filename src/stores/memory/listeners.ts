import { callEach } from '../../internal/throw-later.ts';

/** What listens to a store in memory. It is called after the operation, as that of a store over a network would be. */
export class Listeners<Listener extends { resumed(): void }> {
  readonly #listeners = new Set<Listener>();

  add(listener: Listener): () => void {
    this.#listeners.add(listener);
    queueMicrotask(() => this.#listeners.has(listener) && listener.resumed());
    return () => this.#listeners.delete(listener);
  }

  protected get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  protected call(call: (listener: Listener) => void): void {
    queueMicrotask(() => callEach(this.#listeners, call));
  }
}
