import { AsyncLocalStorage } from 'node:async_hooks';
import { RedisStore } from 'websauna-session/redis';
import { driverFor } from '../../src/stores/redis/clients/client.ts';
import type { RedisDriver, Reply, Script, ScriptReply } from '../../src/stores/redis/driver.ts';
import { ValueEncoding } from '../../src/stores/redis/encoding.ts';
import { scripts } from '../../src/stores/redis/scripts.generated.ts';
import type { Stored } from '../../src/stores/store.ts';
import type { GivenClient } from '../support/redis-clients.ts';
import { RelayingDriver } from '../support/relaying-driver.ts';
import { Model, type Stage as Step } from './model.ts';
import { ClusterModel } from './cluster-model.ts';
import { later, PASS } from './passing-time.ts';
import type { Plan } from './plan.ts';
import { Casting, direct, type Cast, type Director, type FullStore, type Stage } from './stage.ts';

const PREFIX = 'model:';

const NAMES = new Map<string, string>(Object.entries(scripts).map(([name, { sha }]) => [sha, name]));

/** What scripts do in a move across slots. */
const STEPS: Readonly<Record<string, Step>> = {
  create: 'copy',
  deleteRotated: 'retire',
  save: 'keep',
  destroy: 'withdraw',
};
/** The first number of what scripts give. */
const STATUSES = ['gone', 'ok', 'tombstone', 'conflict', 'exists', 'full'];

/** Is the command part of a move across slots? */
const across = new AsyncLocalStorage<boolean>();

/** A driver whose every command waits for its turn. */
class DirectedDriver extends RelayingDriver {
  readonly #director: () => Director;
  readonly #records: Set<string>;
  readonly #passed: () => number;

  /**
   * @param records takes the keys of records that are made
   * @param passed milliseconds to add to what the server calls now
   */
  constructor(inner: RedisDriver, director: () => Director, records: Set<string>, passed: () => number) {
    super(inner);
    this.#passed = passed;
    this.#director = director;
    this.#records = records;
  }

  override hgetall(key: string, bytes: boolean): Promise<Record<string, Stored>> {
    return this.#director().turn('HGETALL', () => super.hgetall(key, bytes));
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
    const director = this.#director();
    const run = (): Promise<ScriptReply> => director.turn(name, () => super.evaluate(script, keys, args, bytes));
    const operation = across.getStore() === true ? STEPS[name] : undefined;
    if (operation === undefined) return await run();
    let reply: Reply = null;
    await director.operation({ operation, ...(operation === 'copy' && { makes: String(args[0]) }) }, async () => {
      reply = await run();
      return this.#outcome(reply);
    });
    return reply;
  }

  #outcome([code, now]: readonly Reply[]): { status: string; now?: number } {
    const status = STATUSES[Number(code)]!;
    return status === 'ok' ? { status, now: Number(now) + this.#passed() } : { status };
  }
}

/** A server or a cluster, which three clients talk to: two that work, and one that looks. */
export class RedisStage implements Stage {
  readonly title: string;
  readonly #clients: readonly GivenClient[];
  readonly #drivers: readonly RedisDriver[];
  readonly #casting: Casting;
  /** Keys of this plan's records. */
  readonly #keys = new Set<string>();
  #director!: Director;
  /** Milliseconds. */
  #passed = 0;

  constructor(title: string, clients: readonly [GivenClient, GivenClient, GivenClient]) {
    this.title = title;
    this.#clients = clients;
    const passed = (): number => this.#passed;
    const director = (): Director => this.#director;
    const [one, two, third] = clients.map(({ client }) => driverFor(client)) as [RedisDriver, RedisDriver, RedisDriver];
    this.#drivers = [one, two, third];
    const encoding = new ValueEncoding('utf-8', 'strict', false);
    const storeOver = (driver: RedisDriver): FullStore => later(new RedisStore(driver, PREFIX, encoding, null), passed);
    const worker = (driver: RedisDriver): FullStore => {
      const store = storeOver(new DirectedDriver(driver, director, this.#keys, passed));
      const move: FullStore['rekey'] = (from, to, how) => {
        const crosses = driver.cluster && (from.ownerHash === null || from.ownerHash !== to.ownerHash);
        return across.run(crosses, () => store.rekey(from, to, how));
      };
      return direct(() => ({ ...store, move }), director, false);
    };
    this.#casting = new Casting(worker(one), worker(two), storeOver(third));
  }

  clear(plan: Plan, director: Director): { cast: Cast; model: Model } {
    this.#director = director;
    this.#passed = 0;
    this.#keys.clear();
    const { cast, rules } = this.#casting.for(plan);
    const Promises = this.#drivers[2]!.cluster ? ClusterModel : Model;
    return { cast, model: new Promises(rules, this.now()) };
  }

  now(): number {
    return Date.now() + this.#passed;
  }

  async pass(seconds: number): Promise<void> {
    this.#passed += seconds * 1000;
    for (const key of this.#keys) await this.#drivers[2]!.evaluate(PASS, [key], [String(seconds * 1000)], false);
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}
