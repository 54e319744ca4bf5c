import type { ExplainedReason } from 'websauna-session';
import type { Id, Session, Time, Tombstone } from './model.ts';
import type { Visit } from './plan.ts';
import type { Transport } from './transport.ts';

/** The names under which the model keeps what is not data. */
export const CSRF = '@csrf';
export const PENDING = '@pending';
export const flashPrefix = (queue: string): string => `@flash ${queue} `;

/** A form that a browser has open. */
export interface Form {
  readonly token: string;
  /** The model's name for the CSRF secret behind it; `null` for a form that cannot be sent. */
  readonly csrf: string | null;
  /** The secret that the CSRF secret is derived under; `null` where it is stored by itself. */
  readonly secret: string | null;
}

const DERIVED = 'derived from ';

/** The CSRF secret of a session that has none stored: derived from its id, under each secret that a process knows. */
export function derivedCsrf({ name }: Id): string {
  return DERIVED + name;
}

/** A rotation stores what was derived from the old id, as its process knows it. */
export function storedCsrf(csrf: unknown, { secrets }: Worker): unknown {
  return isDerivedCsrf(csrf) ? `${csrf} under ${secrets.join(' and ')}` : csrf;
}

/** A form that is rendered by a process. */
export function formOf(token: string, csrf: string, worker: Worker): Form {
  const [name, secrets] = namesOfCsrf(csrf, worker);
  return { token, csrf: name, secret: name.startsWith(DERIVED) ? secrets[0]! : null };
}

/** Whether a form can be sent to a process, where its session has this CSRF secret. */
export function isFormValid(form: Form, csrf: unknown, worker: Worker): boolean {
  if (form.csrf === null || csrf === undefined) return false;
  const [name, secrets] = namesOfCsrf(csrf as string, worker);
  return form.csrf === name && (form.secret === null || secrets.includes(form.secret));
}

function isDerivedCsrf(csrf: unknown): csrf is string {
  return typeof csrf === 'string' && csrf.startsWith(DERIVED) && !csrf.includes(' under ');
}

function namesOfCsrf(csrf: string, worker: Worker): [name: string, secrets: readonly string[]] {
  const [name, under] = csrf.split(' under ') as [string, string?];
  return [name, under?.split(' and ') ?? worker.secrets];
}

/** A flash message with its place in the order of all flashing. */
export interface Message {
  readonly at: number;
  readonly text: string;
}

/** A login that waits for its second factor: since when, and until when. */
export interface BegunLogin {
  readonly owner: string;
  readonly since: Time;
  readonly until: Time;
}

/** What a login says of its session; what it leaves out, it says nothing of. */
export interface LoginSpec {
  readonly remember?: boolean;
  /** Seconds. */
  readonly timeout?: number;
  readonly absoluteTimeout?: number | null;
  readonly index?: string;
  /** Fields that go over from another owner's session. */
  readonly keep?: readonly string[] | true;
}

/** A name that a session can be found by, and the secret behind its form in the store. */
export interface IndexEntry {
  readonly name: string;
  readonly secret: string;
}

/** A login that waits for the commit. */
export interface PendingLogin extends Omit<LoginSpec, 'index'> {
  readonly owner: string;
  readonly at: Time;
  readonly index?: IndexEntry;
  /** When the login that it completes was begun; `null` when it is complete by itself. */
  readonly since: Time | null;
}

/** What a request knows of the stored session that it stands on, as of its last read or write. */
export interface Known {
  id: Id;
  owner: string | null;
  /** Under the limits of the request's process. */
  timeout: { seconds: number; adjusted: boolean };
  /** Whether the process has another idle timeout than the one that is stored. */
  timeoutOutdated: boolean;
  /** Under the limits of the request's process; 0 for never. */
  expiresAt: Time;
  remember: boolean | null;
  index: IndexEntry | null;
  lastSeen: Time;
  cookie: { sentAt: Time; attributes: string; confirmed: boolean };
  /** Whether the client's cookie opened it; false for a session that this request made. */
  fromClient: boolean;
  /** How this request has given it an id that no response has carried yet; `null` where it has not. */
  issuedBy: 'creation' | 'login' | 'rotation' | null;
  /** From then on an acknowledgement is no reason to send the id to the client. */
  sendableUntil: Time;
}

/** An end of a session that the commit carries out. */
export interface PendingEnd {
  readonly id: Id;
  fromClient: boolean;
  readonly reason: ExplainedReason;
  /** A login as another owner has left it. */
  readonly isSwitch?: boolean;
}

/** Why a request has no session although its cookie was one's. */
export type LossReason = 'gone' | 'superseded' | 'rotated';

/** An operation was refused, with the code of the error. */
export class Refusal extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** One session from its load or creation to its end, as one request sees it. */
export class Epoch {
  /** `null` while nothing is stored. */
  known: Known | null = null;
  /** The fields that it found. */
  found = new Map<string, unknown>();
  /** What the request wrote to fields; `undefined` deletes. */
  readonly written = new Map<string, unknown>();
  /** What it changed inside values that it found. */
  readonly mutated = new Map<string, unknown>();
  login: PendingLogin | null = null;
  begun: BegunLogin | null = null;
  rotation: 'graceful' | 'immediate' | null = null;
  timeout: number | null = null;
  /** What it wrote and deleted again, which may be on its way to the store. */
  readonly #unstored = new Set<string>();
  /** What is on its way to the store, with a new id. */
  sent: ReadonlyMap<string, unknown> = new Map();
  /** The request goes on with another epoch. */
  over: 'ended' | 'left' | 'lost' | null = null;

  get id(): Id | null {
    return this.known?.id ?? null;
  }

  get(name: string): unknown {
    if (this.written.has(name)) return this.written.get(name);
    return this.mutated.get(name) ?? this.found.get(name);
  }

  names(prefix: string): string[] {
    const all = new Set([...this.found.keys(), ...this.written.keys()]);
    return [...all].filter((name) => name.startsWith(prefix) && this.get(name) !== undefined);
  }

  set(name: string, value: unknown): void {
    this.#unstored.delete(name);
    this.written.set(name, value);
    this.mutated.delete(name);
  }

  /** Deletes what the request knows of; a field that another request is about to write is not meant. */
  delete(name: string): void {
    if (this.found.has(name)) return this.set(name, undefined);
    if (this.written.delete(name)) this.#unstored.add(name);
  }

  mutate(name: string, value: unknown): void {
    if (this.written.has(name)) this.written.set(name, value);
    else this.mutated.set(name, value);
  }

  /** Another request has taken the field, so that there is nothing left to delete. */
  forgetField(name: string): void {
    this.found.delete(name);
    this.written.delete(name);
    this.mutated.delete(name);
  }

  get changes(): Map<string, unknown> {
    return new Map([...this.mutated, ...this.written]);
  }

  /** Whether the request has asked for anything that a commit would store. */
  get asks(): boolean {
    return this.changes.size > 0 || this.begun !== null || this.login !== null || this.timeout !== null;
  }

  /** Takes the stored fields as they are now. What the request changed stays. */
  find(session: Session): void {
    for (const [name, value] of this.mutated) this.written.set(name, value);
    this.mutated.clear();
    this.#unstored.clear();
    this.found = new Map(session.fields);
    for (const [name, value] of this.written) {
      if (value === undefined && !this.found.has(name)) this.written.delete(name);
    }
  }

  /** What goes to the store next, with a new id. A login leaves no login begun. */
  send(withLogin: boolean): void {
    const sent = this.changes;
    if (withLogin) sent.set(PENDING, undefined);
    this.sent = sent;
  }

  /** The store has these changes now; what was written since they were sent is still to come. */
  settle(sent: ReadonlyMap<string, unknown>): void {
    for (const [name, value] of sent) {
      if (value === undefined) this.found.delete(name);
      else this.found.set(name, value);
      if (this.#unstored.has(name)) this.delete(name);
      if (this.written.has(name) && this.written.get(name) === value) this.written.delete(name);
      if (this.mutated.get(name) === value) this.mutated.delete(name);
    }
  }

  /** An update goes on from what is stored, and not from what was written and deleted again. */
  startUpdate(name: string): void {
    this.#unstored.delete(name);
  }

  /** The store has the updated value. What was changed inside the value since, or written and deleted, comes after it. */
  finishUpdate(name: string, value: unknown): void {
    if (this.mutated.has(name)) this.set(name, this.mutated.get(name));
    this.found.set(name, value);
    if (this.#unstored.has(name)) this.delete(name);
  }

  discard(): void {
    this.written.clear();
    this.mutated.clear();
    this.begun = null;
    this.login = null;
    this.rotation = null;
    this.timeout = null;
  }

  messages(queue: string): string[] {
    return inOrder(this.names(flashPrefix(queue)).map((name) => this.get(name) as Message));
  }

  /** Each message is a field of its own; without duplicates it is one field for all who flash the same. */
  flash(queue: string, message: Message, allowDuplicate: boolean): void {
    if (!allowDuplicate && this.messages(queue).includes(message.text)) return;
    this.set(flashPrefix(queue) + (allowDuplicate ? message.at : message.text), message);
  }

  pop(queue: string): string[] {
    const messages = this.messages(queue);
    for (const name of this.names(flashPrefix(queue))) this.delete(name);
    return messages;
  }

  /** The CSRF secret that tokens of this request are made from; `fresh` where there is none yet, or a login is to come. */
  csrf(fresh: string): string {
    const isNew = this.login !== null && !this.written.has(CSRF);
    if (isNew || this.get(CSRF) === undefined) this.set(CSRF, fresh);
    return this.get(CSRF) as string;
  }
}

/** The process that a request comes to. */
export interface Worker {
  /** Newest first. */
  readonly secrets: readonly string[];
  /** The attributes of the cookies that it sets. */
  readonly attributes: string;
  /** Whether it asks the application since when an owner's logins are valid. */
  readonly invalidateBefore: boolean;
  /** Seconds. */
  readonly timeout: number;
  readonly absoluteTimeout: number;
  /** What the use of a rotated id after its grace leads to. */
  readonly onReuse: 'report' | 'end-session' | 'end-owner';
}

/** Why and when a session has ended. */
export interface Ended {
  readonly reason: ExplainedReason;
  readonly at: Time;
}

/** A session cookie: an id, and the secret that signed it. */
export interface Cookie {
  readonly id: Id;
  readonly secret: string;
}

/** One request as the contract sees it: what it found, what it asks for, and what its response will say. */
export class Request {
  readonly worker: Worker;
  readonly cookies: readonly Cookie[];
  readonly kind: Visit['kind'];
  readonly transport: Transport;
  phase: 'unloaded' | 'ready' | 'lost' = 'unloaded';
  lossReason: LossReason | null = null;
  epoch = new Epoch();
  loading = false;
  /** The store's clock at its last answer about the request's session. */
  answeredAt: Time = 0;
  /** The store's clock when the session was read. */
  openedAt: Time | null = null;
  /** The id of the cookie that opened the session. */
  presented: Id | null = null;
  /** The cookie is signed by an older secret. */
  cookieOutdated = false;
  /** How the session of its cookie has ended, as far as that is explained. */
  endedBefore: Ended | null = null;
  /** C6: what is left of rotated ids that it came with after their grace. */
  readonly reused: Tombstone[] = [];
  /** Why it has ended its session last. */
  endReason: ExplainedReason = 'logout';
  /** Sessions to end at the commit. */
  readonly ends: PendingEnd[] = [];
  /** The session of another owner, which a login is about to leave. */
  switchedFrom: Epoch | null = null;
  /** From the call of the final commit on. */
  headLeaving = false;
  /** Whether the handler has used the session since then. */
  usedLate = false;
  failed = false;
  /** C9: shared caches may store the response, so that it cannot carry a cookie. */
  shared = false;
  /** C13: the id that the store has acknowledged since the call of the final commit. */
  acknowledged: Id | null = null;
  /** C13: the store has acknowledged the end of the client's session that this request asked for. */
  clientSessionEnded = false;
  /** The session that it has made last. */
  made: Id | null = null;
  /** The id that a rekey in several steps is about to give it. */
  target: Id | null = null;
  /** C12: what is reported. */
  readonly events: string[] = [];

  constructor(
    worker: Worker,
    cookies: readonly Cookie[],
    kind: Visit['kind'] = 'visit',
    transport: Transport = 'cookie',
  ) {
    this.worker = worker;
    this.cookies = cookies;
    this.kind = kind;
    this.transport = transport;
  }

  get id(): Id | null {
    return this.epoch.id;
  }

  get owner(): string | null {
    return this.epoch.login?.owner ?? this.epoch.known?.owner ?? null;
  }

  pendingLogin(now: Time): BegunLogin | null {
    if (this.epoch.login !== null) return null;
    if (this.epoch.begun !== null) return this.epoch.begun;
    return this.#storedPendingLogin(now);
  }

  /** C13: a cookie is set or deleted only on evidence. */
  get answer(): 'set' | 'delete' | 'keep' {
    if (this.shared) return 'keep';
    if (this.acknowledged !== null) return 'set';
    return this.clientSessionEnded ? 'delete' : 'keep';
  }

  report(event: string): void {
    this.events.push(event);
  }

  /** The messages of a queue, for a page that the user sees. */
  pop(queue: string): string[] {
    const epoch = this.write();
    return this.kind === 'prefetch' ? [] : epoch.pop(queue);
  }

  // What a handler does takes effect at once, in the request.

  /** @throws {Refusal} when the session cannot be used yet */
  access(): void {
    if (this.phase === 'unloaded') throw new Refusal('ERR_SESSION_NOT_LOADED');
    this.usedLate ||= this.headLeaving;
  }

  /** @throws {Refusal} C12: when there is no record to change and the head has left */
  write(): Epoch {
    this.access();
    if (this.headLeaving && this.id === null) throw new Refusal('ERR_SESSION_HEADERS_SENT');
    return this.epoch;
  }

  /** @throws {Refusal} C12: when the head has left, so that no cookie can be sent */
  #assertCookieSendable(): Epoch {
    const epoch = this.write();
    if (this.kind === 'prefetch') throw new Refusal('ERR_SESSION_PREFETCH');
    if (this.headLeaving) throw new Refusal('ERR_SESSION_HEADERS_SENT');
    return epoch;
  }

  login(owner: string, now: Time, { index, ...spec }: LoginSpec = {}): void {
    const epoch = this.#assertCookieSendable();
    const since = this.#pendingSince(owner);
    // What an earlier call for the same owner has said stays, but for the fields.
    const { keep: _keep, ...said } = epoch.login?.owner === owner ? epoch.login : {};
    const entry = index === undefined ? {} : { index: { name: index, secret: this.worker.secrets[0]! } };
    // Of this and an idle timeout that was set apart, the later call counts.
    if (spec.timeout !== undefined || 'timeout' in said) epoch.timeout = null;
    this.requestLogin({ ...said, ...spec, ...entry, owner, at: now, since });
  }

  /** One that this request has begun itself has not waited for anything. */
  #pendingSince(owner: string): Time | null {
    const { login, begun } = this.epoch;
    if (login?.owner === owner) return login.since;
    if (begun !== null) return null;
    // C7: one that was in time when the request began, although its time passes before the login.
    const stored = this.#storedPendingLogin(this.openedAt ?? 0);
    return stored?.owner === owner ? stored.since : null;
  }

  #storedPendingLogin(now: Time): BegunLogin | null {
    const pending = this.epoch.get(PENDING) as BegunLogin | undefined;
    return pending !== undefined && now < pending.until ? pending : null;
  }

  /** A login as another owner begins a session with what the request wrote and what it keeps, and ends the present one. */
  requestLogin(login: PendingLogin): void {
    this.epoch.begun = null;
    const owner = this.epoch.known?.owner ?? null;
    if (owner !== null && owner !== login.owner) {
      const left = this.epoch;
      const kept = login.keep === true ? left.names('').filter((name) => !name.startsWith('@')) : (login.keep ?? []);
      // What was changed inside of a value that goes over is written, in both.
      for (const name of kept) if (left.mutated.has(name)) left.set(name, left.mutated.get(name));
      this.#replaceEpoch('left', left);
      this.epoch.timeout = left.timeout;
      for (const name of kept) {
        const value = left.get(name);
        if (value !== undefined) this.epoch.set(name, structuredClone(value));
      }
      this.switchedFrom = left;
    }
    this.epoch.login = login;
    if (this.phase === 'lost') this.phase = 'ready';
  }

  /** The store has refused the login: the client keeps the session that it had. */
  loginRefused(epoch: Epoch): void {
    epoch.login = null;
    if (this.switchedFrom === null || epoch !== this.epoch) return;
    epoch.over = 'left';
    this.epoch = this.switchedFrom;
    this.epoch.over = null;
    this.switchedFrom = null;
  }

  beginLogin(owner: string, now: Time, seconds: number): void {
    const epoch = this.#assertCookieSendable();
    epoch.begun = { owner, since: now, until: now + seconds * 1000 };
    epoch.rotation = epoch.id === null ? null : 'immediate';
    if (this.phase === 'lost') this.phase = 'ready';
  }

  rotate(grace: boolean): void {
    const epoch = this.#assertCookieSendable();
    if (epoch.id === null) return;
    if (grace) epoch.rotation ??= 'graceful';
    else epoch.rotation = 'immediate';
  }

  logout(): void {
    this.#assertCookieSendable();
    this.end();
  }

  /** C11: an end wins over everything under way. What follows belongs to a new, empty session. */
  end(reason: ExplainedReason = 'logout'): void {
    this.endReason = reason;
    for (const epoch of [this.epoch, this.switchedFrom]) {
      if (epoch?.known != null) this.ends.push({ id: epoch.known.id, fromClient: epoch.known.fromClient, reason });
    }
    if (this.switchedFrom !== null) this.switchedFrom.over = 'ended';
    this.switchedFrom = null;
    this.#replaceEpoch('ended');
    if (this.phase === 'lost') this.phase = 'ready';
  }

  /** The session was ended or taken over elsewhere. A login that is still to come begins one with what was written. */
  lose(epoch: Epoch, reason: LossReason): void {
    if (epoch !== this.epoch) return;
    const { login, begun, timeout } = epoch;
    if (login !== null) {
      this.#replaceEpoch('lost', epoch);
      Object.assign(this.epoch, { login, begun, timeout });
      return;
    }
    this.#replaceEpoch('lost');
    this.phase = 'lost';
    this.lossReason = reason;
  }

  #replaceEpoch(why: 'ended' | 'left' | 'lost', carry?: Epoch): void {
    this.epoch.over ??= why;
    this.epoch = new Epoch();
    this.acknowledged = null;
    for (const [name, value] of carry?.written ?? []) if (value !== undefined) this.epoch.set(name, value);
  }

  acknowledge(epoch: Epoch): void {
    if (epoch === this.epoch) this.acknowledged = epoch.id;
  }
}

export function inOrder(messages: readonly Message[]): string[] {
  return messages.toSorted((a, b) => a.at - b.at).map(({ text }) => text);
}
