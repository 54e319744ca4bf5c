import type { Stored } from '../../store.ts';
import { systemClock, type Clock } from './timeout-queue.ts';
import type { CachedFields, RedisDriver, Script, ScriptReply } from '../driver.ts';
import { ConnectionError, explain, isServerReply, withoutCommand } from '../errors.ts';

/** What a link tells about its connection. */
export interface LinkEvents {
  /** Connected, logged in and ready for commands. */
  up(): void;
  /** The connection broke, or an attempt at one failed; the link tries again by itself. */
  down(fault: unknown): void;
}

/** A client of our own, which connects and reconnects by itself from the start. */
export interface Link {
  readonly driver: RedisDriver;
  /** Lets commands finish that are under way. */
  close(): Promise<void>;
  /** Gives everything up at once. */
  abandon(): void;
}

export type OpenLink = (events: LinkEvents) => Link;

/** Milliseconds without a sign of life, beyond a command's time, after which a connection attempt is given up. */
const PATIENCE = 3_000;

/** A driver over a connection of our own. */
export class ManagedConnection implements RedisDriver {
  readonly cluster = false;
  readonly #ms: number;
  readonly #clock: Clock;
  readonly #listeners: (() => void)[] = [];
  #open: OpenLink | undefined;
  #link: Link | undefined;
  #events: LinkEvents | undefined;
  /** There since the first connection. */
  #driver: RedisDriver | undefined;
  /** Commands that came before the first connection. */
  #waiting: PromiseWithResolver<RedisDriver> | undefined;
  #fault: unknown;
  /** An error that no waiting will mend. */
  #final: Error | undefined;
  #lastSign = 0;

  /**
   * @param load - Imports the client library.
   * @param seconds - How long a command waits for the first connection.
   */
  constructor(load: () => Promise<OpenLink>, seconds: number, clock: Clock = systemClock) {
    this.#ms = seconds * 1000;
    this.#clock = clock;
    load().then(
      (open) => this.#loaded(open),
      (error: unknown) => this.#end(error),
    );
  }

  get library(): RedisDriver['library'] {
    return this.#link?.driver.library ?? 'node-redis';
  }

  /** Why there is no connection; `undefined` while there is one, and before anything is known. */
  get fault(): unknown {
    return this.#fault;
  }

  /** Calls back whenever there is a connection (again). */
  onUp(listener: () => void): void {
    this.#listeners.push(listener);
  }

  hgetall(key: string, bytes: boolean): Promise<Record<string, Stored>> {
    const driver = this.#driver;
    return driver === undefined
      ? this.#connected().then((first) => first.hgetall(key, bytes))
      : driver.hgetall(key, bytes);
  }

  peek(key: string, bytes: boolean): CachedFields | undefined {
    return this.#driver?.peek?.(key, bytes);
  }

  forget(keys: readonly string[]): void {
    this.#driver?.forget?.(keys);
  }

  evaluate(script: Script, keys: readonly string[], args: readonly Stored[], bytes: boolean): Promise<ScriptReply> {
    const driver = this.#driver;
    return driver === undefined
      ? this.#connected().then((first) => first.evaluate(script, keys, args, bytes))
      : driver.evaluate(script, keys, args, bytes);
  }

  async *scan(pattern: string, count: number): AsyncGenerator<string[]> {
    yield* (this.#driver ?? (await this.#connected())).scan(pattern, count);
  }

  async ping(): Promise<void> {
    await (this.#driver ?? (await this.#connected())).ping();
  }

  /** Commands under way get the time that every command has. */
  async close(): Promise<void> {
    const [link, wasUp] = [this.#link, this.#fault === undefined && this.#driver !== undefined];
    this.#end(new ConnectionError('The connection to Redis was closed by the application'));
    if (link === undefined) return;
    let callOff: (() => void) | undefined;
    if (wasUp) {
      const late = new Promise<void>((resolve) => (callOff = this.#clock.after(this.#ms, resolve)));
      await Promise.race([link.close().catch(() => {}), late]);
      callOff?.();
    }
    link.abandon();
  }

  /**
   * A command got no answer. Opens another connection in place of one that may be dead without anybody
   * having said so, as when a firewall has forgotten it: TCP takes a quarter of an hour to find out.
   *
   * @param silent - The command was sent, and its time ran out.
   */
  suspect(silent: boolean): void {
    if (this.#link === undefined || this.#open === undefined) return;
    const wait = this.#clock.now() - this.#lastSign;
    if (this.#fault === undefined ? silent : wait > this.#ms + PATIENCE) this.#renew(this.#open);
  }

  /** Opens another connection in place of one that is of no more use. */
  reconnect(reason: ConnectionError): void {
    if (this.#link === undefined || this.#open === undefined) return;
    this.#fault ??= reason;
    this.#renew(this.#open);
  }

  #loaded(open: OpenLink): void {
    if (this.#final !== undefined) return;
    this.#open = open;
    try {
      this.#start(open);
    } catch (error) {
      // The library refuses the options; the message could quote them.
      this.#end(new TypeError('Expected `redis` to be options that the client library accepts', { cause: error }));
    }
  }

  #start(open: OpenLink): void {
    // What a link says after it was replaced is of no interest.
    const events: LinkEvents = {
      up: () => this.#events === events && this.#up(),
      down: (fault) => this.#events === events && this.#down(fault),
    };
    this.#events = events;
    this.#lastSign = this.#clock.now();
    this.#link = open(events);
    if (this.#driver !== undefined) this.#driver = this.#link.driver;
  }

  #renew(open: OpenLink): void {
    const old = this.#link;
    this.#fault ??= new ConnectionError('Redis has stopped answering, and is being connected to anew');
    this.#start(open);
    old?.abandon();
  }

  #up(): void {
    this.#fault = undefined;
    this.#lastSign = this.#clock.now();
    const { driver } = this.#link!;
    this.#driver = driver;
    this.#waiting?.resolve(driver);
    this.#waiting = undefined;
    for (const listener of this.#listeners) listener();
  }

  #down(fault: unknown): void {
    this.#fault = withoutCommand(fault);
    this.#lastSign = this.#clock.now();
    if (isServerReply(fault)) this.#refuse(new ConnectionError(explain(fault), { cause: fault }));
  }

  #refuse(error: unknown): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  #end(error: unknown): void {
    this.#final ??= error instanceof Error ? error : new Error('The client library failed to load', { cause: error });
    this.#driver = undefined;
    this.#events = undefined;
    this.#link = undefined;
    this.#refuse(this.#final);
  }

  /** Waits for the first connection, but not with a login that the server has just refused. */
  async #connected(): Promise<RedisDriver> {
    if (this.#final !== undefined) throw this.#final;
    if (isServerReply(this.#fault)) throw new ConnectionError(explain(this.#fault), { cause: this.#fault });
    const since = this.#clock.now();
    this.#waiting ??= withResolver();
    const driver = await this.#waiting.promise;
    // Nobody waits for this command any more, and what it would write has been reported as failed.
    if (this.#clock.now() - since >= this.#ms) throw new ConnectionError('Redis was connected to too late');
    return driver;
  }
}

interface PromiseWithResolver<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

function withResolver<T>(): PromiseWithResolver<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
