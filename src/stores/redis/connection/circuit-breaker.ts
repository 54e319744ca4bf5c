import type { Clock } from './timeout-queue.ts';

/** Faults in a row that open the circuit. */
const THRESHOLD = 5;
/** Milliseconds between probes: at first, and at most. */
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 1_000;

export interface CircuitBreakerOptions {
  /** Asks the server whether it is back; has a timeout of its own. */
  readonly probe: () => Promise<void>;
  /** Called when the circuit opens, with the fault that opened it. */
  readonly onOpen?: (fault: unknown) => void;
  readonly onClose?: () => void;
  readonly clock: Clock;
}

/**
 * Keeps requests from queueing behind a server that does not answer. While closed, it counts faults in a row.
 * While open, commands are not sent, and one probe at a time finds out when the server is back.
 *
 * Commands overlap, so the outcome of each is judged by when it started. Every command takes a ticket from
 * `start`, and:
 * - while the circuit is open, only the probe closes it, and the outcome of a command that started before it
 *   closed says nothing about the time after;
 * - a success clears the faults only if its command started after all of theirs;
 * - commands that were under way when the connection broke fail together, and count as one fault. Timeouts count
 *   one each: a server that leaves five commands without an answer does not recover by itself.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  readonly #clock: Clock;
  #open = false;
  #closed = false;
  /** The ticket of the command that started last. */
  #ticket = 0;
  /** Tickets up to here are of the time before the circuit closed. */
  #settled = 0;
  #faults = 0;
  #newestFault = 0;
  /** Tickets up to here were under way when the connection last broke. */
  #broken = 0;
  #firstFaultAt = 0;
  #fault: unknown;
  #delay = 0;
  #probing = false;
  #cancelTimer: (() => void) | undefined;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** The fault that opened the circuit, or that a probe has met since. */
  get fault(): unknown {
    return this.#fault;
  }

  /** Milliseconds since the first of the faults in a row. */
  get downFor(): number {
    return this.#clock.now() - this.#firstFaultAt;
  }

  /** Notes that a command starts. Returns its ticket. */
  start(): number {
    return ++this.#ticket;
  }

  succeeded(ticket: number): void {
    if (this.#faults > 0 && !this.#open && ticket > this.#newestFault) this.#faults = 0;
  }

  /** Notes that a command timed out. */
  timedOut(ticket: number, fault: unknown): void {
    if (!this.#open && ticket > this.#settled) this.#count(ticket, fault);
  }

  /** Notes that a command could not be sent, or that its connection broke. */
  connectionFailed(ticket: number, fault: unknown): void {
    if (this.#open || ticket <= this.#settled || ticket <= this.#broken) return;
    this.#broken = this.#ticket;
    this.#count(ticket, fault);
  }

  /** Probes at once, when there is reason to think that the server is back. */
  probeNow(): void {
    if (!this.#open || this.#probing) return;
    this.#cancelTimer?.();
    void this.#probe();
  }

  /** Stops probing for good. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
  }

  #count(ticket: number, fault: unknown): void {
    if (this.#faults === 0) this.#firstFaultAt = this.#clock.now();
    this.#newestFault = Math.max(this.#newestFault, ticket);
    this.#fault = fault;
    if (++this.#faults < THRESHOLD) return;
    this.#open = true;
    this.#delay = FIRST_DELAY_MS;
    this.#schedule();
    this.#options.onOpen?.(fault);
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#cancelTimer = this.#clock.after(this.#delay, () => void this.#probe());
    this.#delay = Math.min(2 * this.#delay, LONGEST_DELAY_MS);
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
