import type { ExplainedReason } from 'websauna-session';
import {
  CSRF,
  derivedCsrf,
  flashPrefix,
  inOrder,
  PENDING,
  Refusal,
  storedCsrf,
  type BegunLogin,
  type Cookie,
  type Ended,
  type Epoch,
  type IndexEntry,
  type LossReason,
  type Message,
  type PendingLogin,
  type Request,
  type Worker,
} from './request.ts';

/**
 * The specification of sessions, as a program: the consistency contract over a store whose operations take effect one
 * after the other. What a request asks of the store is a generator. Each `yield` names the store operation that the
 * request waits for; what follows is done in the one moment in which that operation takes effect, and nothing else
 * changes a session. `go` is no operation: the rest begins when the handler waits for something.
 *
 * C11: the generators of one request run one after the other, in the order of their calls. Each works on the epoch in
 * which it was called; an end begins a new one, which nothing earlier reaches.
 */
export type Steps<Result = void> = Generator<WaitsFor, Result, Taken | undefined>;
export type WaitsFor = Operation | 'go';
export type Operation =
  | 'load'
  | 'create'
  | 'save'
  | 'rekey'
  | 'take'
  | 'destroy'
  | 'listOwned'
  | 'revokeOwned'
  | 'findOwnerHashes'
  /** The application is asked since when an owner's logins are valid. */
  | 'ask'
  | RekeyStep;
/** What a rekey consists of where the two keys live in different slots of a cluster. */
export type RekeyStep = 'copy' | 'deleteRotated' | 'confirm' | 'deleteCopy';

/** Milliseconds of the store's clock. */
export type Time = number;

/** What has taken effect. */
export interface Taken {
  readonly operation: Operation;
  readonly status: string | undefined;
  /** Whose sessions a search by an index has found, or a revocation is about to end. */
  readonly owners?: readonly Owned[];
}

/** The sessions of an owner under one secret; `null` for those of an owner that has never had one. */
export type Owned = { readonly owner: string; readonly secret: string } | null;

/** What a session is called from one rotation or login to the next. */
export class Id {
  readonly name: string;
  /** The secret behind the owner's hash in it. */
  readonly secret: string;
  constructor(name: string, secret: string) {
    this.name = name;
    this.secret = secret;
  }
}

export interface Session {
  id: Id;
  readonly fields: Map<string, unknown>;
  owner: string | null;
  /** The place among all logins. */
  login: number;
  createdAt: Time;
  authenticatedAt: Time;
  timeout: { seconds: number; adjusted: boolean };
  /** 0 for never. */
  expiresAt: Time;
  /** Whether the absolute expiry is the login's own, which no process's limit shortens. */
  ownExpiry: boolean;
  /** Whether the cookie outlives the browser's session, as the login has said; `null`: as the factory says. */
  remember: boolean | null;
  /** What it can be found by. */
  index: IndexEntry | null;
  lastSeen: Time;
  /** What the client was last sent as its cookie; `confirmed` is false from a rotation until a request comes with the id. */
  cookie: { sentAt: Time; attributes: string; confirmed: boolean };
  /** When it ends unless it is kept; `null` for what is not provisional. */
  provisionalUntil: Time | null;
}

/**
 * What remains of an id: a rotation leads to the new one; after a login, or the like, it leads nowhere. An end goes on
 * to what the same session has become.
 */
export type Tombstone =
  | {
      readonly is: 'rotated';
      readonly to: Id;
      readonly secret: string;
      readonly graceUntil: Time;
      readonly until: Time;
      readonly confirmed: boolean;
    }
  | {
      readonly is: 'replaced';
      /** For an end alone; `null` when the session that goes on is another. */
      readonly to: Id | null;
      readonly graceUntil: Time;
      readonly until: Time;
      readonly confirmed: boolean;
    };

export type Place = { readonly is: 'session'; readonly session: Session } | Tombstone;

export interface Rules {
  /** Durations in seconds. */
  readonly touchInterval: number;
  readonly rotationGrace: number;
  /** For how long ends are explained; 0 for not at all. */
  readonly explainEnds: number;
  readonly cookieMaxAge: number | null;
  readonly max: number | null;
  readonly onSessionLimit: 'evict-oldest' | 'refuse';
}

/** What a creation or a rekey is asked for. */
export interface Rekey {
  readonly login: PendingLogin | null;
  /** What this request has begun, beside a login that it completes. */
  readonly begun: BegunLogin | null;
  readonly rotation: 'graceful' | 'immediate' | null;
  readonly timeout: number | null;
}

/** What became of a cookie. */
type Opened = 'opened' | 'superseded' | 'invalidated' | 'rejected';

type SendCookie = 'always' | 'if-rotated' | 'never';

export class Model {
  readonly rules: Rules;
  now: Time;
  /** C10: in the application's database, since when each owner's logins are valid. */
  validSince = new Map<string, Time>();
  protected places = new Map<Id, Place>();
  /** How sessions with an owner were ended. */
  #ends = new Map<Id, Ended>();
  /** When the sessions of an owner were last revoked, by owner and secret. */
  #revocations = new Map<string, Time>();
  #ids = 0;
  #logins = 0;

  constructor(rules: Rules, now: Time) {
    this.rules = rules;
    this.now = now;
  }

  /** Goes on from where another one is, in which no request is under way. */
  takeOver(other: Model): void {
    this.now = other.now;
    this.validSince = new Map(other.validSince);
    this.places = new Map([...other.places].map(([id, place]) => [id, copyPlace(place)]));
    this.#ends = new Map(other.#ends);
    this.#revocations = new Map(other.#revocations);
    this.#ids = other.#ids;
    this.#logins = other.#logins;
  }

  /** C1: an id whose time is over leads nowhere, and nothing brings it back. */
  at(id: Id): Place | undefined {
    const place = this.places.get(id);
    return place !== undefined && this.now < endOf(place) ? place : undefined;
  }

  /** How the session with an owner has ended that had this id last, as long as that is explained. */
  explanationOf(id: Id): Ended | null {
    const place = this.places.get(id);
    const ended = this.#ends.get(id) ?? (place === undefined ? null : expiryOf(place));
    const isOver = ended !== null && ended.at <= this.now && this.now < ended.at + this.rules.explainEnds * 1000;
    return isOver ? ended : null;
  }

  // Loading.

  /** Tries the cookies in their order; the first that opens a session is used. */
  *load(request: Request): Steps {
    const cookies = this.#distinctCookies(request);
    if (cookies.length === 0 && request.cookies.length > 0) request.report('rejected: signature');
    const results = new Set<Opened>();
    for (const cookie of cookies) {
      const opened = yield* this.#open(request, cookie.id, cookie.secret !== request.worker.secrets[0]);
      results.add(opened);
      if (opened !== 'opened') continue;
      if (cookies.length > 1) request.report('cookieWarning: several');
      request.phase = 'ready';
      // C13: the client has a cookie that opens a session; the others do not matter.
      for (const end of request.ends) end.fromClient = false;
      return;
    }
    yield* this.#answerReuse(request);
    const isSuperseded = results.has('superseded') && !results.has('invalidated');
    request.phase = isSuperseded ? 'lost' : 'ready';
    request.lossReason = isSuperseded ? 'superseded' : null;
    if (results.has('invalidated')) flashInvalidated(request);
  }

  /** Of several cookies with one id, the one with the newest signature counts. */
  #distinctCookies({ worker, cookies }: Request): Cookie[] {
    const byId = new Map<Id, Cookie>();
    for (const cookie of cookies) {
      const age = worker.secrets.indexOf(cookie.secret);
      const other = byId.get(cookie.id);
      if (age === -1 || (other !== undefined && worker.secrets.indexOf(other.secret) <= age)) continue;
      byId.set(cookie.id, cookie);
    }
    return [...byId.values()];
  }

  /**
   * C6: within its grace a rotated id leads to the one successor. After that it does as long as no request has come with
   * the new id, which the client may not have received.
   */
  *#open(request: Request, presented: Id, outdated: boolean): Steps<Opened> {
    let sendableUntil = Infinity;
    let afterGrace = false;
    let link: Tombstone | undefined;
    for (let id = presented; ;) {
      yield 'load';
      const place = this.at(id);
      if (place === undefined) request.endedBefore ??= this.explanationOf(id);
      if (afterGrace && (place === undefined || isConfirmed(place))) return rejectRotated(request, link!);
      if (place === undefined) {
        request.report('rejected: not-found');
        return 'rejected';
      }
      if (place.is === 'session') {
        request.presented = presented;
        request.cookieOutdated = outdated;
        request.endedBefore = null;
        return yield* this.#adopt(request, request.epoch, place.session, sendableUntil);
      }
      const inGrace = this.now < place.graceUntil;
      const leads = place.is === 'rotated' && request.worker.secrets.includes(place.secret);
      if (!leads && inGrace) {
        request.report('rejected: superseded');
        return 'superseded';
      }
      if (!leads || (!inGrace && this.rules.rotationGrace === 0)) return rejectRotated(request, place);
      link = place;
      if (inGrace) sendableUntil = Math.min(sendableUntil, place.graceUntil);
      afterGrace = !inGrace;
      id = place.to;
    }
  }

  /**
   * C6: a rotated id that is used after its grace, although a request has come with the next one, may be stolen. Without
   * that request, it is what a lost response has left to the client.
   */
  *#answerReuse(request: Request): Steps {
    const { worker } = request;
    if (worker.onReuse === 'report') return;
    for (const tombstone of request.reused) {
      const id = yield* this.#confirmedSuccessor(tombstone);
      if (id === null) continue;
      const owner = worker.onReuse === 'end-owner' ? yield* this.#ownerOf(id) : null;
      if (owner !== null) {
        const count = yield* this.revoke(worker, owner, null, 'id-reuse');
        for (let i = 0; i < count; i++) request.report('destroyed: id-reuse');
      } else if ((yield* this.end(id, null, 'id-reuse')) === 'ended') {
        request.report('destroyed: id-reuse');
      }
    }
  }

  *#confirmedSuccessor(tombstone: Tombstone): Steps<Id | null> {
    for (let link = tombstone; link.is === 'rotated' && this.now >= link.graceUntil;) {
      yield 'load';
      const place = this.at(link.to);
      if (place === undefined) return null;
      if (isConfirmed(place)) return link.to;
      if (place.is === 'session') return null;
      link = place;
    }
    return null;
  }

  /** The owner of the session that has had an id. */
  *#ownerOf(given: Id): Steps<string | null> {
    for (let id: Id | null = given; id !== null;) {
      yield 'load';
      const place: Place | undefined = this.at(id);
      if (place === undefined) return null;
      if (place.is === 'session') return place.session.owner;
      id = place.to;
    }
    return null;
  }

  /** The one gate through which a session becomes the request's, after every check. */
  *#adopt(request: Request, epoch: Epoch, session: Session, sendableUntil: Time): Steps<Opened> {
    const found = { ...session, fields: new Map(session.fields), cookie: { ...session.cookie } };
    const { owner } = found;
    if (epoch.over !== null) return 'rejected';
    const { timeout, expiresAt } = limitsIn(request.worker, session);
    const idle = this.now - toSecond(session.lastSeen);
    // What is over by the limits of this process ends, although another process would go on with it.
    if (idle >= timeout.seconds * 1000 + 1000 || (expiresAt > 0 && this.now >= expiresAt)) {
      request.report('rejected: expired');
      request.ends.push({ id: session.id, fromClient: false, reason: 'expired' });
      const at = Math.min(toSecond(session.lastSeen) + timeout.seconds * 1000, expiresAt || Infinity);
      if (this.rules.explainEnds > 0 && owner !== null) request.endedBefore ??= { reason: 'expired', at };
      if (epoch.known !== null) this.#lose(request, epoch, 'gone');
      return 'rejected';
    }
    if (request.worker.invalidateBefore && owner !== null) yield 'ask';
    if (epoch.over !== null) return 'rejected';
    const wasKnown = epoch.known !== null;
    epoch.known = {
      ...found,
      timeout,
      timeoutOutdated: timeout.seconds !== found.timeout.seconds,
      expiresAt,
      fromClient: epoch.known?.fromClient ?? true,
      issuedBy: epoch.known?.issuedBy ?? null,
      sendableUntil,
      lastSeen: toSecond(found.lastSeen),
    };
    epoch.find(found);
    // C10: a login that is older than the change of a password is over.
    if (request.worker.invalidateBefore && owner !== null && found.authenticatedAt < this.#validSince(owner)) {
      request.report('rejected: authentication-changed');
      if (wasKnown && (epoch.asks || epoch.rotation !== null)) request.report('discarded: gone');
      request.end('authentication-changed');
      if (this.rules.explainEnds > 0) request.endedBefore ??= { reason: 'authentication-changed', at: this.now };
      if (wasKnown) flashInvalidated(request);
      return 'invalidated';
    }
    yield* this.#checkPendingLogin(request, epoch);
    return 'opened';
  }

  /** Neither can a login that was begun before the change be completed. */
  *#checkPendingLogin(request: Request, epoch: Epoch): Steps {
    if (!request.worker.invalidateBefore || epoch.get(PENDING) === undefined) return;
    const pending = request.pendingLogin(this.now);
    if (pending === null) return;
    yield 'ask';
    if (pending.since >= this.#validSince(pending.owner) || epoch.over !== null) return;
    epoch.delete(PENDING);
    request.report('refused: login-expired');
  }

  /** Reads the session again, through the same gate; what the request changed stays. */
  *reload(request: Request, epoch: Epoch): Steps {
    if (epoch.id === null || epoch.over !== null || request.phase !== 'ready') return;
    const session = yield* this.#reach(request, epoch, 'load', 'lose');
    if (typeof session === 'string') return;
    yield* this.#adopt(request, epoch, session, epoch.known!.sendableUntil);
  }

  // The commit.

  /**
   * A request is a transaction, carried out in one moment. One that changes nothing costs nothing.
   * @param when before the response's head leaves; or for a `save()` that was called before or after that
   */
  *commit(request: Request, when: 'final' | 'early' | 'late'): Steps {
    try {
      yield* this.#commit(request, when);
    } catch (error) {
      // The response is an error's now.
      if (when === 'final') request.failed = true;
      throw error;
    }
    // C9: no cookie in a response that shared caches may store.
    const hasEvidence = request.acknowledged !== null || (request.clientSessionEnded && request.id === null);
    if (when === 'final' && request.shared && hasEvidence) request.report('cookieSuppressed: cacheable');
  }

  *#commit(request: Request, when: 'final' | 'early' | 'late'): Steps {
    const final = when === 'final';
    if ((request.failed && final) || request.phase === 'unloaded') return;
    if (request.phase === 'lost') {
      this.#discardLost(request, final);
      return yield* this.#carryOutEnds(request, false);
    }
    this.#separateOwners(request);
    const { epoch } = request;
    const written = epoch.changes;
    let how = this.#plan(request, final && !request.shared);
    const needsCookie = how === 'create' || how === 'rekey';
    if (needsCookie && when === 'late') throw new Refusal('ERR_SESSION_HEADERS_SENT');
    if (needsCookie && final && request.shared) {
      // C12: a new id, or new rights under the old one, are not dropped silently.
      if (how === 'rekey' || epoch.login !== null || epoch.begun !== null)
        throw new Refusal('ERR_SESSION_COOKIE_WITHHELD');
      request.report('discarded: cacheable');
      request.report('cookieSuppressed: cacheable');
      epoch.discard();
      how = 'nothing';
    }
    const issuedBy = epoch.known?.issuedBy ?? null;
    if (issuedBy !== null && !needsCookie && final && request.shared) {
      if (issuedBy !== 'creation') throw new Refusal('ERR_SESSION_COOKIE_WITHHELD');
      request.report('cookieSuppressed: cacheable');
    }
    // C13: the browser may have a session, whose cookie it has kept from this request.
    const isNew = how === 'create' && epoch.login === null && epoch.begun === null;
    if (isNew && request.kind === 'form-post' && request.transport === 'cookie') {
      if (!final) throw new Refusal('ERR_SESSION_COOKIE_WITHHELD');
      request.report('discarded: cross-site');
      request.report('cookieSuppressed: cross-site');
      epoch.discard();
      how = 'nothing';
    }
    // C4: a page that is fetched ahead is no use of the session.
    if (how === 'touch' && request.kind === 'prefetch' && issuedBy === null) how = 'nothing';
    if (how === 'nothing' && request.ends.length === 0) return;
    const sendCookie = !final || request.shared ? 'never' : this.#isCookieDue(request) ? 'always' : 'if-rotated';
    yield* this.#carryOutEnds(request, how === 'create');
    // C11: the request has ended this session meanwhile; what it has done since is for the next commit.
    if (epoch.over !== null) return;
    if (how === 'create' || how === 'rekey') {
      const { login, begun, rotation, timeout } = epoch;
      if (how === 'create' || login !== null || begun !== null) yield 'go';
      writeBegunLogin(epoch, begun);
      if (how === 'create') yield* this.#create(request, epoch, { login, begun, rotation, timeout });
      else yield* this.#rekey(request, epoch, { login, begun, rotation, timeout });
    }
    if (how === 'save' || how === 'touch') yield* this.#save(request, epoch, written, sendCookie);
    if (request.ends.some(({ isSwitch }) => isSwitch)) yield* this.#carryOutEnds(request, true);
    // C12: what was discarded must not look stored.
    if (!final && request.phase === ('lost' as Request['phase'])) throw new Refusal('ERR_SESSION_ENDED');
  }

  /** C12: what is written to a session that was lost is discarded, and reported. */
  #discardLost(request: Request, final: boolean): void {
    const { epoch } = request;
    if (!epoch.asks) return;
    request.report(`discarded: ${request.lossReason}`);
    epoch.discard();
    if (!final) throw new Refusal('ERR_SESSION_ENDED');
  }

  /** A login that was asked for while one as another owner was under way is an account switch by now. */
  #separateOwners(request: Request): void {
    const { login, known } = request.epoch;
    if (login === null || known === null || known.owner === null || known.owner === login.owner) return;
    request.requestLogin(login);
  }

  #plan(request: Request, final: boolean): 'nothing' | 'create' | 'rekey' | 'save' | 'touch' {
    const { epoch } = request;
    const hasChanges = epoch.changes.size > 0 || epoch.begun !== null;
    if (epoch.known === null) {
      const hasContent = [...epoch.changes.values()].some((value) => value !== undefined) || epoch.begun !== null;
      return epoch.login !== null || hasContent ? 'create' : 'nothing';
    }
    if (epoch.login !== null || epoch.rotation !== null) return 'rekey';
    if (hasChanges || epoch.timeout !== null) return 'save';
    if (epoch.known.timeoutOutdated || isConfirmation(request, epoch)) return 'touch';
    return (final && this.#isCookieDue(request)) || this.#isTouchDue(request) ? 'touch' : 'nothing';
  }

  /** C1: when a new session follows in this commit, what remains of the old one says so to parallel requests. */
  *#carryOutEnds(request: Request, isReplaced: boolean): Steps {
    while (request.ends.length > 0) {
      const { id, fromClient, reason } = request.ends[0]!;
      const became = yield* this.end(id, isReplaced ? request.worker.timeout : null, reason);
      request.ends.shift();
      if (became === 'ended' && fromClient) request.clientSessionEnded = true;
      if (became === 'superseded') request.report('discarded: superseded');
    }
  }

  /** C2 and C4: changes what the request has changed and renews the idle timeout; all else stays as it is by then. */
  *#save(request: Request, epoch: Epoch, written: Map<string, unknown>, sendCookie: SendCookie): Steps {
    const from = epoch.id;
    const { timeout } = epoch;
    let sent = written;
    const isSent = (): boolean => sendCookie === 'always' || (sendCookie === 'if-rotated' && epoch.id !== from);
    // What it can be found by is kept for longer first.
    if (epoch.known!.index !== null && epoch.known!.expiresAt === 0) yield 'go';
    const session = yield* this.#reach(request, epoch, 'save', 'follow', () => {
      if (epoch.id !== from && written.size > 0) sent = epoch.changes;
    });
    if (session === 'ended') return;
    if (session === 'lost') return;
    this.#apply(session, sent);
    epoch.settle(sent);
    this.#renew(request, epoch, session, isSent());
    if (timeout !== null) {
      session.timeout = { seconds: timeout, adjusted: true };
      epoch.known!.timeout = { ...session.timeout };
      if (epoch.timeout === timeout) epoch.timeout = null;
    }
    // B1: who has followed a rotation gets the new id in its grace only.
    if (isSent() && this.now < epoch.known!.sendableUntil) request.acknowledge(epoch);
  }

  *#create(request: Request, epoch: Epoch, { login, begun, timeout }: Rekey): Steps {
    epoch.send(login !== null && begun === null);
    const { sent } = epoch;
    const sentAt = this.now;
    yield 'create';
    if (login !== null) this.admit(request, epoch, login, null);
    const session = this.fresh(request.worker, this.dated(login, sentAt));
    this.places.set(session.id, { is: 'session', session });
    if (timeout !== null) session.timeout = { seconds: timeout, adjusted: true };
    this.#apply(session, sent);
    epoch.settle(sent);
    const { expiresAt } = session;
    const limits = { timeout: { ...session.timeout }, expiresAt };
    this.#take(request, epoch, session, { begun, login, rotation: null, timeout }, false, limits);
    // C6: one that was begun meanwhile is to have an id of its own.
    epoch.rotation = epoch.begun === null ? null : 'immediate';
    if (login === null || request.switchedFrom === null || epoch !== request.epoch) return;
    // An account switch: the new session is there, and next the other owner's ends.
    const { id, fromClient } = request.switchedFrom.known!;
    request.switchedFrom = null;
    request.ends.push({ id, fromClient, reason: 'logout', isSwitch: true });
  }

  /** C6: in one moment the old id ceases to open the session, and the new one begins to. */
  *#rekey(request: Request, epoch: Epoch, rekey: Rekey): Steps {
    for (let followed = false; ;) {
      if (epoch.over !== null) return;
      if (followed && rekey.login === null && rekey.rotation === 'graceful') {
        // A concurrent request has rotated already: there is one successor, and both clients get it.
        if (epoch.rotation === 'graceful') epoch.rotation = null;
        return yield* this.#save(request, epoch, epoch.changes, 'always');
      }
      const place = yield* this.relocate(request, epoch, rekey);
      if (place?.is === 'session') return;
      const lost = place === undefined ? 'gone' : this.#follow(request, epoch, place, 'lose');
      followed = true;
      if (lost === null) continue;
      if (epoch.over !== null) return;
      this.#lose(request, epoch, lost);
      // A login begins a session of its own then, and takes over nothing that was stored.
      if (rekey.login === null) return;
      const next = request.epoch;
      const { begun, timeout } = next;
      writeBegunLogin(next, begun);
      return yield* this.#create(request, next, { login: rekey.login, begun, rotation: null, timeout });
    }
  }

  /** Gives a session its new id, if it exists; returns what was there. */
  protected *relocate(request: Request, epoch: Epoch, rekey: Rekey): Steps<Place | undefined> {
    let place: Place | undefined;
    let sentAt = this.now;
    for (let conflict = true; conflict;) {
      epoch.send(rekey.login !== null && rekey.begun === null);
      sentAt = this.now;
      const taken = yield 'rekey';
      place = this.at(epoch.id!);
      conflict = taken!.status === 'conflict';
      if (conflict && !this.seeAgain(epoch)) return place;
    }
    if (place?.is !== 'session') return place;
    const { session } = place;
    const { login } = rekey;
    if (login !== null) this.admit(request, epoch, login, session);
    const id = this.newId(login === null ? session.id.secret : request.worker.secrets[0]!);
    this.leave(request, epoch, session, id, rekey);
    // C4: a login of the same owner keeps the limits that it says nothing of.
    const isAgain = login !== null && session.owner === login.owner;
    this.rename(request, session, id, this.dated(login, sentAt));
    this.complete(request, epoch, session, rekey, isAgain);
    return place;
  }

  /** A store may rekey only what a request has seen, and shows it what there is now. Returns whether it goes on. */
  protected seeAgain(epoch: Epoch): boolean {
    const place = this.at(epoch.id!);
    if (place?.is === 'session') epoch.find(place.session);
    return epoch.over === null;
  }

  /** The store is told how old a login is, and the time that the question takes to reach it is not known. */
  protected dated(login: PendingLogin | null, sentAt: Time): PendingLogin | null {
    return login === null ? null : { ...login, at: login.at + (this.now - sentAt) };
  }

  /** What is left of a request's id when its session goes on under another one. */
  protected leave(request: Request, epoch: Epoch, session: Session, to: Id, { login, rotation, timeout }: Rekey): void {
    const known = epoch.known!;
    const begins = login !== null && session.owner !== login.owner;
    const next = timeout ?? login?.timeout ?? (begins ? request.worker.timeout : 0);
    const idle = Math.max(known.timeout.seconds, next);
    const graceUntil = this.now + this.rules.rotationGrace * 1000;
    const until = Math.max(graceUntil, this.now + idle * 1000);
    const confirmed = session.cookie.confirmed || isConfirmation(request, epoch);
    const times = { graceUntil, until, confirmed };
    const leads = login === null && rotation === 'graceful';
    const [secret] = request.worker.secrets as [string];
    const isSame = login === null || (session.owner === login.owner && epoch.id!.secret === secret);
    const replaced: Tombstone = { is: 'replaced', to: isSame ? to : null, ...times };
    this.places.set(epoch.id!, leads ? { is: 'rotated', to, secret, ...times } : replaced);
  }

  protected rename(request: Request, session: Session, id: Id, login: PendingLogin | null): void {
    session.id = id;
    this.places.set(id, { is: 'session', session });
    if (login !== null) this.#begin(session, login, request.worker);
    else session.fields.set(CSRF, storedCsrf(session.fields.get(CSRF), request.worker));
  }

  /** The session has its new id, and with it what the request changed. */
  protected complete(request: Request, epoch: Epoch, session: Session, rekey: Rekey, isAgain = false): void {
    const { login, timeout } = rekey;
    const known = epoch.known!;
    this.#apply(session, epoch.sent);
    epoch.settle(epoch.sent);
    const keepsTimeout = timeout === null && (login === null || (isAgain && login.timeout === undefined));
    const keepsExpiry = login === null || (isAgain && login.absoluteTimeout === undefined);
    if (timeout !== null) session.timeout = { seconds: timeout, adjusted: true };
    else if (keepsTimeout && known.timeoutOutdated) session.timeout = { ...known.timeout };
    session.lastSeen = this.now;
    const { attributes } = request.worker;
    session.cookie = { sentAt: this.now, attributes, confirmed: login !== null };
    // Of another timeout that a concurrent request has given the session, this one does not know.
    this.#take(request, epoch, session, rekey, known.fromClient, {
      timeout: { ...(keepsTimeout ? known.timeout : session.timeout) },
      expiresAt: keepsExpiry ? known.expiresAt : session.expiresAt,
    });
  }

  /** From now on the session is the request's; of one that it has ended meanwhile the end is still to come (C11). */
  #take(
    request: Request,
    epoch: Epoch,
    session: Session,
    rekey: Rekey,
    fromClient: boolean,
    limits: Pick<Session, 'timeout' | 'expiresAt'>,
  ): void {
    if (epoch.login === rekey.login) epoch.login = null;
    if (epoch.begun === rekey.begun) epoch.begun = null;
    if (epoch.rotation === rekey.rotation && epoch.begun === null) epoch.rotation = null;
    if (epoch.timeout === rekey.timeout) epoch.timeout = null;
    if (epoch.known === null || rekey.login !== null) epoch.found.set(CSRF, session.fields.get(CSRF));
    epoch.known = {
      ...session,
      ...limits,
      timeoutOutdated: false,
      cookie: { ...session.cookie },
      lastSeen: toSecond(this.now),
      fromClient,
      issuedBy: rekey.login !== null ? 'login' : epoch.known === null ? 'creation' : 'rotation',
      sendableUntil: Infinity,
    };
    request.made = session.id;
    if (epoch.over === 'ended') request.ends.push({ id: session.id, fromClient, reason: request.endReason });
    request.acknowledge(epoch);
  }

  /** C12: after a commit that failed, the response of the error drops what was to be stored. */
  // oxlint-disable-next-line require-yield -- it does all at once
  *dropFailed(request: Request): Steps {
    const { epoch } = request;
    if (!epoch.asks && epoch.rotation === null) return;
    request.report('discarded: commit-failed');
    epoch.discard();
  }

  // Operations that do not wait for the commit.

  /** C3: reads, changes and writes a field in one moment. What the request has written is still its own. */
  *update(request: Request, name: string, change: (value: unknown) => unknown, asked: Epoch): Steps<unknown> {
    if (asked.over !== null || request.phase === 'lost') throw new Refusal('ERR_SESSION_ENDED');
    const { epoch } = request;
    if (epoch.mutated.has(name)) epoch.set(name, epoch.mutated.get(name));
    if (epoch.id === null || epoch.written.has(name)) {
      epoch.set(name, change(epoch.get(name)));
      return epoch.get(name);
    }
    epoch.startUpdate(name);
    const session = yield* this.#reach(request, epoch, 'save', 'follow');
    if (typeof session === 'string') throw new Refusal('ERR_SESSION_ENDED');
    const value = change(session.fields.get(name));
    session.fields.set(name, value);
    epoch.finishUpdate(name, value);
    this.#renew(request, epoch, session, false);
    return value;
  }

  /** C3: of several requests, each message is given to one. */
  *take(request: Request, queue: string, asked: Epoch): Steps<string[]> {
    if (asked.over !== null) return [];
    const { epoch } = request;
    const prefix = flashPrefix(queue);
    const own = epoch.names(prefix).filter((name) => epoch.written.has(name));
    const messages = own.map((name) => epoch.get(name) as Message);
    for (const name of own) epoch.delete(name);
    if (epoch.id === null || request.phase !== 'ready') return inOrder(messages);
    const session = yield* this.#reach(request, epoch, 'take', 'lose');
    if (typeof session === 'string') return inOrder(messages);
    for (const [name, message] of session.fields) {
      if (!name.startsWith(prefix)) continue;
      // What the request has received itself, or popped before, is not given to it again.
      if (!own.includes(name) && !epoch.written.has(name)) messages.push(message as Message);
      session.fields.delete(name);
      epoch.forgetField(name);
    }
    return inOrder(messages);
  }

  /** C12: what is done to a session after the response's head has left, and that nothing saves, is dropped and reported. */
  // oxlint-disable-next-line require-yield -- it does all at once
  *close(request: Request): Steps {
    const { epoch } = request;
    if (request.phase !== 'ready' || !request.usedLate) return;
    const asks = epoch.id !== null && (epoch.login !== null || epoch.rotation !== null || epoch.timeout !== null);
    if (epoch.changes.size === 0 && !asks) return;
    request.report('discarded: late');
    epoch.discard();
  }

  /**
   * C1: ends a session, also when it was rotated since, but not what a login has made of it.
   * @param keep seconds that a tombstone remains; `null` for none
   */
  *end(given: Id, keep: number | null, reason: ExplainedReason): Steps<'ended' | 'gone' | 'superseded'> {
    for (let id = given; ;) {
      yield 'destroy';
      const place = this.at(id);
      if (place !== undefined && place.is !== 'session') {
        if (place.to === null) return 'superseded';
        id = place.to;
        continue;
      }
      if (place === undefined) return 'gone';
      const { confirmed } = place.session.cookie;
      this.destroy(id, keep === null ? reason : null);
      if (keep === null) return 'ended';
      const graceUntil = this.now + this.rules.rotationGrace * 1000;
      const until = Math.max(graceUntil, this.now + keep * 1000);
      this.places.set(id, { is: 'replaced', to: null, graceUntil, until, confirmed });
      return 'ended';
    }
  }

  // Owners.

  /** C7: ends an owner's sessions in one moment, all but the one to spare, also under its newest id. */
  *revoke(worker: Worker, owner: string, except: Id | null, reason: ExplainedReason = 'revoked'): Steps<number> {
    let count = 0;
    for (const secret of worker.secrets.toReversed()) {
      yield 'revokeOwned';
      const spared = except === null ? null : this.successor(except);
      const ended = this.owned(owner, [secret]).filter(({ id }) => id !== spared);
      for (const { id } of ended) this.destroy(id, reason);
      this.#revocations.set(`${owner} ${secret}`, this.now);
      count += ended.length;
    }
    return count;
  }

  /**
   * C7: ends the sessions that can be found by a name, of all owners. Of each owner, in one moment; those that a
   * search should have found, and has not, when it was made.
   */
  *revokeBy(worker: Worker, name: string): Steps<number> {
    let count = 0;
    for (const secret of worker.secrets) {
      const named = (): Session[] => this.live.filter(({ index }) => index?.name === name && index.secret === secret);
      const { owners = [] } = (yield 'findOwnerHashes')!;
      const isOf = ({ owner, id }: Session, owned: Owned): boolean =>
        owned !== null && owner === owned.owner && id.secret === owned.secret;
      const end = (sessions: readonly Session[]): void => {
        for (const { id } of sessions) this.destroy(id, 'revoked');
        count += sessions.length;
      };
      end(named().filter((session) => !owners.some((owned) => isOf(session, owned))));
      for (let left = owners.length; left > 0; left--) {
        const [owned = null] = (yield 'revokeOwned')!.owners ?? [];
        end(named().filter((session) => isOf(session, owned)));
      }
    }
    return count;
  }

  *revokeSession(worker: Worker, id: Id): Steps<boolean> {
    for (const secret of worker.secrets.toReversed()) {
      if (id.secret !== secret) yield 'destroy';
      else if ((yield* this.end(id, null, 'revoked')) === 'ended') return true;
    }
    return false;
  }

  *list(worker: Worker, owner: string): Steps<readonly Session[]> {
    const sessions: Session[] = [];
    for (const secret of worker.secrets.toReversed()) {
      yield 'listOwned';
      sessions.push(...this.owned(owner, [secret]));
    }
    return sessions;
  }

  /** The application changes an owner's password. */
  changePassword(owner: string): void {
    this.validSince.set(owner, this.now);
  }

  get live(): Session[] {
    const places = [...this.places.keys()].map((id) => this.at(id));
    return places.flatMap((place) => (place?.is === 'session' ? [place.session] : []));
  }

  /** An owner's live sessions, oldest login first. */
  owned(owner: string, secrets?: readonly string[]): Session[] {
    return this.live
      .filter((session) => session.owner === owner && (secrets?.includes(session.id.secret) ?? true))
      .toSorted((a, b) => a.login - b.login);
  }

  /** The id that a session has by now which had this one. */
  successor(id: Id): Id {
    const place = this.at(id);
    return place !== undefined && place.is !== 'session' && place.to !== null ? this.successor(place.to) : id;
  }

  /** Ends a session. Of its ids none is ever used again. */
  destroy(id: Id, reason: ExplainedReason | null): boolean {
    const place = this.places.get(id);
    const isOwned = place?.is === 'session' && place.session.owner !== null;
    if (isOwned && reason !== null) this.#ends.set(id, { reason, at: this.now });
    return this.places.delete(id);
  }

  // What all of them rest on.

  /**
   * The session of an epoch, in the moment in which the operation takes effect. A rotation is followed; what has ended
   * is not made again. `ended`: the request itself has ended or left it.
   */
  *#reach(
    request: Request,
    epoch: Epoch,
    operation: 'load' | 'save' | 'take',
    afterGrace: 'follow' | 'lose',
    send: () => void = () => {},
  ): Steps<Session | 'ended' | 'lost'> {
    for (;;) {
      if (epoch.over !== null) return 'ended';
      send();
      const taken = yield operation;
      // An update finds that another request has changed the field, and is made again.
      if (taken!.status === 'conflict') continue;
      const place = this.at(epoch.id!);
      if (place?.is === 'session') return place.session;
      const lost = place === undefined ? 'gone' : this.#follow(request, epoch, place, afterGrace);
      if (lost === null) continue;
      if (epoch.over !== null) return 'ended';
      this.#lose(request, epoch, lost);
      return 'lost';
    }
  }

  /** C6: goes on under the id that a rotation has led to; returns why that cannot be. */
  #follow(request: Request, epoch: Epoch, place: Tombstone, afterGrace: 'follow' | 'lose'): LossReason | null {
    if (place.is === 'replaced') return 'superseded';
    const inGrace = this.now < place.graceUntil;
    const isKnown = request.worker.secrets.includes(place.secret);
    if (!isKnown && inGrace) return 'superseded';
    if (!inGrace) request.report('staleId');
    if (!isKnown || (!inGrace && afterGrace === 'lose')) return 'rotated';
    const known = epoch.known!;
    epoch.known = { ...known, id: place.to, sendableUntil: Math.min(known.sendableUntil, place.graceUntil) };
    return null;
  }

  /** C12: what the request wrote goes into the session of a login that is still to come, or is discarded. */
  #lose(request: Request, epoch: Epoch, reason: LossReason): void {
    if (reason === 'gone') request.report('lost');
    const asks = epoch.changes.size > 0 || epoch.rotation !== null || epoch.timeout !== null;
    if (epoch.login === null && asks) request.report(`discarded: ${reason}`);
    request.lose(epoch, reason);
  }

  /** C8: never more live sessions than allowed, the new one included. */
  protected admit(request: Request, epoch: Epoch, login: PendingLogin, replaced: Session | null): void {
    const refusal = this.refusalOf(request, login, replaced);
    if (refusal !== null) {
      request.loginRefused(epoch);
      request.report(`refused: ${refusal}`);
      throw new Refusal(refusal === 'session-limit' ? 'ERR_SESSION_FULL' : 'ERR_SESSION_LOGIN_EXPIRED');
    }
    const { max } = this.rules;
    const others = this.#others(request, login, replaced);
    if (max === null || others.length < max) return;
    for (const { id } of others.slice(0, others.length - max + 1)) {
      this.destroy(id, 'evicted');
      request.report('evicted');
    }
  }

  /** Why a login is refused; `null` when it is not. */
  protected refusalOf(request: Request, login: PendingLogin, replaced: Session | null): string | null {
    const { max, onSessionLimit } = this.rules;
    const { owner, since } = login;
    const revokedAt = this.#revocations.get(`${owner} ${request.worker.secrets[0]}`);
    // C7: a login that was begun before the owner's sessions were revoked is revoked with them.
    if (since !== null && revokedAt !== undefined && since <= revokedAt) return 'login-expired';
    const isFull = max !== null && this.#others(request, login, replaced).length >= max;
    return isFull && onSessionLimit === 'refuse' ? 'session-limit' : null;
  }

  #others({ worker }: Request, { owner }: PendingLogin, replaced: Session | null): Session[] {
    return this.owned(owner, worker.secrets.slice(0, 1)).filter((session) => session !== replaced);
  }

  /** A session that is made now. */
  protected fresh(worker: Worker, login: PendingLogin | null, id: Id = this.newId(worker.secrets[0]!)): Session {
    const { now } = this;
    const session: Session = {
      id,
      fields: new Map(),
      owner: null,
      login: 0,
      createdAt: now,
      authenticatedAt: 0,
      timeout: { seconds: 0, adjusted: false },
      expiresAt: 0,
      ownExpiry: false,
      remember: null,
      index: null,
      lastSeen: now,
      cookie: { sentAt: now, attributes: worker.attributes, confirmed: true },
      provisionalUntil: null,
    };
    this.#begin(session, login, worker);
    return session;
  }

  /**
   * C4: a new session and a login have a new CSRF secret and set the clocks; nothing else moves the absolute expiry, nor
   * does a login of the same owner that says nothing of it.
   */
  #begin(session: Session, login: PendingLogin | null, { timeout, absoluteTimeout }: Worker): void {
    const isAgain = login !== null && session.owner === login.owner;
    session.owner = login?.owner ?? null;
    session.login = login === null ? 0 : ++this.#logins;
    session.authenticatedAt = login?.at ?? 0;
    if (login?.timeout !== undefined) session.timeout = { seconds: login.timeout, adjusted: true };
    else if (!isAgain) session.timeout = { seconds: timeout, adjusted: false };
    if (!isAgain || login.absoluteTimeout !== undefined) {
      session.createdAt = this.now;
      session.ownExpiry = login?.absoluteTimeout !== undefined;
      const seconds = login?.absoluteTimeout === undefined ? absoluteTimeout : login.absoluteTimeout;
      session.expiresAt = seconds === null ? 0 : this.now + seconds * 1000;
    }
    session.remember = login?.remember ?? (isAgain ? session.remember : null);
    session.index = login?.index ?? (isAgain ? session.index : null);
    session.fields.set(CSRF, derivedCsrf(session.id));
  }

  #apply(session: Session, sent: ReadonlyMap<string, unknown>): void {
    for (const [name, value] of sent) {
      if (value === undefined) session.fields.delete(name);
      else session.fields.set(name, value);
    }
  }

  /** C4: every write renews the idle timeout; one by a request that came with the id confirms it. */
  #renew(request: Request, epoch: Epoch, session: Session, cookieSent: boolean): void {
    if (isConfirmation(request, epoch)) session.cookie.confirmed = true;
    if (cookieSent) session.cookie = { ...session.cookie, sentAt: this.now, attributes: request.worker.attributes };
    session.lastSeen = this.now;
    const known = epoch.known!;
    if (known.timeoutOutdated) session.timeout = { ...known.timeout };
    known.timeoutOutdated = false;
    known.lastSeen = toSecond(this.now);
    const { sentAt, attributes } = cookieSent ? session.cookie : known.cookie;
    known.cookie = { sentAt, attributes, confirmed: known.cookie.confirmed || known.id === request.presented };
  }

  protected newId(secret: string): Id {
    return new Id(`id${++this.#ids}`, secret);
  }

  #validSince(owner: string): Time {
    return this.validSince.get(owner) ?? -Infinity;
  }

  #isTouchDue({ epoch, worker }: Request): boolean {
    const { lastSeen, timeout } = epoch.known!;
    // A session with a shorter timeout of its own is renewed in proportion.
    return this.now - lastSeen >= this.rules.touchInterval * 1000 * Math.min(1, timeout.seconds / worker.timeout);
  }

  /** C13: the client needs the cookie again. */
  #isCookieDue(request: Request): boolean {
    const { known, timeout } = request.epoch;
    if (known === null) return false;
    if (known.id !== request.presented || request.cookieOutdated) return true;
    // A token has no attributes, and no lifetime of its own.
    if (request.transport === 'header') return false;
    if (known.cookie.attributes !== request.worker.attributes) return true;
    const interval = this.cookieInterval(request);
    if (interval === null) return false;
    return timeout !== null || this.now - toSecond(known.cookie.sentAt) >= interval * 1000;
  }

  /** Seconds between two cookies of a session that is used; `null` for a cookie of the browser's session. */
  cookieInterval(request: Request): number | null {
    const maxAge = this.#cookieLifetime(request);
    return maxAge === null ? null : Math.min(this.rules.touchInterval, maxAge / 10);
  }

  /** Seconds that the cookie of a response may live: never past the absolute expiry. */
  maxAge(request: Request): number | null {
    if (request.transport === 'header') return null;
    const wanted = this.#cookieLifetime(request);
    const { expiresAt } = request.epoch.known!;
    if (wanted === null || expiresAt === 0) return wanted;
    return Math.max(0, Math.min(wanted, Math.floor((expiresAt - request.answeredAt) / 1000)));
  }

  /** What a login says of the cookie counts more than the factory's; one that outlives the browser lasts as the session. */
  #cookieLifetime({ epoch }: Request): number | null {
    const { remember, timeout } = epoch.known!;
    const { cookieMaxAge } = this.rules;
    if (remember === false) return null;
    if (remember === true) return timeout.seconds;
    return cookieMaxAge !== null && timeout.adjusted ? timeout.seconds : cookieMaxAge;
  }
}

/** The limits of a session that are in force in a process: a login's own, or else the process's, if they are shorter. */
export function limitsIn(
  { timeout, absoluteTimeout }: Worker,
  session: Pick<Session, 'timeout' | 'expiresAt' | 'ownExpiry' | 'createdAt'>,
): Pick<Session, 'timeout' | 'expiresAt'> {
  const { ownExpiry, createdAt, expiresAt } = session;
  return {
    timeout: session.timeout.adjusted ? { ...session.timeout } : { seconds: timeout, adjusted: false },
    expiresAt: ownExpiry ? expiresAt : Math.min(expiresAt, createdAt + absoluteTimeout * 1000),
  };
}

/** Returns a copy that shares nothing that is ever changed. */
function copyPlace(place: Place): Place {
  if (place.is !== 'session') return place;
  const { session } = place;
  return { is: 'session', session: { ...session, fields: new Map(session.fields), cookie: { ...session.cookie } } };
}

/** A request has come with the new id of a rotation. */
function isConfirmation(request: Request, { known }: Epoch): boolean {
  return known !== null && !known.cookie.confirmed && known.id === request.presented;
}

function isConfirmed(place: Place): boolean {
  return place.is === 'session' ? place.session.cookie.confirmed : place.confirmed;
}

/** C6: a later use of an old id is reported. */
function rejectRotated(request: Request, link: Tombstone): 'rejected' {
  request.reused.push(link);
  request.report('rejected: rotated');
  request.report('staleId');
  return 'rejected';
}

/** C10: the next page says why the user has to log in again. */
function flashInvalidated(request: Request): void {
  request.epoch.flash('', { at: 0, text: 'session-invalidated' }, true);
}

function writeBegunLogin(epoch: Epoch, begun: BegunLogin | null): void {
  if (begun !== null) epoch.set(PENDING, begun);
}

function toSecond(time: Time): Time {
  return time - (time % 1000);
}

/** Of a session with an owner that no login has still to confirm. */
function expiryOf(place: Place): Ended | null {
  if (place.is !== 'session' || place.session.owner === null || place.session.provisionalUntil !== null) return null;
  return { reason: 'expired', at: endOf(place) };
}

/** Idle or absolute, whichever comes first; what is left of an id has an end of its own. */
function endOf(place: Place): Time {
  if (place.is !== 'session') return place.until;
  const { lastSeen, timeout, expiresAt, provisionalUntil } = place.session;
  return Math.min(lastSeen + timeout.seconds * 1000, expiresAt || Infinity, provisionalUntil ?? Infinity);
}
