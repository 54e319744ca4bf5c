/**
 * Runs operations one after the other, in the order in which they were added. An operation that is added while
 * nothing runs starts at once, and stays synchronous if it is.
 */
export class SerialQueue {
  #last: Promise<unknown> | null = null;
  #starting = false;

  /** True while no operation runs or waits. */
  get idle(): boolean {
    return this.#last === null && !this.#starting;
  }

  /**
   * Adds an operation, with its arguments; returns what it returns, as a promise when it had to wait. A failure does not
   * stop the others.
   */
  run<Args extends readonly unknown[], T>(operation: (...args: Args) => T | Promise<T>, ...args: Args): T | Promise<T> {
    if (this.#last !== null) return this.#track(this.#last.then(() => operation(...args)));
    // An operation that is added by the synchronous part of another one waits for that.
    if (this.#starting) return Promise.resolve().then(() => this.run(operation, ...args));
    this.#starting = true;
    try {
      const result = operation(...args);
      return result instanceof Promise ? this.#track(result) : result;
    } finally {
      this.#starting = false;
    }
  }

  #track<T>(result: Promise<T>): Promise<T> {
    const settled = (): void => {
      if (this.#last === last) this.#last = null;
    };
    const last = result.then(settled, settled);
    this.#last = last;
    return result;
  }
}
