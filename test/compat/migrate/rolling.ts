import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** What a server runs: express-session, ours in a phase of the migration, or ours after it. */
export type Kind = 'old' | 'beside' | 'convert' | 'final';

export interface RunningServer {
  readonly port: number;
  close(): Promise<void>;
}

export interface RollingOptions {
  readonly users: number;
  /** Starts a server. */
  readonly start: (kind: Kind) => Promise<RunningServer>;
  /** The servers that are replaced, by their slots, one after the other. */
  readonly steps: readonly (readonly [slot: number, kind: Kind])[];
  /** Converts the sessions that no server of ours has met since it converts them; before the first server that does not. */
  readonly convertRest: () => Promise<void>;
  /** Requests that are under way at the same time. */
  readonly concurrency: number;
}

export interface RollingResult {
  readonly requests: number;
  readonly writes: number;
  readonly logouts: number;
}

interface Slot {
  kind: Kind;
  server: RunningServer;
  /** Requests that are under way. */
  running: Set<Promise<unknown>>;
}

/** A browser of one user, who looks after everything that was written. */
class User {
  readonly name: string;
  cookie = '';
  /** Cookies of sessions that were ended. */
  readonly dead: string[] = [];
  fields = new Set<string>();
  writes = 0;
  /** The latest exchanges, for a failure to show. */
  readonly history: string[] = [];

  constructor(name: string) {
    this.name = name;
  }

  remember(exchange: string): void {
    this.history.push(exchange);
    if (this.history.length > 30) this.history.shift();
  }

  /** Returns a message for a failure. */
  failure(what: string): string {
    return `${this.name} ${what}; the latest exchanges:\n${this.history.join('\n')}`;
  }
}

/**
 * Two servers, and users who use both at random without a pause. One server after the other is replaced: the new one
 * takes requests before the other one, which finishes its own, is taken away.
 */
export class RollingDeployment {
  readonly #options: RollingOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #users: User[];
  readonly #slots: Slot[] = [];
  #requests = 0;
  #writes = 0;
  #logouts = 0;

  constructor(options: RollingOptions) {
    this.#options = options;
    this.#users = Array.from({ length: options.users }, (_, n) => new User(`user-${n}`));
  }

  async run(): Promise<RollingResult> {
    const { start, steps, convertRest } = this.#options;
    for (let slot = 0; slot < 2; slot++) {
      this.#slots.push({ kind: 'old', server: await start('old'), running: new Set() });
    }
    try {
      await this.#everyone((user) => this.#login(user));
      await this.#everyone((user) => this.#use(user));
      for (const [slot, kind] of steps) {
        if (kind === 'final' && this.#slots.every((each) => each.kind === 'convert')) await convertRest();
        await Promise.all([this.#everyone((user) => this.#use(user)), this.#replace(slot, kind)]);
      }
      await this.#everyone((user) => this.#check(user));
    } finally {
      this.#agent.destroy();
      for (const { server } of this.#slots) await server.close();
    }
    return { requests: this.#requests, writes: this.#writes, logouts: this.#logouts };
  }

  async #replace(index: number, kind: Kind): Promise<void> {
    const next = await this.#options.start(kind);
    const { server, running } = this.#slots[index]!;
    this.#slots[index] = { kind, server: next, running: new Set() };
    await Promise.allSettled(running);
    await server.close();
  }

  async #everyone(act: (user: User) => Promise<void>): Promise<void> {
    const waiting = [...this.#users];
    const work = async (): Promise<void> => {
      for (let user = waiting.pop(); user !== undefined; user = waiting.pop()) await act(user);
    };
    await Promise.all(Array.from({ length: this.#options.concurrency }, work));
  }

  async #login(user: User): Promise<void> {
    assert.equal(await this.#visit(user, `/login/${user.name}`), user.name);
    user.fields = new Set();
  }

  /** What a user does at each step: always the same for the same user, so that a failure can be repeated. */
  async #use(user: User): Promise<void> {
    const turn = user.writes;
    await this.#write(user);
    // Servers of express-session overwrite what others have written while they answered. Among ours, all is kept.
    const ours = this.#slots.filter(({ kind }) => kind !== 'old');
    if (ours.length > 0) {
      await Promise.all([this.#write(user, ours), this.#write(user, ours), this.#read(user), this.#write(user, ours)]);
    }
    if ((turn + Number(user.name.slice(5))) % 7 === 0) await this.#logoutAndIn(user);
  }

  async #write(user: User, slots: readonly Slot[] = this.#slots): Promise<void> {
    const field = `f${user.writes++}`;
    const body = await this.#visit(user, `/write/${field.slice(1)}`, slots);
    assert.ok(body === user.name, user.failure('is logged out'));
    user.fields.add(field);
    this.#writes++;
  }

  async #read(user: User): Promise<void> {
    const found = JSON.parse(await this.#visit(user, '/show')) as { passport?: { user: string } };
    assert.ok(found.passport?.user === user.name, user.failure('is logged out'));
  }

  async #logoutAndIn(user: User): Promise<void> {
    await this.#check(user);
    user.dead.push(user.cookie);
    await this.#visit(user, '/logout');
    this.#logouts++;
    await this.#checkDead(user);
    await this.#login(user);
  }

  /** Nothing is lost, and no cookie has outlived its logout. */
  async #check(user: User): Promise<void> {
    const { passport, ...fields } = JSON.parse(await this.#visit(user, '/show')) as { passport?: { user: string } };
    assert.ok(passport?.user === user.name, user.failure('is logged out'));
    assert.deepEqual(new Set(Object.keys(fields)), user.fields, user.failure('has lost something'));
    await this.#checkDead(user);
  }

  async #checkDead(user: User): Promise<void> {
    for (const cookie of user.dead) {
      // One of them may be replaced meanwhile.
      for (let index = 0; index < this.#slots.length; index++) {
        const slot = this.#slots[index]!;
        const [body] = await this.#send(slot, '/show', cookie);
        assert.equal(body, '{}', `a cookie of ${user.name} has outlived its logout at a server ${slot.kind}`);
      }
    }
  }

  async #visit(user: User, path: string, slots: readonly Slot[] = this.#slots): Promise<string> {
    const given = slots[Math.floor(Math.random() * slots.length)]!;
    // One that was replaced meanwhile takes nothing any more.
    const slot = this.#slots.includes(given) ? given : this.#slots.find(({ kind }) => kind !== 'old')!;
    const sent = user.cookie;
    const began = Math.round(performance.now());
    const [body, cookie] = await this.#send(slot, path, sent);
    user.remember(`${began}-${Math.round(performance.now())} ms ${slot.kind} ${path} ${sent} -> ${cookie} ${body}`);
    if (cookie !== undefined) user.cookie = cookie;
    return body;
  }

  async #send(slot: Slot, path: string, cookie: string): Promise<[body: string, cookie: string | undefined]> {
    this.#requests++;
    const sending = this.#exchange(slot.server.port, path, cookie);
    slot.running.add(sending);
    try {
      return await sending;
    } finally {
      slot.running.delete(sending);
    }
  }

  async #exchange(port: number, path: string, cookie: string): Promise<[string, string | undefined]> {
    const headers = cookie === '' ? {} : { cookie };
    const asking = request({ host: '127.0.0.1', port, path, agent: this.#agent, headers }).end();
    const [response] = await once(asking, 'response');
    const body = await text(response);
    assert.equal(response.statusCode, 200, `${path}: ${body}`);
    const [given] = (response.headers['set-cookie'] ?? []) as string[];
    return [body, given?.split(';')[0]];
  }
}

/** Every order in which the servers of two slots can go through the phases, with one step back on the way. */
export function everyOrder(): (readonly [slot: number, kind: Kind])[][] {
  const orders: (readonly [slot: number, kind: Kind])[][] = [];
  for (const first of [0, 1]) {
    for (const second of [0, 1]) {
      for (const third of [0, 1]) {
        orders.push([
          [first, 'beside'],
          // A step back, and forward again.
          [first, 'old'],
          [first, 'beside'],
          [1 - first, 'beside'],
          [second, 'convert'],
          [second, 'beside'],
          [second, 'convert'],
          [1 - second, 'convert'],
          [third, 'final'],
          [1 - third, 'final'],
        ]);
      }
    }
  }
  return orders;
}
