import type { Stored } from '../../store.ts';
import type { IoredisLike } from './shapes.ts';
import type { RedisDriver, Script, ScriptReply } from '../driver.ts';
import { isUnknownScript, offline, sentTwice } from '../errors.ts';
import { checkHash, checkScriptReply, toClientArguments } from './conversion.ts';

interface Emitting {
  on?(event: string, listener: () => void): unknown;
}

/** What tools use of a client; `nodes` of a cluster alone. */
interface Scanning {
  scan(cursor: string, ...args: (string | number)[]): Promise<[cursor: string, keys: string[]]>;
  nodes(role: 'master'): Scanning[];
}

/** Commands with a list of arguments. */
type ListTaking = Record<
  'evalsha' | 'evalshaBuffer' | 'eval' | 'evalBuffer',
  (script: string, keys: number, list: readonly (string | Buffer)[]) => Promise<unknown>
>;

/** Over an ioredis or iovalkey client or cluster. */
export class IoredisDriver implements RedisDriver {
  readonly library = 'ioredis';
  readonly cluster: boolean;
  readonly #client: Required<IoredisLike>;
  #wasReady = false;
  /** Connections that broke. */
  #breaks = 0;

  constructor(client: IoredisLike, cluster: boolean) {
    this.#client = client as Required<IoredisLike>;
    this.cluster = cluster;
    (client as Emitting).on?.(cluster ? '-node' : 'close', () => (this.#breaks += 1));
  }

  async hgetall(key: string, bytes: boolean): Promise<Record<string, Stored>> {
    if (this.#offline()) return offline();
    return checkHash(await (bytes ? this.#client.hgetallBuffer(key) : this.#client.hgetall(key)));
  }

  /**
   * Unless told not to, ioredis sends a command again when the connection breaks before its reply. The
   * second reply is no answer to the question: a session that was moved is gone by then, and a counter
   * has its new value already. So the command has failed, as it has with other libraries.
   */
  async evaluate(
    script: Script,
    keys: readonly string[],
    args: readonly Stored[],
    bytes: boolean,
  ): Promise<ScriptReply> {
    if (this.#offline()) return offline();
    const breaks = this.#breaks;
    const reply = await this.#evaluate(script, keys, args, bytes);
    if (breaks !== this.#breaks) throw sentTwice();
    return checkScriptReply(reply);
  }

  async #evaluate(script: Script, keys: readonly string[], args: readonly Stored[], bytes: boolean): Promise<unknown> {
    const client = this.#client as unknown as ListTaking;
    // As one argument, which ioredis flattens: a session can have more fields than fit on the stack.
    const list = [...keys, ...toClientArguments(args)];
    try {
      const reply = bytes
        ? client.evalshaBuffer(script.sha, keys.length, list)
        : client.evalsha(script.sha, keys.length, list);
      return await reply;
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      const reply = bytes
        ? client.evalBuffer(script.source, keys.length, list)
        : client.eval(script.source, keys.length, list);
      return await reply;
    }
  }

  async ping(): Promise<void> {
    if (this.#offline()) return offline();
    await this.#client.ping();
  }

  /** On a cluster, each master's keys in turn. */
  async *scan(pattern: string, count: number): AsyncGenerator<string[]> {
    if (this.#offline()) await offline();
    const client = this.#client as unknown as Scanning;
    for (const node of this.cluster ? client.nodes('master') : [client]) {
      let cursor = '0';
      do {
        const [next, keys] = await node.scan(cursor, 'MATCH', pattern, 'COUNT', count);
        yield keys;
        cursor = next;
      } while (cursor !== '0');
    }
  }

  refresh(): void {
    // Asks the nodes in turn, each for a second at most.
    if (this.cluster) (this.#client as unknown as { refreshSlotsCache?(): void }).refreshSlotsCache?.();
  }

  async close(): Promise<void> {}

  /** As in the driver of node-redis: no queueing of what nobody will wait for. */
  #offline(): boolean {
    const ready = this.#client.status === 'ready';
    if (ready) this.#wasReady = true;
    return !ready && this.#wasReady;
  }
}
