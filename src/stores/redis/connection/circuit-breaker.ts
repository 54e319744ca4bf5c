import { systemClock, type Clock } from './timeout-queue.ts';

/** Faults in a row that open the breaker. */
const THRESHOLD = 5;
/** Milliseconds between probes: the first, and the longest. */
const FIRST_DELAY = 100;
const LONGEST_DELAY = 1_000;

export interface CircuitBreakerOptions {
  /** Asks the server whether it is back, and gives up in time by itself. */
  readonly probe: () => Promise<void>;
  /** The breaker has opened because of this fault. */
  readonly onOpen?: (fault: unknown) => void;
  readonly onClose?: () => void;
  readonly clock?: Clock;
}

/**
 * Keeps requests from queueing behind a server that does not answer. Closed, it counts faults in a
 * row; open, commands are not even sent, and one probe at a time finds out when the server is back.
 *
 * Commands overlap, so what one of them tells is judged by when it began. Every command takes a ticket
 * from `begin`, and:
 * - while the breaker is open nothing but the probe closes it, and what began before it closed again
 *   says nothing about the time after;
 * - a success clears the faults only if it began after all of them: an older one is no newer evidence;
 * - commands that were under way when the connection broke fail together, and count as one fault.
 *   TimeoutQueue count each: a server that leaves five commands hanging is not having a hiccup.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  readonly #clock: Clock;
  #open = false;
  #closed = false;
  /** The last ticket given. */
  #ticket = 0;
  /** Tickets up to here belong to the time before the breaker closed. */
  #settled = 0;
  #faults = 0;
  #newestFault = 0;
  /** The tickets up to here were under way when the connection last broke. */
  #broken = 0;
  #firstFaultAt = 0;
  #fault: unknown;
  #delay = 0;
  #probing = false;
  #callOff: (() => void) | undefined;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** The fault that opened it, or that a probe met since. */
  get fault(): unknown {
    return this.#fault;
  }

  /** Milliseconds since the first of the faults in a row. */
  get downFor(): number {
    return this.#clock.now() - this.#firstFaultAt;
  }

  /** A command begins; gives its ticket. */
  begin(): number {
    return ++this.#ticket;
  }

  succeeded(ticket: number): void {
    if (this.#faults > 0 && !this.#open && ticket > this.#newestFault) this.#faults = 0;
  }

  /** The command met its deadline. */
  late(ticket: number, fault: unknown): void {
    if (!this.#open && ticket > this.#settled) this.#count(ticket, fault);
  }

  /** The command could not be sent, or its connection broke. */
  broke(ticket: number, fault: unknown): void {
    if (this.#open || ticket <= this.#settled || ticket <= this.#broken) return;
    this.#broken = this.#ticket;
    this.#count(ticket, fault);
  }

  /** There is reason to think that the server is back: does not wait for the next probe's time. */
  hint(): void {
    if (!this.#open || this.#probing) return;
    this.#callOff?.();
    void this.#probe();
  }

  /** For good: no more probes. */
  close(): void {
    this.#closed = true;
    this.#callOff?.();
  }

  #count(ticket: number, fault: unknown): void {
    if (this.#faults === 0) this.#firstFaultAt = this.#clock.now();
    this.#newestFault = Math.max(this.#newestFault, ticket);
    this.#fault = fault;
    if (++this.#faults < THRESHOLD) return;
    this.#open = true;
    this.#delay = FIRST_DELAY;
    this.#schedule();
    this.#options.onOpen?.(fault);
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#callOff = this.#clock.after(this.#delay, () => void this.#probe());
    this.#delay = Math.min(2 * this.#delay, LONGEST_DELAY);
  }

  async #probe(): Promise<void> {
    this.#probing = true;
    try {
      await this.#options.probe();
    } catch (error) {
      this.#fault = error;
      return this.#schedule();
    } finally {
      this.#probing = false;
    }
    this.#open = false;
    this.#faults = 0;
    this.#settled = this.#ticket;
    this.#options.onClose?.();
  }
}
