/** The source of time; replaced in tests. */
export interface Clock {
  /** Milliseconds from any start; never decreases. */
  now(): number;
  /**
   * Calls back once, after `ms`. Returns a function that cancels it.
   * @param keepAlive - Whether the process is to stay alive until then. Default false.
   */
  after(ms: number, callback: () => void, keepAlive?: boolean): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, callback, keepAlive = false) {
    const timer = setTimeout(callback, ms);
    if (!keepAlive) timer.unref();
    return () => clearTimeout(timer);
  },
};

/** What happens when commands settle. `ticket` is the number that the command was passed with. */
export interface Outcomes {
  succeeded(ticket: number): void;
  /** Returns the error to reject with. */
  failed(error: unknown, ticket: number): unknown;
  /** Returns the error to reject with when the time is up. */
  timedOut(ticket: number): unknown;
}

/** Milliseconds that a timer may fire late; more than that means that the event loop was busy. */
const MAX_LOOP_LAG_MS = 20;

/**
 * Times out commands that all have the same timeout. The command that started first is due first, so a list in order
 * of arrival with one timer for its head does the work of a timer for each command, at a fraction of the cost.
 */
export class TimeoutQueue {
  readonly #ms: number;
  readonly #clock: Clock;
  readonly #outcomes: Outcomes;
  /** Makes the list a ring: the command after it is due first. */
  readonly #ring = new Pending(ignore, 0, 0);
  #armed = false;
  #wake = 0;
  #graceUsed = false;

  constructor(ms: number, outcomes: Outcomes, clock: Clock = systemClock) {
    this.#ms = ms;
    this.#outcomes = outcomes;
    this.#clock = clock;
    this.#ring.previous = this.#ring.next = this.#ring;
  }

  /** Returns a promise that settles as `promise` does, or rejects at the timeout. */
  race<T>(promise: Promise<T>, ticket: number): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const pending = new Pending(reject, ticket, this.#clock.now() + this.#ms);
      pending.insertBefore(this.#ring);
      if (!this.#armed) this.#arm(this.#ms);
      promise.then(
        (value) => {
          if (!pending.remove()) return;
          this.#outcomes.succeeded(ticket);
          resolve(value);
        },
        (error: unknown) => {
          if (pending.remove()) reject(this.#outcomes.failed(error, ticket));
        },
      );
    });
  }

  #arm(ms: number): void {
    this.#armed = true;
    this.#wake = this.#clock.now() + ms;
    this.#clock.after(ms, this.#expire);
  }

  /** The timer goes on running when commands settle: arming it once per timeout is cheaper than following the head. */
  readonly #expire = (): void => {
    const now = this.#clock.now();
    // A busy process has not read its sockets either: replies that have arrived must not time out.
    this.#graceUsed = !this.#graceUsed && now - this.#wake > MAX_LOOP_LAG_MS;
    if (this.#graceUsed) return this.#arm(1);
    for (let head = this.#ring.next!; head !== this.#ring; head = this.#ring.next!) {
      // Timers may fire a fraction of a millisecond early.
      const left = head.due - now;
      if (left >= 1) return this.#arm(left);
      head.remove();
      head.reject(this.#outcomes.timedOut(head.ticket));
    }
    this.#armed = false;
  };
}

class Pending {
  readonly reject: (error: unknown) => void;
  readonly ticket: number;
  readonly due: number;
  previous: Pending | null = null;
  next: Pending | null = null;

  constructor(reject: (error: unknown) => void, ticket: number, due: number) {
    this.reject = reject;
    this.ticket = ticket;
    this.due = due;
  }

  insertBefore(other: Pending): void {
    const previous = other.previous!;
    this.previous = previous;
    this.next = other;
    previous.next = this;
    other.previous = this;
  }

  /** Returns whether it was still in a list. */
  remove(): boolean {
    if (this.next === null) return false;
    this.previous!.next = this.next;
    this.next.previous = this.previous;
    this.next = this.previous = null;
    return true;
  }
}

function ignore(): void {}
