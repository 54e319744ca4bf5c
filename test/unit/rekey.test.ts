// A new id in the face of others: ids that are taken, records that change meanwhile, and fields that cannot be read.
import { beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { encrypted } from 'websauna-session/encrypted';
import { MemoryStore } from 'websauna-session/memory';
import type { RekeyOutcome } from 'websauna-session/store';
import { Jar, visit, Visit } from '../support/visit.ts';

type Data = Record<string, unknown>;
type Session = WebsaunaSession<Data>;

/** A store that answers some rekeys and creations by itself. */
class StubbornStore extends MemoryStore {
  readonly answers: RekeyOutcome[] = [];
  taken = 0;
  rekeys = 0;
  creations = 0;

  override async rekey(...args: Parameters<MemoryStore['rekey']>): Promise<RekeyOutcome> {
    this.rekeys++;
    return this.answers.shift() ?? (await super.rekey(...args));
  }

  override create(...args: Parameters<MemoryStore['create']>): ReturnType<MemoryStore['create']> {
    this.creations++;
    return this.taken-- > 0 ? Promise.resolve({ status: 'exists' }) : super.create(...args);
  }
}

let store: StubbornStore;
let factory: SessionFactory<Data>;
let jar: Jar;
beforeEach(() => {
  store = new StubbornStore();
  jar = new Jar();
  use({});
});

function use(options: Partial<SessionOptions<Data>>): void {
  factory = createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store, ...options });
}

const next = <T>(act: (session: Session) => T | Promise<T>): Promise<T> => visit(factory, jar, act);
const BOUND: Partial<SessionOptions<Data>> = {
  serializer: encrypted({ key: Buffer.from(Array.from({ length: 32 }, (_, i) => i)) }),
};
const ACTS: [string, (session: Session) => void][] = [
  ['a rotation', (session) => session.rotate()],
  ['a login', (session) => session.login('alice')],
];

describe.each(ACTS)('%s', (_, act) => {
  test('tries again when its id is taken, and fails when that was no chance', async () => {
    await next((session) => session.set('a', 1));
    store.answers.push({ status: 'exists' }, { status: 'exists' });
    await next(act);
    expect(store.rekeys).toBe(3);
    expect(await next((session) => session.get('a'))).toBe(1);
    store.answers.push({ status: 'exists' }, { status: 'exists' }, { status: 'exists' });
    await expect(next(act)).rejects.toThrow(expect.objectContaining({ code: 'ERR_SESSION_ID_GENERATOR' }));
    expect(store.rekeys).toBe(6);
  });

  test.each([
    ['JSON', {}],
    ['a serializer that binds values to their session', BOUND],
  ])('takes over what others have changed meanwhile, with %s', async (_title, options) => {
    use(options);
    await next((session) => session.assign({ a: 1, b: [1], c: 1 }));
    const request = await Visit.open(factory, jar);
    act(request.session);
    (request.session.get('b') as number[]).push(2);
    await visit(factory, new Jar(jar), (session) => {
      session.assign({ a: 2, d: 4 }).delete('c');
    });
    await request.end();
    expect(await next((session) => session.toJSON())).toEqual({ a: 2, b: [1, 2], d: 4 });
  });

  test('gives up when others change the session all the time', async () => {
    use(BOUND);
    await next((session) => session.set('a', 1));
    store.answers.push(...Array.from({ length: 32 }, () => ({ status: 'conflict' as const, fields: {} })));
    await expect(next(act)).rejects.toThrow(expect.objectContaining({ code: 'ERR_SESSION_CONFLICT' }));
    expect(store.rekeys).toBe(32);
  });

  test('of a session with a field that cannot be read begins again with what the request has written', async () => {
    use(BOUND);
    await next((session) => session.set('a', 1));
    use({ serializer: encrypted({ key: Buffer.from(Array.from({ length: 32 }, (_each, i) => 99 - i)) }) });
    const reasons: string[] = [];
    factory.on('rejected', ({ reason }) => reasons.push(reason));
    await next((session) => act(session.set('b', 2)));
    expect(reasons).toEqual(['corrupt']);
    expect(await next((session) => session.toJSON())).toEqual({ b: 2 });
  });
});

test('a login completes the first factor that waited for it, also within its own request', async () => {
  await next((session) => session.beginLogin('alice'));
  await next(async (session) => {
    expect(session.pendingLogin?.owner).toBe('alice');
    session.login('alice');
    await session.save();
    expect([session.pendingLogin, session.owner]).toEqual([null, 'alice']);
    session.set('a', 1);
  });
  expect(await next((session) => [session.pendingLogin, session.entries()])).toEqual([null, [['a', 1]]]);
});

test('a login that begins another first factor keeps that one', async () => {
  await next((session) => session.set('a', 1));
  await next((session) => {
    session.login('alice');
    session.beginLogin('bob');
  });
  expect(await next((session) => session.pendingLogin?.owner)).toBe('bob');
});

test.each([
  ['one secret', ['the first secret of more than thirty-two bytes']],
  [
    'several secrets',
    ['the second secret of more than thirty-two bytes', 'the first secret of more than thirty-two bytes'],
  ],
])('a rotation under %s keeps the forms valid that are open in the browser', async (_, secret) => {
  use({ secret: 'the first secret of more than thirty-two bytes' });
  const token = await next((session) => session.set('a', 1).getCsrfToken());
  use({ secret });
  await next((session) => session.rotate());
  await next((session) => session.rotate());
  expect(await next((session) => session.verifyCsrfToken(token))).toBe(true);
  expect(await next((session) => session.verifyCsrfToken(session.getCsrfToken()))).toBe(true);
});

test('a timeout that is asked for while a rotation is on its way is stored, too', async () => {
  await next((session) => session.set('a', 1));
  await next(async (session) => {
    session.adjustTimeout(60);
    session.rotate();
    const saved = session.save();
    session.adjustTimeout(120);
    await saved;
  });
  expect(await next(({ timeout }) => timeout)).toBe(120);
});

test('a rotation and a login say what they were, and which session was before', async () => {
  const seen: unknown[] = [];
  factory.on('rotated', ({ handle, previous }) => seen.push(['rotated', handle, previous]));
  factory.on('login', ({ handle, previous, owner }) => seen.push(['login', handle, previous, owner]));
  const first = await next((session) => (session.set('a', 1), session.handle));
  await next((session) => session.rotate());
  const second = await next((session) => session.handle);
  await next((session) => session.login('alice', { method: 'password' }));
  const third = await next((session) => session.handle);
  expect(seen).toEqual([
    ['rotated', second, first],
    ['login', third, second, 'alice'],
  ]);
});

test('a rotation of a session that cannot be read stores nothing by itself, and a login does', async () => {
  use(BOUND);
  await next((session) => session.set('a', 1));
  use({ serializer: encrypted({ key: Buffer.from(Array.from({ length: 32 }, (_, i) => 99 - i)) }) });
  store.creations = 0;
  await next((session) => session.rotate());
  expect(store.creations).toBe(0);
  await next((session) => session.login('alice'));
  expect(store.creations).toBe(1);
  expect(await next(({ owner }) => owner)).toBe('alice');
});

test('a new session tries again when its id is taken, and fails when that was no chance', async () => {
  store.taken = 2;
  const seen = await next((session) => (session.set('a', 1), session.id));
  expect(store.creations).toBe(3);
  expect(await next((session) => session.id)).not.toBe(seen);
  store.taken = 3;
  jar = new Jar();
  await expect(next((session) => session.set('a', 1))).rejects.toThrow(
    expect.objectContaining({ code: 'ERR_SESSION_ID_GENERATOR' }),
  );
  expect(store.creations).toBe(6);
});

describe('update()', () => {
  test('reports what it has set or deleted, and is done at once', async () => {
    const saved: unknown[] = [];
    factory.on('saved', ({ set, deleted }) => saved.push([set, deleted]));
    await next((session) => session.set('n', 1));
    await next(async (session) => {
      expect(await session.update('n', (n) => Number(n) + 1)).toBe(2);
      expect(session.get('n')).toBe(2);
      expect(await visit(factory, new Jar(jar), (other) => other.get('n'))).toBe(2);
      expect(await session.update('n', () => undefined)).toBeUndefined();
      expect([session.has('n'), session.keys()]).toEqual([false, []]);
      session.delete('n');
      expect(await session.update('n', (n) => n ?? 'none')).toBe('none');
    });
    expect(saved).toEqual([
      [1, 0],
      [0, 1],
      [1, 0],
    ]);
    expect(await next((session) => session.toJSON())).toEqual({ n: 'none' });
  });

  test('of a session that was ended elsewhere rejects, and changes nothing', async () => {
    await next((session) => session.set('n', 1));
    await next(async (session) => {
      await factory.sessions.destroy(session.handle);
      await expect(session.update('n', () => 2)).rejects.toThrow(
        expect.objectContaining({ code: 'ERR_SESSION_ENDED' }),
      );
    });
    expect(await next((session) => session.keys())).toEqual([]);
  });
});
