/** Milliseconds without an answer of the server after which its clock is asked for again: clocks drift, and are set. */
const MAX_AGE_MS = 60_000;
/** Milliseconds that the wall clock here may depart from the process's own before that: a suspended machine stops the latter. */
const MAX_DEPARTURE_MS = 1_000;

/** The clocks of this process, in milliseconds; replaced in tests. */
export interface ProcessClocks {
  /** Counts steadily, from any beginning. */
  monotonic(): number;
  wall(): number;
}

const processClocks: ProcessClocks = { monotonic: () => performance.now(), wall: () => Date.now() };

/**
 * What is known of Redis's clock, which decides when sessions end and when it is too late for a command. Each answer
 * that names the server's time says how far that clock can be ahead of the process's own: at least by what it was when
 * the answer came, at most by what it was when the question was asked. Milliseconds.
 */
export class ServerClock {
  readonly #clocks: ProcessClocks;
  /** How far the server's clock is ahead of the monotonic one at least, and at most; unknown until the first answer. */
  #least: number | undefined;
  #most = 0;
  #observedAt = 0;
  /** How far the wall clock was ahead of the monotonic one at the last answer. Only differences of it are used. */
  #departure = 0;

  constructor(clocks: ProcessClocks = processClocks) {
    this.#clocks = clocks;
  }

  /**
   * The server's time now, or a little earlier: what is dated by it must not look younger than a later act that the
   * server dates itself. `undefined` while it is not known, from an answer that is not too old.
   */
  get freshTime(): number | undefined {
    if (this.#least === undefined) return undefined;
    const now = this.#clocks.monotonic();
    if (now - this.#observedAt > MAX_AGE_MS) return undefined;
    if (Math.abs(this.#clocks.wall() - now - this.#departure) > MAX_DEPARTURE_MS) return undefined;
    return Math.floor(now + this.#least);
  }

  /** Likewise, just after an answer. */
  now(): number {
    return Math.floor(this.#clocks.monotonic() + this.#least!);
  }

  /** The server's time at a time of the monotonic clock, or a little later. A time long past as long as nothing is known. */
  toServerTime(time: number): number {
    return this.#least === undefined ? 0 : Math.ceil(time + this.#most);
  }

  /**
   * Takes in the server's time from an answer that has just come.
   * @param now the server's time, in whole milliseconds
   * @param askedAt when the question was asked, by the monotonic clock
   */
  observe(now: number, askedAt: number): void {
    const answeredAt = this.#clocks.monotonic();
    const [least, most] = [now - answeredAt, now + 1 - askedAt];
    // Outside of these bounds, what was known is wrong: one of the clocks was set, or this is another server.
    if (this.#least === undefined || this.#least > most || this.#least < least) this.#least = least;
    if (this.#most < least || this.#most > most) this.#most = most;
    this.#observedAt = answeredAt;
    this.#departure = this.#clocks.wall() - answeredAt;
  }
}
