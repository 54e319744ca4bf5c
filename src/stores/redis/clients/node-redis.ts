import type { Stored } from '../../store.ts';
import type { NodeRedisLike } from './shapes.ts';
import type { CachedFields, RedisDriver, RedisServer, Reply, Script, ScriptReply } from '../driver.ts';
import { isServerReply, isUnknownScript, offlineError, ambiguousResultError } from '../errors.ts';
import { parseHash } from '../hash.ts';
import { checkScriptReply, toClientArguments } from './conversion.ts';
import type { RecordCache } from '../record-cache.ts';
import { abortQueuedOnDisconnect, isNodeRedis5 } from './node-redis-5-workaround.ts';

/** The RESP type bytes by which node-redis maps replies: `$` and `%`. */
const BLOB_STRING = 36;
const MAP = 37;

/**
 * The options of every command. The reply to HGETALL comes as a flat array, over RESP2 and RESP3 alike: the
 * objects that node-redis makes by itself lose a field named `__proto__`. Without a timeout: `ResilientDriver` has
 * one, and node-redis's costs a timer and an AbortSignal for each command.
 */
export const TEXT: object = { typeMapping: { [MAP]: Array }, timeout: undefined };
const BYTES: object = { typeMapping: { [MAP]: Array, [BLOB_STRING]: Buffer }, timeout: undefined };

export type Args = readonly (string | Buffer)[];

/** The options that commands are sent with over one client: those above, and what node-redis 5 needs. */
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

/** A client of one server. */
export interface Plain {
  sendCommand(args: Args, options: object): Promise<unknown>;
}

interface Sentinel {
  sendCommand(readonly: boolean, args: Args, options: object): Promise<unknown>;
  /** Runs a command on the master, and again when the master is lost. Not documented, so it may be missing. */
  _execute?(readonly: boolean, run: (master: Plain) => Promise<unknown>): Promise<unknown>;
}

/** A driver over a node-redis client or pool; those of Sentinel and Cluster extend it. */
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

  hgetall(key: string, bytes: boolean): Promise<Record<string, Stored>> {
    if (this.#isOffline()) return Promise.reject(offlineError());
    return this.send(key, ['HGETALL', key], bytes).then(parseHash);
  }

  evaluate(script: Script, keys: readonly string[], args: readonly Stored[], bytes: boolean): Promise<ScriptReply> {
    if (this.#isOffline()) return Promise.reject(offlineError());
    const command = ['EVALSHA', script.sha, String(keys.length), ...keys, ...toClientArguments(args)];
    return this.send(keys[0]!, command, bytes).then(checkScriptReply, (error: unknown) => {
      if (!isUnknownScript(error)) throw error;
      return this.send(keys[0]!, ['EVAL', script.source, ...command.slice(2)], bytes).then(checkScriptReply);
    });
  }

  async ping(): Promise<void> {
    if (this.#isOffline()) throw offlineError();
    // PING on a cluster goes to every master, so that one which is down would fail it for all.
    if (this.cluster) await this.hgetall(`websauna-session:ping:${Math.random()}`, false);
    else await this.send('', ['PING'], false);
  }

  scan(pattern: string, count: number): AsyncGenerator<string[]> {
    return scanWith((args) => this.send('', args, false), pattern, count);
  }

  async servers(): Promise<readonly RedisServer[]> {
    return [{ address: 'the server', send: (args) => this.send('', args, false) as Promise<Reply> }];
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
   * Returns whether the client has lost its connection. It would queue commands, and send them long after they have
   * timed out. Before the first connection it may queue them: the connection is being made.
   */
  #isOffline(): boolean {
    const ready = this.#client.isReady;
    if (ready === true) this.#wasReady = true;
    return ready === false && this.#wasReady;
  }
}

/** Visits the keys of one server. */
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

/** Sends a command to the master, even if the client prefers replicas: a replica may not know yet that a session has ended. */
export const READONLY = false;

/**
 * A driver over a Sentinel client of node-redis, which sends a command again when the master is lost before the
 * reply. The second reply does not show what the first run did, see `IoredisDriver`, so only reads, and commands that
 * the server has refused, are sent again.
 *
 * The Sentinel client of node-redis 5 does not report that a connection to a master was lost, so the workaround
 * listens to the clients of the masters.
 */
export class NodeRedisSentinelDriver extends NodeRedisDriver {
  readonly #sentinel: Sentinel;
  /** By the client of a master. */
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
      if (broken) throw ambiguousResultError();
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
 * A driver that keeps what it reads in a cache, from which the connection removes what the server invalidates. Asks
 * for the time to live with each record, because the server reports late that one has expired.
 */
export class NodeRedisCachingDriver extends NodeRedisDriver {
  readonly #cache: RecordCache;

  constructor(client: NodeRedisLike, cache: RecordCache) {
    super(client);
    this.#cache = cache;
  }

  getCached(key: string, bytes: boolean): CachedFields | undefined {
    return this.#cache.get(key, bytes);
  }

  invalidate(keys: readonly string[]): void {
    for (const key of keys) this.#cache.invalidate(key);
  }

  override async hgetall(key: string, bytes: boolean): Promise<Record<string, Stored>> {
    const reading = this.#cache.startRead(key);
    const asked = performance.now();
    try {
      const [fields, left] = await Promise.all([super.hgetall(key, bytes), this.send(key, ['PTTL', key], false)]);
      this.#cache.recordReply(asked);
      // Without a time to live, the key is absent, or not a session.
      if (Number(left) > 0) this.#cache.set(reading, fields, bytes, asked + Number(left));
      return fields;
    } finally {
      this.#cache.endRead(reading);
    }
  }

  /** Drops the keys of a script from the cache: their invalidations come after its reply. */
  override async evaluate(
    script: Script,
    keys: readonly string[],
    args: readonly Stored[],
    bytes: boolean,
  ): Promise<ScriptReply> {
    const asked = performance.now();
    try {
      const reply = await super.evaluate(script, keys, args, bytes);
      this.#cache.recordReply(asked);
      return reply;
    } finally {
      this.invalidate(keys);
    }
  }
}
