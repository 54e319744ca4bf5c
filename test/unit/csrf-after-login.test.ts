// Which CSRF tokens are valid after a login, a logout and a rotation.
import { beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type WebsaunaSession } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { Jar, visit } from '../support/visit.ts';

type Data = Record<string, unknown>;
type Session = WebsaunaSession<Data>;

let factory: SessionFactory<Data>;
let jar: Jar;
beforeEach(() => {
  factory = createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store: new MemoryStore() });
  jar = new Jar();
});

const next = <T>(act: (session: Session) => T | Promise<T>): Promise<T> => visit(factory, jar, act);
const isValid = (token: string): Promise<boolean> =>
  visit(factory, new Jar(jar), (session) => session.verifyCsrfToken(token));

/** What the session is before the login. */
const BEFORE: [string, (session: Session) => unknown][] = [
  ['a new session', () => {}],
  ['a stored session, whose secret is derived', (session) => session.set('a', 1)],
  ['a session with a secret of its own', (session) => session.newCsrfToken()],
  ['a session of the owner', (session) => session.login('alice')],
  ['a session of another owner', (session) => session.login('bob')],
  ['a login that waits for its second factor', (session) => session.beginLogin('alice')],
];

describe.each(BEFORE)('%s', (_, before) => {
  beforeEach(async () => {
    await next(before);
  });

  test.each<[string, (session: Session) => string | Promise<string>]>([
    ['right away', (session) => session.getCsrfToken()],
    ['after save()', async (session) => (await session.save(), session.getCsrfToken())],
    [
      'after save(), update() and reload()',
      async (session) => {
        await session.save();
        await session.update('n', () => 1);
        await session.reload();
        return session.getCsrfToken();
      },
    ],
    ['by newCsrfToken()', (session) => session.newCsrfToken()],
  ])('a token that is rendered after login(), %s, is valid in the next request', async (_title, render) => {
    const old = await next((session) => session.getCsrfToken());
    const token = await next(async (session) => {
      session.login('alice');
      return await render(session);
    });
    expect([await isValid(token), await isValid(old)]).toEqual([true, false]);
  });

  test('also where the login has read and checked the token of its form first', async () => {
    const old = await next((session) => session.getCsrfToken());
    const token = await visit(
      factory,
      jar,
      async (session) => {
        session.requireCsrfToken(old);
        session.login('alice');
        await session.save();
        return session.getCsrfToken();
      },
      { method: 'POST' },
    );
    expect([await isValid(token), await isValid(old)]).toEqual([true, false]);
  });

  test('tokens of one response share a secret, and the request itself takes them', async () => {
    const [first, second] = await next((session) => {
      session.login('alice');
      const tokens = [session.getCsrfToken(), session.getCsrfToken()] as const;
      expect(tokens.map((token) => session.verifyCsrfToken(token))).toEqual([true, true]);
      return tokens;
    });
    expect([await isValid(first), await isValid(second)]).toEqual([true, true]);
  });

  test('after logout() a token is that of the next session', async () => {
    const old = await next((session) => session.getCsrfToken());
    const token = await next((session) => {
      session.logout();
      return session.getCsrfToken();
    });
    expect([await isValid(token), await isValid(old)]).toEqual([true, false]);
  });

  test('after rotate() and beginLogin() the old ones stay valid', async () => {
    const old = await next((session) => session.getCsrfToken());
    const [rotated, begun] = [
      await next((session) => (session.rotate(), session.getCsrfToken())),
      await next((session) => (session.beginLogin('alice'), session.getCsrfToken())),
    ];
    expect([await isValid(old), await isValid(rotated), await isValid(begun)]).toEqual([true, true, true]);
  });
});

test('a parallel request that stores a secret of its own does not come through a login', async () => {
  await next((session) => session.set('a', 1));
  const other = new Jar(jar);
  let planted = '';
  await next(async (session) => {
    session.login('alice');
    planted = await visit(factory, other, (parallel) => parallel.newCsrfToken());
  });
  expect(await isValid(planted)).toBe(false);
});

test('each anonymous session has a CSRF secret of its own', async () => {
  const jars = [new Jar(), new Jar(), new Jar()];
  const tokens: string[] = [];
  for (const each of jars) {
    await visit(factory, each, (session) => session.set('a', 1));
    tokens.push(await visit(factory, each, (session) => session.getCsrfToken()));
  }
  for (const [i, each] of jars.entries()) {
    const valid = await visit(factory, each, (session) => tokens.map((token) => session.verifyCsrfToken(token)));
    expect(valid).toEqual(tokens.map((_, j) => i === j));
  }
});
