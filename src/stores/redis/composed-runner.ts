import { createHash } from 'node:crypto';
import type { AuditLimits, Stored } from '../store.ts';
import type { RedisDriver, Script, ScriptReply } from './driver.ts';
import { auditTrailBeside } from './keys.ts';
import { ScriptRunner } from './script-runner.ts';
import { auditWriters, endPublishers, scripts, type ScriptName } from './scripts.generated.ts';

/** What scripts do besides their operation, in the same step. */
export interface ScriptExtensions {
  /** The channel that ends are published to; `null` when they are not. */
  readonly channel: string | null;
  /** How much of the audit trails is kept; `null` when there are none. */
  readonly audit: AuditLimits | null;
}

interface ComposedScript extends Script {
  readonly publishes: boolean;
}

/** Scripts that seldom write an entry, so that it is not worth while to look at the trail before them. */
const UNCHECKED: ReadonlySet<ScriptName> = new Set(['save', 'take']);

/**
 * Runs scripts together with what publishes the ends of sessions, and what writes the audit trail. Stores that do neither
 * run them as they are.
 */
export class ComposedScriptRunner extends ScriptRunner {
  readonly #extensions: ScriptExtensions;
  /** By name, for the records of owners and for others. */
  readonly #owned = new Map<ScriptName, ComposedScript | undefined>();
  readonly #anonymous = new Map<ScriptName, ComposedScript | undefined>();

  /** The first three as for {@link ScriptRunner}. */
  constructor(driver: RedisDriver, timeout: number | null, bytes: boolean, extensions: ScriptExtensions) {
    super(driver, timeout, bytes);
    this.#extensions = extensions;
    const { channel, audit } = extensions;
    for (const name of Object.keys(scripts) as ScriptName[]) {
      this.#anonymous.set(name, compose(name, channel !== null, null));
      this.#owned.set(name, compose(name, channel !== null, audit));
    }
  }

  /** @internal */
  protected override evaluate(
    name: ScriptName,
    keys: readonly string[],
    args: readonly Stored[],
  ): Promise<ScriptReply> {
    const { channel, audit } = this.#extensions;
    const isAudited = audit !== null && auditWriters[name] !== undefined;
    const trail = isAudited ? auditTrailBeside(keys[name === 'rekey' ? 1 : 0]!) : undefined;
    const script = (trail === undefined ? this.#anonymous : this.#owned).get(name);
    if (script === undefined) return super.evaluate(name, keys, args);
    return this.send(
      script,
      trail === undefined ? keys : [...keys, trail],
      script.publishes ? [...args, channel!] : args,
    );
  }
}

/** Returns a script with what runs around it; `undefined` when that is nothing. */
function compose(name: ScriptName, publishes: boolean, audit: AuditLimits | null): ComposedScript | undefined {
  const publisher = publishes ? endPublishers[name] : undefined;
  const writer = audit === null ? undefined : auditWriters[name];
  if (publisher === undefined && writer === undefined) return undefined;
  let before = '';
  let after = '';
  if (publisher !== undefined) {
    before += endPublishers.publish;
    after += `do\n${publisher}end\n`;
  }
  if (writer !== undefined) {
    before += `local max_entries, max_age = ${audit!.maxEntries}, ${audit!.maxAge * 1000}\n${auditWriters.audit}`;
    if (!UNCHECKED.has(name)) before += auditWriters.check;
    after += `do\n${writer}end\n${auditWriters.finish}`;
  }
  const operation = `local function operation()\n${scripts[name].source}end\nlocal reply = operation()\n`;
  const source = `${before}${operation}${after}return reply\n`;
  return { source, sha: createHash('sha1').update(source).digest('hex'), publishes: publisher !== undefined };
}
