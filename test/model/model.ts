import { CSRF, flashPrefix, inOrder, type Message, type Request } from './request.ts';

/**
 * What sessions promise, as a program: the consistency contract of DESIGN.md over a store whose operations
 * take effect one after the other. What a request does to its session is a generator. Each `yield` names
 * the store operation that the request waits for; what follows is done in the one moment in which that
 * operation takes effect, and nothing else changes a session. Times are milliseconds, durations seconds.
 */
export type Steps<Result = void> = Generator<Operation, Result, Taken | undefined>;
export type Operation = 'load' | 'create' | 'save' | 'rekey' | 'take' | 'destroy' | 'listOwned' | 'revokeOwned' | Stage;
/** What a move consists of where the two keys live in different slots of a cluster. */
export type Stage = 'copy' | 'retire' | 'keep' | 'withdraw';

/** What has taken effect, for those who have to know. */
export interface Taken {
  readonly operation: Operation;
  readonly status: string | undefined;
}

/** What a session is called from one rotation or login to the next. */
export class Id {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export interface Session {
  id: Id;
  readonly fields: Map<string, unknown>;
  owner: string | null;
  /** The place among all logins. */
  login: number;
  createdAt: number;
  timeout: number;
  expiresAt: number;
  lastSeen: number;
  /** When it ends unless it is kept; `null` for what is no trial. */
  trialUntil: number | null;
}

/** Where an id leads: to a session, or to what a rotation or a login has left of it. */
export type Place =
  | { readonly is: 'session'; readonly session: Session }
  | { readonly is: 'rotated'; readonly to: Id; readonly graceUntil: number; readonly until: number }
  | { readonly is: 'replaced'; readonly graceUntil: number; readonly until: number };

export interface Rules {
  readonly timeout: number;
  readonly absoluteTimeout: number;
  readonly touchInterval: number;
  readonly rotationGrace: number;
  readonly max: number | null;
  readonly onSessionLimit: 'evict-oldest' | 'refuse';
}

/** The owner has as many sessions as allowed. */
export class Refused extends Error {}

export class Model {
  readonly rules: Rules;
  /** By the store's clock. */
  now: number;
  protected readonly places = new Map<Id, Place>();
  #ids = 0;
  #logins = 0;

  constructor(rules: Rules, now: number) {
    this.rules = rules;
    this.now = now;
  }

  /** C1: an id whose time is over leads nowhere, and nothing brings it back. */
  at(id: Id): Place | undefined {
    const place = this.places.get(id);
    return place !== undefined && this.now < endOf(place) ? place : undefined;
  }

  /** C6: within its grace a rotated id leads to the one successor; after that, or a login, nowhere. */
  *open(request: Request): Steps {
    for (let id = request.cookie; id !== null;) {
      yield 'load';
      const place = this.at(id);
      if (place?.is === 'session') {
        request.id = id;
        request.answer = id === request.cookie ? 'keep' : 'set';
        request.find(place.session);
        request.lastSeen = Math.floor(place.session.lastSeen / 1000) * 1000;
        return;
      }
      const inGrace = place !== undefined && this.now < place.graceUntil;
      request.superseded = inGrace && place.is === 'replaced';
      request.answer = request.superseded ? 'keep' : 'delete';
      id = inGrace && place.is === 'rotated' ? place.to : null;
    }
  }

  /** A request is a transaction, carried out in one moment. One that changes nothing costs nothing. */
  *commit(request: Request): Steps {
    if (request.superseded) return request.forget();
    while (request.ends.length > 0) {
      yield* this.end(request.ends[0]!);
      request.ends.shift();
    }
    const { id, changes, login } = request;
    if (id === null) {
      const hasContent = [...changes.values()].some((value) => value !== undefined);
      if (login !== null || hasContent) yield* this.#create(request);
    } else if (login !== null || request.rotate !== null) {
      yield* this.#move(request);
    } else if (changes.size > 0 || request.timeout !== null || this.#touchDue(request)) {
      yield* this.#save(request);
    }
  }

  /** C3: reads, changes and writes a field in one moment. What the request has written is still its own. */
  *update(request: Request, name: string, change: (value: unknown) => unknown): Steps<unknown> {
    if (request.id === null || request.superseded || request.written.has(name)) {
      request.set(name, change(request.get(name)));
      return request.get(name);
    }
    const session = yield* this.#reach(request, 'save');
    if (session === null) return undefined;
    const value = change(session.fields.get(name));
    session.fields.set(name, value);
    request.found.set(name, value);
    request.mutated.delete(name);
    this.#renew(request, session);
    return value;
  }

  /** C3: of several requests, each message is given to one. */
  *take(request: Request, queue: string): Steps<string[]> {
    const prefix = flashPrefix(queue);
    const own = request.names(prefix).filter((name) => request.written.has(name));
    const messages = own.map((name) => request.get(name) as Message);
    for (const name of own) request.delete(name);
    if (request.id === null || request.superseded) return inOrder(messages);
    const session = yield* this.#reach(request, 'take');
    for (const [name, message] of session?.fields ?? []) {
      if (!name.startsWith(prefix)) continue;
      // What the request has given itself, or popped before, is not given to it again.
      if (!own.includes(name) && !request.written.has(name)) messages.push(message as Message);
      session!.fields.delete(name);
      request.forgetField(name);
    }
    return inOrder(messages);
  }

  /** C1: ends a session, also when it was rotated since, but not what a login has made of it. */
  *end(given: Id): Steps<boolean> {
    for (let id = given; ;) {
      yield 'destroy';
      const place = this.at(id);
      if (place?.is !== 'rotated') return place?.is === 'session' && this.destroy(id);
      id = place.to;
    }
  }

  /** C7: ends an owner's sessions in one moment, all but the one to spare, whatever it is called by now. */
  *revoke(owner: string, except: Id | null): Steps<number> {
    yield 'revokeOwned';
    const spared = except === null ? null : this.successor(except);
    const ended = this.owned(owner).filter(({ id }) => id !== spared);
    for (const { id } of ended) this.destroy(id);
    return ended.length;
  }

  *list(owner: string): Steps<readonly Session[]> {
    yield 'listOwned';
    return this.owned(owner);
  }

  get live(): Session[] {
    const places = [...this.places.keys()].map((id) => this.at(id));
    return places.flatMap((place) => (place?.is === 'session' ? [place.session] : []));
  }

  /** An owner's live sessions, oldest login first. */
  owned(owner: string): Session[] {
    return this.live.filter((session) => session.owner === owner).toSorted((a, b) => a.login - b.login);
  }

  /** The id that a session has by now which had this one. */
  successor(id: Id): Id {
    const place = this.at(id);
    return place?.is === 'rotated' ? this.successor(place.to) : id;
  }

  /** Ends a session. Of its ids none is ever used again. */
  destroy(id: Id): boolean {
    return this.places.delete(id);
  }

  /** C2 and C4: changes what the request has changed and renews the idle timeout; all else stays as it is by then. */
  *#save(request: Request): Steps {
    const session = yield* this.#reach(request, 'save');
    if (session !== null) this.#apply(request, session);
  }

  /** The session that a request stands on, in the moment in which its operation takes effect; `null` when it is lost. */
  *#reach(request: Request, operation: 'save' | 'take'): Steps<Session | null> {
    while (request.id !== null) {
      const { id } = request;
      request.sent = request.changes;
      yield operation;
      const place = this.at(id);
      if (place?.is === 'session') return place.session;
      // What the request does at the same time may have found that out already.
      if (request.id !== id) continue;
      if (place?.is === 'rotated') request.follow(place.to);
      else this.#lose(request, place);
    }
    return null;
  }

  /** C1: what has ended is not made again. Its cookie is deleted; one that a login is about to set is left alone. */
  #lose(request: Request, place: Place | undefined): void {
    if (request.login === null) request.forget();
    else request.startAnew();
    if (place === undefined) request.gone++;
    request.answer = place === undefined ? 'delete' : 'keep';
    request.superseded = place !== undefined && request.login === null;
  }

  *#create(request: Request): Steps {
    request.sent = request.changes;
    yield 'create';
    if (request.login !== null) this.admit(request, null);
    const session = this.fresh(this.newId(), request.login);
    this.adopt(request, session, session.id);
  }

  /** C6: in one moment the old id ceases to open the session, and the new one begins to. */
  *#move(request: Request): Steps {
    for (;;) {
      request.sent = request.changes;
      const place = yield* this.relocate(request);
      if (place?.is === 'session') return;
      if (place?.is === 'rotated') {
        request.follow(place.to);
        if (request.login !== null || request.rotate === 'cut') continue;
        // A concurrent request has rotated already: there is one successor, and both clients get it.
        request.rotate = null;
        return yield* this.#save(request);
      }
      this.#lose(request, place);
      // A login begins a session of its own then, and takes over nothing that was stored.
      if (request.login !== null) yield* this.#create(request);
      return;
    }
  }

  /** Gives a session its new id, if it is there; tells what was there. */
  protected *relocate(request: Request): Steps<Place | undefined> {
    yield 'rekey';
    const place = this.at(request.id!);
    if (place?.is !== 'session') return place;
    const { login } = request;
    const id = this.newId();
    if (login !== null) this.admit(request, place.session);
    this.leave(request, id);
    if (login !== null) this.#begin(place.session, login, id);
    this.adopt(request, place.session, id);
    return place;
  }

  /** What is left of a request's id when its session goes on as another one. */
  protected leave(request: Request, to: Id): void {
    const graceUntil = this.now + this.rules.rotationGrace * 1000;
    const until = Math.max(graceUntil, this.now + request.idle * 1000);
    const leads = request.login === null && request.rotate === 'grace';
    this.places.set(
      request.id!,
      leads ? { is: 'rotated', to, graceUntil, until } : { is: 'replaced', graceUntil, until: graceUntil },
    );
  }

  /** C8: never more live sessions than allowed, the new one included. */
  protected admit(request: Request, replaced: Session | null): void {
    const { max, onSessionLimit } = this.rules;
    const others = this.owned(request.login!).filter((session) => session !== replaced);
    if (max === null || others.length < max) return;
    if (onSessionLimit === 'refuse') {
      request.login = null;
      throw new Refused();
    }
    const oldest = others.slice(0, others.length - max + 1);
    for (const { id } of oldest) this.destroy(id);
    request.evicted += oldest.length;
  }

  /** A session that is made now. */
  protected fresh(id: Id, owner: string | null): Session {
    const times = { createdAt: 0, timeout: 0, expiresAt: 0, lastSeen: this.now, trialUntil: null };
    const session = { id, fields: new Map<string, unknown>(), owner, login: 0, ...times };
    this.#begin(session, owner, id);
    return session;
  }

  /** A new session and a login have a new CSRF secret and set the clocks; nothing else moves the absolute expiry. */
  #begin(session: Session, owner: string | null, id: Id): void {
    session.owner = owner;
    session.login = owner === null ? 0 : ++this.#logins;
    session.createdAt = this.now;
    session.timeout = this.rules.timeout;
    session.expiresAt = this.now + this.rules.absoluteTimeout * 1000;
    session.fields.set(CSRF, `secret of ${id.name}`);
  }

  /** From now on it is the request's. */
  protected adopt(request: Request, session: Session, id: Id): void {
    if (request.id === null || request.login !== null) {
      request.found.set(CSRF, session.fields.get(CSRF));
      request.owner = session.owner;
      request.idle = session.timeout;
    }
    session.id = id;
    this.places.set(id, { is: 'session', session });
    request.id = id;
    request.answer = 'set';
    request.login = null;
    request.rotate = null;
    this.#apply(request, session);
  }

  #apply(request: Request, session: Session): void {
    for (const [name, value] of request.sent) {
      if (value === undefined) session.fields.delete(name);
      else session.fields.set(name, value);
    }
    session.timeout = request.timeout ?? session.timeout;
    request.idle = request.timeout ?? request.idle;
    request.settle();
    this.#renew(request, session);
  }

  #renew(request: Request, session: Session): void {
    session.lastSeen = this.now;
    request.lastSeen = this.now;
  }

  protected newId(): Id {
    return new Id(`id${++this.#ids}`);
  }

  #touchDue(request: Request): boolean {
    const { touchInterval, timeout } = this.rules;
    // A session with a shorter timeout of its own is renewed in proportion.
    return this.now - request.lastSeen >= touchInterval * 1000 * Math.min(1, request.idle / timeout);
  }
}

/** Idle or absolute, whichever comes first; what is left of an id has an end of its own. */
function endOf(place: Place): number {
  if (place.is !== 'session') return place.until;
  const { lastSeen, timeout, expiresAt, trialUntil } = place.session;
  return Math.min(lastSeen + timeout * 1000, expiresAt, trialUntil ?? Infinity);
}
