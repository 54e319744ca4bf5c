import type { Id } from './model.ts';

interface Seen {
  readonly handle: string;
  readonly expiresAt: Date | null;
  toJSON(): object;
}

/** What must hold whatever the model says, of what was seen alone; and how often what was seen. */
export class Witness {
  readonly #opened = new Set<Id>();
  readonly #ended = new Set<Id>();
  readonly #expiries = new Map<string, number>();
  readonly #taken = new Set<string>();
  readonly counts = new Map<string, number>();
  problem: string | null = null;

  /** Somebody came with an id, and this is what it opened. */
  saw(id: Id, session: Seen | null, browser: string): void {
    if (session === null) {
      if (this.#opened.has(id)) this.#ended.add(id);
      return;
    }
    if (this.#ended.has(id)) this.#tell(`C1: ${id.name} had ended, and can be opened again`);
    this.#opened.add(id);
    const expiry = session.expiresAt!.getTime();
    if ((this.#expiries.get(session.handle) ?? expiry) !== expiry) {
      this.#tell(`C4: the absolute expiry of the session of ${id.name} has moved`);
    }
    this.#expiries.set(session.handle, expiry);
    const alien = Object.values(session.toJSON())
      .flat()
      .find((value) => !String(value).startsWith(browser));
    if (alien !== undefined) this.#tell(`C9: browser ${browser} sees ${alien}, which it has not written`);
  }

  /** A request has taken messages for itself. */
  taken(messages: readonly string[]): void {
    for (const message of messages.filter((each) => /\d$/.test(each))) {
      if (this.#taken.has(message)) this.#tell(`C3: the message ${message} was given to two`);
      this.#taken.add(message);
    }
  }

  lists(owner: string, count: number, max: number | null): void {
    if (max !== null && count > max) this.#tell(`C8: ${owner} has ${count} sessions, and may have ${max}`);
  }

  count(operation: string, status: string | undefined): void {
    const what = status === undefined ? operation : `${operation}, ${status}`;
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  #tell(problem: string): void {
    this.problem ??= problem;
  }
}
