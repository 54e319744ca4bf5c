import type { Subscription, SubscriptionEvents } from '../message-feed.ts';
import { ConnectionError, redactCommand } from '../errors.ts';
import { backoff, type ConnectionEvents, type SubscribableConnection } from './connection.ts';
import { systemClock, type Clock } from './timeout-queue.ts';

export interface ManagedSubscriptionOptions {
  readonly channel: string;
  /** Seconds that an attempt to connect and to subscribe may take. */
  readonly timeout: number;
  readonly events: SubscriptionEvents;
  readonly clock?: Clock;
}

/**
 * A subscription over a connection of our own, as `ManagedConnection` is for commands: it is opened at once, in the
 * background, and again whenever it is lost, for ever.
 */
export class ManagedSubscription implements Subscription {
  readonly #options: ManagedSubscriptionOptions;
  readonly #clock: Clock;
  #open: ((events: ConnectionEvents) => SubscribableConnection) | undefined;
  #connection: SubscribableConnection | undefined;
  #cancelTimer: (() => void) | undefined;
  /** Attempts in a row that have failed. */
  #attempts = 0;
  #closed = false;

  /** @param load imports the client library */
  constructor(
    load: () => Promise<(events: ConnectionEvents) => SubscribableConnection>,
    options: ManagedSubscriptionOptions,
  ) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    load().then(
      (open) => {
        this.#open = open;
        this.#connect();
      },
      (error: unknown) => {
        if (!this.#closed) options.events.failed(error);
      },
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#abandon();
  }

  #connect(): void {
    if (this.#closed) return;
    let connection: SubscribableConnection | undefined;
    let isLost = false;
    const lost = (fault: unknown): void => {
      if (isLost) return;
      isLost = true;
      // Not before the constructor has returned.
      if (this.#connection === connection) this.#lost(fault);
    };
    this.#cancelTimer = this.#clock.after(this.#options.timeout * 1000, () =>
      lost(new ConnectionError('Redis does not answer to a subscription')),
    );
    try {
      connection = this.#open!({ ready: () => void this.#subscribe(connection!, lost), lost });
    } catch (error) {
      this.#cancelTimer();
      this.#options.events.failed(error);
      return;
    }
    this.#connection = connection;
  }

  async #subscribe(connection: SubscribableConnection, lost: (fault: unknown) => void): Promise<void> {
    const { channel, events } = this.#options;
    try {
      await connection.subscribe(channel, (message) => {
        if (this.#connection === connection) events.message(message);
      });
    } catch (error) {
      lost(error);
      return;
    }
    if (this.#connection !== connection) return;
    this.#cancelTimer?.();
    this.#attempts = 0;
    events.subscribed();
  }

  /** Opens another connection, after a delay that doubles with each failure. */
  #lost(fault: unknown): void {
    if (this.#closed) return;
    this.#abandon();
    const delay = backoff(this.#attempts++);
    this.#cancelTimer = this.#clock.after(delay, () => this.#connect(), true);
    // The connection for commands reports that the server is away. A permission that is missing is no outage.
    this.#options.events.failed(redactCommand(fault));
  }

  #abandon(): void {
    this.#cancelTimer?.();
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.destroy();
  }
}
