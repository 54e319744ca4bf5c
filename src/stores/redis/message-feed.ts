import { callEach } from '../../internal/throw-later.ts';

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

/** What every listener is told of the subscription. */
interface Listener {
  resumed(): void;
  failed(error: unknown): void;
}

/**
 * What is published to a channel, for any number of listeners over one subscription. The error of a listener becomes an
 * uncaught exception: the client library, which calls, would take it for one of the connection.
 */
export class MessageFeed<L extends Listener> {
  readonly #subscribe: Subscribe;
  readonly #dispatch: (message: string, listener: L) => void;
  readonly #listeners = new Set<L>();
  #subscription: Subscription | undefined;
  #isSubscribed = false;

  /** @param dispatch passes a message on to a listener, unless it is none of ours */
  constructor(subscribe: Subscribe, dispatch: (message: string, listener: L) => void) {
    this.#subscribe = subscribe;
    this.#dispatch = dispatch;
  }

  /** Adds a listener. The first opens the subscription, and the last that is removed closes it. */
  add(listener: L): () => void {
    this.#subscription ??= this.#open();
    this.#listeners.add(listener);
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
    const report = (call: (listener: L) => void): void => {
      if (this.#subscription === subscription) callEach(this.#listeners, call);
    };
    const subscription = this.#subscribe({
      message: (text) => report((listener) => this.#dispatch(text, listener)),
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
