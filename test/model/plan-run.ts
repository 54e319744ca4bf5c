import { hash, randomUUID } from 'node:crypto';
import type { Call, Environment, Interceptor, Setting } from './environment.ts';
import { Invariants } from './invariants.ts';
import type { Id, Owned } from './model.ts';
import { judgeTrails, observe, opensWith } from './observer.ts';
import { GivenOrder, type Access, type Choice, type Schedule } from './orders.ts';
import { BROWSERS, type Pause, type Plan, type Visit } from './plan.ts';
import type { Cookie, Form, LoginSpec } from './request.ts';
import { RequestRun } from './request-run.ts';
import { Scheduler, type Waiting } from './scheduler.ts';
import { transportOf } from './transport.ts';
import { Violation } from './violation.ts';

const MAX_TURNS = 500;
/** Operations and commands that change nothing. */
const READS: ReadonlySet<string> = new Set(['ask', 'findOwnerHashes', 'listOwned', 'load', 'HGETALL']);
/** The next request starts, or time passes. */
const START: Choice = { name: 'start', actor: null };
/** Sets this process's owners apart from those of others that use the same server. */
const TAG = randomUUID().slice(0, 8);
let plans = 0;

/** A cookie in a browser. */
export interface HeldCookie extends Cookie {
  readonly value: string;
  /** Milliseconds; `null` for the browser's session. */
  readonly expiresAt: number | null;
}

/** What a response does to the cookie. */
export interface Response {
  /** Its place among all responses, by what the store has acknowledged last. */
  readonly order: number;
  /** When its commit was called. */
  readonly at: number;
  /** Whether the request stood on a stored session. */
  readonly opens: boolean;
  /** With the seconds after which a session that is used is sent its cookie again. */
  readonly sets:
    | (Cookie & { readonly value: string; readonly maxAge: number | null; readonly interval: number })
    | null;
  readonly deletes: boolean;
}

/** A browser keeps the cookie that it was sent last. */
export interface Browser {
  readonly name: string;
  cookie: HeldCookie | null;
  /** Earlier cookies, the newest first. */
  readonly past: HeldCookie[];
  /** The newest first. */
  readonly forms: Form[];
  /** What it was sent last. */
  last: { readonly id: Id; readonly maxAge: number | null; readonly interval: number; readonly order: number } | null;
  /** When the commit of a request with its session was called last. */
  lastUse: number;
  /** Until when a use does not renew the cookie: the response that has was lost. */
  renewedInVainUntil: number;
  /** False when another client has used its cookies, or responses have overtaken each other. */
  honest: boolean;
}

/**
 * Returns a function that makes runs of a plan, to be carried out one after the other. What comes before is carried out once
 * for all of them, where what is stored can be copied.
 */
export async function runsOf(
  environment: Environment,
  plan: Plan,
): Promise<(schedule: Schedule) => PlanRun | Promise<PlanRun>> {
  const fromTheBeginning = (schedule: Schedule): PlanRun => new PlanRun(environment, plan, schedule);
  if (environment.snapshot === undefined) return fromTheBeginning;
  const first = new PlanRun(environment, plan);
  try {
    await first.begin();
  } catch (error) {
    // Every run fails in the same way, and reports it.
    if (error instanceof Violation) return fromTheBeginning;
    throw error;
  }
  const restore = environment.snapshot();
  return async (schedule) => {
    const run = first.copy(schedule);
    await restore();
    return run;
  };
}

/** One plan, carried out in an environment and in the model, which are compared after every turn. */
export class PlanRun implements Interceptor {
  readonly plan: Plan;
  readonly setting: Setting;
  readonly scheduler: Scheduler<RequestRun> = new Scheduler();
  readonly invariants: Invariants = new Invariants();
  browsers: readonly Browser[] = BROWSERS.map((name) => ({
    name,
    cookie: null,
    past: [],
    forms: [],
    last: null,
    lastUse: 0,
    renewedInVainUntil: 0,
    honest: true,
  }));
  /** What happened, line by line. */
  trace: string[] = [];
  /** Cookies that a client has been sent, with the place of its browser. */
  cookies = new Map<Id, { readonly value: string; readonly browser: number }>();
  /** Seconds that a cookie's age may differ. */
  readonly tolerance: number;
  /** Whether the store keeps audit trails. */
  readonly hasTrails: boolean;
  /** Owners whose names the application has used. Others cannot have a session. */
  owners = new Set<string>();
  /** How many the store has given. */
  acknowledgements = 0;
  readonly #environment: Environment;
  readonly #schedule: Schedule;
  #handles = new Map<Id, string>();
  #ids = new Map<string, Id>();
  #owners = new Map<string, Owned>();
  #number = ++plans;
  #requests = 0;
  #messages = 0;
  #turns = 0;
  /** Whether what comes before is carried out. */
  #begun = false;
  /** What this turn has done so far. */
  #access: Access = 'none';
  #changed = false;
  #failure: unknown;

  /** @param schedule the order of the turns of what goes on at the same time */
  constructor(environment: Environment, plan: Plan, schedule: Schedule = new GivenOrder(plan.turns)) {
    this.plan = plan;
    this.#environment = environment;
    this.#schedule = schedule;
    this.tolerance = environment.title === 'memory' ? 0 : 2;
    this.hasTrails = environment.title === 'memory';
    this.setting = environment.prepare(plan, this);
  }

  /** Returns another run of the plan, which goes on from here in an order of its own. No request may be under way. */
  copy(schedule: Schedule): PlanRun {
    const copy = new PlanRun(this.#environment, this.plan, schedule);
    copy.setting.model.takeOver(this.setting.model);
    copy.invariants.takeOver(this.invariants);
    copy.browsers = this.browsers.map((each) => ({ ...each, past: [...each.past], forms: [...each.forms] }));
    copy.trace = [...this.trace];
    copy.cookies = new Map(this.cookies);
    copy.owners = new Set(this.owners);
    copy.acknowledgements = this.acknowledgements;
    copy.#handles = new Map(this.#handles);
    copy.#ids = new Map(this.#ids);
    copy.#owners = new Map(this.#owners);
    copy.#number = this.#number;
    copy.#requests = this.#requests;
    copy.#messages = this.#messages;
    copy.#turns = this.#turns;
    copy.#begun = this.#begun;
    return copy;
  }

  /**
   * Carries out what comes before.
   * @throws {Violation} when a promise is broken
   */
  async begin(): Promise<void> {
    await this.#underOwnClocks(async () => {
      for (const part of this.plan.before) await this.#carryOut([part]);
    });
    this.#begun = true;
  }

  /**
   * Returns whether it was carried out to its end, and not stopped by the schedule.
   * @throws {Violation} when a promise is broken
   */
  async perform(): Promise<boolean> {
    if (!this.#begun) await this.begin();
    return await this.#underOwnClocks(async () => {
      if (!(await this.#carryOut(this.plan.during, this.#schedule))) return false;
      for (const part of this.plan.after) await this.#carryOut([part]);
      await this.#judge();
      return true;
    });
  }

  /** Gives the processes their clocks meanwhile, and leaves nothing that waits. */
  async #underOwnClocks<Result>(act: () => Promise<Result>): Promise<Result> {
    const restoreClocks = this.#environment.skewClocks(() => this.scheduler.actor?.workerIndex);
    try {
      return await act();
    } finally {
      await this.#dismiss();
      restoreClocks();
    }
  }

  /** What sets the names of this plan apart from those of others. */
  get tag(): string {
    return ` ${TAG} ${this.#number}`;
  }

  /** What a login can say here: when a cookie is due cannot be told to the second where it is sent with every response. */
  sayable(says: LoginSpec = {}): LoginSpec {
    if (this.#environment.title === 'memory' || this.plan.touch === 'seldom') return says;
    const { remember: _, ...rest } = says;
    return rest;
  }

  /** The application's name for an owner, who has no sessions from other plans. */
  userId(owner: string): string {
    this.owners.add(owner);
    return owner + this.tag;
  }

  validSince(userId: string): Date | null {
    const time = this.setting.model.validSince.get(userId.split(' ')[0]!);
    return time === undefined ? null : new Date(time);
  }

  /** The place of a message among all. */
  countMessage(): number {
    return ++this.#messages;
  }

  /** What a request comes with. `SameSite` keeps cookies from other sites. A client has one token at most. */
  cookiesOf({ browser: index, stale, also, kind }: Visit): HeldCookie[] {
    const browser = this.browsers[index]!;
    const isNative = transportOf(this.plan, index) === 'header';
    if (kind === 'form-post' && !isNative) {
      // What the browser's other requests do to their session may take away the cookie of a login.
      if (browser.cookie !== null) browser.honest = false;
      return [];
    }
    const { past, cookie } = browser;
    if (stale > 0 || also > 0) browser.honest = false;
    const held = [also > 0 && !isNative ? past[also - 1] : undefined, past[stale - 1] ?? cookie];
    const { now } = this.setting.model;
    return held.filter((each): each is HeldCookie => each != null && (each.expiresAt === null || now < each.expiresAt));
  }

  /** A browser receives a response. */
  deliver(browser: Browser, { order, at, opens, sets, deletes }: Response): void {
    this.accesses('write');
    const isLate = browser.cookie?.expiresAt != null && at >= browser.cookie.expiresAt;
    if (opens && !isLate && at >= browser.renewedInVainUntil) browser.lastUse = Math.max(browser.lastUse, at);
    if (sets === null && !deletes) return;
    if (order < (browser.last?.order ?? 0)) browser.honest = false;
    if (browser.cookie !== null) browser.past.unshift(browser.cookie);
    browser.cookie = null;
    if (sets === null) {
      // A logout of an earlier session, which the user has asked for after the browser was given this one.
      browser.last = null;
      return;
    }
    const { id, secret, value, maxAge, interval } = sets;
    const { now } = this.setting.model;
    browser.cookie = { id, secret, value, expiresAt: maxAge === null ? null : now + maxAge * 1000 };
    browser.last = { id, maxAge, interval, order };
  }

  /** A response does not arrive. */
  lose(browser: Browser, { at, sets }: Response): void {
    this.accesses('write');
    if (sets === null) return;
    browser.renewedInVainUntil = Math.max(browser.renewedInVainUntil, at + sets.interval * 1000);
  }

  handleOf(cookie: string): string {
    return hash('sha256', cookie.slice(0, cookie.lastIndexOf('.')), 'base64url');
  }

  /** The model's id for a cookie; `null` for none. */
  idOf(cookie: string): Id | null {
    return this.idByHandle(this.handleOf(cookie));
  }

  idByHandle(handle: string): Id | null {
    return this.#ids.get(handle) ?? null;
  }

  nameOf(handle: string): string {
    return this.#ids.get(handle)?.name ?? 'an id that was never made';
  }

  /** The store has made a record, and the model an id. Returns whether they belong together. */
  bind(id: Id | null, handle: string): boolean {
    const before = this.#ids.get(handle);
    // C1: what has ended does not come back, under any of its ids.
    if (id === null || (before !== undefined && before !== id)) return false;
    const known = this.#handles.get(id) ?? handle;
    this.#handles.set(id, known);
    this.#ids.set(known, id);
    return known === handle;
  }

  /** Whose sessions have an owner hash: `null` while it is not known, because there has never been one. */
  ownedBy(ownerHash: string): Owned {
    return this.#owners.get(ownerHash) ?? null;
  }

  /** The store has made a record of an owner. */
  learnOwner(ownerHash: string, owned: Owned): void {
    this.#owners.set(ownerHash, owned);
  }

  /** The store's clock. */
  now(): number {
    return this.#environment.now();
  }

  log(line: string): void {
    this.trace.push(line);
  }

  /** Records what is wrong, once. */
  fail(error: unknown): void {
    this.#failure ??= error instanceof Violation ? error : new Violation(explain(error));
  }

  async operation<Outcome>(call: Call, run: () => Promise<Outcome>): Promise<Outcome> {
    const { actor } = this.scheduler;
    const outcome = await run();
    if (actor === undefined || this.#failure !== undefined) return outcome;
    if (!READS.has(call.operation)) this.#changed = true;
    const { status, now } = (outcome ?? {}) as { status?: string; now?: number };
    if (status === 'ok' && call.makes !== undefined) actor.made.add(call.makes);
    if (status === 'ok' && call.replaces !== undefined) {
      const { handle, leads, grace } = call.replaces;
      this.invariants.succeeds(handle, { to: call.makes!, leads, graceUntil: now! + grace * 1000 });
    }
    actor.took(call, outcome);
    return outcome;
  }

  accesses(access: Access): void {
    if (this.#access !== 'write') this.#access = access;
  }

  turn<Result>(what: string, run: () => Promise<Result>): Promise<Result> {
    return this.scheduler.pass(what, () => {
      this.accesses(READS.has(what) ? 'read' : 'write');
      return run();
    });
  }

  /** Returns whether all of it is over. */
  async #carryOut(parts: readonly (Visit | Pause)[], schedule: Schedule = new GivenOrder([])): Promise<boolean> {
    let next = 0;
    const atOnce = !this.plan.slow && parts === this.plan.during;
    while (atOnce && next < parts.length) await this.#start(parts[next++]!);
    for (;;) {
      const { waiting } = this.scheduler;
      const choices = next < parts.length ? [...choicesOf(waiting), START] : choicesOf(waiting);
      if (choices.length === 0) {
        await this.#compare();
        return true;
      }
      const index = schedule.choose(choices);
      if (index === null) return false;
      this.#access = 'none';
      const chosen = waiting[index];
      if (chosen === undefined) await this.#start(parts[next++]!);
      else if (chosen.actor.crashes()) this.scheduler.drop(chosen.actor);
      else await this.scheduler.let(chosen);
      schedule.took(this.#access);
      await this.#compare();
    }
  }

  async #start(part: Visit | Pause): Promise<void> {
    if ('seconds' in part) return await this.#pause(part.seconds);
    const request = new RequestRun(this, part, ++this.#requests);
    this.scheduler.enter(request);
    request.run().catch((error: unknown) => this.fail(error));
    await this.scheduler.quiet();
  }

  async #pause(seconds: number): Promise<void> {
    await this.#environment.pass(seconds);
    this.setting.model.now = this.#environment.now();
    this.#changed = true;
    this.log(`${seconds} seconds pass`);
  }

  async #compare(): Promise<void> {
    if (++this.#turns > MAX_TURNS) this.fail(new Violation('it goes on for ever'));
    if (this.#failure === undefined && this.#changed) {
      this.#changed = false;
      const problem = await observe(this);
      if (problem !== null) this.fail(new Violation(problem));
    }
    if (this.#failure !== undefined) throw this.#failure as Error;
  }

  async #judge(): Promise<void> {
    const { model } = this.setting;
    const problem = await judgeTrails(this);
    if (problem !== null) throw new Violation(problem);
    if (this.plan.rollout === 'secret') return;
    for (const browser of this.browsers) {
      this.invariants.judge(browser, model, opensWith(this, browser));
    }
    if (this.invariants.problem !== null) throw new Violation(this.invariants.problem);
  }

  /** Lets all end that still wait, so that nothing of this plan meets the next. */
  async #dismiss(): Promise<void> {
    for (let turn = 0; turn < MAX_TURNS && this.scheduler.waiting.length > 0; turn++)
      await this.scheduler.let(this.scheduler.waiting[0]!);
  }
}

/** What waits, by names that do not depend on what else waits. */
function choicesOf(waiting: readonly Waiting<RequestRun>[]): Choice[] {
  const counts = new Map<string, number>();
  return waiting.map(({ actor, what }) => {
    const name = `request ${actor.order} ${what}`;
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return { name: `${name} ${count}`, actor: actor.order };
  });
}

function explain(error: unknown): string {
  return `an error that nothing expects: ${error instanceof Error ? error.stack : String(error)}`;
}
