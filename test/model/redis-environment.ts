import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout } from 'node:timers/promises';
import { RedisStore } from 'websauna-session/redis';
import { driverFor } from '../../src/stores/redis/clients/detect.ts';
import type { RedisDriver, Script, ScriptReply } from '../../src/stores/redis/driver.ts';
import { ValueEncoding } from '../../src/stores/redis/encoding.ts';
import { scripts } from '../../src/stores/redis/scripts.generated.ts';
import type { Stored } from '../../src/stores/store.ts';
import type { GivenClient } from '../support/redis-clients.ts';
import { AGE } from '../support/age-record.ts';
import { RelayingDriver } from '../support/relaying-driver.ts';
import { ClusterModel } from './cluster-model.ts';
import {
  FactoryCache,
  intercept,
  type Environment,
  type FullStore,
  type Interceptor,
  type Setting,
} from './environment.ts';
import { Model, type RekeyStep } from './model.ts';
import { later } from './passing-time.ts';
import type { Plan } from './plan.ts';

const PREFIX = 'model:';

const NAMES = new Map<string, string>(Object.entries(scripts).map(([name, { sha }]) => [sha, name]));

/** What scripts do in a rekey across slots. */
const STEPS: Readonly<Record<string, RekeyStep>> = {
  create: 'copy',
  deleteRotated: 'deleteRotated',
  confirm: 'confirm',
  destroy: 'deleteCopy',
};
/** What the first number of a script's reply means. */
const STATUSES = ['gone', 'ok', 'tombstone', 'conflict', 'exists', 'full', 'late', 'revoked', 'too-large', 'gone'];

/** Whether the command is part of a rekey across slots. */
const across = new AsyncLocalStorage<boolean>();

/** A driver whose every command waits for its turn. */
class InterceptedDriver extends RelayingDriver {
  readonly #interceptor: () => Interceptor;
  readonly #records: Set<string>;
  readonly #passed: () => number;

  /**
   * @param records takes the keys of records that are made
   * @param passed milliseconds to add to what the server calls now
   */
  constructor(inner: RedisDriver, interceptor: () => Interceptor, records: Set<string>, passed: () => number) {
    super(inner);
    this.#passed = passed;
    this.#interceptor = interceptor;
    this.#records = records;
  }

  override hgetall(key: string, bytes: boolean): Promise<Record<string, Stored>> {
    return this.#interceptor().turn('HGETALL', () => super.hgetall(key, bytes));
  }

  override async evaluate(
    script: Script,
    keys: readonly string[],
    args: readonly Stored[],
    bytes: boolean,
  ): Promise<ScriptReply> {
    const name = NAMES.get(script.sha) ?? 'a script';
    if (name === 'create') this.#records.add(keys[0]!);
    if (name === 'rekey') this.#records.add(keys[1]!);
    // Of owners' indexes, which remember revocations.
    // And what explains the expiry of records.
    for (const key of keys) if (/:(?:owner|end)$/.test(key)) this.#records.add(key);
    // Several requests wait for one answer to this, so it must not wait for the turn of any.
    if (name === 'time') return await super.evaluate(script, keys, args, bytes);
    const interceptor = this.#interceptor();
    const evaluate = async (): Promise<ScriptReply> => {
      const answer = await super.evaluate(script, keys, args, bytes);
      // What comes after a revocation does so by a millisecond at least.
      if (name === 'revoke') await setTimeout(2);
      return answer;
    };
    const run = (): Promise<ScriptReply> => interceptor.turn(name, evaluate);
    const operation = across.getStore() === true ? STEPS[name] : undefined;
    if (operation === undefined) return await run();
    let reply: ScriptReply = [];
    await interceptor.operation({ operation, ...(operation === 'copy' && { makes: String(args[0]) }) }, async () => {
      reply = await run();
      return this.#outcome(reply);
    });
    return reply;
  }

  #outcome([code, now]: ScriptReply): { status: string; now?: number } {
    const status = STATUSES[Number(code)]!;
    return status === 'ok' ? { status, now: Number(now) + this.#passed() } : { status };
  }
}

/** A server or a cluster, which three clients talk to: two that work, and one that looks. */
export class RedisEnvironment implements Environment {
  readonly title: string;
  readonly #clients: readonly GivenClient[];
  readonly #drivers: readonly RedisDriver[];
  readonly #factories: FactoryCache;
  readonly #stores: FullStore[] = [];
  /** Keys of this plan's records. */
  readonly #keys = new Set<string>();
  #interceptor!: Interceptor;
  /** Milliseconds: in this plan, and in all. */
  #passed = 0;
  #passedInAll = 0;
  readonly #restoreClock: () => void;

  constructor(title: string, clients: readonly [GivenClient, GivenClient, GivenClient]) {
    this.title = title;
    // The clock of the process goes on with the plans' time, and never back: deadlines of commands are counted by it.
    const { now } = performance;
    performance.now = () => now.call(performance) + this.#passedInAll;
    this.#restoreClock = () => {
      performance.now = now;
    };
    this.#clients = clients;
    const passed = (): number => this.#passed;
    const interceptor = (): Interceptor => this.#interceptor;
    const [one, two, third] = clients.map(({ client }) => driverFor(client)) as [RedisDriver, RedisDriver, RedisDriver];
    this.#drivers = [one, two, third];
    const encoding = new ValueEncoding('utf-8', 'strict', false);
    const storeOver = (driver: RedisDriver): FullStore => later(new RedisStore(driver, PREFIX, encoding, null), passed);
    const worker = (driver: RedisDriver): FullStore => {
      const store = storeOver(new InterceptedDriver(driver, interceptor, this.#keys, passed));
      this.#stores.push(store);
      const rekey: FullStore['rekey'] = (from, to, how) =>
        across.run(driver.cluster && from.ownerHash === null, () => store.rekey(from, to, how));
      return intercept(() => ({ ...store, rekey }), interceptor, false);
    };
    this.#factories = new FactoryCache(interceptor, worker(one), worker(two), storeOver(third));
  }

  prepare(plan: Plan, interceptor: Interceptor): Setting {
    this.#interceptor = interceptor;
    this.#passed = 0;
    this.#keys.clear();
    // Its clock cannot be set to a point between a login and the change of a password, or just before a cookie is due.
    const cookieMaxAge = plan.touch === 'always' ? null : plan.cookieMaxAge;
    const { rules, ...setting } = this.#factories.for({ ...plan, invalidateBefore: false, cookieMaxAge });
    const Rules = this.#drivers[2]!.cluster ? ClusterModel : Model;
    return { ...setting, model: new Rules(rules, this.now()) };
  }

  now(): number {
    return Date.now() + this.#passed;
  }

  async pass(seconds: number): Promise<void> {
    this.#passed += seconds * 1000;
    this.#passedInAll += seconds * 1000;
    const ages = [String(seconds * 1000)];
    await Promise.all([...this.#keys].map((key) => this.#drivers[2]!.evaluate(AGE, [key], ages, false)));
    // A process whose clocks have departed from each other asks for the server's time: not in the middle of a plan.
    await Promise.all(this.#stores.map((store) => store.now()));
  }

  /** Processes of one machine have its clock. */
  skewClocks(): () => void {
    return () => {};
  }

  async close(): Promise<void> {
    this.#restoreClock();
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}
