import type { MemoryHead } from '../support/visit.ts';
import type { Id, Model, Time } from './model.ts';
import type { Browser, HeldCookie, Response } from './plan-run.ts';
import type { RequestRun } from './request-run.ts';
import { answerOf } from './transport.ts';

interface Opened {
  readonly handle: string;
  readonly expiresAt: Date | null;
  toJSON(): object;
}

/** A new id that a request has had made for a session. */
interface Succession {
  readonly to: string;
  /** Whether the old id leads to the new one for a while. */
  readonly leads: boolean;
  readonly graceUntil: Time;
}

/**
 * What must hold by the observations alone, without the model: nothing that has ended comes back, no thief gets
 * in, and no honest user is logged out. Counts what was observed.
 */
export class Invariants {
  #opened = new Set<Id>();
  #ended = new Set<Id>();
  #expiries = new Map<string, number>();
  #taken = new Set<string>();
  #successions = new Map<string, Succession & { readonly moment: number }>();
  /** Handles of ids that a request has come with, to its end, while they were the session's own; and since when. */
  #used = new Map<string, number>();
  /** When a request has asked for its session last. */
  readonly #loads = new Map<RequestRun, number>();
  /** Counts what happens, so that it has an order. */
  #moment = 0;
  readonly counts = new Map<string, number>();
  problem: string | null = null;

  /** Goes on with what others have observed, while no request is under way. */
  takeOver(others: Invariants): void {
    this.#opened = new Set(others.#opened);
    this.#ended = new Set(others.#ended);
    this.#expiries = new Map(others.#expiries);
    this.#taken = new Set(others.#taken);
    this.#successions = new Map(others.#successions);
    this.#used = new Map(others.#used);
    this.#moment = others.#moment;
    this.problem = others.problem;
  }

  /** The store has given a session another id. */
  succeeds(from: string, succession: Succession): void {
    this.#successions.set(from, { ...succession, moment: ++this.#moment });
  }

  /** A request has read the session that its id leads to. */
  loaded(run: RequestRun): void {
    this.#loads.set(run, ++this.#moment);
  }

  /** A request came with an id, and this is what it opened. */
  opens(id: Id, handle: string, session: Opened | null, browser: string, now: Time): void {
    if (session === null) {
      if (this.#opened.has(id)) this.#ended.add(id);
      return;
    }
    if (this.#ended.has(id)) this.#report(`C1: ${id.name} had ended, and can be opened again`);
    this.#opened.add(id);
    const succession = this.#successions.get(handle);
    if (succession !== undefined && !this.#mayFollow(succession, now)) {
      this.#report(`C6: ${id.name} was replaced, and a copy of it still opens the session`);
    }
    const expiry = session.expiresAt?.getTime() ?? 0;
    if ((this.#expiries.get(session.handle) ?? expiry) !== expiry) {
      this.#report(`C4: the absolute expiry of the session of ${id.name} has moved`);
    }
    this.#expiries.set(session.handle, expiry);
    const alien = Object.values(session.toJSON())
      .flat()
      .find((value) => !String(value).startsWith(browser));
    if (alien !== undefined) this.#report(`C9: browser ${browser} sees ${alien}, which it has not written`);
  }

  /** A login's id, and one that its client has not received yet, leads nowhere; a rotation's does in its grace. */
  #mayFollow({ to, leads, graceUntil }: Succession, now: Time, moment = this.#moment): boolean {
    return leads && (now < graceUntil || (this.#used.get(to) ?? Infinity) > moment);
  }

  /** A request has taken messages for itself. */
  taken(messages: readonly string[]): void {
    for (const message of messages.filter((each) => /\d$/.test(each))) {
      if (this.#taken.has(message)) this.#report(`C3: the message ${message} was given to two`);
      this.#taken.add(message);
    }
  }

  lists(owner: string, count: number, max: number | null): void {
    if (max !== null && count > max) this.#report(`C8: ${owner} has ${count} sessions, and may have ${max}`);
  }

  count(operation: string, status: string | undefined): void {
    const what = status === undefined ? operation : `${operation}, ${status}`;
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** C13: a request is about to respond. What may its response say about the cookie? */
  responds(run: RequestRun, head: MemoryHead, cookies: readonly HeldCookie[]): Response {
    const { plan, request } = run;
    const order = run.evidence;
    const at = run.model.now;
    const answer = answerOf(head, request.transport);
    const isUse = run.kind !== 'prefetch' && !request.failed && !request.shared;
    const opens = request.phase === 'ready' && request.id !== null && isUse;
    const opened = cookies.find(({ id }) => id === request.presented);
    const came = opened && plan.handleOf(opened.value);
    if (answer.does === 'set') {
      const { value, maxAge } = answer;
      const handle = plan.handleOf(value);
      if (!run.made.has(handle)) this.#checkSent(run, came, handle, at);
      if (came !== undefined) this.#use(came);
      const held = { id: plan.idByHandle(handle)!, secret: run.worker.secrets[0]!, value };
      return {
        order,
        at: run.committedAt,
        opens,
        sets: { ...held, maxAge, interval: run.model.cookieInterval(request) ?? 0 },
        deletes: false,
      };
    }
    // Nothing is stored for a page that is fetched ahead.
    if (came !== undefined && !request.failed && run.kind !== 'prefetch') this.#use(came);
    const deletes = answer.does === 'delete';
    if (deletes && !run.askedForEnd) this.#report(`C13: request ${run.order} deletes a cookie, and has ended nothing`);
    return { order: deletes ? run.gaveUp : order, at: run.committedAt, opens, sets: null, deletes };
  }

  /** C6: a request has ended a session because of a rotated id. A client that has been sent no other one must not. */
  answersReuse({ browser, order }: RequestRun, cookies: readonly HeldCookie[]): void {
    const isItsOwn = cookies.some(({ id }) => id === browser.cookie?.id);
    if (browser.honest && isItsOwn) this.#report(`C6: request ${order} ends the session of its browser as stolen`);
  }

  #use(handle: string): void {
    if (!this.#successions.has(handle) && !this.#used.has(handle)) this.#used.set(handle, ++this.#moment);
  }

  /**
   * An id that the request has not made itself must be where its own has led to, by what is still in its grace, or was
   * unused when the request was led there.
   */
  #checkSent(run: RequestRun, came: string | undefined, sent: string, at: Time): void {
    for (let handle = came; handle !== sent;) {
      const succession = handle === undefined ? undefined : this.#successions.get(handle);
      const loaded = this.#loads.get(run) ?? 0;
      const wasLed = succession !== undefined && succession.moment < loaded;
      if (succession === undefined || !this.#mayFollow(succession, at, wasLed ? loaded : this.#moment)) {
        return this.#report(`C6: request ${run.order} is sent an id that it may not learn`);
      }
      handle = succession.to;
    }
  }

  /**
   * Judges at the end of a plan: does an honest browser still open the session that it was sent last, if nothing has
   * ended it? Not judged are browsers whose cookie another client has used, and those whose responses have overtaken each
   * other on the network, so that they keep an older cookie.
   */
  judge(browser: Browser, model: Model, opensWith: Id | null): void {
    const { last, honest } = browser;
    if (last === null || !honest) return;
    let { id } = last;
    for (let place = model.at(id); place?.is === 'rotated'; place = model.at(id)) id = place.to;
    if (model.at(id)?.is !== 'session' || id === opensWith) return;
    const { cookie } = browser;
    if (cookie !== null && cookie.expiresAt !== null && cookie.expiresAt <= model.now) {
      // Idle for so long that the cookie may be over, although the session is not.
      if (model.now >= browser.lastUse + (last.maxAge! - last.interval - 2) * 1000) return;
    }
    this.#report(`browser ${browser.name} was honest, its session ${id.name} lives, and it is logged out`);
  }

  #report(problem: string): void {
    this.problem ??= problem;
  }
}
