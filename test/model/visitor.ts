import { SessionError } from 'websauna-session';
import { exchangeOf, Jar, MemoryHead } from '../support/visit.ts';
import { Action } from './action.ts';
import { Broken, difference } from './broken.ts';
import { DEEDS, type Session } from './deeds.ts';
import type { Actor } from './gate.ts';
import type { Model, Steps } from './model.ts';
import { describeDeed, type Deed, type Visit } from './plan.ts';
import type { Browser, Play } from './play.ts';
import { Request } from './request.ts';
import type { Call, Factory } from './stage.ts';

/** What became of an action, on the stage and in the model. */
export interface Result {
  readonly got: unknown;
  readonly promised: unknown;
  readonly refused: boolean;
}

/** One request, from its cookie to its response, on the stage and in the model. */
export class Visitor implements Actor {
  readonly order: number;
  readonly play: Play;
  readonly browser: Browser;
  readonly factory: Factory;
  readonly request: Request;
  readonly #visit: Visit;
  readonly #cookie: string | undefined;
  readonly #actions = new Set<Action>();
  #session: Session | undefined;
  #gone = 0;
  #evicted = 0;
  #turns = 0;
  #stop: (() => void) | undefined;

  constructor(play: Play, visit: Visit, order: number) {
    this.play = play;
    this.order = order;
    this.#visit = visit;
    this.browser = play.browsers[visit.browser]!;
    this.factory = play.cast.workers[visit.factory]!;
    const jar = this.browser.past[visit.stale - 1] ?? this.browser.jar;
    this.#cookie = jar.header;
    this.request = new Request(play.idOf(jar.cookies.get('session')));
    const cookie = this.request.cookie?.name ?? 'no cookie';
    this.tell(`comes from browser ${this.browser.name} with ${cookie}, to factory ${visit.factory + 1}`);
  }

  get session(): Session {
    return this.#session!;
  }

  get model(): Model {
    return this.play.model;
  }

  async run(): Promise<void> {
    const stops = [
      this.factory.on('lost', () => {
        if (this.play.gate.actor === this) this.#gone++;
      }),
      this.factory.on('destroyed', ({ reason }) => {
        if (reason === 'evicted' && this.play.gate.actor === this) this.#evicted++;
      }),
    ];
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
    const { ends, deeds, stale } = this.#visit;
    await this.act('opens its session', this.model.open(this.request), () => this.#open());
    this.look();
    for (const deed of deeds) await this.do(deed);
    if (ends === 'abandoned') return this.tell('is given up before its commit');
    await this.#rest('thinks');
    const head = await this.#settle();
    if (ends === 'unanswered') return this.tell('is committed, and its response lost');
    await this.#rest('responds');
    this.tell('is answered');
    if (stale > 0 || head.cookies.length === 0) return;
    this.browser.past.unshift(new Jar(this.browser.jar));
    this.browser.jar.take(head.cookies);
  }

  async do(deed: Deed): Promise<void> {
    if (deed.do !== 'both') this.tell(describeDeed(deed));
    await DEEDS[deed.do](this, deed as never);
  }

  /** Carries something out on the stage, and in the model step by step with it. */
  async act(what: string, steps: Steps<unknown>, run: () => unknown, updates?: string): Promise<Result> {
    const action = new Action(what, steps, updates);
    this.#actions.add(action);
    let result: { got: unknown; refused: boolean };
    try {
      result = { got: await run(), refused: false };
    } catch (error) {
      if (!(error instanceof SessionError) || error.code !== 'ERR_SESSION_FULL') throw error;
      result = { got: undefined, refused: true };
    } finally {
      this.#actions.delete(action);
    }
    if (action.expected !== undefined) this.play.break(`request ${this.order} ${what} without ${action.expected}`);
    this.expect(`${what}: is it refused`, result.refused, action.refused);
    if (this.#actions.size === 0) {
      this.expect(`${what}: events of a session that is gone`, this.#gone, this.request.gone);
      this.expect(`${what}: events of sessions that had to make room`, this.#evicted, this.request.evicted);
    }
    return { ...result, promised: action.promised };
  }

  /** The store has carried out an operation for this request, just now. */
  took(call: Call, outcome: unknown): void {
    const { status, now } = (outcome ?? {}) as { status?: string; now?: number };
    const { operation } = call;
    if (now !== undefined) this.#tick(now, call, status);
    this.play.witness.count(operation, status);
    this.tell(`at the store: ${operation}${status === undefined ? '' : `, ${status}`}`);
    // What a store refuses because somebody else was faster has no effect, and is tried again.
    if (status === 'exists' || status === 'interrupted') return;
    if (status === 'conflict' && operation !== 'retire') return operation === 'rekey' ? this.#seeAnew() : undefined;
    const action = [...this.#actions].find((each) => each.claims(call));
    // To look again between two attempts does no harm.
    if (operation === 'load' && action?.expected !== 'load' && action?.expected !== undefined) return;
    if (action?.awaits(operation) !== true) {
      return this.play.break(
        `request ${this.order} did ${operation} where ${action?.expected ?? 'nothing'} was to be done`,
      );
    }
    action.advance({ operation, status });
    const id = operation === 'copy' ? this.request.target : this.request.id;
    if (call.makes !== undefined && status === 'ok' && !this.play.bind(id, call.makes)) {
      this.play.break(`request ${this.order} made a session by ${operation} that should not be`);
    }
  }

  /** The process ends before what would be its next turn: is that now? */
  crashes(): boolean {
    const { ends } = this.#visit;
    if (typeof ends === 'string' || this.#turns++ < ends.turns) return false;
    this.tell('ends here, with its process');
    this.#stop?.();
    return true;
  }

  /** Compares what the handler sees. */
  look(): void {
    const names = this.request.names('').filter((name) => !name.startsWith('@'));
    this.expect('its fields', this.session.keys().toSorted(), names.toSorted());
    const owner = this.request.login ?? this.request.owner;
    this.expect('its owner', this.session.owner, owner === null ? null : this.play.userId(owner));
    const pending = this.request.pendingLogin(this.model.now);
    this.expect(
      'its pending login',
      this.session.pendingLogin?.owner,
      pending === null ? undefined : this.play.userId(pending),
    );
  }

  expect(what: string, got: unknown, promised: unknown): void {
    const problem = difference(`request ${this.order}, ${what}`, got, promised);
    if (problem !== null) throw new Broken(problem);
  }

  tell(what: string): void {
    this.play.tell(`request ${this.order} ${what}`);
  }

  async #open(): Promise<void> {
    const cookie = this.#cookie;
    const exchange = exchangeOf(new Jar(), cookie === undefined ? {} : { headers: { cookie } });
    this.#session = await this.factory.load(exchange);
    await this.#session.load();
  }

  /** Others may go on before this one does. */
  async #rest(what: string): Promise<void> {
    if (!this.play.plan.slow) return;
    await this.play.turn(what, () => Promise.resolve());
  }

  async #settle(): Promise<MemoryHead> {
    this.tell('commits');
    const head = new MemoryHead();
    const settle = (): Promise<void> | undefined => this.factory.commit(this.session, head);
    const { refused } = await this.act('commits', this.model.commit(this.request), settle);
    if (refused) {
      // The response is an error's then, and leaves the cookie alone.
      head.status = 503;
      await settle();
      this.expect('cookies with an error', head.cookies, []);
    } else {
      this.#readAnswer(head);
    }
    return head;
  }

  #readAnswer(head: MemoryHead): void {
    const { answer, id } = this.request;
    const jar = new Jar();
    jar.cookies.set('session', 'kept');
    jar.take(head.cookies);
    const value = jar.cookies.get('session');
    const told = value === undefined ? 'delete' : value === 'kept' ? 'keep' : 'set';
    this.expect('what becomes of the cookie', told, answer);
    this.expect('Vary', head.get('vary'), 'Cookie');
    if (told !== 'set') return;
    this.expect('the id in the cookie', this.play.idOf(value)?.name, id?.name);
    this.play.cookies.set(id!, { value: value!, browser: this.browser });
  }

  /** An operation's time is its own, whoever comes first; what was done step by step has told the time of each. */
  #tick(now: number, { makes }: Call, status: string | undefined): void {
    const { model, play } = this;
    const exact = status === 'ok' && (makes === undefined || play.idByHandle(makes) === null);
    model.now = exact ? now : Math.max(model.now, now);
  }

  /** A store may move only what a request has seen, and shows it what there is now. */
  #seeAnew(): void {
    const place = this.request.id === null ? undefined : this.model.at(this.request.id);
    if (place?.is === 'session') this.request.find(place.session);
    this.request.sent = this.request.changes;
  }
}
