import type { Id, Session } from './model.ts';

/** The names under which the model keeps what is not data. */
export const CSRF = '@csrf';
export const PENDING = '@pending';
export const flashPrefix = (queue: string): string => `@flash ${queue} `;

/** A flash message with its place in the order of all flashing. */
export interface Message {
  readonly at: number;
  readonly text: string;
}

/** A login that waits for its second factor, and until when. */
export interface Pending {
  readonly owner: string;
  readonly until: number;
}

/** One request as the contract sees it: what it found, what it wants, and what its response will say. */
export class Request {
  readonly cookie: Id | null;
  /** Of the stored session that it stands on; `null` for none. */
  id: Id | null = null;
  owner: string | null = null;
  /** The idle timeout as it was found, seconds. */
  idle = 0;
  /** When the session was last seen, as it was found, milliseconds. */
  lastSeen = 0;
  /** A login has given the client another session: this one is empty, and what it writes is dropped. */
  superseded = false;
  /** The fields that it found. */
  found = new Map<string, unknown>();
  /** What it gave fields in place of what they held; `undefined` deletes. */
  readonly written = new Map<string, unknown>();
  /** What it changed inside values that it found. */
  readonly mutated = new Map<string, unknown>();

  // Marks, for the commit.
  rotate: 'grace' | 'cut' | null = null;
  login: string | null = null;
  timeout: number | null = null;
  /** The id that a move in several steps is about to give it. */
  target: Id | null = null;
  /** Sessions to end. */
  readonly ends: Id[] = [];

  /** What the response tells the browser about its cookie. */
  answer: 'keep' | 'set' | 'delete' = 'keep';
  /** How often it was told that somebody else had ended its session. */
  gone = 0;
  /** Sessions of the owner that it has ended to make room. */
  evicted = 0;

  constructor(cookie: Id | null) {
    this.cookie = cookie;
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
    this.written.set(name, value);
    this.mutated.delete(name);
  }

  /** Deletes what the request knows of: what somebody else is about to write is not meant. */
  delete(name: string): void {
    if (this.found.has(name)) this.set(name, undefined);
    else this.written.delete(name);
  }

  /** Somebody has taken it away, so that there is nothing left to delete. */
  forgetField(name: string): void {
    this.found.delete(name);
    if (this.written.get(name) === undefined) this.written.delete(name);
  }

  mutate(name: string, value: unknown): void {
    if (this.written.has(name)) this.written.set(name, value);
    else this.mutated.set(name, value);
  }

  messages(queue: string): string[] {
    return inOrder(this.names(flashPrefix(queue)).map((name) => this.get(name) as Message));
  }

  /** Every message is a field of its own; without duplicates it is one field for all who flash the same. */
  flash(queue: string, message: Message, allowDuplicate: boolean): void {
    if (!allowDuplicate && this.messages(queue).includes(message.text)) return;
    this.set(flashPrefix(queue) + (allowDuplicate ? message.at : message.text), message);
  }

  pop(queue: string): string[] {
    const messages = this.messages(queue);
    for (const name of this.names(flashPrefix(queue))) this.delete(name);
    return messages;
  }

  /** The CSRF secret that tokens of this request are made from; `fresh` where there is none yet. */
  csrf(fresh: string): string {
    if (this.get(CSRF) === undefined) this.set(CSRF, fresh);
    return this.get(CSRF) as string;
  }

  pendingLogin(now: number): string | null {
    const pending = this.get(PENDING) as Pending | undefined;
    return pending !== undefined && now < pending.until ? pending.owner : null;
  }

  markLogin(owner: string): void {
    this.superseded = false;
    this.delete(PENDING);
    this.login = owner;
  }

  beginLogin(owner: string, until: number): void {
    this.set(PENDING, { owner, until } satisfies Pending);
    if (this.id !== null) this.rotate = 'cut';
  }

  markRotation(): void {
    if (this.id !== null) this.rotate ??= 'grace';
  }

  /** Ends the session; what follows belongs to a fresh one. */
  end(): void {
    if (this.id !== null) {
      this.ends.push(this.id);
      this.answer = 'delete';
    }
    this.login = null;
    this.forget();
  }

  find(session: Session): void {
    this.found = new Map(session.fields);
    this.owner = session.owner;
    this.idle = session.timeout;
  }

  /** Goes on under the id that a rotation gave the session. */
  follow(id: Id): void {
    this.id = id;
    this.answer = 'set';
  }

  /** Stands on no stored session any more; what it wrote by itself remains. */
  startAnew(): void {
    this.id = null;
    this.owner = null;
    this.found.clear();
    this.mutated.clear();
    for (const name of this.written.keys()) if (this.written.get(name) === undefined) this.written.delete(name);
  }

  /** Likewise, and nothing remains. */
  forget(): void {
    this.startAnew();
    this.written.clear();
    this.rotate = null;
    this.timeout = null;
  }

  get changes(): ReadonlyMap<string, unknown> {
    return new Map([...this.mutated, ...this.written]);
  }

  /** What is on its way to the store. */
  sent: ReadonlyMap<string, unknown> = new Map();

  /** It has got there. What was written meanwhile is still to come. */
  settle(): void {
    for (const [name, value] of this.sent) {
      if (value === undefined) this.found.delete(name);
      else this.found.set(name, value);
      if (this.written.get(name) === value) this.written.delete(name);
      this.mutated.delete(name);
    }
    this.timeout = null;
  }
}

export function inOrder(messages: readonly Message[]): string[] {
  return messages.toSorted((a, b) => a.at - b.at).map(({ text }) => text);
}
