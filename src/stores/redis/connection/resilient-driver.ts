import { SessionError } from '../../../errors.ts';
import type { Stored } from '../../store.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { TimeoutQueue, systemClock, type Clock, type Outcomes } from './timeout-queue.ts';
import type { CachedFields, RedisDriver, Script, ScriptReply } from '../driver.ts';
import {
  MisdirectedReplyError,
  explain,
  isMistake,
  isServerReply,
  tooLate,
  unavailable,
  withoutCommand,
} from '../errors.ts';
import { ManagedConnection } from './managed-connection.ts';
import { retryOnSlotMigration } from '../cluster/slot-migration-retry.ts';

export interface GuardOptions {
  /** Seconds that a command may take. */
  readonly timeout: number;
  /** The server has failed so often that commands are not sent any more. */
  readonly onOpen?: (error: SessionError) => void;
  /** The server answers again. */
  readonly onClose?: () => void;
  readonly clock?: Clock;
}

/**
 * Gives every command of another driver a deadline, and stops sending while the server does not answer.
 * Rejects with `ERR_SESSION_STORE_TIMEOUT` and `ERR_SESSION_STORE_UNAVAILABLE`, and with the server's own
 * errors as they are.
 */
export class ResilientDriver implements RedisDriver {
  readonly #inner: RedisDriver;
  /** The driver again, where the connection is our own. */
  readonly #own: ManagedConnection | null;
  readonly #seconds: number;
  readonly #clock: Clock;
  readonly #breaker: CircuitBreaker;
  readonly #deadlines: TimeoutQueue;
  readonly #probes: TimeoutQueue;

  constructor(inner: RedisDriver, options: GuardOptions) {
    const { timeout, onOpen, onClose, clock = systemClock } = options;
    this.#inner = inner;
    this.#own = inner instanceof ManagedConnection ? inner : null;
    this.#seconds = timeout;
    this.#clock = clock;
    this.#deadlines = new TimeoutQueue(timeout * 1000, this.#outcomes, clock);
    this.#probes = new TimeoutQueue(timeout * 1000, this.#probeOutcomes, clock);
    this.#breaker = new CircuitBreaker({
      probe: () => this.#probe(),
      clock,
      onOpen: () => onOpen?.(this.#refusal()),
      ...(onClose && { onClose }),
    });
    this.#own?.onReady(() => this.#breaker.hint());
  }

  get library(): RedisDriver['library'] {
    return this.#inner.library;
  }

  get cluster(): boolean {
    return this.#inner.cluster;
  }

  hgetall(key: string, bytes: boolean): Promise<Record<string, Stored>> {
    if (this.#breaker.isOpen) return Promise.reject(this.#refusal());
    const ticket = this.#breaker.begin();
    const reading = this.cluster
      ? this.#insist(() => this.#inner.hgetall(key, bytes))
      : this.#inner.hgetall(key, bytes);
    return this.#deadlines.race(reading, ticket);
  }

  /** Takes no time, so it needs no deadline. */
  peek(key: string, bytes: boolean): CachedFields | undefined {
    return this.#breaker.isOpen ? undefined : this.#inner.peek?.(key, bytes);
  }

  forget(keys: readonly string[]): void {
    this.#inner.forget?.(keys);
  }

  evaluate(script: Script, keys: readonly string[], args: readonly Stored[], bytes: boolean): Promise<ScriptReply> {
    if (this.#breaker.isOpen) return Promise.reject(this.#refusal());
    const ticket = this.#breaker.begin();
    const running = this.cluster
      ? this.#insist(() => this.#inner.evaluate(script, keys, args, bytes))
      : this.#inner.evaluate(script, keys, args, bytes);
    return this.#deadlines.race(running, ticket);
  }

  ping(): Promise<void> {
    if (this.#breaker.isOpen) return Promise.reject(this.#refusal());
    const ticket = this.#breaker.begin();
    return this.#deadlines.race(this.#inner.ping(), ticket);
  }

  /** Every page has the time of a command. */
  async *scan(pattern: string, count: number): AsyncGenerator<string[]> {
    const pages = this.#inner.scan(pattern, count)[Symbol.asyncIterator]();
    for (;;) {
      if (this.#breaker.isOpen) throw this.#refusal();
      const ticket = this.#breaker.begin();
      const page = await this.#deadlines.race(pages.next(), ticket);
      if (page.done === true) return;
      yield page.value;
    }
  }

  async close(): Promise<void> {
    this.#breaker.close();
    await this.#inner.close();
  }

  /** Slots of a cluster move; nothing else is worth another try. */
  #insist<T>(run: () => Promise<T>): Promise<T> {
    return retryOnSlotMigration(run, this.#clock.now() + this.#seconds * 1000, this.#clock);
  }

  readonly #outcomes: Outcomes = {
    succeeded: (ticket) => this.#breaker.succeeded(ticket),
    failed: (error, ticket) => this.#failed(error, ticket),
    late: (ticket) => this.#late(ticket),
  };

  #failed(error: unknown, ticket: number): unknown {
    if (isServerReply(error)) {
      this.#breaker.succeeded(ticket);
      // So says a node that has lost its cluster, too: another may know better.
      if (error.message.startsWith('CLUSTERDOWN')) this.#inner.refresh?.();
      return withoutCommand(error);
    }
    if (isMistake(error)) return error;
    // That a client is offline says little; why, says more.
    const fault = error instanceof MisdirectedReplyError ? error : this.#faultBehind(error);
    this.#breaker.broke(ticket, fault);
    return unavailable(fault, this.#own?.server);
  }

  #late(ticket: number): SessionError {
    this.#inner.refresh?.();
    const own = this.#own;
    const fault = own?.fault ?? (own?.isReady === false ? own.noConnectionError() : undefined);
    const error = fault === undefined ? tooLate(this.#seconds) : unavailable(fault, own?.server);
    this.#breaker.late(ticket, fault ?? error);
    return error;
  }

  /** Why there is no connection of our own, or else the error. */
  #faultBehind(error: unknown): unknown {
    return withoutCommand(this.#own?.fault ?? error);
  }

  #refusal(): SessionError {
    const { fault, downFor } = this.#breaker;
    const why =
      fault instanceof SessionError && fault.code === 'ERR_SESSION_STORE_TIMEOUT'
        ? ''
        : ` (${explain(fault, this.#own?.server)})`;
    const seconds = (downFor / 1000).toFixed(1);
    return new SessionError(
      'ERR_SESSION_STORE_UNAVAILABLE',
      `Redis has not answered for ${seconds} s${why}; requests fail at once until it does`,
      { cause: fault },
    );
  }

  readonly #probeOutcomes: Outcomes = {
    succeeded: () => {},
    failed: (error) => {
      return isServerReply(error) ? error : this.#faultBehind(error);
    },
    late: () => {
      const error = this.#own?.fault ?? tooLate(this.#seconds);
      this.#own?.reconnectIfStale();
      return error;
    },
  };

  async #probe(): Promise<void> {
    try {
      await this.#probes.race(this.#inner.ping(), 0);
    } catch (error) {
      // Whatever it says, it answers.
      if (!isServerReply(error)) throw error;
    }
  }
}
