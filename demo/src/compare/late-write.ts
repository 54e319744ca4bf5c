import type { Socket } from 'node:net';
import type { Arena } from './arena.ts';
import type { Browser } from './browser.ts';
import type { Contestant, ContestantName } from './contestant.ts';
import type { Gate } from './gates.ts';

/** What has been done so far. */
export type Stage = 'held' | 'logged-out' | 'finished';

/** What one application showed to the cookie of its user. */
export interface Observation {
  readonly name: ContestantName;
  /** The user that the cookie led to, after each stage. */
  readonly users: (string | null)[];
  /** What the package reported. */
  reports: readonly string[];
}

/** A request of each application that has loaded the session of a user, and is held while the user logs out. */
export class LateWrite {
  readonly observations: readonly Observation[];
  stage: Stage = 'held';
  readonly #arena: Arena;
  readonly #gate: Gate;
  readonly #runs: readonly Run[];

  private constructor(arena: Arena, socket: Socket) {
    this.#arena = arena;
    this.#gate = arena.gates.add();
    this.#runs = arena.contestants.map((contestant) => new Run(contestant, arena.browse(contestant, socket)));
    this.observations = this.#runs.map(({ observation }) => observation);
  }

  static async start(arena: Arena, socket: Socket): Promise<LateWrite> {
    const experiment = new LateWrite(arena, socket);
    await arena.exclusively(() => experiment.#hold());
    return experiment;
  }

  /** The user logs out of both applications. */
  async logOut(): Promise<void> {
    await this.#arena.exclusively(async () => {
      if (this.stage !== 'held') return;
      for (const run of this.#runs) await run.logOut();
      this.stage = 'logged-out';
    });
  }

  /** The held requests go on. */
  async finish(): Promise<void> {
    await this.#arena.exclusively(async () => {
      if (this.stage !== 'logged-out') return;
      this.#arena.gates.open(this.#gate);
      for (const run of this.#runs) await run.finish();
      this.stage = 'finished';
    });
  }

  /** Releases the held requests of an experiment that is given up, and ends its sessions. */
  async abandon(): Promise<void> {
    this.#arena.gates.open(this.#gate);
    await this.#arena.exclusively(() => Promise.allSettled(this.#runs.map((run) => run.end())));
  }

  async #hold(): Promise<void> {
    try {
      const requests = this.#runs.map((run) => run.start(this.#gate));
      await Promise.race([this.#gate.whenHeld(requests.length), Promise.all(requests)]);
    } catch (error) {
      this.#arena.gates.open(this.#gate);
      throw error;
    }
  }
}

class Run {
  readonly observation: Observation;
  readonly #contestant: Contestant;
  readonly #browser: Browser;
  #cookie = '';
  #request: Promise<void> = Promise.resolve();

  constructor(contestant: Contestant, browser: Browser) {
    this.#contestant = contestant;
    this.#browser = browser;
    this.observation = { name: contestant.name, users: [], reports: [] };
  }

  /** Ends with the held request. */
  async start(gate: Gate): Promise<void> {
    await this.#browser.post('/log-in');
    this.#cookie = this.#browser.cookie;
    await this.#observe();
    this.#request = this.#browser.post('/items/late', gate);
    await this.#request;
  }

  async logOut(): Promise<void> {
    await this.#browser.post('/log-out');
    await this.#observe();
    this.#contestant.takeReports();
  }

  async finish(): Promise<void> {
    await this.#request;
    this.observation.reports = this.#contestant.takeReports();
    await this.#observe();
    await this.end();
  }

  /** Ends the session, which may have come back. */
  async end(): Promise<void> {
    await this.#request;
    await this.#browser.post('/log-out');
  }

  /** The old cookie: another device may still have it, or a copy. */
  async #observe(): Promise<void> {
    this.observation.users.push((await this.#browser.read(this.#cookie)).user);
  }
}
