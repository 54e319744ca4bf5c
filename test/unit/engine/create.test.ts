// What a session is when it is stored for the first time, and what is asked for while that is on its way.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import type { CreateOutcome, NewRecord } from 'websauna-session/store';
import { deferred } from '../../adapters/support/store-gate.ts';
import { plainStore } from '../../support/plain-store.ts';
import { Jar, visit, Visit } from '../../support/visit.ts';

type Data = Record<string, unknown>;
type Session = WebsaunaSession<Data>;

const HOUR = 3600;

/** A store whose creations the test can hold and answer, and whose writes and index entries it keeps. */
class HeldStore extends MemoryStore {
  readonly created: NewRecord[] = [];
  readonly answers: CreateOutcome[] = [];
  readonly entries: number[] = [];
  saves = 0;
  before: (() => Promise<void>) | undefined;

  override async create(...args: Parameters<MemoryStore['create']>): ReturnType<MemoryStore['create']> {
    this.created.push(args[1]);
    await this.before?.();
    return this.answers.shift() ?? (await super.create(...args));
  }

  override async save(...args: Parameters<MemoryStore['save']>): ReturnType<MemoryStore['save']> {
    this.saves++;
    return await super.save(...args);
  }

  override async addIndexKey(...args: Parameters<MemoryStore['addIndexKey']>): Promise<void> {
    this.entries.push(args[2]);
    return await super.addIndexKey(...args);
  }
}

let now: number;
let store: HeldStore;
let factory: SessionFactory<Data>;
const open = (options: Partial<SessionOptions<Data>> = {}): SessionFactory<Data> =>
  createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store, timeout: HOUR, ...options });
beforeEach(() => {
  now = 1_700_000_000_000;
  store = new HeldStore({ now: () => now });
  factory = open();
});
afterEach(() => factory.close());

/** A request of a new client that saves what it does, and goes on. */
async function saved(act: (session: Session) => unknown): Promise<{ request: Visit<Data, Session>; jar: Jar }> {
  const jar = new Jar();
  const request = await Visit.open(factory, jar);
  act(request.session);
  await request.session.save();
  return { request, jar };
}

/** Saves what `act` does to a new session, and does `meanwhile` while that is on its way. */
async function during(act: (session: Session) => unknown, meanwhile: (session: Session) => unknown): Promise<Session> {
  const [reached, gate] = [deferred(), deferred()];
  store.before = () => {
    store.before = undefined;
    reached.resolve();
    return gate.promise;
  };
  const { session } = await Visit.open(factory, new Jar());
  act(session);
  const saving = session.save();
  await reached.promise;
  meanwhile(session);
  gate.resolve();
  await saving;
  return session;
}

describe('within its request, a new session that is stored', () => {
  test('has the times of the store', async () => {
    factory = open({ absoluteTimeout: 10 * HOUR });
    const { session } = (await saved((each) => each.set('a', 1))).request;
    expect([session.createdAt, session.expiresAt, session.authenticatedAt]).toEqual([
      new Date(now),
      new Date(now + 10 * HOUR * 1000),
      null,
    ]);
    session.beginLogin('alice');
    expect(Math.abs(session.pendingLogin!.startedAt.getTime() - now)).toBeLessThan(60_000);
  });

  test('has authenticated when its login says, and never later than now', async () => {
    const at = async (authenticatedAt?: Date): Promise<number> => {
      const { session } = (await saved((each) => each.login('alice', authenticatedAt && { authenticatedAt }))).request;
      return session.authenticatedAt!.getTime();
    };
    expect(await at(new Date(now - 5000))).toBe(now - 5000);
    expect(await at(new Date(now + 5000))).toBe(now);
    const byDefault = await at();
    expect(byDefault).toBeLessThanOrEqual(now);
    expect(byDefault).toBeGreaterThan(now - 60_000);
  });

  test('has authenticated when its login was asked for, though it is stored later', async () => {
    const monotonic = vi.spyOn(performance, 'now').mockReturnValue(1000);
    const { session } = await Visit.open(factory, new Jar());
    session.login('alice');
    monotonic.mockReturnValue(6000.9);
    await session.save();
    monotonic.mockRestore();
    expect(session.authenticatedAt).toEqual(new Date(now - 5000));
  });

  test('keeps an end that its login has set when the same owner logs in again', async () => {
    factory = open({ absoluteTimeout: 10 * HOUR });
    const { session } = (await saved((each) => each.login('alice', { absoluteTimeout: 20 * HOUR }))).request;
    const end = new Date(now + 20 * HOUR * 1000);
    now += 60_000;
    session.login('alice');
    await session.save();
    expect(session.expiresAt).toEqual(end);
  });

  test('has no first factor of a login once the login is done, also where that could not be stored before', async () => {
    store.before = () => Promise.reject(new Error('connection lost'));
    const { session } = await Visit.open(factory, new Jar());
    session.beginLogin('alice');
    await expect(session.save()).rejects.toThrow(expect.objectContaining({ code: 'ERR_SESSION_STORE' }));
    store.before = undefined;
    session.login('alice');
    await session.save();
    expect([session.owner, session.pendingLogin, store.created.at(-1)!.fields.size]).toEqual(['alice', null, 0]);
  });

  test('keeps the first factor of another login that begins with it', async () => {
    const { session } = (
      await saved((each) => {
        each.login('alice');
        each.beginLogin('bob');
      })
    ).request;
    expect([session.owner, session.pendingLogin?.owner]).toEqual(['alice', 'bob']);
  });

  test('must reach its client where it is that of a login', async () => {
    const { request, jar } = await saved((session) => session.login('alice'));
    request.head.set('cache-control', 'public, max-age=60');
    await expect(request.end()).rejects.toThrow(expect.objectContaining({ code: 'ERR_SESSION_COOKIE_WITHHELD' }));
    expect(jar.header).toBeUndefined();
    const { request: other } = await saved((session) => session.set('a', 1));
    other.head.set('cache-control', 'public, max-age=60');
    expect((await other.end()).cookies).toEqual([]);
  });
});

test('a session without a login is stored without index keys, and without an owner', async () => {
  await saved((session) => session.set('a', 1));
  await saved((session) => session.login('alice'));
  expect(store.created.map(({ details }) => details)).toMatchObject([
    { owner: null, method: null, indexKeys: [] },
    { owner: 'alice', method: null, indexKeys: [] },
  ]);
});

describe('while a new session is on its way to the store', () => {
  test('another login of its owner can be asked for, and is stored by the next save', async () => {
    const session = await during(
      (each) => each.login('alice', { method: 'password' }),
      (each) => each.login('alice', { method: 'passkey' }),
    );
    expect(session.method).toBe('passkey');
    await session.save();
    expect([session.method, (await factory.owners.list('alice'))[0]!.method]).toEqual(['passkey', 'passkey']);
  });

  test('another timeout can be asked for, and one that was asked for is stored with it', async () => {
    const session = await during(
      (each) => each.set('a', 1).adjustTimeout(60),
      () => {},
    );
    await session.save();
    expect([session.timeout, store.saves]).toEqual([60, 0]);
    const other = await during(
      (each) => each.set('a', 1).adjustTimeout(60),
      (each) => each.adjustTimeout(120),
    );
    await other.save();
    expect([other.timeout, (await factory.sessions.get(other.handle))!.timeout, store.saves]).toEqual([120, 120, 1]);
  });

  test('the first factor of a login can begin, which gets an id of its own', async () => {
    const session = await during(
      (each) => each.set('a', 1),
      (each) => each.beginLogin('alice'),
    );
    const { handle } = session;
    await session.save();
    expect(session.handle).not.toBe(handle);
    expect(session.pendingLogin?.owner).toBe('alice');
  });
});

test('a new session for a login gets the initial data, where the first one is lost', async () => {
  factory = open({ initialData: () => ({ cart: [] }) });
  const jar = new Jar();
  await visit(factory, jar, (session) => session.set('a', 1));
  const request = await Visit.open(factory, jar);
  request.session.login('alice');
  await factory.sessions.destroy(request.session.handle);
  await request.end();
  expect(await visit(factory, jar, (session) => session.toJSON())).toEqual({ cart: [] });
});

test('a login whose owner was revoked while it waited is refused', async () => {
  store.answers.push({ status: 'revoked' });
  const { session } = await Visit.open(factory, new Jar());
  session.login('alice');
  const refused: string[] = [];
  factory.on('refused', ({ reason }) => refused.push(reason));
  await expect(session.save()).rejects.toThrow(expect.objectContaining({ code: 'ERR_SESSION_LOGIN_EXPIRED' }));
  expect([refused, session.owner]).toEqual([['login-expired'], null]);
});

describe('the index of logins', () => {
  test('needs a store that has one, and is not asked for otherwise', async () => {
    factory = open({ store: plainStore(store) });
    await saved((session) => session.login('alice'));
    await expect(saved((session) => session.login('alice', { index: { sso: '1' } }))).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_SESSION_UNSUPPORTED' }),
    );
  });

  test('keeps its entry for as long as the session can last', async () => {
    const index = { sso: '1' };
    factory = open({ absoluteTimeout: 10 * HOUR });
    const { request, jar } = await saved((session) => session.login('alice', { index }));
    await request.end();
    now += 4 * HOUR * 100;
    await visit(factory, jar, (session) => session.login('alice', { index }));
    expect(store.entries).toEqual([10 * HOUR, 10 * HOUR - 4 * 360]);
  });

  test('without an end, keeps its entry for the timeout, and renews it with each write', async () => {
    factory = open({ absoluteTimeout: null });
    const { request, jar } = await saved((session) => session.login('alice', { index: { sso: '1' } }));
    await request.end();
    store.entries.length = 0;
    await visit(factory, jar, (session) => session.set('a', 1));
    await visit(factory, jar, (session) => session.adjustTimeout(2 * HOUR));
    await visit(factory, jar, (session) => session.set('a', 2));
    expect(store.entries).toEqual([HOUR, 2 * HOUR, 2 * HOUR]);
  });
});
