import type { Script, ScriptReply } from '../../src/stores/redis/driver.ts';
import { scripts, type ScriptName } from '../../src/stores/redis/scripts.generated.ts';
import type { Stored } from '../../src/stores/store.ts';
import { RelayingDriver } from './relaying-driver.ts';

type Action = () => unknown;

/** Stands for the end of the process in the middle of an operation: what follows is never sent. */
export class Crash extends Error {}

/** A driver that does something else before chosen scripts: between two steps of one operation. */
export class SteppedDriver extends RelayingDriver {
  readonly #actions = new Map<string, Action[]>();

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

  override async evaluate(
    script: Script,
    keys: readonly string[],
    args: readonly Stored[],
    bytes: boolean,
  ): Promise<ScriptReply> {
    await this.#actions.get(script.sha)?.shift()?.();
    return await super.evaluate(script, keys, args, bytes);
  }
}
