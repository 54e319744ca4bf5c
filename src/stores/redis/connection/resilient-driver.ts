import { SessionError } from '../../../errors.ts';
import type { Stored } from '../../store.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { TimeoutQueue, systemClock, type Clock, type Outcomes } from './timeout-queue.ts';
import type { CachedFields, RedisDriver, RedisServer, Script, ScriptReply } from '../driver.ts';
import {
  MisdirectedReplyError,
  causeAt,
  describeConnectionError,
  isProgrammerError,
  isServerReply,
  timeoutError,
  unavailableError,
  redactCommand,
} from '../errors.ts';
import { ManagedConnection } from './managed-connection.ts';
import { retryOnSlotMigration } from '../cluster/slot-migration-retry.ts';

export interface ResilientDriverOptions {
  /** Seconds that a command may take. */
  readonly timeout: number;
  /** Called when the server has failed so often that commands are no longer sent. */
  readonly onOpen?: (error: SessionError) => void;
  /** Called when the server answers again. */
  readonly onClose?: () => void;
  readonly clock?: Clock;
}

/**
 * Adds a timeout and a circuit breaker to another driver, and retries while a slot of a cluster moves. Rejects with
 * `ERR_SESSION_STORE_TIMEOUT` and `ERR_SESSION_STORE_UNAVAILABLE`, and with the server's own errors unchanged.
 */
export class ResilientDriver implements RedisDriver {
  readonly #inner: RedisDriver;
  /** The driver, where the connection is our own. */
  readonly #own: ManagedConnection | null;
  readonly #seconds: number;
  readonly #clock: Clock;
  readonly #breaker: CircuitBreaker;
  readonly #timeouts: TimeoutQueue;
  readonly #probes: TimeoutQueue;

  constructor(inner: RedisDriver, options: ResilientDriverOptions) {
    const { timeout, onOpen, onClose, clock = systemClock } = options;
    this.#inner = inner;
    this.#own = inner instanceof ManagedConnection ? inner : null;
    this.#seconds = timeout;
    this.#clock = clock;
    this.#timeouts = new TimeoutQueue(timeout * 1000, this.#outcomes, clock);
    this.#probes = new TimeoutQueue(timeout * 1000, this.#probeOutcomes, clock);
    this.#breaker = new CircuitBreaker({
      probe: () => this.#probe(),
      clock,
      onOpen: () => onOpen?.(this.#circuitOpenError()),
      ...(onClose && { onClose }),
    });
    this.#own?.onReady(() => this.#breaker.probeNow());
  }

  get library(): RedisDriver['library'] {
    return this.#inner.library;
  }

  get cluster(): boolean {
    return this.#inner.cluster;
  }

  hgetall(key: string, bytes: boolean): Promise<Record<string, Stored>> {
    if (this.#breaker.isOpen) return Promise.reject(this.#circuitOpenError());
    const ticket = this.#breaker.start();
    const reading = this.cluster
      ? this.#retryOnSlotMigration(() => this.#inner.hgetall(key, bytes))
      : this.#inner.hgetall(key, bytes);
    return this.#timeouts.race(reading, ticket);
  }

  getCached(key: string, bytes: boolean): CachedFields | undefined {
    return this.#breaker.isOpen ? undefined : this.#inner.getCached?.(key, bytes);
  }

  invalidate(keys: readonly string[]): void {
    this.#inner.invalidate?.(keys);
  }

  evaluate(script: Script, keys: readonly string[], args: readonly Stored[], bytes: boolean): Promise<ScriptReply> {
    if (this.#breaker.isOpen) return Promise.reject(this.#circuitOpenError());
    const ticket = this.#breaker.start();
    const running = this.cluster
      ? this.#retryOnSlotMigration(() => this.#inner.evaluate(script, keys, args, bytes))
      : this.#inner.evaluate(script, keys, args, bytes);
    return this.#timeouts.race(running, ticket);
  }

  ping(): Promise<void> {
    if (this.#breaker.isOpen) return Promise.reject(this.#circuitOpenError());
    const ticket = this.#breaker.start();
    return this.#timeouts.race(this.#inner.ping(), ticket);
  }

  /** Every page has the timeout of a command. */
  async *scan(pattern: string, count: number): AsyncGenerator<string[]> {
    const pages = this.#inner.scan(pattern, count)[Symbol.asyncIterator]();
    for (;;) {
      if (this.#breaker.isOpen) throw this.#circuitOpenError();
      const ticket = this.#breaker.start();
      const page = await this.#timeouts.race(pages.next(), ticket);
      if (page.done === true) return;
      yield page.value;
    }
  }

  /** Every command has the timeout. The circuit breaker is not asked: to find out what is wrong is the purpose. */
  async servers(): Promise<readonly RedisServer[]> {
    const servers = await this.#timeouts.race(this.#inner.servers?.() ?? Promise.resolve([]), this.#breaker.start());
    return servers.map(({ address, send }) => ({
      address,
      send: (args) => this.#timeouts.race(send(args), this.#breaker.start()),
    }));
  }

  async close(): Promise<void> {
    this.#breaker.close();
    await this.#inner.close();
  }

  #retryOnSlotMigration<T>(run: () => Promise<T>): Promise<T> {
    return retryOnSlotMigration(run, this.#clock.now() + this.#seconds * 1000, this.#clock);
  }

  readonly #outcomes: Outcomes = {
    succeeded: (ticket) => this.#breaker.succeeded(ticket),
    failed: (error, ticket) => this.#failed(error, ticket),
    timedOut: (ticket) => this.#timedOut(ticket),
  };

  #failed(error: unknown, ticket: number): unknown {
    if (isServerReply(error)) {
      this.#breaker.succeeded(ticket);
      // An isolated node also answers this; rediscover the topology.
      if (error.message.startsWith('CLUSTERDOWN')) this.#inner.refreshTopology?.();
      return redactCommand(error);
    }
    if (isProgrammerError(error)) return error;
    // Why the client is offline is more useful than that it is.
    const fault = error instanceof MisdirectedReplyError ? error : this.#faultBehind(error);
    this.#breaker.connectionFailed(ticket, fault);
    return unavailableError(fault, this.#own?.server);
  }

  #timedOut(ticket: number): SessionError {
    this.#inner.refreshTopology?.();
    const own = this.#own;
    const fault = own?.fault ?? (own?.isReady === false ? own.noConnectionError() : undefined);
    const error = fault === undefined ? timeoutError(this.#seconds) : unavailableError(fault, own?.server);
    this.#breaker.timedOut(ticket, fault ?? error);
    return error;
  }

  /** Returns why there is no connection of our own, or else the error. */
  #faultBehind(error: unknown): unknown {
    return redactCommand(this.#own?.fault ?? error);
  }

  #circuitOpenError(): SessionError {
    const { fault, downFor } = this.#breaker;
    const why =
      fault instanceof SessionError && fault.code === 'ERR_SESSION_STORE_TIMEOUT'
        ? ''
        : ` (${describeConnectionError(fault)})`;
    const seconds = (downFor / 1000).toFixed(1);
    return new SessionError(
      'ERR_SESSION_STORE_UNAVAILABLE',
      `Redis has not answered for ${seconds} s${why}; requests fail at once until it does`,
      { cause: causeAt(fault, this.#own?.server) },
    );
  }

  readonly #probeOutcomes: Outcomes = {
    succeeded: () => {},
    failed: (error) => {
      return isServerReply(error) ? error : this.#faultBehind(error);
    },
    timedOut: () => {
      const error = this.#own?.fault ?? timeoutError(this.#seconds);
      this.#own?.reconnectIfStale();
      return error;
    },
  };

  async #probe(): Promise<void> {
    try {
      await this.#probes.race(this.#inner.ping(), 0);
    } catch (error) {
      // An error is an answer, too.
      if (!isServerReply(error)) throw error;
    }
  }
}
