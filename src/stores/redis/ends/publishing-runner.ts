import { createHash } from 'node:crypto';
import type { Stored } from '../../store.ts';
import type { RedisDriver, Script, ScriptReply } from '../driver.ts';
import { ScriptRunner } from '../script-runner.ts';
import { endPublishers, scripts, type ScriptName } from '../scripts.generated.ts';

/** Runs the scripts that end sessions so that they publish the ends, in the same step. Stores without it run them as they are. */
export class PublishingScriptRunner extends ScriptRunner {
  readonly #driver: RedisDriver;
  readonly #bytes: boolean;
  readonly #channel: string;

  /** The first three as for {@link ScriptRunner}. */
  constructor(driver: RedisDriver, timeout: number | null, bytes: boolean, channel: string) {
    super(driver, timeout, bytes);
    this.#driver = driver;
    this.#bytes = bytes;
    this.#channel = channel;
  }

  /** @internal */
  protected override evaluate(
    name: ScriptName,
    keys: readonly string[],
    args: readonly Stored[],
  ): Promise<ScriptReply> {
    const script = publishingScript(name);
    if (script === undefined) return super.evaluate(name, keys, args);
    return this.#driver.evaluate(script, keys, [...args, this.#channel], this.#bytes);
  }
}

const composed = new Map<ScriptName, Script | undefined>();

/** Returns a script that publishes its ends; `undefined` for one that ends nothing. */
function publishingScript(name: ScriptName): Script | undefined {
  if (!composed.has(name)) composed.set(name, compose(name));
  return composed.get(name);
}

function compose(name: ScriptName): Script | undefined {
  const after = endPublishers[name];
  if (after === undefined) return undefined;
  const operation = `local function operation()\n${scripts[name].source}end\nlocal reply = operation()\n`;
  const source = `${endPublishers.publish}${operation}${after}return reply\n`;
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}
