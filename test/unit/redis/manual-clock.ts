import type { Clock } from '../../../src/stores/redis/connection/timeout-queue.ts';

/** A clock that moves when it is told to. */
export class ManualClock implements Clock {
  #now = 1_000;
  readonly #timers = new Map<
    object,
    { readonly at: number; readonly callback: () => void; readonly keepAlive: boolean }
  >();

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void, keepAlive = false): () => void {
    const id = {};
    this.#timers.set(id, { at: this.#now + ms, callback, keepAlive });
    return () => this.#timers.delete(id);
  }

  /** Timers that are running. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Whether one of them keeps the process alive. */
  get keepsAlive(): boolean {
    return [...this.#timers.values()].some(({ keepAlive }) => keepAlive);
  }

  /** Lets time pass, timer by timer, and promises settle in between. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const [next] = [...this.#timers].filter(([, { at }]) => at <= end).toSorted(([, a], [, b]) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next[0]);
      this.#now = Math.max(this.#now, next[1].at);
      next[1].callback();
    }
    this.#now = end;
    await settle();
  }

  /** The process is too busy to look at its timers, or at anything else. */
  block(ms: number): void {
    this.#now += ms;
  }
}

/** Lets all promises settle that can. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
