import type { Stored } from '../../store.ts';
import type { IoredisLike } from './shapes.ts';
import type { RedisDriver, RedisServer, Reply, Script, ScriptReply } from '../driver.ts';
import { isUnknownScript, offlineError, ambiguousResultError } from '../errors.ts';
import { reconnectAfterAnnouncement } from './ioredis-sentinel-workaround.ts';
import { checkHash, checkScriptReply, toClientArguments } from './conversion.ts';

interface Emitting {
  on?(event: string, listener: () => void): unknown;
}

/** The methods for SCAN; only a cluster has `nodes`. */
interface Scanning {
  scan(cursor: string, ...args: (string | number)[]): Promise<[cursor: string, keys: string[]]>;
  nodes(role: 'master'): Scanning[];
}

/** The members for any command; only a cluster has `nodes`. */
interface Calling {
  readonly options?: { readonly host?: string; readonly port?: number };
  call(command: string, ...args: string[]): Promise<Reply>;
  nodes(role: 'master'): Calling[];
}

/** Commands that take their arguments as a list. */
type ListTaking = Record<
  'evalsha' | 'evalshaBuffer' | 'eval' | 'evalBuffer',
  (script: string, keys: number, list: readonly (string | Buffer)[]) => Promise<unknown>
>;

/** A driver over an ioredis or iovalkey client or cluster. */
export class IoredisDriver implements RedisDriver {
  readonly library = 'ioredis';
  readonly cluster: boolean;
  readonly #client: Required<IoredisLike>;
  #wasReady = false;
  /** The number of connections that have broken. */
  #breaks = 0;

  constructor(client: IoredisLike, cluster: boolean) {
    this.#client = client as Required<IoredisLike>;
    this.cluster = cluster;
    if (!cluster) reconnectAfterAnnouncement(client);
    (client as Emitting).on?.(cluster ? '-node' : 'close', () => (this.#breaks += 1));
  }

  async hgetall(key: string, bytes: boolean): Promise<Record<string, Stored>> {
    if (this.#isOffline()) throw offlineError();
    return checkHash(await (bytes ? this.#client.hgetallBuffer(key) : this.#client.hgetall(key)));
  }

  /**
   * Fails when the connection has broken meanwhile. ioredis then sends the command again, unless configured not to, and
   * the second reply does not show what the first run did: a session that was rotated is gone by then, and a
   * counter has its new value already.
   */
  async evaluate(
    script: Script,
    keys: readonly string[],
    args: readonly Stored[],
    bytes: boolean,
  ): Promise<ScriptReply> {
    if (this.#isOffline()) throw offlineError();
    const breaks = this.#breaks;
    const reply = await this.#evaluate(script, keys, args, bytes);
    if (breaks !== this.#breaks) throw ambiguousResultError();
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
    if (this.#isOffline()) throw offlineError();
    await this.#client.ping();
  }

  /** On a cluster, visits the masters one after the other. */
  async *scan(pattern: string, count: number): AsyncGenerator<string[]> {
    if (this.#isOffline()) throw offlineError();
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

  async servers(): Promise<readonly RedisServer[]> {
    const client = this.#client as unknown as Calling;
    return (this.cluster ? client.nodes('master') : [client]).map((node) => ({
      address: this.cluster ? `${node.options?.host}:${node.options?.port}` : 'the server',
      send: ([command = '', ...args]) => node.call(command, ...args),
    }));
  }

  refreshTopology(): void {
    // Asks the nodes one after the other, each for at most a second.
    if (this.cluster) (this.#client as unknown as { refreshSlotsCache?(): void }).refreshSlotsCache?.();
  }

  async close(): Promise<void> {}

  /** Returns whether the client has lost its connection, as the driver of node-redis does. */
  #isOffline(): boolean {
    const ready = this.#client.status === 'ready';
    if (ready) this.#wasReady = true;
    return !ready && this.#wasReady;
  }
}
