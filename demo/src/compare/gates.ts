import { randomUUID } from 'node:crypto';
import type { Request } from 'express';

/** What the handlers of the compared applications await. */
export type SlowWork = (req: Request) => Promise<void>;

/** Holds requests until it is opened. */
export class Gate {
  /** Requests that carry it as `X-Gate` are held. */
  readonly id = randomUUID();
  #waiting: (() => void)[] = [];
  #expected: { readonly count: number; readonly resolve: () => void } | undefined;
  #isOpen = false;

  /** Resolves when `count` requests are held. */
  whenHeld(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#expected = { count, resolve };
      this.#report();
    });
  }

  wait(): Promise<void> {
    if (this.#isOpen) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#report();
    });
  }

  open(): void {
    this.#isOpen = true;
    for (const release of this.#waiting.splice(0)) release();
  }

  #report(): void {
    if (this.#expected !== undefined && this.#waiting.length >= this.#expected.count) this.#expected.resolve();
  }
}

export class Gates {
  readonly #gates = new Map<string, Gate>();

  add(): Gate {
    const gate = new Gate();
    this.#gates.set(gate.id, gate);
    return gate;
  }

  open(gate: Gate): void {
    this.#gates.delete(gate.id);
    gate.open();
  }

  openAll(): void {
    for (const gate of this.#gates.values()) this.open(gate);
  }

  /** Waits for the gate of the request, if it has one. */
  readonly slowWork: SlowWork = async (req) => {
    await this.#gates.get(req.get('x-gate') ?? '')?.wait();
  };
}
