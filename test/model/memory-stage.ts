import { MemoryStore } from 'websauna-session/memory';
import { Model } from './model.ts';
import type { Plan } from './plan.ts';
import { Casting, direct, type Cast, type Director, type FullStore, type Stage } from './stage.ts';

/** The memory store, under a clock that only plans move. */
export class MemoryStage implements Stage {
  readonly title = 'memory';
  #now = 0;
  #store!: MemoryStore;
  #director!: Director;
  readonly #casting: Casting;

  constructor() {
    const worker = direct(
      () => this.#store,
      () => this.#director,
      true,
    );
    const observer: FullStore = {
      ...worker,
      load: (key) => this.#store.load(key),
      listOwned: (ownerHash) => this.#store.listOwned(ownerHash),
    };
    this.#casting = new Casting(worker, worker, observer);
  }

  clear(plan: Plan, director: Director): { cast: Cast; model: Model } {
    this.#now = Date.now();
    this.#store = new MemoryStore({ now: () => this.#now });
    this.#director = director;
    const { cast, rules } = this.#casting.for(plan);
    return { cast, model: new Model(rules, this.#now) };
  }

  now(): number {
    return this.#now;
  }

  async pass(seconds: number): Promise<void> {
    this.#now += seconds * 1000;
  }

  async close(): Promise<void> {}
}
