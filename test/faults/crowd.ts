import { SessionError } from 'websauna-session';
import { waitFor } from '../support/wait-for.ts';
import { Person, type Broken, type Factory } from './person.ts';

/** How much there is to do: 1 in every test run, more with FAULTS_LOAD. */
export const LOAD: number = Number(process.env['FAULTS_LOAD'] ?? 1);

/** Milliseconds between the requests of a person: enough for the servers to run on a small machine. */
const PACE = 4;
/** Successful requests in a row, of all people together, that count as recovery. */
const CALM = 200;

/** People who use a site all at once, without end. */
export class Crowd {
  readonly people: readonly Person[];
  /** Requests that ended well. */
  served = 0;
  /** Requests that failed, by their error. */
  readonly errors: Map<string, number> = new Map();
  /** When a request last failed, by the process's clock. */
  failedAt: number | undefined;
  #calm = 0;
  #lastFailure: unknown;
  #running: Promise<void>[] = [];
  #stopped = false;
  readonly #untyped: unknown[] = [];

  constructor(factories: readonly Factory[], people: number = 8 * LOAD) {
    this.people = Array.from({ length: people }, () => new Person(factories));
  }

  start(): void {
    this.#running = this.people.map((person) => this.#live(person));
  }

  /** Waits for so many more requests that end well. */
  async work(requests: number = 300 * LOAD): Promise<void> {
    const goal = this.served + requests;
    await waitFor('the requests to be served', () => this.served >= goal, 60_000);
  }

  /** Waits until requests no longer fail. */
  async calm(): Promise<void> {
    this.#calm = 0;
    this.#lastFailure = undefined;
    await waitFor(
      'the requests to succeed again',
      () => {
        if (this.#calm >= CALM) return true;
        if (this.#lastFailure !== undefined) throw new Error('A request failed', { cause: this.#lastFailure });
        return false;
      },
      60_000,
    );
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  /**
   * Checks everything once more, when the requests have stopped, and ends all sessions: what is left
   * of them then was not to be found by its owner.
   */
  async audit(): Promise<void> {
    for (const person of this.people) {
      await person.audit();
      await person.revoke();
      await person.audit();
    }
  }

  /** Requests that failed. */
  get failed(): number {
    return [...this.errors.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Errors that no failure explains. */
  get wrong(): unknown[] {
    return [...this.people.flatMap(({ wrong }) => wrong), ...this.#untyped];
  }

  get broken(): Broken[] {
    return this.people.flatMap(({ broken }) => broken);
  }

  /** Figures for the log. */
  report(title: string, figures: Record<string, string | number> = {}): void {
    const list = (counts: Map<string, number>): string =>
      [...counts].map(([kind, count]) => `${kind} ${count}`).join(', ') || 'none';
    const lost = new Map<string, number>();
    for (const { what } of this.broken) lost.set(what, (lost.get(what) ?? 0) + 1);
    const all = {
      requests: this.served,
      errors: list(this.errors),
      ...figures,
      'acknowledged, then lost': list(lost),
    };
    console.log(
      `${title}: ${Object.entries(all)
        .map(([name, value]) => `${name}: ${value}`)
        .join('; ')}`,
    );
  }

  async #live(person: Person): Promise<void> {
    while (!this.#stopped) {
      try {
        await person.act();
        this.served += 1;
        this.#calm += 1;
      } catch (error) {
        this.#failed(error);
      }
      await new Promise((resolve) => setTimeout(resolve, PACE));
    }
  }

  #failed(error: unknown): void {
    this.#calm = 0;
    this.#lastFailure = error;
    this.failedAt = performance.now();
    const kind = kindOf(error);
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1);
    if (!(error instanceof SessionError) || error.status !== 503) this.#untyped.push(error);
  }
}

/** The code of an error, and the word in brackets that says why. */
function kindOf(error: unknown): string {
  if (!(error instanceof SessionError)) return String(error);
  const why = /\((\w+)\)/.exec(error.message)?.[1];
  return error.code.replace('ERR_SESSION_', '') + (why === undefined ? '' : ` (${why})`);
}
