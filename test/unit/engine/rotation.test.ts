import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { encrypted } from 'websauna-session/encrypted';
import { MemoryStore } from 'websauna-session/memory';
import type { SessionStore, Tombstone } from 'websauna-session/store';
import { handleOf, Keyring } from '../../../src/crypto/keyring.ts';
import { makeId, ownerHashOf } from '../../../src/crypto/session-id.ts';
import type { SessionContext } from '../../../src/engine/context.ts';
import {
  endRecord,
  findRecord,
  findSuccessor,
  newNonce,
  newTombstone,
  successorOf,
} from '../../../src/engine/rotation.ts';
import { deferred } from '../../adapters/support/store-gate.ts';
import { Jar, startSession, visit, Visit } from '../../support/visit.ts';

type Data = Record<string, unknown>;
type Session = WebsaunaSession<Data>;
type Factory = SessionFactory<Data>;

const [OLD, NEW] = ['an old secret of more than thirty-two bytes', 'a new secret of more than thirty-two bytes'];
const GRACE = 10;

describe('the id that a rotation leads to', () => {
  const under = (...secrets: string[]): SessionContext => ({ keyring: new Keyring(secrets) }) as SessionContext;
  const ID = makeId(null, 'r'.repeat(43));
  const OWNED = makeId('o'.repeat(16), 'r'.repeat(43));
  const leftBy = (nonce: string, id: string): Tombstone => ({ nonce, successor: handleOf(id) }) as Tombstone;

  test('is another one for each rotation, with the owner hash of the one before or that of the nonce', () => {
    const [one, two] = [newNonce(), newNonce()];
    expect(one).not.toBe(two);
    expect(successorOf(under(NEW), ID, one)).toBe(successorOf(under(NEW), ID, one));
    expect(successorOf(under(NEW), ID, one)).not.toBe(successorOf(under(NEW), ID, two));
    const hashes = [
      successorOf(under(NEW), ID, one),
      successorOf(under(NEW), OWNED, one),
      successorOf(under(NEW), ID, newNonce('p'.repeat(16))),
      successorOf(under(NEW), OWNED, newNonce('p'.repeat(16))),
    ].map((id) => ownerHashOf(id));
    expect(hashes).toEqual([null, 'o'.repeat(16), 'p'.repeat(16), 'p'.repeat(16)]);
  });

  test('is found under each secret that a process knows, and under no other', () => {
    const nonce = newNonce();
    const id = successorOf(under(OLD), ID, nonce);
    const left = leftBy(nonce, id);
    expect(findSuccessor(under(OLD), ID, left)).toBe(id);
    expect(findSuccessor(under(NEW, OLD), ID, left)).toBe(id);
    expect(findSuccessor(under(NEW), ID, left)).toBeNull();
    expect(findSuccessor(under(OLD), makeId(null, 's'.repeat(43)), left)).toBeNull();
  });

  test('is not to be found without a nonce, also where the store has been tampered with', () => {
    const left = leftBy('', successorOf(under(NEW), ID, ''));
    expect(findSuccessor(under(NEW), ID, left)).toBeNull();
  });
});

test.each([
  ['without a nonce, has nothing that leads on', newTombstone, [600], { nonce: '', namesSuccessor: false, keep: 600 }],
  ['with a nonce, leads on', newTombstone, [600, 'nonce'], { nonce: 'nonce', namesSuccessor: true, keep: 600 }],
  [
    'can name a successor for ends alone',
    newTombstone,
    [600, '', true],
    { nonce: '', namesSuccessor: true, keep: 600 },
  ],
  ['is there for the whole grace', newTombstone, [5], { nonce: '', namesSuccessor: false, keep: GRACE }],
] as const)('what remains of a session that goes on elsewhere, %s', (_, make, [idle, ...rest], tombstone) => {
  const context = { config: { rotationGrace: GRACE } } as SessionContext;
  expect(make(context, idle, ...(rest as [string?, boolean?]))).toEqual({ grace: GRACE, ...tombstone });
});

test('a chain of rotations that bites its tail, in a store that others write to, has an end', async () => {
  const tombstones = { a: 'b', b: 'c', c: 'a' } as Readonly<Record<string, string>>;
  const asked: string[] = [];
  const lead = ({ handle }: { handle: string }): Promise<unknown> => {
    asked.push(handle);
    return Promise.resolve({ status: 'tombstone', successor: tombstones[handle], nonce: '' });
  };
  const store = { destroy: lead, load: lead } as unknown as SessionStore;
  expect(await endRecord(store, { handle: 'a', ownerHash: null })).toBe('superseded');
  expect(await findRecord(store, { handle: 'b', ownerHash: null })).toBeUndefined();
  expect(asked).toEqual(['a', 'b', 'c', 'b', 'c', 'a']);
});

describe('a request that was under way', () => {
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
  const rotate = (jar: Jar, by = factory): Promise<unknown> => visit(by, jar, (session) => session.rotate());
  const read = (jar: Jar): Promise<Data> => visit(factory, jar, (session) => session.toJSON() as Data);

  function record(name: 'staleId' | 'discarded' | 'lost' | 'login' | 'cookieSuppressed'): object[] {
    const events: object[] = [];
    factory.on(name, (event: object) => events.push(event));
    return events;
  }

  test('follows up to eight rotations', async () => {
    const jar = await started();
    const [eight, nine] = [await Visit.open(factory, new Jar(jar)), await Visit.open(factory, new Jar(jar))];
    const discarded = record('discarded');
    const { handle } = nine.session;
    for (const { session } of [eight, nine]) session.set('b', session === eight.session ? 8 : 9);
    for (let i = 0; i < 8; i++) await rotate(jar);
    await eight.end();
    await rotate(jar);
    await nine.end();
    expect(discarded).toMatchObject([{ reason: 'rotated' }]);
    expect(discarded).not.toMatchObject([{ handle }]);
    expect(await read(jar)).toEqual({ a: 1, b: 8 });
  });

  test('during a login elsewhere has its changes discarded, within the grace and after it', async () => {
    const [discarded, stale] = [record('discarded'), record('staleId')];
    for (const wait of [0, 60_000]) {
      const jar = await started();
      const request = await Visit.open(factory, new Jar(jar));
      await visit(factory, jar, (session) => session.login('alice'));
      now += wait;
      request.session.set('b', 2);
      await expect(request.session.save()).rejects.toThrow(expect.objectContaining({ code: 'ERR_SESSION_ENDED' }));
      expect(await read(jar)).toEqual({ a: 1 });
    }
    expect(discarded).toMatchObject([{ reason: 'superseded' }, { reason: 'superseded' }]);
    expect(stale).toEqual([]);
  });

  test('during a rotation under a secret that its process does not know has its changes discarded', async () => {
    const ahead = open({ secret: [NEW, OLD] });
    const [discarded, stale] = [record('discarded'), record('staleId')];
    const handles: string[] = [];
    for (const wait of [0, 60_000]) {
      const jar = await started();
      const request = await Visit.open(factory, new Jar(jar));
      handles.push(request.session.handle);
      await rotate(jar, ahead);
      now += wait;
      request.session.set('b', 2);
      await expect(request.session.save()).rejects.toThrow(expect.objectContaining({ code: 'ERR_SESSION_ENDED' }));
    }
    expect(discarded).toMatchObject([
      { handle: handles[0], reason: 'superseded' },
      { handle: handles[1], reason: 'rotated' },
    ]);
    expect(stale).toMatchObject([{ handle: handles[1], successor: expect.stringMatching(/^[\w-]{43}$/) }]);
    await ahead.close();
  });

  test('with a login of its own has lost nothing that the login does not begin with', async () => {
    const jar = await started();
    const request = await Visit.open(factory, jar);
    const [discarded, lost] = [record('discarded'), record('lost')];
    request.session.set('b', 2);
    request.session.login('alice');
    await factory.sessions.destroy(request.session.handle);
    await request.end();
    expect([discarded, lost.length]).toEqual([[], 1]);
    expect(await read(jar)).toEqual({ b: 2 });
  });

  test('and has ended its session by itself does not report it as lost', async () => {
    const jar = await started();
    const lost = record('lost');
    const { session } = await Visit.open(factory, jar);
    const { handle } = session;
    const [load, reached] = [store.load.bind(store), deferred()];
    const gate = deferred();
    store.load = async (...args) => {
      reached.resolve();
      await gate.promise;
      return await load(...args);
    };
    const reloaded = session.reload();
    await reached.promise;
    session.invalidate();
    store.load = load;
    await factory.sessions.destroy(handle);
    gate.resolve();
    await reloaded;
    expect(lost).toEqual([]);
  });

  test('goes by the time of each answer of the store', async () => {
    const { session } = await Visit.open(factory, await started());
    now += 600_000;
    session.set('b', 2);
    await session.save();
    session.beginLogin('alice');
    expect(Math.abs(session.pendingLogin!.startedAt.getTime() - now)).toBeLessThan(60_000);
  });

  test('writes values that are bound to their session for the id that it has by then', async () => {
    factory = open({
      serializer: encrypted({ key: Buffer.from(Array.from({ length: 32 }, (_, i) => i)) }),
    });
    const jar = await started();
    const request = await Visit.open(factory, new Jar(jar));
    request.session.set('b', { n: 2 });
    await rotate(jar);
    await request.end();
    expect(await read(jar)).toEqual({ a: 1, b: { n: 2 } });
  });

  test('does not ask for a cookie after a rotation where its response can carry none', async () => {
    const jar = await started();
    const suppressed = record('cookieSuppressed');
    const request = await Visit.open(factory, new Jar(jar));
    request.session.set('b', 2);
    request.head.set('cache-control', 'public, max-age=60');
    await rotate(jar);
    expect((await request.end()).cookies).toEqual([]);
    expect(suppressed).toEqual([]);
    expect(await read(jar)).toEqual({ a: 1, b: 2 });
  });

  test('and saves early after a rotation learns the new id with its response', async () => {
    const jar = await started();
    const late = new Jar(jar);
    const request = await Visit.open(factory, late);
    await rotate(jar);
    request.session.set('b', 2);
    await request.session.save();
    await request.end();
    expect(late.header).toBe(jar.header);
  });
});
