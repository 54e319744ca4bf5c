import type { RedisDriver, Reply, Script } from '../../src/stores/redis/driver.ts';
import { scripts, type ScriptName } from '../../src/stores/redis/scripts.generated.ts';
import type { Stored } from '../../src/stores/store.ts';

type Action = () => unknown;

/** Stands for the end of the process in the middle of an operation: what follows is never sent. */
export class Crash extends Error {}

/** A driver that does something else before chosen scripts: between two steps of one operation. */
export class SteppedDriver implements RedisDriver {
  readonly #inner: RedisDriver;
  readonly #actions = new Map<string, Action[]>();

  constructor(inner: RedisDriver) {
    this.#inner = inner;
  }

  get library(): RedisDriver['library'] {
    return this.#inner.library;
  }

  get cluster(): boolean {
    return this.#inner.cluster;
  }

  /** Before the next run of a script, once; given several times, before the runs after that. */
  before(name: ScriptName, action: Action): void {
    const { sha } = scripts[name];
    this.#actions.set(sha, [...(this.#actions.get(sha) ?? []), action]);
  }

  /** The process ends before the next run of a script. */
  crashBefore(name: ScriptName): void {
    this.before(name, () => {
      throw new Crash();
    });
  }

  hgetall(key: string, bytes: boolean): Promise<Record<string, Stored>> {
    return this.#inner.hgetall(key, bytes);
  }

  async evaluate(script: Script, keys: readonly string[], args: readonly Stored[], bytes: boolean): Promise<Reply> {
    await this.#actions.get(script.sha)?.shift()?.();
    return await this.#inner.evaluate(script, keys, args, bytes);
  }

  async ping(): Promise<void> {
    await this.#inner.ping();
  }

  scan(pattern: string, count: number): AsyncIterable<string[]> {
    return this.#inner.scan(pattern, count);
  }

  async close(): Promise<void> {}
}
