import type { Stored } from '../../store.ts';
import type { CachedFields, RedisDriver, Script, ScriptReply } from '../driver.ts';
import {
  ConnectionError,
  MisdirectedReplyError,
  explain,
  isMistake,
  isReplicaReply,
  isServerReply,
  offline,
  withoutCommand,
} from '../errors.ts';
import { systemClock, type Clock } from './timeout-queue.ts';

/** What a connection reports about itself. */
export interface ConnectionEvents {
  /** Connected, logged in and ready for commands. */
  ready(): void;
  /** The connection broke, or could not be made; it is of no more use. */
  lost(fault: unknown): void;
}

/** A client of our own, which connects when it is made and does not reconnect. */
export interface Connection {
  readonly driver: RedisDriver;
  /** Waits for commands under way, then disconnects. */
  close(): Promise<void>;
  /** Disconnects at once. */
  destroy(): void;
}

export type OpenConnection = (events: ConnectionEvents) => Connection;

export interface ManagedConnectionOptions {
  /** The server's host and port, or the path of its socket, for messages. */
  readonly address: string;
  /** Seconds that a command waits for the first connection. */
  readonly timeout: number;
  /** Is told of an error that no waiting will mend: the client library is missing, or refuses the options. */
  readonly onFailed?: (error: Error) => void;
  /** Is called when the connection is given up for good. */
  readonly onClosed?: () => void;
  readonly clock?: Clock;
}

/** Milliseconds, beyond a command's time, that an attempt to connect may take. */
const CONNECT_GRACE_MS = 3_000;
/** Milliseconds that a read waits for another connection in place of one that was lost. */
const READ_GRACE_MS = 100;
/** Milliseconds after which a read is sent again over the connection that it failed on, if that is still there. */
const SAME_CONNECTION_WAIT_MS = 10;
/** Milliseconds after which a command that waited for the first connection is given up, beyond its own deadline. */
const SLACK_MS = 100;
/** Milliseconds between attempts to connect: at first, and at most. */
const FIRST_DELAY_MS = 10;
const LONGEST_DELAY_MS = 2_000;
/** Milliseconds that a connection which leads to a replica is kept at least. */
const REPLICA_INTERVAL_MS = 1_000;

/** Milliseconds to wait before attempt number `attempt` to reconnect, from 0: doubles, less up to half. */
export function backoff(attempt: number): number {
  const longest = Math.min(FIRST_DELAY_MS * 2 ** Math.min(attempt, 10), LONGEST_DELAY_MS);
  return longest * (0.5 + Math.random() / 2);
}

interface Waiter {
  resolve(driver: RedisDriver | undefined): void;
  reject(error: unknown): void;
}

/**
 * A driver over a connection of our own, which is opened at once, in the background, and opened again whenever it is
 * lost, for ever. The client libraries do not reconnect by themselves, because the timers of those that try would
 * keep a process alive that has nothing else to do.
 */
export class ManagedConnection implements RedisDriver {
  readonly cluster = false;
  readonly #ms: number;
  readonly #clock: Clock;
  readonly #options: ManagedConnectionOptions;
  readonly #readyListeners: (() => void)[] = [];
  readonly #waiters = new Set<Waiter>();
  #library: RedisDriver['library'] = 'node-redis';
  #open: OpenConnection | undefined;
  /** The connection, or the attempt at one; absent between attempts. */
  #connection: Connection | undefined;
  /** Of the connection; what an earlier one reports is ignored. */
  #events: ConnectionEvents | undefined;
  /** There while the connection is ready. */
  #driver: RedisDriver | undefined;
  #wasReady = false;
  #readyAt = 0;
  /** Attempts in a row that led to no connection that lasted longer than the delay before it. */
  #attempts = 0;
  #delay = FIRST_DELAY_MS;
  #cancelTimer: (() => void) | undefined;
  #fault: unknown;
  /** An error that no waiting will mend. */
  #final: Error | undefined;

  /** @param load - Imports the client library. */
  constructor(load: () => Promise<OpenConnection>, options: ManagedConnectionOptions) {
    this.#ms = options.timeout * 1000;
    this.#clock = options.clock ?? systemClock;
    this.#options = options;
    load().then(
      (open) => {
        this.#open = open;
        this.#connect();
      },
      (error: unknown) => this.#failed(error),
    );
  }

  get library(): RedisDriver['library'] {
    return this.#library;
  }

  /** What to call the server in messages. */
  get server(): string {
    return `Redis at ${this.#options.address}`;
  }

  get isReady(): boolean {
    return this.#driver !== undefined;
  }

  /** Why there is no connection; `undefined` while there is one, and before anything is known. */
  get fault(): unknown {
    return this.#fault;
  }

  noConnectionError(): ConnectionError {
    return new ConnectionError(`${this.server} cannot be reached: there was no connection within ${this.#ms / 1000} s`);
  }

  /** Calls back whenever there is a connection, the first or another. */
  onReady(listener: () => void): void {
    this.#readyListeners.push(listener);
  }

  /** A read that meets a lost connection waits a moment for another one, and is sent again. */
  async hgetall(key: string, bytes: boolean): Promise<Record<string, Stored>> {
    const start = this.#clock.now();
    let deadline = start + READ_GRACE_MS;
    for (let attempt = 1; ; attempt += 1) {
      const driver = this.#driver ?? (await this.#nextDriver(deadline - this.#clock.now()));
      try {
        return await driver.hgetall(key, bytes);
      } catch (error) {
        this.#inspect(error, driver);
        const now = this.#clock.now();
        if (attempt === 1) deadline = now + READ_GRACE_MS;
        if (isServerReply(error) || isMistake(error) || now >= Math.min(deadline, start + this.#ms)) throw error;
        // Until the loss is noticed, and in a pool, the connection is still the same.
        if (this.#driver === driver) await this.#wait(SAME_CONNECTION_WAIT_MS);
      }
    }
  }

  peek(key: string, bytes: boolean): CachedFields | undefined {
    return this.#driver?.peek?.(key, bytes);
  }

  forget(keys: readonly string[]): void {
    this.#driver?.forget?.(keys);
  }

  async evaluate(
    script: Script,
    keys: readonly string[],
    args: readonly Stored[],
    bytes: boolean,
  ): Promise<ScriptReply> {
    const driver = this.#driver ?? (await this.#nextDriver(0));
    try {
      return await driver.evaluate(script, keys, args, bytes);
    } catch (error) {
      this.#inspect(error, driver);
      throw error;
    }
  }

  async *scan(pattern: string, count: number): AsyncGenerator<string[]> {
    yield* (this.#driver ?? (await this.#nextDriver(0))).scan(pattern, count);
  }

  async ping(): Promise<void> {
    await (this.#driver ?? (await this.#nextDriver(0))).ping();
  }

  /** Commands under way get the time that every command has. */
  async close(): Promise<void> {
    const [connection, isReady] = [this.#connection, this.#driver !== undefined];
    this.#end(new ConnectionError('The connection to Redis was closed by the application'));
    if (connection === undefined) return;
    let cancelTimer: (() => void) | undefined;
    if (isReady) {
      const timeout = new Promise<void>((resolve) => (cancelTimer = this.#clock.after(this.#ms, resolve)));
      await Promise.race([connection.close().catch(() => {}), timeout]);
      cancelTimer?.();
    }
    connection.destroy();
  }

  /**
   * Replaces a connection on which a command got no answer. It may be dead although neither end has said so, as
   * when a firewall has forgotten it: TCP takes a quarter of an hour to find out.
   */
  reconnectIfStale(): void {
    if (this.#driver !== undefined) this.#lost(new ConnectionError('Redis has stopped answering'));
  }

  #connect(): void {
    // Closed while the library was loaded, or between two attempts.
    if (this.#final !== undefined) return;
    const events: ConnectionEvents = {
      ready: () => this.#events === events && this.#ready(),
      lost: (fault) => this.#events === events && this.#lost(fault),
    };
    this.#events = events;
    this.#cancelTimer = this.#clock.after(this.#ms + CONNECT_GRACE_MS, () =>
      events.lost(new ConnectionError('Redis does not answer')),
    );
    try {
      this.#connection = this.#open!(events);
      this.#library = this.#connection.driver.library;
    } catch (error) {
      // The library refuses the options; the message could quote them.
      this.#failed(new TypeError('Expected `redis` to be options that the client library accepts', { cause: error }));
    }
  }

  #ready(): void {
    this.#cancelTimer?.();
    this.#fault = undefined;
    this.#wasReady = true;
    this.#readyAt = this.#clock.now();
    const { driver } = this.#connection!;
    this.#driver = driver;
    for (const waiter of this.#takeWaiters()) waiter.resolve(driver);
    for (const listener of this.#readyListeners) listener();
  }

  /** Gives the connection up, and opens another one: at once if it had lasted, or else after a delay. */
  #lost(fault: unknown): void {
    this.#fault = withoutCommand(fault);
    const hadLasted = this.#hasLasted(this.#delay);
    this.#giveUp()?.destroy();
    if (hadLasted) this.#attempts = 0;
    this.#delay = hadLasted ? FIRST_DELAY_MS : backoff(this.#attempts++);
    this.#cancelTimer = this.#clock.after(hadLasted ? 0 : this.#delay, () => this.#connect());
    // A login that the server has just refused is not worth waiting for.
    if (isServerReply(fault)) {
      const refusal = new ConnectionError(explain(fault, this.server), { cause: fault });
      for (const waiter of this.#takeWaiters()) waiter.reject(refusal);
    }
  }

  /** Finds out from the error of a command whether the connection can be used any longer. */
  #inspect(error: unknown, driver: RedisDriver): void {
    if (this.#driver !== driver) return;
    if (error instanceof MisdirectedReplyError) this.#lost(error);
    // The address may lead to another server by now. A new connection has just shown that it does not.
    else if (isReplicaReply(error) && this.#hasLasted(REPLICA_INTERVAL_MS)) {
      this.#lost(new ConnectionError('Redis has become a replica, and is connected to again'));
    }
  }

  #hasLasted(ms: number): boolean {
    return this.#driver !== undefined && this.#clock.now() - this.#readyAt >= ms;
  }

  #failed(error: unknown): void {
    if (this.#final !== undefined) return;
    const final = error instanceof Error ? error : new Error('The client library failed to load', { cause: error });
    this.#end(final);
    this.#options.onFailed?.(final);
  }

  #end(error: Error): void {
    if (this.#final === undefined) this.#options.onClosed?.();
    this.#final ??= error;
    this.#giveUp();
    for (const waiter of this.#takeWaiters()) waiter.reject(this.#final);
  }

  #giveUp(): Connection | undefined {
    const connection = this.#connection;
    this.#cancelTimer?.();
    this.#connection = this.#events = this.#driver = undefined;
    return connection;
  }

  #takeWaiters(): readonly Waiter[] {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    return waiters;
  }

  /**
   * Waits for the first connection for as long as a command may take, but not with a login that the server has just
   * refused; and for another one in place of one that was lost for `grace` milliseconds.
   */
  async #nextDriver(grace: number): Promise<RedisDriver> {
    if (this.#final !== undefined) throw this.#final;
    if (isServerReply(this.#fault))
      throw new ConnectionError(explain(this.#fault, this.server), { cause: this.#fault });
    if (this.#wasReady && grace <= 0) return offline();
    const start = this.#clock.now();
    const driver = await this.#wait(this.#wasReady ? grace : this.#ms + SLACK_MS);
    if (driver === undefined) throw this.noConnectionError();
    // The command has met its deadline, and what it would write has been reported as failed.
    if (this.#clock.now() - start >= this.#ms) throw new ConnectionError('Redis was connected to too late');
    return driver;
  }

  /** Waits for a connection, and keeps the process alive meanwhile. */
  #wait(ms: number): Promise<RedisDriver | undefined> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        resolve(driver) {
          cancelTimer();
          resolve(driver);
        },
        reject(error) {
          cancelTimer();
          reject(error);
        },
      };
      const giveUp = (): void => {
        this.#waiters.delete(waiter);
        resolve(undefined);
      };
      const cancelTimer = this.#clock.after(ms, giveUp, true);
      this.#waiters.add(waiter);
    });
  }
}
