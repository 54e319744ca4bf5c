import { createHash, randomUUID } from 'node:crypto';
import { Jar } from '../support/visit.ts';
import { Broken } from './broken.ts';
import { Gate } from './gate.ts';
import type { Id, Model } from './model.ts';
import { observe } from './observer.ts';
import { BROWSERS, type Pause, type Plan, type Visit } from './plan.ts';
import type { Call, Cast, Director, Stage } from './stage.ts';
import { Visitor } from './visitor.ts';
import { Witness } from './witness.ts';

const MAX_TURNS = 500;
/** Sets this process's owners apart from those of others that use the same server. */
const TAG = randomUUID().slice(0, 8);
let plays = 0;

/** A form that a browser has open: its token, and the model's name for the secret behind it. */
export interface Form {
  readonly token: string;
  readonly secret: string | null;
}

export interface Browser {
  readonly name: string;
  readonly jar: Jar;
  /** Jars as they were before, the newest first. */
  readonly past: Jar[];
  /** The newest first. */
  readonly forms: Form[];
}

/** One plan, carried out on a stage and in the model, which are compared after every turn. */
export class Play implements Director {
  readonly plan: Plan;
  readonly model: Model;
  readonly cast: Cast;
  readonly gate: Gate<Visitor> = new Gate();
  readonly witness: Witness = new Witness();
  readonly browsers: readonly Browser[] = BROWSERS.map((name) => ({ name, jar: new Jar(), past: [], forms: [] }));
  /** What happened, line by line. */
  readonly story: string[] = [];
  /** How many ways there were to go on, turn by turn, once the visits before were over. */
  readonly choices: number[] = [];
  /** Cookies that somebody has been told. */
  readonly cookies = new Map<Id, { readonly value: string; readonly browser: Browser }>();
  readonly #stage: Stage;
  readonly #handles = new Map<Id, string>();
  readonly #ids = new Map<string, Id>();
  readonly #number = ++plays;
  #visitors = 0;
  #values = 0;
  #turns = 0;
  #changed = false;
  #broken: Broken | undefined;

  constructor(stage: Stage, plan: Plan) {
    this.plan = plan;
    this.#stage = stage;
    const { cast, model } = stage.clear(plan, this);
    this.cast = cast;
    this.model = model;
  }

  /** @throws {Broken} when a promise is broken */
  async perform(): Promise<void> {
    try {
      for (const part of this.plan.before) await this.#carryOut([part], [], []);
      await this.#carryOut(this.plan.during, this.plan.turns, this.choices);
    } finally {
      await this.#dismiss();
    }
  }

  /** The application's name for an owner, who has no sessions from other plays. */
  userId(owner: string): string {
    return `${owner} ${TAG} ${this.#number}`;
  }

  /** Something that nobody else writes. */
  value(browser: Browser): string {
    return `${browser.name}${this.count()}`;
  }

  count(): number {
    return ++this.#values;
  }

  /** The model's id for a cookie; `null` for none. */
  idOf(cookie: string | undefined): Id | null {
    if (cookie === undefined) return null;
    return this.idByHandle(
      createHash('sha256')
        .update(cookie.slice(0, cookie.lastIndexOf('.')))
        .digest('base64url'),
    );
  }

  idByHandle(handle: string): Id | null {
    return this.#ids.get(handle) ?? null;
  }

  nameOf(handle: string): string {
    return this.#ids.get(handle)?.name ?? 'an id that nobody made';
  }

  /** The store has made a record, and the model an id. Says whether they belong together. */
  bind(id: Id | null, handle: string): boolean {
    const before = this.#ids.get(handle);
    // C1: what has ended does not come back, under whatever name it was known.
    if (id === null || (before !== undefined && before !== id)) return false;
    const known = this.#handles.get(id) ?? handle;
    this.#handles.set(id, known);
    this.#ids.set(known, id);
    return known === handle;
  }

  tell(line: string): void {
    this.story.push(line);
  }

  break(problem: string): void {
    this.#broken ??= new Broken(problem);
  }

  async operation<Outcome>(call: Call, run: () => Promise<Outcome>): Promise<Outcome> {
    const visitor = this.gate.actor;
    const outcome = await run();
    if (visitor === undefined || this.#broken !== undefined) return outcome;
    if (call.operation !== 'load' && call.operation !== 'listOwned') this.#changed = true;
    visitor.took(call, outcome);
    return outcome;
  }

  turn<Result>(what: string, run: () => Promise<Result>): Promise<Result> {
    return this.gate.pass(what, run);
  }

  async #carryOut(parts: readonly (Visit | Pause)[], turns: readonly number[], choices: number[]): Promise<void> {
    let next = 0;
    const atOnce = !this.plan.slow && parts === this.plan.during;
    while (atOnce && next < parts.length) await this.#start(parts[next++]!);
    for (let turn = 0; ; turn++) {
      const { waiting } = this.gate;
      const ways = waiting.length + (next < parts.length ? 1 : 0);
      if (ways === 0) return;
      choices.push(ways);
      const chosen = waiting[(turns[turn] ?? 0) % ways];
      if (chosen === undefined) await this.#start(parts[next++]!);
      else if (chosen.actor.crashes()) this.gate.drop(chosen.actor);
      else await this.gate.let(chosen);
      await this.#compare();
    }
  }

  async #start(part: Visit | Pause): Promise<void> {
    if ('seconds' in part) return await this.#pause(part.seconds);
    const visitor = new Visitor(this, part, ++this.#visitors);
    this.gate.enter(visitor);
    visitor.run().catch((error: unknown) => this.break(error instanceof Broken ? error.message : explain(error)));
    await this.gate.quiet();
  }

  async #pause(seconds: number): Promise<void> {
    await this.#stage.pass(seconds);
    this.model.now = this.#stage.now();
    this.#changed = true;
    this.tell(`${seconds} seconds pass`);
  }

  async #compare(): Promise<void> {
    if (++this.#turns > MAX_TURNS) this.break('it goes on for ever');
    if (this.#broken === undefined && this.#changed) {
      this.#changed = false;
      const problem = await observe(this);
      if (problem !== null) this.break(problem);
    }
    if (this.#broken !== undefined) throw this.#broken;
  }

  /** Lets all go home who still wait, so that nothing of this play meets the next. */
  async #dismiss(): Promise<void> {
    for (let turn = 0; turn < MAX_TURNS && this.gate.waiting.length > 0; turn++)
      await this.gate.let(this.gate.waiting[0]!);
  }
}

function explain(error: unknown): string {
  return `an error that nobody expects: ${error instanceof Error ? error.stack : String(error)}`;
}
