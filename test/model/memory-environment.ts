import type { AuditQuery, RecordKey } from 'websauna-session/store';
import { MinimalStore } from '../support/minimal-store.ts';
import { FactoryCache, intercept, type Environment, type Interceptor, type Setting } from './environment.ts';
import { Model } from './model.ts';
import type { Plan } from './plan.ts';

/** Where the store's clock begins. */
const BEGINNING = 1_750_000_000_000;
/** The clocks of the two processes and of the observer, milliseconds: ahead of the store's, and since the process began. */
const CLOCKS = [
  { ahead: -3_600_000, since: 60_000 },
  { ahead: 86_400_000, since: 7_000_000 },
  { ahead: 5_000, since: 100 },
] as const;

/** A memory store that promises no more than it must, under a clock that only plans move. */
export class MemoryEnvironment implements Environment {
  readonly title = 'memory';
  #now = BEGINNING;
  #store!: MinimalStore;
  /** What the processes have asked of the store, and when: a load removes what has expired. Each can be carried out again. */
  #calls: { readonly at: number; readonly carryOut: () => Promise<unknown> }[] = [];
  #interceptor!: Interceptor;
  readonly #factories: FactoryCache;

  constructor() {
    const interceptor = (): Interceptor => this.#interceptor;
    const recorded = this.#recordCalls();
    const worker = {
      ...intercept(() => recorded, interceptor, true),
      // Every plan has a store of its own, which keeps trails from its beginning.
      startAudit() {},
      reportReuse: (key: RecordKey) => recorded.reportReuse(key),
      readAudit: (ownerHash: string, query: AuditQuery) => this.#store.readAudit(ownerHash, query),
    };
    const observer = {
      ...worker,
      load: (key: RecordKey, bypassCache?: boolean, explainEnds?: number) =>
        this.#store.load(key, bypassCache, explainEnds),
      listOwned: (ownerHash: string) => this.#store.listOwned(ownerHash),
    };
    this.#factories = new FactoryCache(interceptor, worker, worker, observer);
  }

  prepare(plan: Plan, interceptor: Interceptor): Setting {
    this.#now = BEGINNING;
    // Not where logins are compared with changes of passwords, which plans make at the same moment: a login that is begun
    // is dated by the last load.
    this.#store = new MinimalStore({ now: () => this.#now, behind: plan.invalidateBefore ? 0 : 5 });
    this.#store.startAudit({ maxAge: 100_000, maxEntries: 1000 });
    this.#calls = [];
    this.#interceptor = interceptor;
    const { rules, ...setting } = this.#factories.for(plan);
    return { ...setting, model: new Model(rules, this.#now) };
  }

  snapshot(): () => Promise<void> {
    const [calls, now] = [this.#calls, this.#now];
    return async () => {
      for (const { at, carryOut } of calls) {
        this.#now = at;
        await carryOut();
      }
      this.#now = now;
      this.#calls = [...calls];
    };
  }

  now(): number {
    return this.#now;
  }

  async pass(seconds: number): Promise<void> {
    this.#now += seconds * 1000;
  }

  skewClocks(worker: () => number | undefined): () => void {
    const [dateNow, performanceNow] = [Date.now, performance.now];
    Date.now = () => this.#now + CLOCKS[worker() ?? 2]!.ahead;
    performance.now = () => this.#now - BEGINNING + CLOCKS[worker() ?? 2]!.since;
    return () => {
      Date.now = dateNow;
      performance.now = performanceNow;
    };
  }

  async close(): Promise<void> {}

  /** Returns the store of the plan that is carried out, and records what is asked of it. */
  #recordCalls(): MinimalStore {
    type Method = (...args: unknown[]) => Promise<unknown>;
    const get = (_: object, name: keyof MinimalStore): Method => {
      return (...args) => {
        const carryOut = (): Promise<unknown> => (this.#store[name] as Method)(...args);
        this.#calls.push({ at: this.#now, carryOut });
        return carryOut();
      };
    };
    return new Proxy({}, { get }) as MinimalStore;
  }
}
