// What `onReuse` makes of an id that was rotated away, and is used after its grace.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import type { LoadResult, Tombstone } from 'websauna-session/store';
import { MIGRATION, type MigrationSource } from '../../../src/engine/migration.ts';
import { MAX_ROTATIONS_FOLLOWED } from '../../../src/engine/rotation.ts';
import { plainStore } from '../../support/plain-store.ts';
import { Jar, visit } from '../../support/visit.ts';

type Data = Record<string, unknown>;
type Session = WebsaunaSession<Data>;

let now: number;
let store: MemoryStore;
let factory: SessionFactory<Data>;
const open = (options: Partial<SessionOptions<Data>> = {}): SessionFactory<Data> =>
  createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store, ...options });
beforeEach(() => {
  now = 1_700_000_000_000;
  store = new MemoryStore({ now: () => now });
});
afterEach(() => factory.close());

const pass = (): number => (now += 60_000);
const ownerOf = (jar: Jar): Promise<string | null> => visit(factory, new Jar(jar), ({ owner }) => owner);
const rotate = (jar: Jar): Promise<unknown> => visit(factory, jar, (session) => session.rotate());

async function loggedIn(owner = 'alice'): Promise<Jar> {
  const jar = new Jar();
  await visit(factory, jar, (session) => session.login(owner));
  return jar;
}

/** A session whose client has the id of a rotation, and a copy of the cookie from before. */
async function stolen(): Promise<{ jar: Jar; copy: Jar }> {
  const jar = await loggedIn();
  const copy = new Jar(jar);
  await rotate(jar);
  await ownerOf(jar);
  pass();
  return { jar, copy };
}

function destroyed(): string[] {
  const reasons: string[] = [];
  factory.on('destroyed', ({ reason }) => reasons.push(reason));
  return reasons;
}

describe('`end-session`', () => {
  beforeEach(() => (factory = open({ onReuse: 'end-session' })));

  test('ends the session that the client is known to have, and says so once', async () => {
    const { jar, copy } = await stolen();
    const other = await loggedIn();
    const reasons = destroyed();
    for (let i = 0; i < 2; i++) expect(await ownerOf(copy)).toBeNull();
    expect(reasons).toEqual(['id-reuse']);
    expect([await ownerOf(jar), await ownerOf(other)]).toEqual([null, 'alice']);
  });

  test('ends it within the grace of a rotation that came later', async () => {
    const jar = await loggedIn();
    const copy = new Jar(jar);
    await rotate(jar);
    pass();
    await rotate(jar);
    const reasons = destroyed();
    expect(await ownerOf(copy)).toBeNull();
    expect(reasons).toEqual(['id-reuse']);
  });

  /** Gives a session more ids, one after the other, than a request follows. */
  async function rotateOften(session: Session): Promise<void> {
    for (let i = 0; i < MAX_ROTATIONS_FOLLOWED + 2; i++) {
      session.rotate();
      await session.save();
    }
  }

  test('finds it behind more rotations than a request follows, once their grace is over', async () => {
    const jar = await loggedIn();
    const copy = new Jar(jar);
    await visit(factory, jar, rotateOften);
    await ownerOf(jar);
    const reasons = destroyed();
    expect([await ownerOf(copy), reasons]).toEqual([null, []]);
    pass();
    expect([await ownerOf(copy), reasons, await ownerOf(jar)]).toEqual([null, ['id-reuse'], null]);
  });

  test('leaves a session alone whose client has received none of its later ids', async () => {
    const jar = await loggedIn();
    await visit(factory, new Jar(jar), rotateOften);
    pass();
    const reasons = destroyed();
    expect([await ownerOf(jar), reasons]).toEqual([null, []]);
  });

  test('gives up where rotations lead in a circle', async () => {
    const jar = await loggedIn();
    await rotate(new Jar(jar));
    pass();
    let first: LoadResult | undefined;
    const load = vi.spyOn(store, 'load').mockImplementation(async (key) => {
      first ??= { ...((await MemoryStore.prototype.load.call(store, key)) as Tombstone), confirmed: false };
      return first;
    });
    const reasons = destroyed();
    expect([await ownerOf(jar), reasons]).toEqual([null, []]);
    expect(load.mock.calls.filter(([, bypassCache]) => bypassCache === true).length).toBe(MAX_ROTATIONS_FOLLOWED);
  });

  test('leaves a session alone that a login has begun: nothing shows that the client has its id', async () => {
    const jar = await loggedIn();
    const copy = new Jar(jar);
    await visit(factory, jar, (session) => session.login('alice'));
    pass();
    const reasons = destroyed();
    expect(await ownerOf(copy)).toBeNull();
    expect([reasons, await ownerOf(jar)]).toEqual([[], 'alice']);
  });

  test('has nothing to end where the session is over', async () => {
    const { jar, copy } = await stolen();
    await visit(factory, jar, (session) => session.logout());
    const reasons = destroyed();
    expect(await ownerOf(copy)).toBeNull();
    expect(reasons).toEqual([]);
  });
});

describe('`end-owner`', () => {
  test('ends all sessions of the owner', async () => {
    factory = open({ onReuse: 'end-owner' });
    const { jar, copy } = await stolen();
    const [device, bob] = [await loggedIn(), await loggedIn('bob')];
    expect(await ownerOf(copy)).toBeNull();
    expect([await ownerOf(jar), await ownerOf(device), await ownerOf(bob)]).toEqual([null, null, 'bob']);
  });

  test('ends an anonymous session alone', async () => {
    factory = open({ onReuse: 'end-owner' });
    const jar = new Jar();
    await visit(factory, jar, (session) => session.set('a', 1));
    const copy = new Jar(jar);
    await rotate(jar);
    await ownerOf(jar);
    pass();
    const reasons = destroyed();
    await ownerOf(copy);
    expect(reasons).toEqual(['id-reuse']);
  });
});

/** Another library, beside which the store of a request has no more than every store has. */
const besideAnother: MigrationSource = {
  from: 'express-session',
  phase: 'convert',
  [MIGRATION]: () => ({
    from: 'express-session',
    phase: 'convert',
    wrapProvider: ({ close }) => ({ storeFor: () => plainStore(store), close }),
    readCookies: () => [],
    adopt: async () => undefined,
    ownerOf: () => null,
  }),
};

test('where the store of a request cannot find the sessions of an owner, `end-owner` ends the one alone', async () => {
  factory = open({ onReuse: 'end-owner', migrateFrom: besideAnother });
  const { jar, copy } = await stolen();
  const other = await loggedIn();
  const reasons = destroyed();
  expect(await ownerOf(copy)).toBeNull();
  expect([reasons, await ownerOf(jar), await ownerOf(other)]).toEqual([['id-reuse'], null, 'alice']);
});

test('where the store of a request has no audit trail, nothing is reported, and that is no failure', async () => {
  factory = open({ audit: true, migrateFrom: besideAnother });
  const { copy } = await stolen();
  const errors: unknown[] = [];
  factory.on('storeError', (error) => errors.push(error));
  expect([await ownerOf(copy), errors]).toEqual([null, []]);
});

describe('the audit trail', () => {
  test('says once that an id was used again', async () => {
    factory = open({ audit: true });
    const jar = await loggedIn();
    const copy = new Jar(jar);
    const [before] = await factory.owners.list('alice');
    await rotate(jar);
    await ownerOf(jar);
    pass();
    for (let i = 0; i < 2; i++) await ownerOf(copy);
    const entries = await factory.audit.read({ owner: 'alice' });
    expect(entries.filter(({ event }) => event === 'reused')).toMatchObject([{ handle: before!.handle }]);
  });

  test.each<[string, boolean, (session: Session) => unknown, number]>([
    ['an owned session', true, (session) => session.login('alice'), 1],
    ['an anonymous session', true, (session) => session.set('a', 1), 0],
    ['an owned session without `audit`', false, (session) => session.login('alice'), 0],
  ])('has the use of an old id of %s or not', async (_, audit, begin, count) => {
    factory = open({ audit });
    const jar = new Jar();
    await visit(factory, jar, begin);
    const copy = new Jar(jar);
    await rotate(jar);
    await ownerOf(jar);
    pass();
    const report = vi.spyOn(store, 'reportReuse');
    let uses = 0;
    factory.on('staleId', () => uses++);
    await ownerOf(copy);
    expect([uses, report.mock.calls.length]).toEqual([1, count]);
  });

  test('that cannot be written keeps no session from ending, and says so', async () => {
    factory = open({ audit: true, onReuse: 'end-session' });
    const { jar, copy } = await stolen();
    const failure = new Error('disk full');
    vi.spyOn(store, 'reportReuse').mockRejectedValue(failure);
    const errors: unknown[] = [];
    factory.on('storeError', (error) => errors.push(error));
    expect(await ownerOf(copy)).toBeNull();
    expect(errors).toMatchObject([{ operation: 'audit', error: { cause: failure } }]);
    expect(await ownerOf(jar)).toBeNull();
  });
});

test('an end is not put off by what a cache has of the session', async () => {
  factory = open({ onReuse: 'end-session' });
  const { copy } = await stolen();
  const load = vi.spyOn(store, 'load');
  await ownerOf(copy);
  expect(load.mock.calls.map(([, bypassCache = false]) => bypassCache)).toContain(true);
});

test('`report`, the default, ends nothing', async () => {
  factory = open();
  const { jar, copy } = await stolen();
  const reasons = destroyed();
  expect([await ownerOf(copy), await ownerOf(jar), reasons]).toEqual([null, 'alice', []]);
});
