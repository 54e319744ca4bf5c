/** Where the time comes from. */
export interface Clock {
  /** Milliseconds, from any start; never goes back. */
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

/** What becomes of commands. `ticket` is whatever was given with the command. */
export interface Outcomes {
  succeeded(ticket: number): void;
  /** Gives the error to reject with. */
  failed(error: unknown, ticket: number): unknown;
  /** The time is up; gives the error to reject with. */
  late(ticket: number): unknown;
}

/** Milliseconds; a timer that fires later than this shows that the process itself was busy. */
const LAG = 20;

/**
 * TimeoutQueue for commands that all get the same time. What started first is due first, so a list in
 * order of arrival with one timer for its head does what a timer for each command would, at a
 * fraction of the cost.
 */
export class TimeoutQueue {
  readonly #ms: number;
  readonly #clock: Clock;
  readonly #outcomes: Outcomes;
  /** Closes the list to a ring: what comes after it is due first. */
  readonly #ring = new Pending(ignore, 0, 0);
  #armed = false;
  #wake = 0;
  #excused = false;

  constructor(ms: number, outcomes: Outcomes, clock: Clock = systemClock) {
    this.#ms = ms;
    this.#outcomes = outcomes;
    this.#clock = clock;
    this.#ring.previous = this.#ring.next = this.#ring;
  }

  /** The same as `promise`, but rejected in time. What `promise` does later is ignored. */
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

  /** The timer is left running when commands settle: arming it once per span is cheaper than following the head. */
  readonly #expire = (): void => {
    const now = this.#clock.now();
    // A busy process has not read its sockets either; replies that are there already must not count as late.
    this.#excused = !this.#excused && now - this.#wake > LAG;
    if (this.#excused) return this.#arm(1);
    for (let head = this.#ring.next!; head !== this.#ring; head = this.#ring.next!) {
      // Timers may fire a fraction of a millisecond early.
      const left = head.due - now;
      if (left >= 1) return this.#arm(left);
      head.remove();
      head.reject(this.#outcomes.late(head.ticket));
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

  /** False when it was not in a list any more. */
  remove(): boolean {
    if (this.next === null) return false;
    this.previous!.next = this.next;
    this.next.previous = this.previous;
    this.next = this.previous = null;
    return true;
  }
}

function ignore(): void {}
