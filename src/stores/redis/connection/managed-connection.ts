import type { Stored } from '../../store.ts';
import type { CachedFields, RedisDriver, RedisServer, Script, ScriptReply } from '../driver.ts';
import {
  ConnectionError,
  MisdirectedReplyError,
  describeConnectionError,
  isProgrammerError,
  isReplicaReply,
  isServerReply,
  offlineError,
  redactCommand,
} from '../errors.ts';
import { FIRST_DELAY_MS, backoff, type Connection, type ConnectionEvents, type OpenConnection } from './connection.ts';
import { systemClock, type Clock } from './timeout-queue.ts';

export interface ManagedConnectionOptions {
  /** The server's host and port, or the path of its socket, for messages. */
  readonly address: string;
  /** Seconds that a command waits for the first connection. */
  readonly timeout: number;
  /** Called when there will never be a connection: the client library is missing, or refuses the options. */
  readonly onFailed?: (error: Error) => void;
  /** Called when the connection has been closed, or will never be opened. */
  readonly onClosed?: () => void;
  readonly clock?: Clock;
}

/** Milliseconds, beyond a command's time, that an attempt to connect may take. */
const CONNECT_GRACE_MS = 3_000;
/** Milliseconds that a read waits for the next connection after a loss. */
const READ_GRACE_MS = 100;
/** Milliseconds after which a read is sent again over the connection that it failed on, if that is still in use. */
const SAME_CONNECTION_WAIT_MS = 10;
/** Milliseconds, beyond a command's time, after which it no longer waits for the first connection. */
const SLACK_MS = 100;
/** Milliseconds for which a connection that leads to a replica is kept at least. */
const REPLICA_INTERVAL_MS = 1_000;

/** A read that has failed, and what it was sent over. */
interface Failure {
  readonly driver: RedisDriver;
  readonly error: unknown;
}

interface Waiter {
  resolve(driver: RedisDriver | undefined): void;
  reject(error: unknown): void;
}

/**
 * A driver over a connection of our own. Opens it at once, in the background, and opens another one whenever it is
 * lost, for ever. The client libraries do not reconnect by themselves: their timers would keep a process alive that
 * has nothing else to do.
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
  /** The events of the current connection; those of earlier ones are ignored. */
  #events: ConnectionEvents | undefined;
  /** Set while the connection is ready. */
  #driver: RedisDriver | undefined;
  #wasReady = false;
  #readyAt = 0;
  /** Attempts in a row that led to no connection that lasted longer than the delay before it. */
  #attempts = 0;
  #delay = FIRST_DELAY_MS;
  #cancelTimer: (() => void) | undefined;
  #fault: unknown;
  /** Why there will never be a connection again. */
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

  /** The name of the server, for causes of errors: clients are not to see it. */
  get server(): string {
    return `Redis at ${this.#options.address}`;
  }

  get isReady(): boolean {
    return this.#driver !== undefined;
  }

  /** Why there is no connection; `undefined` while there is one, and until the first attempt has failed. */
  get fault(): unknown {
    return this.#fault;
  }

  /** Returns the error of a command that has waited for the first connection in vain. */
  noConnectionError(): ConnectionError {
    return new ConnectionError(`Redis cannot be reached: there was no connection within ${this.#ms / 1000} s`);
  }

  /** Calls back whenever there is a connection, the first or another. */
  onReady(listener: () => void): void {
    this.#readyListeners.push(listener);
  }

  /** Sends a read again over the next connection when its own is lost, if the next one is ready soon. */
  hgetall(key: string, bytes: boolean): Promise<Record<string, Stored>> {
    const driver = this.#driver;
    if (driver === undefined) return this.#readLater(key, bytes);
    return driver
      .hgetall(key, bytes)
      .then(undefined, (error: unknown) => this.#readLater(key, bytes, { driver, error }));
  }

  /** Reads over the next connection. @param failure of the first attempt, if there was one */
  async #readLater(key: string, bytes: boolean, failure?: Failure): Promise<Record<string, Stored>> {
    let failed = failure;
    let deadline = this.#clock.now() + READ_GRACE_MS;
    for (;;) {
      if (failed !== undefined) await this.#beforeNextRead(failed, deadline);
      const driver = this.#driver ?? (await this.#nextDriver(deadline - this.#clock.now()));
      try {
        return await driver.hgetall(key, bytes);
      } catch (error) {
        if (failed === undefined) deadline = this.#clock.now() + READ_GRACE_MS;
        failed = { driver, error };
      }
    }
  }

  /** Waits until a read may be tried again. Rejects with its error if it may not. */
  async #beforeNextRead({ driver, error }: Failure, deadline: number): Promise<void> {
    this.#inspect(error, driver);
    if (isServerReply(error) || isProgrammerError(error) || this.#clock.now() >= deadline) throw error;
    // The loss may not have been noticed yet; and a pool replaces single connections by itself.
    if (this.#driver === driver) await this.#wait(SAME_CONNECTION_WAIT_MS);
  }

  getCached(key: string, bytes: boolean): CachedFields | undefined {
    return this.#driver?.getCached?.(key, bytes);
  }

  invalidate(keys: readonly string[]): void {
    this.#driver?.invalidate?.(keys);
  }

  evaluate(script: Script, keys: readonly string[], args: readonly Stored[], bytes: boolean): Promise<ScriptReply> {
    const evaluate = (driver: RedisDriver): Promise<ScriptReply> =>
      driver.evaluate(script, keys, args, bytes).then(undefined, (error: unknown) => {
        this.#inspect(error, driver);
        throw error;
      });
    return this.#driver === undefined ? this.#nextDriver(0).then(evaluate) : evaluate(this.#driver);
  }

  async *scan(pattern: string, count: number): AsyncGenerator<string[]> {
    yield* (this.#driver ?? (await this.#nextDriver(0))).scan(pattern, count);
  }

  async ping(): Promise<void> {
    await (this.#driver ?? (await this.#nextDriver(0))).ping();
  }

  async servers(): Promise<readonly RedisServer[]> {
    const driver = this.#driver ?? (await this.#nextDriver(0));
    return (await driver.servers!()).map(({ send }) => ({ address: this.#options.address, send }));
  }

  /** Waits for commands under way, for as long as a command may take. */
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

  /** Abandons the connection, and opens another one: at once if it had lasted, or else after a delay. */
  #lost(fault: unknown): void {
    this.#fault = redactCommand(fault);
    const hadLasted = this.#hasLasted(this.#delay);
    this.#giveUp()?.destroy();
    if (hadLasted) this.#attempts = 0;
    this.#delay = hadLasted ? FIRST_DELAY_MS : backoff(this.#attempts++);
    this.#cancelTimer = this.#clock.after(hadLasted ? 0 : this.#delay, () => this.#connect());
    // Waiting does not help a login that the server has just refused.
    if (isServerReply(fault)) for (const waiter of this.#takeWaiters()) waiter.reject(this.#refusedError());
  }

  #refusedError(): ConnectionError {
    return new ConnectionError(describeConnectionError(this.#fault), { cause: this.#fault });
  }

  /** Abandons the connection if the error of a command shows that it cannot be used any longer. */
  #inspect(error: unknown, driver: RedisDriver): void {
    if (this.#driver !== driver) return;
    if (error instanceof MisdirectedReplyError) this.#lost(error);
    // The address may lead to another server by now, unless the connection is so new that it has just shown otherwise.
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
   * Waits for a connection: for the first one as long as a command may take, and for `grace` milliseconds after a
   * loss. Does not wait when the server has just refused the login.
   */
  async #nextDriver(grace: number): Promise<RedisDriver> {
    if (this.#final !== undefined) throw this.#final;
    if (isServerReply(this.#fault)) throw this.#refusedError();
    if (this.#wasReady && grace <= 0) throw offlineError();
    const start = this.#clock.now();
    const driver = await this.#wait(this.#wasReady ? grace : this.#ms + SLACK_MS);
    if (driver === undefined) throw this.#wasReady ? offlineError() : this.noConnectionError();
    // The command has timed out, so it must not be carried out.
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
