import type { Stored } from '../store.ts';
import { ServerClock } from './connection/server-clock.ts';
import type { RedisDriver, Script, ScriptReply } from './driver.ts';
import { storeError, timeoutError } from './errors.ts';
import { checkReply, type CheckedReply } from './replies.ts';
import { scripts, type ScriptName } from './scripts.generated.ts';

/** How error messages name what a script does to a session. */
const VERBS: Readonly<Record<ScriptName, string>> = {
  addIndexKey: 'index',
  addStats: 'count',
  check: 'check',
  confirm: 'rekey',
  create: 'create',
  deleteRotated: 'rekey',
  destroy: 'destroy',
  getIndexOwners: 'find',
  getMetadata: 'find',
  list: 'list',
  readAudit: 'audit',
  readStats: 'count',
  rekey: 'rekey',
  removeIndexKey: 'index',
  reportReuse: 'audit',
  revoke: 'revoke',
  save: 'save',
  take: 'take',
  time: 'date',
};

/** Runs the store's scripts, and knows the server's clock from their replies. Rejects with errors of the session. */
export class ScriptRunner {
  readonly #driver: RedisDriver;
  readonly #timeout: number | null;
  readonly #bytes: boolean;
  readonly #clock = new ServerClock();
  #asking: Promise<void> | undefined;

  /**
   * @param timeout seconds after which the driver abandons a command; `null`: never
   * @param bytes whether replies have bytes in place of strings
   */
  constructor(driver: RedisDriver, timeout: number | null, bytes: boolean) {
    this.#driver = driver;
    this.#timeout = timeout;
    this.#bytes = bytes;
  }

  /** What {@link now} is answered with, where that needs no round trip. */
  get knownTime(): number | undefined {
    return this.#clock.freshTime;
  }

  /**
   * Returns Redis's time, milliseconds. Asks the server when its last answer is too old, once for all callers.
   * @param key any key of the server to ask
   */
  async now(key: string): Promise<number> {
    const known = this.knownTime;
    if (known !== undefined) return known;
    this.#asking ??= this.#askTime(key).finally(() => (this.#asking = undefined));
    await this.#asking;
    return this.#clock.now();
  }

  async run(name: ScriptName, keys: readonly string[], args: readonly Stored[]): Promise<CheckedReply> {
    try {
      return checkReply(name, await this.evaluate(name, keys, args));
    } catch (error) {
      throw storeError(VERBS[name], error);
    }
  }

  /**
   * Runs a script that changes something: within the timeout, or never. A server that hangs, or a client
   * library that sends again what it has sent, would otherwise carry it out after later changes.
   * @param args the deadline is added to them
   */
  async runWithDeadline(name: ScriptName, keys: readonly string[], args: Stored[]): Promise<CheckedReply> {
    const timeout = this.#timeout;
    let askedAt = performance.now();
    const end = askedAt + (timeout ?? Infinity) * 1000;
    const last = args.length;
    try {
      for (let attempt = 1; ; attempt++) {
        args[last] = timeout === null ? '' : String(this.#clock.toServerTime(end));
        const given = await this.evaluate(name, keys, args);
        const reply = checkReply(name, given);
        const { status, values } = reply;
        if (status === 'ok' || status === 'late') this.#clock.observe(Number(values[0]), askedAt);
        if (status !== 'late' || timeout === null) return reply;
        // Nothing was changed: it was too late, or the clock was not known, or has been set since.
        askedAt = performance.now();
        if (attempt === 2 || askedAt >= end) throw timeoutError(timeout);
      }
    } catch (error) {
      throw storeError(VERBS[name], error);
    }
  }

  /** @internal */
  protected evaluate(name: ScriptName, keys: readonly string[], args: readonly Stored[]): Promise<ScriptReply> {
    return this.send(scripts[name], keys, args);
  }

  /** @internal */
  protected send(script: Script, keys: readonly string[], args: readonly Stored[]): Promise<ScriptReply> {
    return this.#driver.evaluate(script, keys, args, this.#bytes);
  }

  async #askTime(key: string): Promise<void> {
    const askedAt = performance.now();
    const { values } = await this.run('time', [key], []);
    this.#clock.observe(Number(values[0]), askedAt);
  }
}
