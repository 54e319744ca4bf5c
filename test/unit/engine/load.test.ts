import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { exchangeOf, Jar, startSession, visit, Visit } from '../../support/visit.ts';

type Data = Record<string, unknown>;
type Session = WebsaunaSession<Data>;
type Factory = SessionFactory<Data>;

const [OLD, NEW] = ['an old secret of more than thirty-two bytes', 'a new secret of more than thirty-two bytes'];
const GRACE = 10;

let now: number;
let store: MemoryStore;
let factory: Factory;
const open = (options: Partial<SessionOptions<Data>> = {}): Factory =>
  createSessionFactory<Data>({ secret: OLD, store, rotationGrace: GRACE, ...options });
beforeEach(() => {
  now = 1_700_000_000_000;
  store = new MemoryStore({ now: () => now });
  factory = open();
});
afterEach(() => factory.close());

const started = (act?: (session: Session) => unknown): Promise<Jar> => startSession(factory, act);

const read = (jar: Jar): Promise<Data> => visit(factory, jar, (session) => session.toJSON() as Data);
const rotate = (jar: Jar): Promise<unknown> => visit(factory, jar, (session) => session.rotate());
const handleOf = (jar: Jar): Promise<string> => visit(factory, new Jar(jar), ({ handle }) => handle);

type Name = 'rejected' | 'staleId' | 'lost' | 'destroyed' | 'discarded' | 'refused';
function record(name: Name, of: Factory = factory): object[] {
  const events: object[] = [];
  of.on(name, (event: object) => events.push(event));
  return events;
}

describe('cookies of one session', () => {
  const resigned = async (pairs: (old: string, fresh: string) => string): Promise<number> => {
    const jar = await started();
    const old = jar.header!;
    factory = open({ secret: [NEW, OLD] });
    await read(jar);
    const both = await Visit.open(factory, jar, { headers: { cookie: pairs(old, jar.header!) } });
    expect(both.session.get('a')).toBe(1);
    return (await both.end()).cookies.length;
  };

  test.each([
    ['signed anew where the newest signature is by an older secret', (old: string) => old, 1],
    ['left alone where one of them has the newest, before', (old: string, fresh: string) => `${fresh}; ${old}`, 0],
    ['left alone where one of them has the newest, behind', (old: string, fresh: string) => `${old}; ${fresh}`, 0],
  ])('are %s', async (_, pairs, cookies) => {
    expect(await resigned(pairs)).toBe(cookies);
  });
});

describe('a session whose id was rotated', () => {
  test('is found by an id from up to eight rotations before', async () => {
    const [jar, earlier] = [await started(), new Jar()];
    const oldest = new Jar(jar);
    for (let i = 0; i < 9; i++) {
      await rotate(jar);
      if (i === 0) earlier.cookies.set('session', jar.cookies.get('session')!);
    }
    expect(await read(earlier)).toEqual({ a: 1 });
    const [rejected, stale] = [record('rejected'), record('staleId')];
    expect(await read(oldest)).toEqual({});
    expect(rejected).toMatchObject([{ reason: 'rotated' }]);
    expect(stale.length).toBe(1);
  });

  test('gives its id to a client with the old one within the grace, and not after it', async () => {
    const jar = await started();
    const [early, late] = [new Jar(jar), new Jar(jar)];
    await rotate(jar);
    const visits = [await Visit.open(factory, early), await Visit.open(factory, late)] as const;
    for (const { session } of visits) session.set('b', 2);
    now += GRACE * 1000 - 1;
    expect((await visits[0].end()).cookies.length).toBe(1);
    expect(early.header).toBe(jar.header);
    now += 1;
    expect((await visits[1].end()).cookies).toEqual([]);
    expect(await read(jar)).toEqual({ a: 1, b: 2 });
  });

  test('of several rotations, goes by the grace that ends first', async () => {
    const jar = await started();
    const oldest = new Jar(jar);
    await rotate(jar);
    now += 8000;
    await rotate(jar);
    const slow = await Visit.open(factory, oldest);
    slow.session.set('b', 2);
    now += 3000;
    expect((await slow.end()).cookies).toEqual([]);
    expect(await read(jar)).toEqual({ a: 1, b: 2 });
  });

  test('is another one once a login is done: its id is for its client alone', async () => {
    const jar = await started();
    const before = new Jar(jar);
    const handle = await handleOf(jar);
    await visit(factory, jar, (session) => session.login('alice'));
    const [rejected, stale] = [record('rejected'), record('staleId')];
    expect(await read(before)).toEqual({});
    now += 60_000;
    expect(await read(before)).toEqual({});
    expect(rejected).toMatchObject([
      { handle, reason: 'superseded' },
      { handle, reason: 'rotated' },
    ]);
    expect(stale).toMatchObject([{ handle, successor: null }]);
  });
});

describe('an id whose grace is over', () => {
  /** A session whose first id was rotated away longer ago than the grace, and the jar that still has it. */
  async function stale(): Promise<{ jar: Jar; copy: Jar; handle: string }> {
    const jar = await started((session) => session.login('alice'));
    const [copy, handle] = [new Jar(jar), await handleOf(jar)];
    await rotate(jar);
    now += 60_000;
    return { jar, copy, handle };
  }

  async function expectRejected(copy: Jar, handle: string): Promise<Session> {
    const [rejected, staleIds] = [record('rejected'), record('staleId')];
    const { session } = await Visit.open(factory, copy);
    expect([session.isNew, session.owner]).toEqual([true, null]);
    expect(rejected).toMatchObject([{ handle, reason: 'rotated' }]);
    expect(staleIds).toMatchObject([{ handle }]);
    return session;
  }

  test('opens the session while its client has used no other', async () => {
    const { jar, copy } = await stale();
    expect(await visit(factory, copy, (session) => session.owner)).toBe('alice');
    expect(copy.header).toBe(jar.header);
  });

  test('opens nothing once its client has used the next', async () => {
    const { jar, copy, handle } = await stale();
    await read(jar);
    await expectRejected(copy, handle);
  });

  test('opens nothing once its client has used the next, which was rotated since', async () => {
    const { jar, copy, handle } = await stale();
    await rotate(jar);
    await expectRejected(copy, handle);
  });

  test('opens the session also where the next was rotated in vain', async () => {
    const { jar, copy } = await stale();
    const lost = new Jar(copy);
    await rotate(lost);
    now += 60_000;
    expect(await visit(factory, copy, (session) => session.owner)).toBe('alice');
    expect(copy.header).toBe(lost.header);
    expect(copy.header).not.toBe(jar.header);
  });

  test('opens nothing where the session has ended', async () => {
    const { copy, handle } = await stale();
    await factory.owners.revoke('alice');
    const session = await expectRejected(copy, handle);
    expect(session.endedBefore).toBeNull();
  });

  test('opens nothing where the session has ended, and says why with `explainEnds`', async () => {
    factory = open({ explainEnds: 3600 });
    const { jar, copy, handle } = await stale();
    await visit(factory, jar, (session) => session.logout());
    const session = await expectRejected(copy, handle);
    expect(session.endedBefore).toEqual({ reason: 'logout', at: new Date(now) });
  });

  test('takes the time from the store, also where it opens nothing', async () => {
    const { jar, copy } = await stale();
    await read(jar);
    await visit(factory, copy, (session) => {
      session.beginLogin('alice');
      expect(session.pendingLogin!.startedAt.getTime()).toBeLessThanOrEqual(now + 1000);
    });
  });

  test('is a theft only where no other cookie opens the session', async () => {
    factory = open({ onReuse: 'end-session' });
    const { jar, copy } = await stale();
    await read(jar);
    const ended = await started();
    await visit(factory, new Jar(ended), (session) => session.invalidate());
    const cookie = `${copy.header}; ${ended.header}; ${jar.header}`;
    const destroyed = record('destroyed');
    await visit(factory, new Jar(), (session) => expect(session.owner).toBe('alice'), { headers: { cookie } });
    expect(destroyed).toEqual([]);
    await visit(factory, new Jar(copy), (session) => expect(session.owner).toBeNull());
    expect(destroyed).toMatchObject([{ reason: 'id-reuse' }]);
  });
});

describe('a reload', () => {
  test.each([
    ['has ended', 0],
    ['has ended, which is explained', 3600],
  ])('of a session that %s loses it', async (_, explainEnds) => {
    factory = open({ explainEnds });
    const jar = await started((session) => session.login('alice'));
    const { session } = await Visit.open(factory, jar);
    await factory.owners.revoke('alice');
    const lost = record('lost');
    const { handle } = session;
    await session.reload();
    expect([session.owner, session.isNew]).toEqual([null, true]);
    expect(lost).toMatchObject([{ handle }]);
  });

  test('of a session that the request has ended is none', async () => {
    const jar = await started();
    const { session } = await Visit.open(factory, jar);
    const reloaded = session.reload();
    session.invalidate();
    session.set('b', 2);
    await reloaded;
    await session.reload();
    expect(session.toJSON()).toEqual({ b: 2 });
  });

  test('follows a rotation within its grace, and loses the session after it', async () => {
    const jar = await started();
    const { session } = await Visit.open(factory, new Jar(jar));
    await rotate(jar);
    await visit(factory, jar, (other) => other.set('b', 2));
    await session.reload();
    expect(session.toJSON()).toEqual({ a: 1, b: 2 });
    await rotate(jar);
    now += GRACE * 1000;
    await session.reload();
    expect([session.toJSON(), session.isNew]).toEqual([{}, true]);
  });

  test('shows what other requests have made of the session besides its fields', async () => {
    const jar = await started();
    const { session } = await Visit.open(factory, jar);
    await visit(factory, new Jar(jar), (other) => other.set('b', 2).adjustTimeout(60));
    now += 5000;
    await visit(factory, new Jar(jar), (other) => other.set('b', 3));
    await session.reload();
    expect([session.get('b'), session.timeout, session.lastSeenAt]).toEqual([3, 60, new Date(now)]);
  });

  test('of a session that the request ends while the application is asked for its owner is none', async () => {
    let answer = (): void => {};
    let asks = false;
    factory = open({
      invalidateBefore: () => (asks ? new Promise((resolve) => (answer = () => resolve(null))) : null),
    });
    const jar = await started((session) => session.login('alice'));
    const { session } = await Visit.open(factory, jar);
    asks = true;
    const reloaded = session.reload();
    await new Promise((resolve) => setImmediate(resolve));
    session.logout();
    session.set('fresh', 1);
    answer();
    await reloaded;
    expect([session.owner, session.toJSON()]).toEqual([null, { fresh: 1 }]);
  });

  test('of a session that is past a limit of this process loses it, and ends it', async () => {
    const jar = await started();
    const strict = open({ timeout: 60 });
    const { session } = await Visit.open(strict, new Jar(jar));
    session.set('b', 2);
    const [lost, discarded] = [record('lost', strict), record('discarded', strict)];
    now += 62_000;
    await session.reload();
    expect(session.toJSON()).toEqual({});
    expect([lost.length, discarded]).toMatchObject([1, [{ reason: 'gone' }]]);
    await session.save().catch(() => {});
    expect(await read(jar)).toEqual({});
    await strict.close();
  });
});

test('a page that loads a lazy session depends on its cookie, whether it reads it or not', async () => {
  factory = open({ load: 'lazy' });
  const jar = await started();
  const request = await Visit.open(factory, jar);
  await request.session.load();
  expect((await request.end()).get('vary')).toBe('Cookie');
  expect((await (await Visit.open(factory, jar)).end()).get('vary')).toBeUndefined();
});

test('a request without a cookie does not wait', () => {
  expect(factory.load(exchangeOf(new Jar()))).not.toBeInstanceOf(Promise);
});

test('a login that was begun before a change of authentication is over, and that of the session goes on', async () => {
  let changedAt: Date | null = null;
  factory = open({ invalidateBefore: (owner) => (owner === 'alice' ? changedAt : null) });
  const jar = await started((session) => session.beginLogin('alice'));
  expect(await visit(factory, jar, (session) => session.pendingLogin?.owner)).toBe('alice');
  const bob = await started((session) => session.login('bob'));
  await visit(factory, bob, (session) => session.beginLogin('alice'));
  now += 5000;
  changedAt = new Date(now);
  const refused = record('refused');
  expect(await visit(factory, bob, ({ owner, pendingLogin }) => [owner, pendingLogin])).toEqual(['bob', null]);
  expect(refused).toMatchObject([{ reason: 'login-expired' }]);
});
