import type { RedisDriver, Script, ScriptReply } from '../../src/stores/redis/driver.ts';
import type { Stored } from '../../src/stores/store.ts';

/** A driver that hands everything to another: to be extended by what a test does besides. */
export class RelayingDriver implements RedisDriver {
  readonly #inner: RedisDriver;

  constructor(inner: RedisDriver) {
    this.#inner = inner;
  }

  get library(): RedisDriver['library'] {
    return this.#inner.library;
  }

  get cluster(): boolean {
    return this.#inner.cluster;
  }

  hgetall(key: string, bytes: boolean): Promise<Record<string, Stored>> {
    return this.#inner.hgetall(key, bytes);
  }

  evaluate(script: Script, keys: readonly string[], args: readonly Stored[], bytes: boolean): Promise<ScriptReply> {
    return this.#inner.evaluate(script, keys, args, bytes);
  }

  scan(pattern: string, count: number): AsyncIterable<string[]> {
    return this.#inner.scan(pattern, count);
  }

  ping(): Promise<void> {
    return this.#inner.ping();
  }

  /** The client is the test's to close. */
  async close(): Promise<void> {}
}
