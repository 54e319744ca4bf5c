import { SessionError, type Exchange, type SessionEventName } from 'websauna-session';
import { MemoryHead } from '../support/visit.ts';
import { Action } from './action.ts';
import type { Call, Factory } from './environment.ts';
import type { Id, Model, Steps, Taken } from './model.ts';
import { describeStep, type Step, type Visit } from './plan.ts';
import type { Browser, HeldCookie, PlanRun } from './plan-run.ts';
import { Refusal, Request, type Worker } from './request.ts';
import type { Actor } from './scheduler.ts';
import { STEPS, type Session } from './steps.ts';
import { answerOf, headersOf, transportOf, varyOf } from './transport.ts';
import { difference, endDifference, Violation } from './violation.ts';

/** What became of an operation, in the code and in the model. */
export interface Outcome {
  readonly got: unknown;
  readonly promised: unknown;
  /** The code of the error that both ended with; `null` for none. */
  readonly code: string | null;
}

/** What an operation is in the model. */
export interface ModelCall {
  readonly steps: () => Steps<unknown>;
  /** Throws a refusal when the operation is refused as soon as it is called. */
  readonly check?: () => void;
  /** Whether it goes to the session's queue, behind what was called before. A commit of nothing does not. */
  readonly queue: 'always' | 'unless-done' | 'never';
}

/** One request, from its cookies to its response, in the code and in the model. */
export class RequestRun implements Actor {
  readonly order: number;
  readonly plan: PlanRun;
  readonly browser: Browser;
  readonly worker: Worker;
  readonly factory: Factory;
  readonly request: Request;
  readonly workerIndex: number;
  /** Handles that this request has made. */
  readonly made = new Set<string>();
  /** The place of the store's last acknowledgement among all of them. */
  evidence = 0;
  /** The place of the acknowledgement by which the id that it came with was over; 0 for none. */
  gaveUp = 0;
  /** When its commit was called. */
  committedAt = 0;
  /** Whether it has asked for an end of its session. */
  askedForEnd = false;
  readonly #visit: Visit;
  readonly #cookies: readonly HeldCookie[];
  /** Operations of the session, in the order of their calls. */
  readonly #queue: Action[] = [];
  /** Operations beside the session. */
  readonly #others = new Set<Action>();
  /** How many operations are under way. */
  #calls = 0;
  /** Operations that the handler does not wait for. */
  readonly #unawaited: Promise<unknown>[] = [];
  readonly #closeListeners: (() => void)[] = [];
  readonly #events: string[] = [];
  #session: Session | undefined;
  /** Whether its handler has read the session. */
  #looked = false;
  #turns = 0;
  #values = 0;
  #stop: (() => void) | undefined;

  constructor(plan: PlanRun, visit: Visit, order: number) {
    this.plan = plan;
    this.order = order;
    this.#visit = visit;
    this.browser = plan.browsers[visit.browser]!;
    this.workerIndex = visit.worker;
    this.worker = plan.setting.workers[visit.worker]!;
    this.factory = plan.setting.factories.workers[visit.worker]!;
    this.#cookies = plan.cookiesOf(visit);
    this.request = new Request(this.worker, this.#cookies, visit.kind, transportOf(plan.plan, visit.browser));
    const names = this.#cookies.map(({ id }) => id.name).join(' and ') || 'no cookie';
    if (visit.kind !== 'visit') this.log(`is a ${visit.kind}`);
    this.log(`comes from browser ${this.browser.name} with ${names}, to worker ${visit.worker + 1}`);
  }

  /** Something that no other request writes. */
  value(): string {
    return `${this.browser.name}${this.order}.${++this.#values}`;
  }

  get session(): Session {
    return this.#session!;
  }

  get kind(): Visit['kind'] {
    return this.#visit.kind;
  }

  get model(): Model {
    return this.plan.setting.model;
  }

  async run(): Promise<void> {
    const stops = EVENTS.map(([name, describe]) =>
      this.factory.on(name, (event) => {
        const what = describe(event as never);
        if (what === null || this.plan.scheduler.actor !== this) return;
        this.#events.push(what);
        if (what === 'rejected: authentication-changed') this.askedForEnd = true;
        if (what === 'destroyed: id-reuse') this.plan.invariants.answersReuse(this, this.#cookies);
      }),
    );
    this.#stop = () => {
      for (const stop of stops) stop();
    };
    try {
      await this.#run();
    } finally {
      this.#stop();
    }
  }

  async #run(): Promise<void> {
    const { ends, steps, late, stale } = this.#visit;
    await this.#open(steps[0]?.do === 'load');
    await this.#do(steps);
    if (ends === 'abandoned') {
      await this.settled();
      return this.log('is abandoned before its commit');
    }
    await this.#rest('thinks');
    const committed = this.#commit();
    const lateDone = this.#do(late).catch((error: unknown) => this.plan.fail(error));
    this.goOn();
    const head = await committed;
    this.plan.accesses('write');
    const response = this.plan.invariants.responds(this, head, this.#cookies);
    if (ends === 'unanswered') {
      this.log('is committed, and its response lost');
      this.plan.lose(this.browser, response);
    } else {
      await this.#rest('responds');
      this.log('is answered');
      if (stale === 0) this.plan.deliver(this.browser, response);
    }
    await lateDone;
    await this.settled();
    await this.#close();
  }

  /** Does the steps of a handler. Those that wait for nothing are done at once. */
  async #do(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      this.log(describeStep(step));
      const doing = STEPS[step.do](this, step as never);
      if (!(doing instanceof Promise)) continue;
      if ('start' in step && step.start) {
        this.#unawaited.push(doing.catch((error: unknown) => this.plan.fail(error)));
        continue;
      }
      this.goOn();
      await doing;
      // What is refused at once must not let the handler go on in the middle of something else.
      if (this.#queue.length > 0) await this.wait('goes on');
      else this.look();
    }
    this.goOn();
  }

  /** Until everything is over that the handler has called. */
  async settled(): Promise<void> {
    this.goOn();
    await Promise.all(this.#unawaited);
  }

  /** The handler waits now, so that what it has called goes on. */
  goOn(): void {
    for (;;) {
      const [action] = this.#queue;
      if (action === undefined) return;
      if (!action.started) action.start();
      if (action.expected === 'go') action.advance();
      if (!action.done) return;
      this.#queue.shift();
    }
  }

  /** Calls an operation of the code, and of the model; returns when it is over. */
  call(what: string, { steps, check = () => {}, queue }: ModelCall, run: () => unknown): Promise<Outcome> {
    const action = new Action(what, steps);
    const { code } = attempt(check);
    if (code !== null) action.refuse(code);
    else if (queue === 'never') {
      this.#others.add(action);
      action.start();
    } else {
      if (this.#queue.length === 0) action.start();
      if (!action.done || queue === 'always') this.#queue.push(action);
    }
    this.#calls++;
    let running: Promise<unknown>;
    try {
      running = Promise.resolve(run());
    } catch (error) {
      running = Promise.reject(error);
    }
    return this.#finish(action, running);
  }

  async #finish(action: Action, running: Promise<unknown>): Promise<Outcome> {
    let result: { got: unknown; code: string | null };
    try {
      result = { got: await running, code: null };
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      result = { got: undefined, code: error.code };
    }
    this.#others.delete(action);
    const { what } = action;
    if (!action.done) {
      const missing = action.expected ?? 'having begun';
      throw new Violation(`request ${this.order} ${what} (${result.code ?? 'done'}) without ${missing}`);
    }
    this.expect(`${what}: its error`, result.code, action.refusal);
    if (--this.#calls === 0) this.#compareEvents(what);
    return { ...result, promised: action.result };
  }

  /** Something that takes effect at once, in the code and in the model; both refuse it, or none does. */
  atOnce<T, U>(what: string, code: () => T, model: () => U): { got: T; promised: U } | null {
    const [got, promised] = [attempt(code), attempt(model)];
    this.expect(`${what}: its error`, got.code, promised.code);
    return got.code === null ? { got: got.value as T, promised: promised.value as U } : null;
  }

  #compareEvents(what: string): void {
    this.expect(`${what}: the events so far`, this.#events.toSorted(), this.request.events.toSorted());
  }

  /** The store has carried out an operation for this request, just now. */
  took(call: Call, outcome: unknown): void {
    const { status, now } = (outcome ?? {}) as { status?: string; now?: number };
    const { operation } = call;
    if (typeof now === 'number') {
      this.#tick(now, call, status);
      if (operation !== 'destroy') this.request.answeredAt = now;
      this.request.openedAt ??= now;
    }
    this.plan.invariants.count(operation, status);
    if (operation === 'load') this.plan.invariants.loaded(this);
    if (operation !== 'ask') this.log(`at the store: ${operation}${status === undefined ? '' : `, ${status}`}`);
    else this.log('asks since when logins are valid');
    // What a store refuses because another request was faster has no effect, and is tried again.
    if (status === 'exists' || status === 'interrupted') return;
    const isOwners = OF_OWNERS.has(operation) || this.#queue.length === 0;
    // A load may end the sessions of an owner, too.
    const other = isOwners ? [...this.#others].find(({ expected }) => expected === operation) : undefined;
    const action = other ?? this.#queue[0];
    const expected = action?.expected;
    if (expected !== operation && !(expected === 'copy' && operation === 'rekey')) {
      return this.plan.fail(
        new Violation(`request ${this.order} did ${operation} where ${expected ?? 'nothing'} was to be done`),
      );
    }
    action!.advance({ operation, status, ...this.#ownersOf(call, outcome) });
    if (status === 'ok') this.evidence = ++this.plan.acknowledgements;
    if (status === 'ok' && (operation === 'rekey' || operation === 'destroy')) this.gaveUp ||= this.evidence;
    const made = operation === 'copy' ? this.request.target : this.request.made;
    if (call.ownerHash != null && made !== null && status === 'ok') this.#learnOwner(call.ownerHash, made);
    if (call.makes !== undefined && status === 'ok' && !this.plan.bind(made, call.makes)) {
      this.plan.fail(new Violation(`request ${this.order} made a session by ${operation} that should not be`));
    }
    this.goOn();
  }

  /** Whose sessions a search by an index has found, or a revocation ends. */
  #ownersOf({ operation, ownerHash }: Call, outcome: unknown): Pick<Taken, 'owners'> {
    const { plan } = this;
    if (operation === 'findOwnerHashes') return { owners: (outcome as string[]).map((hash) => plan.ownedBy(hash)) };
    return operation === 'revokeOwned' ? { owners: [plan.ownedBy(ownerHash!)] } : {};
  }

  #learnOwner(ownerHash: string, made: Id): void {
    const place = this.model.at(made);
    const owner = place?.is === 'session' ? place.session.owner : null;
    if (owner !== null) this.plan.learnOwner(ownerHash, { owner, secret: made.secret });
  }

  /** Returns whether the process ends before what would be its next turn. */
  crashes(): boolean {
    const { ends } = this.#visit;
    if (typeof ends === 'string' || this.#turns++ < ends.turns) return false;
    this.plan.accesses('write');
    this.log('ends here, with its process');
    this.#stop?.();
    return true;
  }

  /** Compares what the handler sees. */
  look(): void {
    if (this.request.phase === 'unloaded') return;
    this.request.access();
    this.#looked = true;
    const { epoch } = this.request;
    const names = epoch.names('').filter((name) => !name.startsWith('@'));
    this.expect('its fields', this.session.keys().toSorted(), names.toSorted());
    const { owner } = this.request;
    this.expect('its owner', this.session.owner, owner === null ? null : this.plan.userId(owner));
    const pending = this.request.pendingLogin(this.model.now)?.owner;
    const promised = pending === undefined ? undefined : this.plan.userId(pending);
    this.expect('its pending login', this.session.pendingLogin?.owner, promised);
    const { login, known } = this.request.epoch;
    const { timeout = login?.timeout ?? known?.timeout.seconds ?? this.worker.timeout } = {
      timeout: this.request.epoch.timeout ?? undefined,
    };
    this.expect('its timeout', this.session.timeout, timeout);
    this.expect('its cookie', this.session.remember, login?.remember ?? known?.remember ?? null);
    const problem = endDifference(`request ${this.order}`, this.session, this.request, this.plan.tolerance);
    if (problem !== null) throw new Violation(problem);
  }

  expect(what: string, got: unknown, promised: unknown): void {
    const problem = difference(`request ${this.order}, ${what}`, got, promised);
    if (problem !== null) throw new Violation(problem);
  }

  log(what: string): void {
    this.plan.log(`request ${this.order} ${what}`);
  }

  async #open(loadsItself: boolean): Promise<void> {
    const { browsers, plan } = this.plan;
    const others = browsers.flatMap(({ cookie }) =>
      cookie === null || this.#cookies.includes(cookie) ? [] : [cookie],
    );
    const values = (cookies: readonly HeldCookie[]): string[] => cookies.map(({ value }) => value);
    const brought = headersOf(plan, this.request.transport, values(this.#cookies), values(others));
    const exchange: Exchange = {
      method: this.#visit.kind === 'form-post' ? 'POST' : 'GET',
      url: '/',
      secure: false,
      clientAddress: '192.0.2.1',
      request: {},
      header: (name) => (brought as Record<string, string | undefined>)[name] ?? HEADERS[this.#visit.kind][name],
      onClose: (callback) => this.#closeListeners.push(callback),
    };
    const lazy = this.workerIndex === 1;
    const load = { steps: () => this.model.load(this.request), queue: 'always' as const };
    if (!lazy) {
      const opened = this.call('opens its session', load, async () => {
        this.#session = await this.factory.load(exchange);
      });
      this.goOn();
      await opened;
    } else {
      this.#session = await this.factory.load(exchange);
      // Without a cookie of ours there is nothing to load.
      if (!this.#cookies.some(({ secret }) => this.worker.secrets.includes(secret))) {
        for (const step of this.model.load(this.request)) void step;
      }
      if (loadsItself) return;
      const loaded = STEPS.load(this, { do: 'load' } as never);
      this.goOn();
      await loaded;
    }
    this.look();
  }

  /** Others may go on before this one does. */
  async #rest(what: string): Promise<void> {
    this.goOn();
    if (!this.plan.plan.slow) return;
    await this.wait(what);
  }

  async wait(what: string): Promise<void> {
    await this.plan.scheduler.pass(what, () => Promise.resolve());
  }

  async #commit(): Promise<MemoryHead> {
    this.log(`commits${this.#visit.shared ? ', with a response that shared caches may store' : ''}`);
    const head = new MemoryHead();
    const { request } = this;
    if (this.#visit.shared) {
      request.shared = true;
      head.set('cache-control', 'public, max-age=60');
    }
    request.headLeaving = true;
    this.committedAt = this.model.now;
    request.acknowledged = null;
    const commit = { steps: () => this.model.commit(request, 'final'), queue: 'unless-done' as const };
    const { code } = await this.call('commits', commit, () => this.factory.commit(this.session, head));
    if (code === null) {
      this.#readAnswer(head);
      return head;
    }
    // The response is an error's then, and leaves the cookie alone.
    head.status = 503;
    const drop = { steps: () => this.model.dropFailed(request), queue: 'unless-done' as const };
    await this.call('answers with an error', drop, () => this.factory.commit(this.session, head));
    this.expect('what becomes of the cookie with an error', answerOf(head, request.transport).does, 'keep');
    return head;
  }

  #readAnswer(head: MemoryHead): void {
    const { request } = this;
    const answer = answerOf(head, request.transport);
    this.expect('what becomes of the cookie', answer.does, request.answer);
    if (this.#looked || answer.does === 'set') this.expect('Vary', head.get('vary'), varyOf(this.plan.plan));
    if (answer.does !== 'set') return;
    const { value, maxAge: got } = answer;
    this.expect('the id in the cookie', this.plan.idOf(value)?.name, request.acknowledged!.name);
    const wanted = this.model.maxAge(request);
    if (got === null || wanted === null || Math.abs(got - wanted) > this.plan.tolerance) {
      this.expect('Max-Age', got, wanted);
    }
    this.plan.cookies.set(request.acknowledged!, { value, browser: this.#visit.browser });
  }

  /** The exchange is over: what was changed late, and nothing has saved, is dropped. */
  async #close(): Promise<void> {
    if (this.#visit.late.length === 0) return;
    const close = { steps: () => this.model.close(this.request), queue: 'unless-done' as const };
    await this.call('is closed', close, () => {
      for (const listener of this.#closeListeners) listener();
    });
  }

  /** Returns the time of an operation; of one that was done in steps, the time of the last. */
  #tick(now: number, { makes }: Call, status: string | undefined): void {
    const { model, plan } = this;
    const exact = status === 'ok' && (makes === undefined || plan.idByHandle(makes) === null);
    model.now = exact ? now : Math.max(model.now, now);
  }
}

/** Returns what it returns, or the code of the error that it is refused with. */
function attempt<T>(work: () => T): { value: T | undefined; code: string | null } {
  try {
    return { value: work(), code: null };
  } catch (error) {
    if (error instanceof SessionError || error instanceof Refusal) return { value: undefined, code: error.code };
    throw error;
  }
}

/** Operations that are none of the request's session. */
const OF_OWNERS: ReadonlySet<string> = new Set(['listOwned', 'revokeOwned', 'findOwnerHashes']);
const HEADERS: Readonly<Record<Visit['kind'], Readonly<Record<string, string>>>> = {
  visit: { 'sec-fetch-site': 'same-origin' },
  prefetch: { 'sec-fetch-site': 'same-origin', 'sec-purpose': 'prefetch;prerender' },
  'form-post': { 'sec-fetch-site': 'cross-site' },
};

type Describe = (event: never) => string | null;

const DESTROYED: Readonly<Record<string, string>> = { evicted: 'evicted', 'id-reuse': 'destroyed: id-reuse' };

/** C12: what says that something did not take effect. */
const EVENTS: readonly (readonly [SessionEventName, Describe])[] = [
  ['lost', () => 'lost'],
  ['staleId', () => 'staleId'],
  ['discarded', ({ reason }: { reason: string }) => `discarded: ${reason}`],
  ['rejected', ({ reason }: { reason: string }) => `rejected: ${reason}`],
  ['refused', ({ reason }: { reason: string }) => `refused: ${reason}`],
  ['cookieWarning', ({ reason }: { reason: string }) => `cookieWarning: ${reason}`],
  ['cookieSuppressed', ({ reason }: { reason: string }) => `cookieSuppressed: ${reason}`],
  ['destroyed', ({ reason }: { reason: string }) => DESTROYED[reason] ?? null],
];
