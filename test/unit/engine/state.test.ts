// What becomes of a request's session when it ends, is lost, cannot be read or may not be used.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  createSessionFactory,
  type Exchange,
  type SessionFactory,
  type SessionOptions,
  type WebsaunaSession,
} from 'websauna-session';
import { encrypted } from 'websauna-session/encrypted';
import { MemoryStore } from 'websauna-session/memory';
import { interceptStore } from 'websauna-session/testing';
import { exchangeOf, Jar, MemoryHead, startSession, visit, Visit } from '../../support/visit.ts';

type Data = Record<string, unknown>;
type Session = WebsaunaSession<Data>;
type Factory = SessionFactory<Data>;

const key = (first: number): Buffer => Buffer.from(Array.from({ length: 32 }, (_, i) => first + i));
const sealed = (first: number): Partial<SessionOptions<Data>> => ({ serializer: encrypted({ key: key(first) }) });

let store: MemoryStore;
let factory: Factory;
const open = (options: Partial<SessionOptions<Data>> = {}): Factory =>
  createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store, ...options });
beforeEach(() => {
  store = new MemoryStore();
  factory = open();
});
afterEach(() => factory.close());

const started = (act?: (session: Session) => unknown): Promise<Jar> => startSession(factory, act);
const next = <T>(jar: Jar, act: (session: Session) => T | Promise<T>): Promise<T> => visit(factory, jar, act);
const read = (jar: Jar): Promise<Data> => next(new Jar(jar), (session) => session.toJSON() as Data);
const ownerOf = (jar: Jar): Promise<string | null> => next(new Jar(jar), ({ owner }) => owner);

type Name = 'discarded' | 'rejected' | 'lateRead' | 'rotated' | 'login' | 'destroyed' | 'lost' | 'cookieSuppressed';
function record(name: Name): object[] {
  const events: object[] = [];
  factory.on(name, (event: object) => events.push(event));
  return events;
}

describe('a URL without sessions', () => {
  const initialData = vi.fn<() => Data>(() => ({ cart: [] }));
  beforeEach(() => {
    initialData.mockClear();
    factory = open({ ignore: (url) => url.startsWith('/static'), initialData });
  });
  const IGNORED = { url: '/static/logo.png' };

  test('has an empty one, without initial data, that is not stored by a commit, a save or an end', async () => {
    const discarded = record('discarded');
    const request = await Visit.open(factory, new Jar(), IGNORED);
    const { session } = request;
    expect(session.get('cart')).toBeUndefined();
    session.set('a', 1);
    await session.save();
    session.invalidate();
    session.set('b', 1);
    expect((await request.end()).cookies).toEqual([]);
    expect([discarded, store.size, initialData.mock.calls]).toMatchObject([
      [{ reason: 'ignored' }, { reason: 'ignored' }],
      0,
      [],
    ]);
  });

  test('has no logins', async () => {
    const login = visit(factory, new Jar(), (session) => session.login('alice'), IGNORED);
    await expect(login).rejects.toThrow(expect.objectContaining({ code: 'ERR_SESSION_UNSUPPORTED' }));
    expect(store.size).toBe(0);
  });

  test('has its response intercepted when the session is used, and no late read', async () => {
    const interceptResponse = vi.fn<() => void>();
    const late = record('lateRead');
    const session = await factory.load({ ...exchangeOf(new Jar(), IGNORED), interceptResponse });
    expect(interceptResponse).not.toHaveBeenCalled();
    await factory.commit(session, new MemoryHead());
    session.get('a');
    session.get('a');
    expect([interceptResponse.mock.calls.length, late]).toEqual([1, []]);
  });
});

describe('a session that is used when the response has left', () => {
  test('is reported once', async () => {
    const request = await Visit.open(factory, await started());
    const late = record('lateRead');
    await request.end();
    request.session.markPersonal();
    request.session.markPersonal();
    request.session.get('a');
    expect(late.length).toBe(1);
  });

  test('is looked at when the response is complete, and only then', async () => {
    const closing: (() => void)[] = [];
    const exchange: Exchange = {
      ...exchangeOf(await started()),
      onClose: (callback: () => void) => closing.push(callback),
    };
    const session = await factory.load(exchange);
    const discarded = record('discarded');
    session.set('a', 2);
    expect(closing.length).toBe(0);
    await factory.commit(session, new MemoryHead());
    session.set('a', 3);
    session.set('a', 4);
    expect(closing.length).toBe(1);
    for (const close of closing) close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(discarded).toMatchObject([{ reason: 'late' }]);
    session.set('a', 5);
    expect(closing.length).toBe(2);
  });
});

describe('what a request has asked for and does not get', () => {
  test('is not carried out by a later save either', async () => {
    factory = open({ cookie: { onException: false } });
    const [rotated, discarded, logins] = [record('rotated'), record('discarded'), record('login')];
    for (const ask of [(s: Session) => s.rotate(), (s: Session) => s.login('alice')]) {
      const request = await Visit.open(factory, await started());
      ask(request.session);
      request.head.status = 500;
      await request.end();
      await request.session.save();
    }
    expect([discarded, rotated, logins]).toMatchObject([[{ reason: 'exception' }, { reason: 'exception' }], [], []]);
  });
});

describe('a session that ends elsewhere while a login is asked for', () => {
  test('leaves the login what the request wrote, before any initial data', async () => {
    factory = open({ initialData: () => ({ a: 0, cart: [] }) });
    const jar = await started((session) => session.assign({ a: 1, b: 1 }));
    const request = await Visit.open(factory, jar);
    request.session.set('a', 2);
    request.session.adjustTimeout(60);
    await factory.sessions.destroy(request.session.handle);
    request.session.login('alice');
    expect(request.session.isNew).toBe(false);
    await request.end();
    expect([await read(jar), await ownerOf(jar)]).toEqual([{ a: 2, cart: [] }, 'alice']);
    expect(await next(jar, ({ timeout }) => timeout)).toBe(60);
  });

  test('is new from then on, with or without a login', async () => {
    const jar = await started();
    const { session } = await Visit.open(factory, jar);
    await factory.sessions.destroy(session.handle);
    await session
      .set('a', 2)
      .save()
      .catch(() => {});
    expect([session.isNew, session.toJSON()]).toEqual([true, {}]);
    // A login may follow another one that has taken the session over.
    session.login('alice');
    session.set('a', 3);
    await session.save();
    expect([session.owner, session.toJSON()]).toEqual(['alice', { a: 3 }]);
  });
});

describe('a login as another owner', () => {
  test('ends the session of the first with it, and both at once with a logout', async () => {
    const jar = await started((session) => session.login('alice'));
    const request = await Visit.open(factory, jar);
    const destroyed = record('destroyed');
    request.session.login('bob');
    expect([request.session.isNew, request.session.owner]).toEqual([true, 'bob']);
    request.session.logout();
    expect((await request.end()).cookies).toMatchObject([expect.stringContaining('Max-Age=0')]);
    expect(destroyed).toMatchObject([{ reason: 'logout' }]);
    expect([await factory.owners.list('alice'), await factory.owners.list('bob')]).toEqual([[], []]);
  });

  test('is one also where the login of the first is still on its way', async () => {
    let answer = (): void => {};
    const memory = store;
    store = interceptStore(memory, (operation) =>
      operation === 'rekey' ? new Promise((resolve) => (answer = resolve)) : undefined,
    );
    factory = open();
    const jar = await started();
    const request = await Visit.open(factory, jar);
    const destroyed = record('destroyed');
    request.session.login('alice');
    const saved = request.session.save();
    await new Promise((resolve) => setImmediate(resolve));
    request.session.login('bob');
    answer();
    await saved;
    await request.end();
    expect(destroyed).toMatchObject([{ reason: 'account-switch' }]);
    expect([await ownerOf(jar), await factory.owners.list('alice')]).toEqual(['bob', []]);
  });

  test('takes over nothing of a session that cannot be read, and leaves that alone', async () => {
    factory = open(sealed(1));
    const jar = await started((session) => session.set('a', 1).login('alice'));
    factory = open(sealed(2));
    const [rejected, destroyed] = [record('rejected'), record('destroyed')];
    await next(jar, (session) => {
      session.set('b', 2);
      session.login('bob', { keep: true });
    });
    expect([await read(jar), await ownerOf(jar)]).toEqual([{ b: 2 }, 'bob']);
    expect([rejected, destroyed]).toMatchObject([[{ reason: 'corrupt' }], []]);
    expect((await factory.owners.list('alice')).length).toBe(1);
  });
});

describe('a session that cannot be read', () => {
  test('is ended by a logout, unless the request has begun another one by then', async () => {
    for (const begins of [false, true]) {
      factory = open(sealed(1));
      const jar = await started((session) => session.set('a', 1).login('alice'));
      const copy = new Jar(jar);
      factory = open(sealed(2));
      await next(jar, async (session) => {
        expect(session.get('a')).toBeUndefined();
        if (begins) await session.set('b', 1).save();
        session.logout();
      });
      factory = open(sealed(1));
      expect(await ownerOf(copy)).toBe(begins ? 'alice' : null);
    }
  });

  test('is not found out for a request that has ended it meanwhile', async () => {
    const jar = await started();
    const other = new Jar();
    let reloaded: Promise<unknown> = Promise.resolve();
    let answer = (): void => {};
    let held = false;
    store = interceptStore(store, (operation) => {
      if (!held || operation !== 'load') return undefined;
      held = false;
      return new Promise<void>((resolve) => (answer = resolve));
    });
    factory = open();
    const { session } = await Visit.open(factory, jar);
    const rejected = record('rejected');
    held = true;
    reloaded = session.reload();
    await new Promise((resolve) => setImmediate(resolve));
    session.invalidate();
    session.set('fresh', 1);
    answer();
    await reloaded;
    expect([session.toJSON(), rejected, other.header]).toEqual([{ fresh: 1 }, [], undefined]);
  });
});

test('a revocation that ends the session of the request deletes a cookie that the client has, and no other', async () => {
  for (const has of [true, false]) {
    const jar = has ? await started((session) => session.login('alice')) : new Jar();
    const request = await Visit.open(factory, jar);
    const { session } = request;
    session.login('alice');
    await session.save();
    await factory.owners.revoke('alice', { current: session });
    expect([session.isNew, session.owner]).toEqual([true, null]);
    expect((await request.end()).cookies.length).toBe(has ? 1 : 0);
  }
});

describe('a session whose authentication is over', () => {
  test('does not take the cookie from a client with another session, also one that is lost then', async () => {
    let changedAt: Date | null = null;
    factory = open({ invalidateBefore: (owner) => (owner === 'alice' ? changedAt : null) });
    const [alice, other] = [await started((s) => s.login('alice')), await started()];
    changedAt = new Date(Date.now() + 60_000);
    const headers = { cookie: `${alice.header}; ${other.header}` };
    const request = await Visit.open(factory, new Jar(), { headers });
    expect([request.session.get('a'), request.session.isNew]).toEqual([1, false]);
    await factory.sessions.destroy(request.session.handle);
    request.session.set('a', 2);
    expect((await request.end()).cookies).toEqual([]);
    expect(await factory.owners.list('alice')).toEqual([]);
  });

  test('is not explained without `explainEnds`', async () => {
    for (const explainEnds of [0, 60]) {
      factory = open({ explainEnds, invalidateBefore: () => new Date(Date.now() + 60_000) });
      const jar = await started((session) => session.login('alice'));
      const { session } = await Visit.open(factory, jar);
      expect(session.endedBefore?.reason).toBe(explainEnds === 0 ? undefined : 'authentication-changed');
    }
  });

  test('cannot be found out when the application fails: the session is empty with `anonymous`', async () => {
    let fails = false;
    factory = open({
      onStoreError: 'anonymous',
      invalidateBefore: (owner) => {
        if (fails && owner === 'bob') throw new Error('no database');
        return null;
      },
    });
    const jar = await started((session) => session.login('alice'));
    await next(jar, (session) => session.beginLogin('bob'));
    fails = true;
    const { session } = await Visit.open(factory, jar);
    expect([session.degraded, session.isNew, session.owner]).toEqual([true, true, null]);
  });
});
