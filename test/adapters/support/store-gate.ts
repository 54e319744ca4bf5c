import { MemoryStore } from 'websauna-session/memory';
import { interceptStore } from 'websauna-session/testing';

const WRITES: ReadonlySet<string> = new Set(['create', 'save', 'rekey', 'destroy']);

/** A write that waits for the test's decision. */
export interface HeldWrite {
  /** Fulfilled when the write has come. */
  readonly reached: Promise<void>;
  /** Lets it take place. */
  open(): void;
  /** Makes it fail. */
  fail(): void;
}

/** A memory store whose writes a test can hold. */
export class StoreGate {
  readonly memory: MemoryStore = new MemoryStore();
  readonly store: MemoryStore = interceptStore(this.memory, (operation) => this.#before(operation));
  #waiting: ((operation: string) => Promise<void>)[] = [];

  /** Holds the next write; called several times, the one after that, and so on. */
  hold(): HeldWrite {
    let reach!: () => void;
    let open!: () => void;
    let fail!: (error: Error) => void;
    const reached = new Promise<void>((resolve) => (reach = resolve));
    const decided = new Promise<void>((resolve, reject) => {
      open = resolve;
      fail = reject;
    });
    // It may be decided before a request waits for it.
    decided.catch(() => {});
    this.#waiting.push(() => {
      reach();
      return decided;
    });
    return { reached, open, fail: () => fail(new Error('connection lost')) };
  }

  #before(operation: string): Promise<void> | undefined {
    return WRITES.has(operation) ? this.#waiting.shift()?.(operation) : undefined;
  }
}

/** A promise that a test fulfils. */
export function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

/** Until everything has run that waits for nothing but the processor. */
export async function quiet(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
