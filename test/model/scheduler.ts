/** A request that takes turns with others. */
export interface Actor {
  /** Of those who wait, the one that started first stands first. */
  readonly order: number;
}

export interface Waiting<A extends Actor> {
  readonly actor: A;
  readonly what: string;
  readonly go: () => Promise<void>;
}

/**
 * Where everything that has an effect on others waits for its turn: store operations, or, on a server, the
 * commands that they consist of, handlers that wait, and responses on their way. One goes on at a time, and runs until
 * it waits again. So the order of turns is the order in which things take effect, and decides the interleaving.
 */
export class Scheduler<A extends Actor> {
  readonly #waiting: Waiting<A>[] = [];
  #actor: A | undefined;

  get waiting(): readonly Waiting<A>[] {
    return this.#waiting.toSorted((a, b) => a.actor.order - b.actor.order);
  }

  /** The one that runs now; `undefined` while none does, and only an observer asks. */
  get actor(): A | undefined {
    return this.#actor;
  }

  /** What runs from now on is this one's, until it waits. */
  enter(actor: A): void {
    this.#actor = actor;
  }

  /** Waits for a turn, and does `run` then. */
  pass<Result>(what: string, run: () => Promise<Result>): Promise<Result> {
    const actor = this.#actor;
    if (actor === undefined) return run();
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.push({ actor, what, go: () => run().then(resolve, reject) });
    });
  }

  /** Runs one at a time, until all are waiting or have ended. */
  async let(waiting: Waiting<A>): Promise<void> {
    this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
    this.#actor = waiting.actor;
    await waiting.go();
    await this.quiet();
  }

  /** Takes away what waits, and will wait for ever. */
  drop(actor: A): void {
    for (const waiting of this.#waiting.filter((each) => each.actor === actor)) {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
    }
  }

  /** Until everything has run that waits for nothing but the processor. */
  async quiet(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#actor = undefined;
  }
}
