import type { EndListener } from '../../store.ts';
import { dispatchMessage } from './messages.ts';

/** What a subscription reports. */
export interface SubscriptionEvents {
  message(text: string): void;
  /** Messages arrive from now on: for the first time, or again. */
  subscribed(): void;
  failed(error: unknown): void;
}

/** A subscription to a channel, over a connection of its own, which is made again for ever. */
export interface Subscription {
  close(): Promise<void>;
}

export type Subscribe = (events: SubscriptionEvents) => Subscription;

/** What is published about the ends of sessions, for any number of listeners over one subscription. */
export class EndFeed {
  readonly #subscribe: Subscribe;
  readonly #listeners = new Set<EndListener>();
  #subscription: Subscription | undefined;
  #isSubscribed = false;

  constructor(subscribe: Subscribe) {
    this.#subscribe = subscribe;
  }

  /** Adds a listener. The first opens the subscription, and the last that is removed closes it. */
  add(listener: EndListener): () => void {
    this.#listeners.add(listener);
    this.#subscription ??= this.#open();
    if (this.#isSubscribed) queueMicrotask(() => this.#listeners.has(listener) && listener.resumed());
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) void this.close();
    };
  }

  async close(): Promise<void> {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    this.#isSubscribed = false;
    this.#listeners.clear();
    await subscription?.close();
  }

  #open(): Subscription {
    const report = (call: (listener: EndListener) => void): void => {
      if (this.#subscription === subscription) for (const listener of this.#listeners) call(listener);
    };
    const subscription = this.#subscribe({
      message: (text) => report((listener) => dispatchMessage(text, listener)),
      subscribed: () => {
        if (this.#subscription === subscription) this.#isSubscribed = true;
        report((listener) => listener.resumed());
      },
      failed: (error) => {
        if (this.#subscription === subscription) this.#isSubscribed = false;
        report((listener) => listener.failed(error));
      },
    });
    return subscription;
  }
}
