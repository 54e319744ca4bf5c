import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import type { SessionStore, Stored } from 'websauna-session/store';
import { keyOf, makeId } from '../../../src/crypto/session-id.ts';
import { PENDING_LOGIN_FIELD } from '../../../src/engine/field-names.ts';
import { MIGRATION, type ForeignCookie, type MigrationSource } from '../../../src/engine/migration.ts';
import { Jar, visit, Visit, type VisitOptions } from '../../support/visit.ts';

type Data = Record<string, unknown>;
type Session = WebsaunaSession<Data>;

const SECRET = 'a secret of more than thirty-two bytes';
const TIMEOUT = 600;

/** Another library, of which the cookie `sid` has names of sessions. */
class OtherLibrary {
  readonly sessions = new Map<string, Readonly<Record<string, Stored>>>();
  readonly adopted: string[] = [];
  askedForOwner = 0;

  get source(): MigrationSource {
    return {
      from: 'express-session',
      phase: 'convert',
      [MIGRATION]: () => ({
        from: 'express-session',
        phase: 'convert',
        wrapProvider: (provider) => provider,
        readCookies: (header = '') => [...header.matchAll(/\bsid=(\w+)/g)].map(([, sid]) => cookieOf(sid!)),
        adopt: (store, cookie) => this.#adopt(store, cookie),
        ownerOf: ({ user }) => {
          this.askedForOwner++;
          return typeof user === 'string' ? user : null;
        },
      }),
    };
  }

  async #adopt(store: SessionStore, { sid, key }: ForeignCookie): ReturnType<SessionStore['load']> {
    this.adopted.push(sid);
    const present = await store.load(key);
    const fields = this.sessions.get(sid);
    if (present !== undefined || fields === undefined) return present;
    this.sessions.delete(sid);
    await store.create(key, {
      details: { owner: null, method: null, address: null, agent: null, indexKeys: [] },
      timeout: { seconds: TIMEOUT, adjusted: false },
      absoluteTimeout: 0,
      fields: new Map(Object.entries(fields)),
      cookieAttributes: '',
      login: null,
    });
    return store.load(key);
  }
}

function cookieOf(sid: string): ForeignCookie {
  const id = makeId(null, sid.padEnd(43, '0'));
  return { sid, id, key: keyOf(id), secret: 0 };
}

let store: MemoryStore;
let library: OtherLibrary;
let factory: SessionFactory<Data>;
let now: number;
function make(options: Partial<SessionOptions<Data>> = {}): void {
  const migrateFrom = library.source;
  factory = createSessionFactory<Data>({ secret: SECRET, store, timeout: TIMEOUT, migrateFrom, ...options });
}
beforeEach(() => {
  now = 1_700_000_000_000;
  store = new MemoryStore({ now: () => now });
  library = new OtherLibrary();
  make();
});
afterEach(() => factory.close());

function jarWith(cookies: Readonly<Record<string, string>>): Jar {
  const jar = new Jar();
  for (const [name, value] of Object.entries(cookies)) jar.cookies.set(name, value);
  return jar;
}

const read = (jar: Jar, options?: VisitOptions): Promise<Data> =>
  visit(factory, jar, (session: Session) => session.toJSON() as Data, options);

function record(name: 'rejected' | 'login' | 'discarded'): unknown[] {
  const events: unknown[] = [];
  factory.on(name, (event) => events.push(event));
  return events;
}

describe('a session of another library', () => {
  test('goes on, and its client gets the cookie of ours, once', async () => {
    library.sessions.set('one', { n: '1' });
    const jar = jarWith({ sid: 'one' });
    expect(await read(jar)).toEqual({ n: 1 });
    expect([...jar.cookies.keys()]).toEqual(['sid', 'session']);
    const again = await Visit.open(factory, jarWith({ session: jar.cookies.get('session')! }));
    expect([again.session.get('n'), again.session.isNew]).toEqual([1, false]);
    expect((await again.end()).cookies).toEqual([]);
  });

  test('is not asked for where a cookie of ours opens one', async () => {
    const jar = new Jar();
    await visit(factory, jar, (session) => session.set('ours', 1));
    jar.cookies.set('sid', 'one');
    library.sessions.set('one', { n: '1' });
    expect(await read(jar)).toEqual({ ours: 1 });
    expect(library.adopted).toEqual([]);
  });

  test('is asked for where no cookie of ours opens one', async () => {
    const jar = new Jar();
    await visit(factory, jar, (session) => session.set('ours', 1));
    await visit(factory, new Jar(jar), (session) => session.invalidate());
    jar.cookies.set('sid', 'one');
    library.sessions.set('one', { n: '1' });
    expect(await read(jar)).toEqual({ n: 1 });
  });

  test('is the first that there is of those that cookies name', async () => {
    library.sessions.set('two', { n: '2' });
    library.sessions.set('three', { n: '3' });
    const rejected = record('rejected');
    const headers = { cookie: 'sid=one; sid=two; sid=three' };
    expect(await read(new Jar(), { headers })).toEqual({ n: 2 });
    expect(library.adopted).toEqual(['one', 'two']);
    expect(rejected).toMatchObject([{ handle: cookieOf('one').key.handle, reason: 'not-found' }]);
  });

  test('that there is not leaves its client with a new one, and no cookie', async () => {
    const request = await Visit.open(factory, jarWith({ sid: 'none' }));
    expect([request.session.isNew, request.session.toJSON()]).toEqual([true, {}]);
    expect((await request.end()).cookies).toEqual([]);
  });

  test('that was rotated here goes on for a request with the cookie from before, until the grace is over', async () => {
    library.sessions.set('one', { n: '1' });
    const jar = jarWith({ sid: 'one' });
    await visit(factory, jar, (session) => session.rotate());
    expect(await read(jarWith({ sid: 'one' }))).toEqual({ n: 1 });
    expect(await read(jarWith({ session: jar.cookies.get('session')! }))).toEqual({ n: 1 });
    now += 60_000;
    const rejected = record('rejected');
    expect(await read(jarWith({ sid: 'one' }))).toEqual({});
    expect(rejected).toMatchObject([{ reason: 'rotated' }]);
  });

  test('is loaded by `load()` where sessions are lazy', async () => {
    make({ load: 'lazy' });
    library.sessions.set('one', { n: '1' });
    const { session } = await Visit.open(factory, jarWith({ sid: 'one' }));
    expect(library.adopted).toEqual([]);
    expect(() => session.get('n')).toThrow(expect.objectContaining({ code: 'ERR_SESSION_NOT_LOADED' }));
    await session.load();
    expect(session.get('n')).toBe(1);
  });

  test('is of a client that uses the cookie, and not of one that has chosen the header', async () => {
    make({ transport: 'both' });
    library.sessions.set('one', { n: '1' });
    expect(await read(jarWith({ sid: 'one' }), { headers: { authorization: 'Bearer' } })).toEqual({});
    expect(library.adopted).toEqual([]);
    expect(await read(jarWith({ sid: 'one' }))).toEqual({ n: 1 });
  });
});

describe('the owner of a session of another library', () => {
  const owners = async (): Promise<string[]> => (await factory.owners.list('alice')).map(({ handle }) => handle);

  test('has it here, as logged in before it was last used there', async () => {
    library.sessions.set('one', { user: '"alice"', cart: '[1]' });
    const logins = record('login');
    const addIndexKey = vi.spyOn(store, 'addIndexKey');
    const jar = jarWith({ sid: 'one' });
    expect(await read(jar)).toEqual({ user: 'alice', cart: [1] });
    const { session } = await Visit.open(factory, jar);
    expect([session.owner, session.get('cart')]).toEqual(['alice', [1]]);
    expect(session.authenticatedAt).toEqual(new Date(now - TIMEOUT * 1000));
    expect(await owners()).toEqual([session.handle]);
    expect(logins).toMatchObject([
      { owner: 'alice', method: null, previous: cookieOf('one').key.handle, timeout: TIMEOUT, remember: null },
    ]);
    expect(addIndexKey).not.toHaveBeenCalled();
  });

  test('keeps it in requests that were under way with the cookie from before', async () => {
    library.sessions.set('one', { user: '"alice"' });
    const [first, second] = [await Visit.open(factory, jarWith({ sid: 'one' })), jarWith({ sid: 'one' })];
    await first.end();
    const logins = record('login');
    expect(await visit(factory, second, (session) => session.owner)).toBe('alice');
    expect([(await owners()).length, logins]).toEqual([1, []]);
  });

  test('is told once, by the first of several requests at once', async () => {
    library.sessions.set('one', { user: '"alice"' });
    const visits = [
      await Visit.open(factory, jarWith({ sid: 'one' })),
      await Visit.open(factory, jarWith({ sid: 'one' })),
    ];
    const logins = record('login');
    for (const each of visits) {
      each.session.set('n', 1);
      await each.session.save();
      expect(each.session.owner).toBe('alice');
    }
    for (const each of visits) await each.end();
    expect([logins.length, (await owners()).length]).toEqual([1, 1]);
  });

  test('can log out of it in a request that was under way when it became theirs', async () => {
    library.sessions.set('one', { user: '"alice"' });
    const [first, second] = [
      await Visit.open(factory, jarWith({ sid: 'one' })),
      await Visit.open(factory, jarWith({ sid: 'one' })),
    ];
    await first.end();
    second.session.logout();
    await second.end();
    expect(await owners()).toEqual([]);
  });

  test('is `null` where the other library knows none', async () => {
    library.sessions.set('one', { cart: '[1]' });
    const logins = record('login');
    const jar = jarWith({ sid: 'one' });
    await read(jar);
    expect([await visit(factory, jar, (session) => session.owner), logins]).toEqual([null, []]);
  });

  test.each([
    ['a page that is fetched ahead of a visit', { 'sec-purpose': 'prefetch' }, {}],
    ['a response that shared caches may store', {}, { 'cache-control': 'public, max-age=60' }],
  ])('is left to a later request by %s', async (_, headers, answer) => {
    library.sessions.set('one', { user: '"alice"' });
    const jar = jarWith({ sid: 'one' });
    const request = await Visit.open(factory, jar, { headers: { cookie: jar.header!, ...headers } });
    for (const [name, value] of Object.entries(answer)) request.head.set(name, value);
    expect((await request.end()).cookies).toEqual([]);
    expect(await owners()).toEqual([]);
    await read(jar);
    expect((await owners()).length).toBe(1);
  });

  test('is left to a later request by one without encryption, where the cookie needs it', async () => {
    make({ cookie: { secure: true } });
    library.sessions.set('one', { user: '"alice"' });
    const jar = jarWith({ sid: 'one' });
    const discarded = record('discarded');
    await read(jar);
    expect([await owners(), discarded]).toEqual([[], []]);
    await read(jar, { secure: true });
    expect((await owners()).length).toBe(1);
  });

  test('is left to a later request by a session that is loaded when the response has left', async () => {
    make({ load: 'lazy' });
    library.sessions.set('one', { user: '"alice"' });
    const request = await Visit.open(factory, jarWith({ sid: 'one' }));
    await request.end();
    const discarded = record('discarded');
    await request.session.load();
    await request.session.save();
    expect([await owners(), discarded]).toEqual([[], []]);
  });

  test('is not looked for in a session whose begun login cannot be read', async () => {
    make({ invalidateBefore: () => null });
    library.sessions.set('one', { user: '"alice"', [PENDING_LOGIN_FIELD]: '{' });
    const rejected = record('rejected');
    expect(await visit(factory, jarWith({ sid: 'one' }), ({ isNew, owner }) => [isNew, owner])).toEqual([true, null]);
    expect([await owners(), library.askedForOwner]).toEqual([[], 0]);
    expect(rejected).toMatchObject([{ handle: cookieOf('one').key.handle, reason: 'corrupt' }]);
  });

  test.each([
    ['before', { broken: '{', user: '"alice"' }],
    ['after', { user: '"alice"', broken: '{' }],
  ])('is not looked for in a session that cannot be read %s them: another one begins', async (_, fields) => {
    library.sessions.set('one', fields);
    const rejected = record('rejected');
    const jar = jarWith({ sid: 'one' });
    const request = await Visit.open(factory, jar);
    expect([request.session.toJSON(), request.session.isNew, request.session.owner]).toEqual([{}, true, null]);
    await request.end();
    expect([await owners(), rejected.length]).toEqual([[], 1]);
  });
});
