import type { Stored } from '../../store.ts';
import type { NodeRedisLike } from './shapes.ts';
import type { CachedFields, RedisDriver, Script, ScriptReply } from '../driver.ts';
import { isServerReply, isUnknownScript, offline, sentTwice } from '../errors.ts';
import { checkScriptReply, parseHash, toClientArguments } from './conversion.ts';
import type { RecordCache } from '../record-cache.ts';
import { abortQueuedOnDisconnect, isNodeRedis5 } from './node-redis-5-workaround.ts';

/** RESP type bytes, which node-redis maps replies by: `$` and `%`. */
const BLOB_STRING = 36;
const MAP = 37;

/**
 * Options of every command. The reply to HGETALL comes as a flat array, over RESP2 and RESP3 alike: the
 * objects that node-redis makes by itself lose a field named `__proto__`. No timeout: a command has a
 * deadline of ours, and node-redis's costs a timer and an AbortSignal each.
 */
export const TEXT: object = { typeMapping: { [MAP]: Array }, timeout: undefined };
const BYTES: object = { typeMapping: { [MAP]: Array, [BLOB_STRING]: Buffer }, timeout: undefined };

export type Args = readonly (string | Buffer)[];

/** The options that commands are sent with over one client. */
class CommandOptions {
  #text = TEXT;
  #bytes = BYTES;

  constructor(client: object) {
    abortQueuedOnDisconnect(client, (abortSignal) => {
      this.#text = { ...TEXT, abortSignal };
      this.#bytes = { ...BYTES, abortSignal };
    });
  }

  for(bytes: boolean): object {
    return bytes ? this.#bytes : this.#text;
  }
}

/** The signatures of `sendCommand`. */
export interface Plain {
  sendCommand(args: Args, options: object): Promise<unknown>;
}
interface Sentinel {
  sendCommand(readonly: boolean, args: Args, options: object): Promise<unknown>;
  /** Not documented, so it may not be there: runs a command on the master, again if need be. */
  _execute?(readonly: boolean, run: (master: Plain) => Promise<unknown>): Promise<unknown>;
}

/** Over a node-redis client or pool; sentinel and cluster extend it. */
export class NodeRedisDriver implements RedisDriver {
  readonly library = 'node-redis';
  readonly cluster: boolean = false;
  readonly #client: NodeRedisLike & { readonly isReady?: boolean };
  readonly #options: CommandOptions;
  #wasReady = false;

  constructor(client: NodeRedisLike) {
    this.#client = client;
    this.#options = new CommandOptions(client);
  }

  async hgetall(key: string, bytes: boolean): Promise<Record<string, Stored>> {
    if (this.#offline()) return offline();
    return parseHash(await this.send(key, ['HGETALL', key], bytes));
  }

  async evaluate(
    script: Script,
    keys: readonly string[],
    args: readonly Stored[],
    bytes: boolean,
  ): Promise<ScriptReply> {
    if (this.#offline()) return offline();
    const rest = [String(keys.length), ...keys, ...toClientArguments(args)];
    try {
      return checkScriptReply(await this.send(keys[0]!, ['EVALSHA', script.sha, ...rest], bytes));
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return checkScriptReply(await this.send(keys[0]!, ['EVAL', script.source, ...rest], bytes));
    }
  }

  async ping(): Promise<void> {
    if (this.#offline()) return offline();
    // A cluster's PING asks every master, so that one which is down would stand for all.
    if (this.cluster) await this.hgetall(`websauna-session:ping:${Math.random()}`, false);
    else await this.send('', ['PING'], false);
  }

  scan(pattern: string, count: number): AsyncGenerator<string[]> {
    return scanWith((args) => this.send('', args, false), pattern, count);
  }

  async close(): Promise<void> {}

  /** @internal */
  protected send(firstKey: string, args: Args, bytes: boolean): Promise<unknown> {
    return this.sendWith(firstKey, args, this.#options.for(bytes));
  }

  /** @internal */
  protected sendWith(_firstKey: string, args: Args, options: object): Promise<unknown> {
    return (this.#client as unknown as Plain).sendCommand(args, options);
  }

  /**
   * A client that was connected and is not any more would queue commands and send them much later, when
   * nobody waits for them. Before its first connection it may queue them: it is about to be made.
   */
  #offline(): boolean {
    const ready = this.#client.isReady;
    if (ready === true) this.#wasReady = true;
    return ready === false && this.#wasReady;
  }
}

/** Goes through the keys of one server. */
export async function* scanWith(
  send: (args: Args) => Promise<unknown>,
  pattern: string,
  count: number,
): AsyncGenerator<string[]> {
  let cursor = '0';
  do {
    const reply = await send(['SCAN', cursor, 'MATCH', pattern, 'COUNT', String(count)]);
    const [next, keys] = reply as [string, string[]];
    yield keys;
    cursor = next;
  } while (cursor !== '0');
}

/** Reads from the master, whatever the client does by default: a replica may not know that a session has ended. */
export const READONLY = false;

/**
 * Over a sentinel client of node-redis, which sends a command again when the master is lost before its
 * reply. The second reply does not say what the command did, see `IoredisDriver`: only reads, and what the
 * server has refused, are sent again.
 *
 * The sentinel client does not report the loss of a connection to a master, so the workaround for node-redis 5
 * listens to the clients of the masters.
 */
export class NodeRedisSentinelDriver extends NodeRedisDriver {
  readonly #sentinel: Sentinel;
  /** The options of each client of a master. */
  readonly #byMaster = new WeakMap<object, CommandOptions>();

  /** @throws TypeError for a client of node-redis 5 that does not show the clients of its masters. */
  constructor(client: NodeRedisLike) {
    super(client);
    this.#sentinel = client;
    if (isNodeRedis5(client) && typeof this.#sentinel._execute !== 'function') {
      throw new TypeError('Expected `redis.client` to be a Sentinel client of a known version of `redis`: update it');
    }
  }

  protected override send(_firstKey: string, args: Args, bytes: boolean): Promise<unknown> {
    if (typeof this.#sentinel._execute !== 'function') {
      return this.#sentinel.sendCommand(READONLY, args, bytes ? BYTES : TEXT);
    }
    const repeatable = args[0] === 'HGETALL';
    let broken = false;
    return this.#sentinel._execute(READONLY, async (master) => {
      if (broken) throw sentTwice();
      try {
        return await master.sendCommand(args, this.#optionsFor(master).for(bytes));
      } catch (error) {
        broken = !repeatable && !isServerReply(error);
        throw error;
      }
    });
  }

  #optionsFor(master: object): CommandOptions {
    let options = this.#byMaster.get(master);
    if (options === undefined) this.#byMaster.set(master, (options = new CommandOptions(master)));
    return options;
  }
}

/**
 * Keeps what it reads in a cache, which the connection empties by the server's invalidations. With each
 * record its time to live is asked for, because the server is late to say that one has expired.
 */
export class NodeRedisCachingDriver extends NodeRedisDriver {
  readonly #cache: RecordCache;

  constructor(client: NodeRedisLike, cache: RecordCache) {
    super(client);
    this.#cache = cache;
  }

  peek(key: string, bytes: boolean): CachedFields | undefined {
    return this.#cache.get(key, bytes);
  }

  forget(keys: readonly string[]): void {
    for (const key of keys) this.#cache.forget(key);
  }

  override async hgetall(key: string, bytes: boolean): Promise<Record<string, Stored>> {
    const reading = this.#cache.begin(key);
    const asked = performance.now();
    try {
      const [fields, left] = await Promise.all([super.hgetall(key, bytes), this.send(key, ['PTTL', key], false)]);
      this.#cache.heard(asked);
      // Otherwise it is absent, or without an end, which no session is.
      if (Number(left) > 0) this.#cache.keep(reading, fields, bytes, asked + Number(left));
      return fields;
    } finally {
      this.#cache.end(reading);
    }
  }

  /** The invalidations of what a script writes come after its reply. */
  override async evaluate(
    script: Script,
    keys: readonly string[],
    args: readonly Stored[],
    bytes: boolean,
  ): Promise<ScriptReply> {
    const asked = performance.now();
    try {
      const reply = await super.evaluate(script, keys, args, bytes);
      this.#cache.heard(asked);
      return reply;
    } finally {
      this.forget(keys);
    }
  }
}
