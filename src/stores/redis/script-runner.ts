import type { Stored } from '../store.ts';
import type { RedisDriver, Reply, Script } from './driver.ts';
import { storeError, tooLate } from './errors.ts';
import { ServerClock } from './connection/server-clock.ts';

/** The first number of what a script gives that changed something, and of one that began too late. */
const WRITTEN = 1;
const LATE = 6;

/** Runs the store's scripts. Rejects with what the store says when Redis refuses. */
export class ScriptRunner {
  readonly #driver: RedisDriver;
  readonly #timeout: number | null;
  readonly #bytes: boolean;
  readonly #clock = new ServerClock();

  /**
   * @param timeout seconds after which the driver gives a command up; `null`: never
   * @param bytes should replies have bytes in place of strings?
   */
  constructor(driver: RedisDriver, timeout: number | null, bytes: boolean) {
    this.#driver = driver;
    this.#timeout = timeout;
    this.#bytes = bytes;
  }

  /** Redis's clock, milliseconds. */
  now(): number {
    return this.#clock.now();
  }

  async run(
    operation: string,
    script: Script,
    keys: readonly string[],
    args: readonly Stored[],
  ): Promise<readonly Reply[]> {
    try {
      return (await this.#driver.evaluate(script, keys, args, this.#bytes)) as readonly Reply[];
    } catch (error) {
      throw storeError(operation, error);
    }
  }

  /**
   * Runs a script that changes something: within the timeout, or never. A server that hangs, or a client
   * library that sends again what it has sent, would otherwise carry it out when later changes have been.
   */
  async runWithDeadline(
    operation: string,
    script: Script,
    keys: readonly string[],
    args: readonly Stored[],
  ): Promise<readonly Reply[]> {
    const timeout = this.#timeout;
    const end = performance.now() + (timeout ?? Infinity) * 1000;
    for (let attempt = 1; ; attempt++) {
      const asked = performance.now();
      const due = timeout === null ? '' : String(this.#clock.at(end));
      const reply = await this.run(operation, script, keys, [...args, due]);
      const [code, now] = reply;
      if (code === WRITTEN && typeof now === 'number') this.#clock.tells(now, asked);
      if (code !== LATE || timeout === null) return reply;
      // Nothing was changed. It was late, or what was known of the clock is wrong, or nothing was.
      this.#clock.corrects(Number(now), asked);
      if (attempt === 2 || performance.now() >= end) throw tooLate(timeout);
    }
  }
}
