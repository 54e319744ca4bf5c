import type { Stored } from '../store.ts';
import type { ParsedRecord } from './record.ts';

/** A Lua script, with the SHA-1 by which Redis knows it. */
export interface Script {
  readonly sha: string;
  readonly source: string;
}

export type Reply = string | number | bigint | null | Uint8Array | readonly Reply[];

/** What a script replies with: always an array, so that a reply to another command is not taken for one. */
export type ScriptReply = readonly Reply[];

/** One server that has sessions. */
export interface RedisServer {
  /** Host and port, as far as the client knows them. */
  readonly address: string;
  /** Sends any command to this server, regardless of its keys. Rejects with the server's errors. */
  readonly send: (args: readonly string[]) => Promise<Reply>;
}

/** A record in a client-side cache. */
export interface CachedFields {
  /** Not to be changed. */
  readonly fields: Readonly<Record<string, Stored>>;
  /** The parsed fields, once they have been parsed. */
  record: ParsedRecord | undefined;
}

/**
 * The few commands that the store sends, over any of the client libraries.
 * `bytes: true` asks for bulk strings as `Uint8Array`s (a Buffer is one) instead of strings.
 */
export interface RedisDriver {
  /** The client library, for messages and events. */
  readonly library: 'node-redis' | 'ioredis';
  /** Whether the client talks to a Redis Cluster, so that all keys of a script must share a slot. */
  readonly cluster: boolean;
  /** Sends HGETALL. Returns an empty object for an absent key. Rejects with the server's WRONGTYPE error for another type. */
  hgetall(key: string, bytes: boolean): Promise<Record<string, Stored>>;
  /** Returns what HGETALL would, if a client-side cache has it. */
  getCached?(key: string, bytes: boolean): CachedFields | undefined;
  /** Drops keys that are known to have changed from the client-side cache. */
  invalidate?(keys: readonly string[]): void;
  /** Sends EVALSHA, and EVAL where the server does not know the script yet. The first key decides which node of a cluster gets it. */
  evaluate(script: Script, keys: readonly string[], args: readonly Stored[], bytes: boolean): Promise<ScriptReply>;
  /**
   * Sends SCAN until all keys have been visited: returns the names that match a glob-style pattern, in pages of about
   * `count` visited keys. On a cluster, visits all masters. May return a name more than once.
   */
  scan(pattern: string, count: number): AsyncIterable<string[]>;
  /** Makes a round trip that changes nothing; rejects when the server does not answer. */
  ping(): Promise<void>;
  /**
   * Asks a cluster again which node has which slot. Called after a command that got no answer, or an answer that
   * only comes from a node outside of the cluster.
   */
  refreshTopology?(): void;
  /** Returns the server that has the sessions, or all masters of a cluster: to look at how they are set up. */
  servers?(): Promise<readonly RedisServer[]>;
  /** Closes the connection if the library opened it; leaves the application's client alone. */
  close(): Promise<void>;
}
