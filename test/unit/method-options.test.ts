// The options of methods are checked like those of the factory (ASVS 15.3.6).
import { beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type WebsaunaSession } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { Jar, visit, type VisitOptions } from '../support/visit.ts';

type Data = Record<string, unknown>;
/** What JavaScript lets an application call. */
type Loose = Record<string, (...args: unknown[]) => unknown>;

let store: MemoryStore;
let factory: SessionFactory<Data>;
let owners: Loose;
let sessions: Loose;
beforeEach(() => {
  store = new MemoryStore();
  factory = createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store });
  owners = factory.owners as unknown as Loose;
  sessions = factory.sessions as unknown as Loose;
});

/** Calls back in a request of a logged-in session, and returns the message of the TypeError; `''` for none. */
async function refusal(act: (session: Loose, real: WebsaunaSession<Data>) => unknown): Promise<string> {
  const jar = new Jar();
  await visit(factory, jar, (session) => session.login('alice'));
  const options: VisitOptions = { method: 'POST' };
  return await visit(
    factory,
    jar,
    async (session) => {
      try {
        await act(session as unknown as Loose, session);
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
        return (error as Error).message;
      }
      return '';
    },
    options,
  );
}

describe('a misspelt option', () => {
  test.each<[string, (session: Loose, real: WebsaunaSession<Data>) => unknown, string]>([
    ['owners.revoke', (_, real) => owners['revoke']!('alice', { expect: real }), '`options.except`'],
    ['owners.list', (_, real) => owners['list']!('alice', { curent: real }), '`options.current`'],
    ['sessions.get', (_, { handle }) => sessions['get']!(handle, { owners: 'alice' }), '`options.owner`'],
    ['sessions.destroy', (_, { handle }) => sessions['destroy']!(handle, { user: 'alice' }), 'Known are owner'],
    ['sessions.purge', () => sessions['purge']!({ olderthan: 5 }), '`options.olderThan`'],
    ['login', (session) => session['login']!('alice', { rememberMe: true }), '`options.remember`'],
    ['beginLogin', (session) => session['beginLogin']!('alice', { timeOut: 5 }), '`options.timeout`'],
    ['logout', (session) => session['logout']!({ clearSitedata: true }), '`options.clearSiteData`'],
    ['rotate', (session) => session['rotate']!({ graceful: false }), 'Known are grace'],
    ['requireCsrfToken', (session) => session['requireCsrfToken']!('', { origins: [] }), 'Known are trustedOrigins'],
  ])('of %s is refused, and nothing is done', async (_, act, advice) => {
    const message = await refusal(act);
    expect(message).toContain('`options` to have known properties only');
    expect(message).toContain(advice);
    expect(store.size).toBe(1);
    expect(await factory.owners.list('alice')).toHaveLength(1);
  });
});

describe('a wrong value', () => {
  const OWNERS: unknown[] = [undefined, null, '', 5, {}, ['alice'], '\ud800', 'a\udc00b'];

  test('of an owner is refused wherever one is given, lone surrogates too', async () => {
    for (const owner of OWNERS) {
      for (const act of ['login', 'beginLogin'] as const) {
        expect([act, owner, await refusal((session) => session[act]!(owner))]).toEqual([
          act,
          owner,
          expect.stringContaining('`owner` to be'),
        ]);
      }
      for (const method of ['list', 'revoke', 'revokeSession'] as const) {
        await expect(owners[method]!(owner, ...(method === 'revokeSession' ? ['x'] : []))).rejects.toThrow(
          '`owner` to be',
        );
      }
      if (owner === undefined) continue;
      for (const method of ['get', 'destroy'] as const) {
        await expect(sessions[method]!('x'.repeat(43), { owner })).rejects.toThrow('`owner` to be');
      }
    }
  });

  test('of a login index is refused', async () => {
    for (const value of [undefined, null, '', 5, {}]) {
      for (const method of ['listBy', 'revokeBy'] as const) {
        await expect(owners[method]!('sid', value)).rejects.toThrow('`value` to be');
        await expect(owners[method]!(value, 'value')).rejects.toThrow('`name` to be');
      }
      expect(await refusal((session) => session['login']!('alice', { index: { sid: value } }))).toContain(
        '`options.index.sid`',
      );
    }
    expect(await refusal((session) => session['login']!('alice', { index: 'sid' }))).toContain('`options.index`');
    expect(await refusal((session) => session['login']!('alice', { index: { '': 'a' } }))).toContain('`options.index`');
  });

  test.each<[string, (session: Loose) => unknown, string]>([
    ['login', (session) => session['login']!('alice', 'password'), '`options` to be an object'],
    ['login', (session) => session['login']!('alice', null), '`options` to be an object'],
    ['login', (session) => session['login']!('alice', { method: 5 }), '`options.method`'],
    ['login', (session) => session['login']!('alice', { method: '\ud800' }), '`options.method`'],
    ['login', (session) => session['login']!('alice', { authenticatedAt: 5 }), '`options.authenticatedAt`'],
    [
      'login',
      (session) => session['login']!('alice', { authenticatedAt: new Date(Number.NaN) }),
      '`options.authenticatedAt`',
    ],
    ['login', (session) => session['login']!('alice', { authenticatedAt: new Date(-1) }), '`options.authenticatedAt`'],
    ['beginLogin', (session) => session['beginLogin']!('alice', { timeout: 300_000 }), 'seconds, not milliseconds?'],
    ['beginLogin', (session) => session['beginLogin']!('alice', { timeout: 0 }), '`options.timeout`'],
    ['beginLogin', (session) => session['beginLogin']!('alice', { method: '' }), '`options.method`'],
    ['logout', (session) => session['logout']!({ clearSiteData: 'yes' }), '`options.clearSiteData`'],
    ['logout', (session) => session['logout']!(true), '`options` to be an object'],
    ['rotate', (session) => session['rotate']!({ grace: 0 }), '`options.grace`'],
    ['adjustTimeout', (session) => session['adjustTimeout']!(86_400_000), 'seconds, not milliseconds?'],
    ['adjustTimeout', (session) => session['adjustTimeout']!(undefined), '`seconds`'],
    ['adjustTimeout', (session) => session['adjustTimeout']!('60'), '`seconds`'],
    ['adjustTimeout', (session) => session['adjustTimeout']!(0), '`seconds`'],
    ['requireFresh', (session) => session['requireFresh']!(undefined), '`seconds`'],
    ['requireFresh', (session) => session['requireFresh']!(Number.NaN), '`seconds`'],
    ['requireFresh', (session) => session['requireFresh']!('900'), '`seconds`'],
    ['requireFresh', (session) => session['requireFresh']!(86_400_000), 'seconds, not milliseconds?'],
    [
      'requireCsrfToken',
      (session) => session['requireCsrfToken']!('', { trustedOrigins: ['example.com'] }),
      '`options.trustedOrigins[0]`',
    ],
    [
      'requireCsrfToken',
      (session) => session['requireCsrfToken']!('', { trustedOrigins: 'https://a.b' }),
      '`options.trustedOrigins`',
    ],
    ['flash', (session) => session['flash']!(undefined), '`message`'],
    ['flash', (session) => session['flash']!('a', '\ud800'), '`queue`'],
    ['flash', (session) => session['flash']!('a', 5), '`queue`'],
    ['flash', (session) => session['flash']!('a', '', 'no'), '`allowDuplicate`'],
    ['popFlash', (session) => session['popFlash']!('\udc00'), '`queue`'],
    ['peekFlash', (session) => session['peekFlash']!('\udc00'), '`queue`'],
    ['takeFlash', (session) => session['takeFlash']!('\udc00'), '`queue`'],
    ['update', (session) => session['update']!('a', 5), '`change`'],
    ['update', (session) => session['update']!('\ud800', () => 1), '`key`'],
    ...(['get', 'set', 'delete', 'has', 'setDefault', 'pop', 'changed'] as const).flatMap((name) =>
      ['', 5, null, '\ud800', 'a\udc00'].map((key): [string, (session: Loose) => unknown, string] => [
        name,
        (session) => session[name]!(key, 1),
        '`key`',
      ]),
    ),
    ['assign', (session) => session['assign']!({ '\ud800': 1 }), '`key`'],
    ['data', (session) => ((session['data'] as unknown as Data)['\ud800'] = 1), '`key`'],
  ])('%s, case %#, is refused', async (_, act, name) => {
    expect(await refusal(act)).toContain(name);
  });
});

describe('what `invalidateBefore` returns', () => {
  test.each([new Date(Number.NaN), '2026-01-01', 0, {}])(
    'is refused unless it is a valid Date or null: %o',
    async (changed) => {
      const jar = new Jar();
      await visit(factory, jar, (session) => session.login('alice'));
      for (const onStoreError of ['fail', 'anonymous'] as const) {
        const strict = createSessionFactory<Data>({
          secret: 'a secret of more than thirty-two bytes',
          store,
          onStoreError,
          invalidateBefore: () => changed as never,
        });
        const opened = visit(strict, new Jar(jar), (session) => session.owner);
        await expect(opened).rejects.toThrow(/^Expected `invalidateBefore` to return a valid Date or null, got /);
      }
      // Nothing was ended for it.
      expect(await visit(factory, jar, (session) => session.owner)).toBe('alice');
    },
  );

  test.each([null, undefined])('may be %o, for never', async (changed) => {
    const jar = new Jar();
    const lax = createSessionFactory<Data>({
      secret: 'a secret of more than thirty-two bytes',
      store,
      invalidateBefore: () => changed as never,
    });
    await visit(lax, jar, (session) => session.login('alice'));
    expect(await visit(lax, jar, (session) => session.owner)).toBe('alice');
  });
});
