import { randomUUID } from 'node:crypto';
import type { SessionFactory } from 'websauna-session';
import { Jar, visit } from '../support/visit.ts';

export type Factory = SessionFactory;

/** Something that was acknowledged to a person, and turned out to be untrue. */
export interface Broken {
  /** A session that is gone, a field that is older than it was, data that a login left behind, or an end that was none. */
  readonly what: 'session' | 'field' | 'cart' | 'end';
  /** Milliseconds of the process's clock: when it was acknowledged, and when it turned out untrue. */
  readonly acknowledgedAt: number;
  readonly seenAt: number;
}

/** One browser of a person. */
interface Device {
  readonly jar: Jar;
  /** Was set before the login, and is to be there after it. */
  readonly cart: string;
  /** When the session got its present id. */
  movedAt: number;
  /** The counter as it was last acknowledged, and when. */
  n: number;
  writtenAt: number;
  /** Values that were sent, and never acknowledged; and when, by the process's clock. */
  readonly tried: Map<number, number>;
  /** A request that failed may have given it another id, or ended it. */
  unsure: boolean;
}

interface Ended {
  readonly jar: Jar;
  readonly at: number;
}

const MAX_DEVICES = 2;
/** Milliseconds after which what failed is no longer carried out: more than any site's deadline. */
const FORGOTTEN = 3_000;
/** Ended sessions that are remembered. */
const MAX_ENDED = 30;

/** A person with an account and some browsers, who remembers what the site acknowledged. */
export class Person {
  owner: string = randomUUID();
  readonly broken: Broken[] = [];
  /** Errors that no failure explains. */
  readonly wrong: string[] = [];
  readonly #factories: readonly Factory[];
  #devices: Device[] = [];
  readonly #ended: Ended[] = [];
  #turn = 0;

  constructor(factories: readonly Factory[]) {
    this.#factories = factories;
  }

  /** One request or two, of any kind. Rejects when one fails. */
  async act(): Promise<void> {
    const chance = Math.random();
    const device = this.#devices[this.#turn++ % MAX_DEVICES];
    if (device === undefined) return await this.#login();
    if (chance < 0.5) return await this.#read(device);
    if (chance < 0.75) return await this.#write(device);
    if (chance < 0.82) return await this.#rotate(device);
    if (chance < 0.9) return await this.#haunt();
    if (chance < 0.96) return await this.#logout(device);
    await this.revoke();
  }

  /** Checks everything that was ever acknowledged, and whether the sites' list of devices is complete. */
  async audit(): Promise<void> {
    for (const device of this.#devices) await this.#read(device);
    for (const ended of this.#ended) await this.#haunt(ended);
    const listed = await this.#site().owners.list(this.owner);
    for (const { jar, unsure } of this.#devices) {
      const handle = await visit(this.#site(), new Jar(jar), (session) =>
        session.owner === null ? null : session.handle,
      );
      if (handle === null || unsure || listed.some((each) => each.handle === handle)) continue;
      this.wrong.push('a live session is not among its owner\u2019s');
    }
  }

  /** Ends all sessions. */
  async revoke(): Promise<void> {
    const devices = this.#devices.splice(0);
    const { owner } = this;
    // Should it fail, a client library that sends it again may end what comes later: let that be another account's.
    this.owner = randomUUID();
    await this.#site().owners.revoke(owner);
    this.owner = owner;
    for (const { jar } of devices) this.#bury(jar);
  }

  async #login(): Promise<void> {
    const jar = new Jar();
    const cart = randomUUID();
    await visit(this.#site(), jar, (session) => session.set('cart', cart));
    await visit(this.#site(), jar, (session) => session.login(this.owner));
    const now = performance.now();
    this.#devices.push({ jar, cart, movedAt: now, n: 0, writtenAt: now, tried: new Map(), unsure: false });
  }

  async #read(device: Device): Promise<void> {
    const jar = new Jar(device.jar);
    const seen = await visit(this.#site(), jar, (session) => {
      return { owner: session.owner, cart: session.get('cart'), n: session.get('n') ?? 0 };
    });
    if (seen.owner === null) {
      if (!device.unsure) this.#broke('session', device.movedAt);
      this.#devices = this.#devices.filter((each) => each !== device);
      return;
    }
    device.jar.cookies.clear();
    for (const [name, value] of jar.cookies) device.jar.cookies.set(name, value);
    if (seen.owner !== this.owner) this.wrong.push('a session of another person');
    if (seen.cart !== device.cart) {
      if (seen.cart !== undefined) this.wrong.push('data of another person');
      this.#broke('cart', device.movedAt);
      this.#devices = this.#devices.filter((each) => each !== device);
      return;
    }
    const n = Number(seen.n);
    if (n === device.n || device.tried.has(n)) return;
    if (n > device.n) this.wrong.push(`a counter of ${n}, which was never written`);
    else this.#broke('field', device.writtenAt);
    device.n = n;
  }

  async #write(device: Device): Promise<void> {
    const { tried } = device;
    const n = Math.max(device.n, ...tried.keys()) + 1;
    const now = performance.now();
    tried.set(n, now);
    const alive = await visit(this.#site(), device.jar, (session) => {
      session.set('n', n);
      return session.owner !== null;
    });
    if (!alive) {
      if (!device.unsure) this.#broke('session', device.movedAt);
      this.#devices = this.#devices.filter((each) => each !== device);
      return;
    }
    tried.delete(n);
    // This one stands: nothing that failed so long before comes after it.
    for (const [value, sentAt] of tried) if (sentAt + FORGOTTEN < now) tried.delete(value);
    Object.assign(device, { n, writtenAt: performance.now() });
  }

  async #rotate(device: Device): Promise<void> {
    const { unsure } = device;
    device.unsure = true;
    await visit(this.#site(), device.jar, (session) => session.rotate());
    Object.assign(device, { unsure, movedAt: performance.now() });
  }

  async #logout(device: Device): Promise<void> {
    this.#devices = this.#devices.filter((each) => each !== device);
    const before = new Jar(device.jar);
    await visit(this.#site(), device.jar, (session) => session.logout());
    if (!device.unsure) this.#bury(before);
  }

  /** Comes back with the cookie of a session that has ended. */
  async #haunt(ended: Ended | undefined = this.#ended[Math.floor(Math.random() * this.#ended.length)]): Promise<void> {
    if (ended === undefined) return;
    const owner = await visit(this.#site(), new Jar(ended.jar), (session) => session.owner);
    if (owner === null) return;
    this.#broke('end', ended.at);
    this.#ended.splice(this.#ended.indexOf(ended), 1);
  }

  #broke(what: Broken['what'], acknowledgedAt: number): void {
    this.broken.push({ what, acknowledgedAt, seenAt: performance.now() });
  }

  #bury(jar: Jar): void {
    this.#ended.push({ jar: new Jar(jar), at: performance.now() });
    if (this.#ended.length > MAX_ENDED) this.#ended.shift();
  }

  /** Each request goes to the next process. */
  #site(): Factory {
    return this.#factories[this.#turn++ % this.#factories.length]!;
  }
}
