import type { Operation, Steps, Taken } from './model.ts';
import { Refused } from './model.ts';
import type { Call } from './stage.ts';

/** Something that a request has under way at the store, beside what the model says about it. */
export class Action {
  readonly what: string;
  /** The field that it updates; `undefined` for what is no update. */
  readonly #updates: string | undefined;
  readonly #steps: Steps<unknown>;
  #next: IteratorResult<Operation, unknown>;
  /** Has the model refused a login? */
  refused = false;

  constructor(what: string, steps: Steps<unknown>, updates?: string) {
    this.what = what;
    this.#steps = steps;
    this.#updates = updates;
    this.#next = this.#step();
  }

  /** The operation that the model waits for; `undefined` when it is done. */
  get expected(): Operation | undefined {
    return this.#next.done === true ? undefined : this.#next.value;
  }

  /** What the model says that comes of it. */
  get promised(): unknown {
    return this.#next.value;
  }

  /** Is this operation one of its own? */
  claims({ operation, updates }: Call): boolean {
    if (this.#updates !== undefined) return updates === this.#updates || operation === 'load';
    return updates === undefined && (operation === 'take') === (this.expected === 'take');
  }

  /** Is this what the model waits for? A move may end before its first step, when there is nothing to move. */
  awaits(operation: Operation): boolean {
    return this.expected === operation || (this.expected === 'copy' && operation === 'rekey');
  }

  /** The operation that the model waited for has taken effect. */
  advance(taken: Taken): void {
    this.#next = this.#step(taken);
  }

  #step(taken?: Taken): IteratorResult<Operation, unknown> {
    try {
      return this.#steps.next(taken);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.refused = true;
      return { done: true, value: undefined };
    }
  }
}
