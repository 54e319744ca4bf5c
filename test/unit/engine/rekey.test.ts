// What a new id changes for the request that asks for it, and for others that run at the same time.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { encrypted } from 'websauna-session/encrypted';
import { MemoryStore } from 'websauna-session/memory';
import type { RekeyOutcome } from 'websauna-session/store';
import { Jar, startSession, visit, Visit } from '../../support/visit.ts';

type Data = Record<string, unknown>;
type Session = WebsaunaSession<Data>;

const [OLD, NEW] = ['an old secret of more than thirty-two bytes', 'a new secret of more than thirty-two bytes'];
const BOUND = encrypted({ key: Buffer.from(Array.from({ length: 32 }, (_, i) => i)) });

/** A store whose writes the test can hold, answer and count. */
class HeldStore extends MemoryStore {
  readonly writes: string[] = [];
  readonly answers: RekeyOutcome[] = [];
  /** Called before a write or an entry of an index. */
  before: (operation: string) => Promise<void> | void = () => {};

  override async save(...args: Parameters<MemoryStore['save']>): ReturnType<MemoryStore['save']> {
    this.writes.push('save');
    await this.before('save');
    return await super.save(...args);
  }

  override async rekey(...args: Parameters<MemoryStore['rekey']>): Promise<RekeyOutcome> {
    this.writes.push('rekey');
    await this.before('rekey');
    return this.answers.shift() ?? (await super.rekey(...args));
  }

  override async addIndexKey(...args: Parameters<MemoryStore['addIndexKey']>): Promise<void> {
    await this.before('addIndexKey');
    return await super.addIndexKey(...args);
  }
}

let now: number;
let store: HeldStore;
let factory: SessionFactory<Data>;
const open = (options: Partial<SessionOptions<Data>> = {}): SessionFactory<Data> =>
  createSessionFactory<Data>({ secret: OLD, store, timeout: 600, ...options });
beforeEach(() => {
  now = 1_700_000_000_000;
  store = new HeldStore({ now: () => now });
  factory = open();
});
afterEach(() => factory.close());

const started = (act?: (session: Session) => unknown): Promise<Jar> => startSession(factory, act);

const next = <T>(jar: Jar, act: (session: Session) => T | Promise<T>): Promise<T> => visit(factory, jar, act);

/** Begins an operation, and `meanwhile` once it has come to a step at the store. */
async function during(step: string, begin: () => Promise<unknown>, meanwhile: () => unknown): Promise<void> {
  let reach!: () => void;
  let go!: () => void;
  const [reached, gone] = [new Promise<void>((done) => (reach = done)), new Promise<void>((done) => (go = done))];
  store.before = (operation) => {
    if (operation !== step) return undefined;
    store.before = () => {};
    reach();
    return gone;
  };
  const begun = begin();
  await reached;
  await meanwhile();
  go();
  await begun;
}

function record(name: 'login' | 'rotated' | 'destroyed' | 'refused'): object[] {
  const events: object[] = [];
  factory.on(name, (event: object) => events.push(event));
  return events;
}

describe('a rotation', () => {
  test('is done once, also of two requests that ask for it at once and go on', async () => {
    const jar = await started();
    const rotated = record('rotated');
    const [one, two] = [await Visit.open(factory, new Jar(jar)), await Visit.open(factory, new Jar(jar))];
    for (const { session } of [one, two]) session.rotate();
    await one.session.save();
    await two.session.save();
    expect(one.session.handle).toBe(two.session.handle);
    await one.end();
    await two.end();
    expect(rotated.length).toBe(1);
  });

  test('keeps the CSRF token that a concurrent request has begun', async () => {
    const jar = await started();
    const rotating = await Visit.open(factory, jar);
    rotating.session.rotate();
    const token = await next(new Jar(jar), (session) => session.newCsrfToken());
    await rotating.end();
    expect(await next(jar, (session) => session.verifyCsrfToken(token))).toBe(true);
  });

  test.each([
    ['a secret of its own', true],
    ['one that follows from the id', false],
  ])('leaves the request with %s for CSRF tokens', async (_, own) => {
    const jar = await started((session) => own && session.newCsrfToken());
    if (!own) await next(jar, (session) => session.set('a', 1));
    const before = await next(jar, (session) => session.getCsrfToken());
    const after = await next(jar, async (session) => {
      session.rotate();
      await session.save();
      expect(session.verifyCsrfToken(before)).toBe(true);
      return session.getCsrfToken();
    });
    expect(await next(jar, (session) => session.verifyCsrfToken(after))).toBe(true);
  });

  test('leaves the first factor of a login pending', async () => {
    const jar = await started((session) => session.beginLogin('alice'));
    await next(jar, async (session) => {
      session.rotate();
      await session.save();
      expect(session.pendingLogin?.owner).toBe('alice');
    });
  });

  test('stores a new timeout with it, once, and is led to for as long', async () => {
    const jar = await started();
    const lost = new Jar(jar);
    store.writes.length = 0;
    await next(new Jar(jar), async (session) => {
      session.adjustTimeout(7200);
      session.rotate();
      await session.save();
      await session.save();
      expect(store.writes).toEqual(['rekey']);
    });
    now += 3_600_000;
    expect(await next(lost, (session) => [session.get('a'), session.timeout])).toEqual([1, 7200]);
  });

  test('sends the cookie with new attributes, and no later response does', async () => {
    const jar = await started();
    factory = open({ cookie: { path: '/shop' } });
    const rotating = await Visit.open(factory, jar);
    rotating.session.rotate();
    // The end of the cookie with the path from before, and the new one.
    expect((await rotating.end()).cookies.length).toBe(2);
    const again = await Visit.open(factory, jar);
    expect(again.session.get('a')).toBe(1);
    expect((await again.end()).cookies).toEqual([]);
  });

  test('does not lose a field that another request adds, with values that are bound to their session', async () => {
    factory = open({ serializer: BOUND });
    const jar = await started();
    const rotating = await Visit.open(factory, jar);
    rotating.session.rotate();
    await next(new Jar(jar), (session) => session.set('b', 2));
    await rotating.end();
    expect(await next(jar, (session) => session.toJSON())).toEqual({ a: 1, b: 2 });
  });

  test('without grace is followed by a logout that began before it', async () => {
    const jar = await started((session) => session.login('alice'));
    const leaving = await Visit.open(factory, new Jar(jar));
    await next(jar, (session) => session.rotate({ grace: false }));
    leaving.session.logout();
    await leaving.end();
    expect(await factory.owners.list('alice')).toEqual([]);
  });

  test('that is asked for while a login is on its way comes after it', async () => {
    const jar = await started();
    const rotated = record('rotated');
    const request = await Visit.open(factory, jar);
    request.session.login('alice');
    await during(
      'rekey',
      () => request.session.save(),
      () => request.session.rotate(),
    );
    expect(rotated).toEqual([]);
    await request.end();
    expect(rotated.length).toBe(1);
    expect(await next(jar, ({ owner }) => owner)).toBe('alice');
  });
});

describe('a login', () => {
  test('has no CSRF token and no first factor from before, within its request and after it', async () => {
    for (const options of [{}, { serializer: BOUND }]) {
      factory = open(options);
      const jar = await started((session) => session.beginLogin('alice'));
      const before = await next(jar, (session) => session.newCsrfToken());
      await next(jar, async (session) => {
        expect(session.verifyCsrfToken(before)).toBe(true);
        session.login('alice');
        await session.save();
        expect([session.verifyCsrfToken(before), session.pendingLogin]).toEqual([false, null]);
      });
      expect(await next(jar, (s) => [s.verifyCsrfToken(before), s.pendingLogin])).toEqual([false, null]);
    }
  });

  test('keeps the CSRF token that is begun with it, or while it is on its way', async () => {
    const jar = await started();
    const request = await Visit.open(factory, jar);
    const { session } = request;
    session.login('alice');
    const first = session.newCsrfToken();
    await session.save();
    expect(session.verifyCsrfToken(first)).toBe(true);
    session.login('alice');
    let second = '';
    await during(
      'rekey',
      () => session.save(),
      () => (second = session.newCsrfToken()),
    );
    await request.end();
    expect(await next(jar, (s) => [s.verifyCsrfToken(first), s.verifyCsrfToken(second)])).toEqual([false, true]);
  });

  test('keeps the first factor that is begun with it, for the rest of the request', async () => {
    const jar = await started();
    await next(jar, async (session) => {
      session.login('alice');
      session.beginLogin('bob');
      await session.save();
      expect([session.owner, session.pendingLogin?.owner]).toEqual(['alice', 'bob']);
    });
  });

  test('ends a first factor that could not be stored', async () => {
    const jar = await started();
    const request = await Visit.open(factory, jar);
    request.session.beginLogin('bob');
    store.before = () => Promise.reject(new Error('connection lost'));
    await expect(request.session.save()).rejects.toThrow(expect.objectContaining({ code: 'ERR_SESSION_STORE' }));
    store.before = () => {};
    request.session.login('alice');
    await request.session.save();
    expect([request.session.owner, request.session.pendingLogin]).toEqual(['alice', null]);
    await request.end();
    expect(await next(jar, ({ owner, pendingLogin }) => [owner, pendingLogin])).toEqual(['alice', null]);
  });

  test('that is asked for again while it is on its way is stored again', async () => {
    const jar = await started();
    const logins = record('login');
    const request = await Visit.open(factory, jar);
    request.session.login('alice', { method: 'password' });
    await during(
      'rekey',
      () => request.session.save(),
      () => request.session.login('alice', { method: 'passkey' }),
    );
    await request.end();
    expect(logins).toMatchObject([{ method: 'password' }, { method: 'passkey' }]);
    expect(await next(jar, ({ method }) => method)).toBe('passkey');
  });

  test('whose session the request ends before it is on its way is none', async () => {
    const jar = await started();
    const logins = record('login');
    const request = await Visit.open(factory, jar);
    request.session.login('alice', { index: { sso: '1' } });
    await during(
      'addIndexKey',
      () => request.session.save(),
      () => request.session.invalidate(),
    );
    await request.end();
    expect([logins, await factory.owners.list('alice')]).toEqual([[], []]);
  });

  test('has its times within its request, and another of the same owner keeps them', async () => {
    factory = open({ absoluteTimeout: 86_400 });
    const jar = await started();
    const begun = now;
    now += 60_000;
    await next(jar, async (session) => {
      session.login('alice');
      await session.save();
      expect([session.createdAt, session.expiresAt]).toEqual([new Date(now), new Date(now + 86_400_000)]);
      session.login('alice', { absoluteTimeout: 3600 });
      await session.save();
      expect([session.createdAt, session.expiresAt]).toEqual([new Date(now), new Date(now + 3_600_000)]);
    });
    const since = now;
    now += 60_000;
    await next(jar, async (session) => {
      session.login('alice');
      await session.save();
      expect([session.createdAt, session.expiresAt]).toEqual([new Date(since), new Date(since + 3_600_000)]);
      session.login('alice', { absoluteTimeout: null });
      await session.save();
      expect([session.createdAt, session.expiresAt]).toEqual([new Date(now), null]);
    });
    expect(since).toBeGreaterThan(begun);
  });

  test('is refused where the sessions of an older secret fill the limit, and the session goes on', async () => {
    await started((session) => session.login('alice'));
    factory = open({ secret: [NEW, OLD], maxSessionsPerOwner: 1, onSessionLimit: 'refuse' });
    const jar = await started();
    const refused = record('refused');
    await expect(next(jar, (session) => session.login('alice'))).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_SESSION_FULL' }),
    );
    expect(refused).toMatchObject([{ reason: 'session-limit' }]);
    expect(await next(jar, (session) => [session.get('a'), session.owner])).toEqual([1, null]);
  });

  test('reports each session that makes room once, also where its id was taken', async () => {
    const jar = await started();
    const destroyed = record('destroyed');
    store.answers.push({ status: 'exists', evicted: ['first'] });
    await next(jar, (session) => session.login('alice'));
    expect(destroyed).toMatchObject([{ handle: 'first', reason: 'evicted' }]);
    factory = open({ maxSessionsPerOwner: 1 });
    const evicted = record('destroyed');
    const handle = await next(jar, (session) => session.handle);
    const other = await started();
    await next(other, (session) => session.login('alice'));
    expect(evicted).toMatchObject([{ handle, reason: 'evicted' }]);
  });
});
