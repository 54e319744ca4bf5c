// Visitors whose sessions are all in one slot, and who report everything that is wrong.
import { setTimeout as pause } from 'node:timers/promises';
import { ordinarySession } from '../lib/routes.mjs';

/** How many visitors there are of each kind, and the milliseconds that they wait after each answer. */
const KINDS = {
  read: { visitors: 8, wait: 20 },
  change: { visitors: 8, wait: 20 },
  logout: { visitors: 4, wait: 100 },
  login: { visitors: 4, wait: 20 },
  list: { visitors: 4, wait: 20 },
  revoke: { visitors: 4, wait: 100 },
};
/** Sessions of an owner. */
const EACH = 5;
/** Owners whose sessions are logged out one by one, and as many whose sessions are revoked. */
const SPARE = 60;

const LASTING = Object.values(KINDS).reduce((sum, { visitors }) => sum + visitors, 0);

/** How many owners a crowd needs. */
export const OWNERS = LASTING + 2 * SPARE;

/** The code of an error, and the word in brackets that says why. */
function kindOf(error) {
  const why = /\((\w+)\)/.exec(error.message)?.[1];
  return `${error.code ?? error}${why === undefined ? '' : ` (${why})`}`;
}

export class Crowd {
  /** Requests by kind. */
  tallies = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, { requests: 0, longest: 0, errors: {} }]));
  /** Errors that no failure explains. */
  wrong = [];
  #site;
  #owners;
  /** Cookies by owner. */
  #cookies = new Map();
  /** Cookies whose sessions have ended, and those of logins. */
  #ended = [];
  #loggedIn = [];
  /** Owners whose revocation has failed. */
  #unsure = new Set();
  #leaving = new AbortController();
  #running;

  /** @param owners names of {@link OWNERS} owners without sessions */
  constructor(site, owners) {
    this.#site = site;
    this.#owners = owners;
  }

  /** Logs every owner in. */
  async prepare() {
    const ownerOf = (i) => this.#owners[i % this.#owners.length];
    const cookies = await this.#site.make(this.#owners.length * EACH, ordinarySession(), ownerOf);
    for (const owner of this.#owners) this.#cookies.set(owner, []);
    for (const [i, cookie] of cookies.entries()) this.#cookies.get(ownerOf(i)).push(cookie);
  }

  start() {
    const owners = [...this.#owners];
    const leavers = owners.splice(0, SPARE).flatMap((owner) => this.#cookies.get(owner));
    const revoked = owners.splice(0, SPARE);
    const visits = {
      read: (owner) => this.#reader(owner),
      change: (owner) => this.#changer(owner),
      logout: () => () => this.#logout(leavers),
      login: (owner) => () => this.#login(owner),
      list: (owner) => () => this.#list(owner),
      revoke: () => () => this.#revoke(revoked),
    };
    const all = Object.entries(KINDS).flatMap(([kind, { visitors, wait }]) =>
      Array.from({ length: visitors }, () => this.#live(visits[kind](owners.pop()), wait)),
    );
    this.#running = Promise.all(all);
  }

  /** Lets the requests under way end, and checks everything once more. */
  async stop() {
    this.#leaving.abort();
    await this.#running;
    for (const cookie of this.#ended) this.#expect((await this.#look(cookie)).owner === null, 'ended, but there');
    for (const { owner, cookie } of this.#loggedIn) {
      this.#expect((await this.#look(cookie)).owner === owner, 'logged in, but not there');
    }
    for (const owner of new Set(this.#loggedIn.map((login) => login.owner))) {
      const logins = this.#loggedIn.filter((login) => login.owner === owner).length;
      const { length } = await this.#site.factory.owners.list(owner);
      this.#expect(length >= EACH + logins, 'logged in, but not listed');
    }
  }

  async #live(act, wait) {
    while (!this.#leaving.signal.aborted) {
      await act();
      await pause(wait);
    }
  }

  /** Sends a request and counts it; returns whether it succeeded. */
  async #request(kind, run) {
    const tally = this.tallies[kind];
    const begun = performance.now();
    tally.requests++;
    try {
      await run();
      return true;
    } catch (error) {
      tally.errors[kindOf(error)] = (tally.errors[kindOf(error)] ?? 0) + 1;
      return false;
    } finally {
      tally.longest = Math.max(tally.longest, performance.now() - begun);
    }
  }

  #expect(isSo, what) {
    if (!isSo) this.wrong.push(what);
  }

  async #look(cookie) {
    let seen;
    await this.#site.visit(cookie, (session) => (seen = { owner: session.owner, views: session.get('views') }));
    return seen;
  }

  #reader(owner) {
    const [cookie] = this.#cookies.get(owner);
    return () =>
      this.#request('read', async () =>
        this.#expect((await this.#look(cookie)).owner === owner, 'read, but not there'),
      );
  }

  /** Counts up, and must find what was last acknowledged, or what has failed since and may have been done. */
  #changer(owner) {
    const [cookie] = this.#cookies.get(owner);
    let possible = [1];
    let count = 1;
    return async () => {
      count++;
      const served = await this.#request('change', () =>
        this.#site.visit(cookie, (session) => {
          this.#expect(session.owner === owner && possible.includes(session.get('views')), 'changed, but not kept');
          session.set('views', count);
        }),
      );
      possible = served ? [count] : [...possible, count];
    };
  }

  async #logout(cookies) {
    const cookie = cookies.shift();
    if (cookie === undefined) return;
    if (await this.#request('logout', () => this.#site.visit(cookie, (session) => session.logout()))) {
      this.#ended.push(cookie);
    } else {
      cookies.unshift(cookie);
    }
  }

  /** Of an anonymous session, which lies in another slot. */
  async #login(owner) {
    let cookie;
    const login = async () => {
      cookie = await this.#site.visit(undefined, (session) => session.set('views', 1));
      cookie = await this.#site.visit(cookie, (session) => session.login(owner));
    };
    if (await this.#request('login', login)) return void this.#loggedIn.push({ owner, cookie });
    const isAsBefore = async () =>
      this.#expect((await this.#look(cookie)).views === 1, 'not logged in, and not as before');
    if (cookie !== undefined) await this.#request('read', isAsBefore);
  }

  async #list(owner) {
    await this.#request('list', async () => {
      const { length } = await this.#site.factory.owners.list(owner);
      this.#expect(length === EACH, `${length} of ${EACH} listed`);
    });
  }

  async #revoke(owners) {
    const owner = owners.shift();
    if (owner === undefined) return;
    const revoke = async () => {
      const ended = await this.#site.factory.owners.revoke(owner);
      // What met its deadline may have been done.
      const wasDone = ended === 0 && this.#unsure.has(owner);
      this.#expect(ended === EACH || wasDone, `${ended} of ${EACH} revoked`);
    };
    if (await this.#request('revoke', revoke)) {
      this.#ended.push(...this.#cookies.get(owner));
    } else {
      this.#unsure.add(owner);
      owners.unshift(owner);
    }
  }
}
