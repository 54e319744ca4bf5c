import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, SessionError, type SessionFactory, type WebsaunaSession } from 'websauna-session';
import { CORRUPT, type Damage } from '../../support/corrupt-records.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { Jar, visit, Visit } from '../../support/visit.ts';

const SECRET = 'the secret of the sessions that others write into';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

/** What a request can do to its session in the store. */
const ACTS: readonly ((session: WebsaunaSession) => unknown)[] = [
  (session) => session.set('late', true),
  (session) => session.rotate(),
  (session) => session.login('bob'),
  (session) => session.logout(),
  (session) => session.update('a', (n) => (typeof n === 'number' ? n + 1 : 1)),
  (session) => session.takeFlash(),
];

describe.each(['redis', 'ioredis'] as const)('records that others have written, %s', (library) => {
  let factory: SessionFactory;
  let missed: { reason: string; detail: string | null }[];
  beforeAll(() => {
    factory = createSessionFactory({ secret: SECRET, redis: { url: server.url, library, socketTimeout: 20 } });
    factory.on('rejected', ({ reason, detail }) => missed.push({ reason, detail }));
  });
  afterAll(() => factory.close());
  beforeEach(async () => {
    missed = [];
    await server.cli('FLUSHALL');
  });

  const started = async (owner?: string): Promise<{ jar: Jar; key: string }> => {
    const jar = new Jar();
    await visit(factory, jar, (session) => {
      session.assign({ a: 1, b: 2 });
      if (owner !== undefined) session.login(owner);
    });
    const handle = await visit(factory, new Jar(jar), (session) => session.handle);
    const [key] = (await server.cli('KEYS', `session:*${handle}`)) as [string];
    return { jar, key };
  };
  const write = async (damage: Damage, key: string): Promise<void> => {
    for (const command of damage(key)) await server.cli(...command);
  };

  test.each(Object.entries(CORRUPT))(
    '%s: a new session, an event with the reason, and the bytes stay',
    async (_title, [detail, damage]) => {
      const { jar, key } = await started();
      await write(damage, key);
      const dump = await server.cli('DUMP', key);
      const before = jar.header;
      const request = await Visit.open(factory, jar);
      const { session } = request;
      expect([session.isNew, session.size, session.owner, session.createdAt]).toEqual([true, 0, null, null]);
      expect((await request.end()).cookies).toEqual([]);
      expect(missed).toEqual([{ reason: 'corrupt', detail }]);
      expect(await server.cli('DUMP', key)).toBe(dump);
      await visit(factory, jar, (fresh) => fresh.set('fresh', true));
      expect(jar.header).not.toBe(before);
      expect(await server.cli('DUMP', key)).toBe(dump);
      expect(await visit(factory, jar, (fresh) => fresh.toJSON())).toEqual({ fresh: true });
    },
  );

  test.each(Object.entries(CORRUPT))('%s: a logout ends it as far as it is ours', async (_title, [detail, damage]) => {
    const { jar, key } = await started('alice');
    await write(damage, key);
    await visit(factory, jar, (session) => session.logout());
    const hash = (await server.cli('TYPE', key)) === 'hash';
    if (detail === 'wrong-type') expect(hash).toBe(false);
    else expect(await server.cli('HEXISTS', key, '@')).toBe(0);
    // C13: the cookie is deleted where the store has ended something.
    if (jar.cookies.has('session')) expect(await server.cli('EXISTS', key)).toBe(1);
  });

  test.each([undefined, 'mallory'])(
    "a record copied from another owner's session does not open as that owner's (%s)",
    async (owner) => {
      const [victim, mine] = [await started('alice'), await started(owner)];
      await server.cli('COPY', victim.key, mine.key, 'REPLACE');
      expect(await visit(factory, mine.jar, (session) => [session.owner, session.size])).toEqual([null, 0]);
      expect(missed).toEqual([{ reason: 'owner', detail: null }]);
      expect(await visit(factory, victim.jar, (session) => session.owner)).toBe('alice');
    },
  );

  test("a record copied from another owner's session while a request runs is refused by `reload()`", async () => {
    const [victim, mine] = [await started('alice'), await started('mallory')];
    const request = await Visit.open(factory, mine.jar);
    await server.cli('COPY', victim.key, mine.key, 'REPLACE');
    await request.session.reload();
    expect([request.session.owner, request.session.size]).toEqual([null, 0]);
    request.session.set('late', true);
    await request.end();
    expect(missed).toEqual([{ reason: 'owner', detail: null }]);
    expect(await visit(factory, victim.jar, (session) => session.toJSON())).toEqual({ a: 1, b: 2 });
  });

  test('of two cookies the second is tried when the record of the first is corrupt', async () => {
    const [first, second] = [await started(), await started('alice')];
    await server.cli('HSET', first.key, '@', 'garbage');
    const cookie = `session=${first.jar.cookies.get('session')}; session=${second.jar.cookies.get('session')}`;
    const request = await Visit.open(factory, new Jar(), { headers: { cookie } });
    expect([request.session.owner, request.session.size]).toEqual(['alice', 2]);
    expect((await request.end()).cookies).toEqual([]);
    expect(missed).toEqual([{ reason: 'corrupt', detail: 'unknown-version' }]);
  });

  test.each(Object.entries(CORRUPT))(
    '%s, written while a request runs: its commit is refused or dropped, never a crash',
    async (_title, [, damage]) => {
      for (const [act, owner] of ACTS.flatMap((each) => [[each, undefined] as const, [each, 'alice'] as const])) {
        const { jar, key } = await started(owner);
        const request = await Visit.open(factory, jar);
        await write(damage, key);
        try {
          await act(request.session);
          await request.end();
        } catch (error) {
          expect(error).toBeInstanceOf(SessionError);
          const { code, status } = error as SessionError;
          if (code !== 'ERR_SESSION_ENDED') expect(status).toBe(503);
        }
        expect([null, 'alice', 'bob']).toContain(await visit(factory, jar, (session) => session.owner));
      }
    },
  );
});
