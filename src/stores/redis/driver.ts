import type { Stored } from '../store.ts';
import type { ParsedRecord } from './record.ts';

/** A Lua script with the SHA-1 that Redis knows it by. */
export interface Script {
  readonly sha: string;
  readonly source: string;
}

export type Reply = string | number | bigint | null | Uint8Array | readonly Reply[];

/** What a script replies with: always an array, so that a reply to another command is not taken for one. */
export type ScriptReply = readonly Reply[];

/** A record in a client-side cache. */
export interface CachedFields {
  /** Not to be changed. */
  readonly fields: Readonly<Record<string, Stored>>;
  /** What they say, once that is known. */
  record: ParsedRecord | undefined;
}

/**
 * The handful of commands that the store issues, over whichever client library is in use.
 * `bytes: true` asks for bulk strings as `Uint8Array`s (a Buffer is one) in place of strings.
 */
export interface RedisDriver {
  /** Which client library stands behind it, for messages and events. */
  readonly library: 'node-redis' | 'ioredis';
  /** Does the client speak to a Redis Cluster, so that all keys of a script must share a slot? */
  readonly cluster: boolean;
  /** HGETALL. An empty object when the key is absent. Rejects with the server's WRONGTYPE error on another type. */
  hgetall(key: string, bytes: boolean): Promise<Record<string, Stored>>;
  /** What an HGETALL would give, as far as is known without one: a client-side cache. */
  peek?(key: string, bytes: boolean): CachedFields | undefined;
  /** These keys are known to have changed. */
  forget?(keys: readonly string[]): void;
  /** EVALSHA, with EVAL where the server does not know the script yet. Routed by the first key. */
  evaluate(script: Script, keys: readonly string[], args: readonly Stored[], bytes: boolean): Promise<ScriptReply>;
  /**
   * SCAN: names of keys that match a glob-style pattern, in pages of about `count` looked at. On a cluster,
   * those of all masters. Each may come more than once.
   */
  scan(pattern: string, count: number): AsyncIterable<string[]>;
  /** A round trip that changes nothing; rejects when the server does not answer. */
  ping(): Promise<void>;
  /** A command got no answer, or one that no cluster gives: what the client knows of its cluster may be out of date. */
  refresh?(): void;
  /** Closes the connection if we opened it; a client that the application gave is left alone. */
  close(): Promise<void>;
}
