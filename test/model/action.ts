import type { Steps, Taken, WaitsFor } from './model.ts';
import { Refusal } from './request.ts';

/** An asynchronous operation that a request has called, as the model carries it out. */
export class Action {
  readonly what: string;
  readonly #begin: () => Steps<unknown>;
  #steps: Steps<unknown> | undefined;
  #next: IteratorResult<WaitsFor, unknown> | undefined;
  /** The code of the error that the model ends it with; `null` for none. */
  refusal: string | null = null;

  constructor(what: string, begin: () => Steps<unknown>) {
    this.what = what;
    this.#begin = begin;
  }

  get started(): boolean {
    return this.#next !== undefined;
  }

  get done(): boolean {
    return this.#next?.done === true;
  }

  /** What the model waits for; `undefined` before it has started, and when it is done. */
  get expected(): WaitsFor | undefined {
    return this.#next?.done === false ? this.#next.value : undefined;
  }

  /** What it returns. */
  get result(): unknown {
    return this.#next?.done === true ? this.#next.value : undefined;
  }

  start(): void {
    this.#steps = this.#begin();
    this.#next = this.#step();
  }

  /** The operation is refused as soon as it is called. */
  refuse(code: string): void {
    this.refusal = code;
    this.#next = { done: true, value: undefined };
  }

  /** What the model waited for has taken effect. */
  advance(taken?: Taken): void {
    this.#next = this.#step(taken);
  }

  #step(taken?: Taken): IteratorResult<WaitsFor, unknown> {
    try {
      return this.#steps!.next(taken);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.refusal = error.code;
      return { done: true, value: undefined };
    }
  }
}
