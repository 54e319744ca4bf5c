import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'vitest';
import { Jar, visit, Visit } from '../../support/visit.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type Factory, type MakeFactory, record, started, useFactories, type Session } from './factories.ts';

const HOUR = 3600;

/** Statements of docs/security.md about times, limits and refusals; the others are in security-suite.ts. */
export function statementsSuite(title: string, make: MakeFactory): void {
  const { open } = useFactories(make);
  const loggedIn = (factory: Factory, owner: string): Promise<Jar> =>
    started(factory, (session) => session.login(owner));
  const ownerOf = (factory: Factory, jar: Jar): Promise<string | null> =>
    visit(factory, new Jar(jar), (session) => session.owner);
  const ago = (seconds: number): Date => new Date(Date.now() - seconds * 1000);

  describe(`${title}: the age of a login`, () => {
    test("a login takes the provider's time, never one that is still to come", async () => {
      const factory = open();
      const owner = randomUUID();
      const at = new Date(Math.floor(ago(HOUR).getTime() / 1000) * 1000);
      const jar = await started(factory, (session) => session.login(owner, { authenticatedAt: at }));
      const [device] = await factory.owners.list(owner);
      assert.equal(device!.authenticatedAt!.getTime(), at.getTime());
      assert.ok(device!.createdAt.getTime() - at.getTime() > (HOUR - 60) * 1000);
      await visit(factory, jar, (session) => session.login(owner, { authenticatedAt: ago(-HOUR) }));
      await visit(factory, jar, (session) => {
        assert.ok(session.authenticatedAt!.getTime() < session.lastSeenAt!.getTime() + 1000);
      });
    });

    test('a change of the password ends a login that silent single sign-on has renewed since', async () => {
      const owner = randomUUID();
      let changedAt: Date | null = null;
      const factory = open({ invalidateBefore: (who) => (who === owner ? changedAt : null) });
      const jar = await started(factory, (session) => session.login(owner, { authenticatedAt: ago(HOUR) }));
      assert.equal(await ownerOf(factory, jar), owner);
      changedAt = ago(HOUR / 2);
      assert.equal(await ownerOf(factory, jar), null);
    });
  });

  describe(`${title}: ids`, () => {
    test('the grace of a rotation ends', async () => {
      const factory = open({ rotationGrace: 1 });
      const events = record(factory, 'rejected', 'staleId');
      const jar = await started(factory);
      const old = new Jar(jar);
      await visit(factory, jar, (session) => session.rotate());
      assert.equal(await visit(factory, new Jar(old), (session) => session.get('a')), 1);
      // The client has shown that it knows the new id: the old one is not a lost response's.
      await visit(factory, jar, (session) => session.get('a'));
      await waitFor('the end of the grace', async () =>
        (await visit(factory, new Jar(old), (session) => session.has('a'))) ? undefined : true,
      );
      assert.deepEqual([events.rejected[0]?.reason, events.staleId.length], ['rotated', 1]);
      assert.equal(await visit(factory, jar, (session) => session.get('a')), 1);
    });
  });

  describe(`${title}: limits that were changed`, () => {
    test('those of the factory hold for sessions that are older than they are', async () => {
      const before = open({ timeout: 5000, absoluteTimeout: 50_000 });
      const after = open({ timeout: 900, absoluteTimeout: 43_200, maxTimeout: 2000 });
      const [plain, adjusted] = [
        await started(before),
        await started(before, (session) => session.set('a', 1).adjustTimeout(10_000)),
      ];
      const limits = (factory: Factory, jar: Jar): Promise<unknown[]> =>
        visit(factory, jar, ({ timeout, createdAt, expiresAt }) => [
          timeout,
          (expiresAt!.getTime() - createdAt!.getTime()) / 1000,
        ]);
      assert.deepEqual(await limits(before, plain), [5000, 50_000]);
      assert.deepEqual(await limits(after, plain), [900, 43_200]);
      assert.deepEqual(await limits(after, adjusted), [2000, 43_200]);
      await visit(after, adjusted, (session) => {
        assert.throws(() => session.adjustTimeout(2001), TypeError);
        session.adjustTimeout(1900);
      });
      assert.deepEqual(await limits(before, adjusted), [1900, 50_000]);
      // And the other way round.
      assert.deepEqual(await limits(before, plain), [5000, 50_000]);
    });

    test('a session that is past a shortened limit is ended, and an event says so', async () => {
      const before = open({ timeout: 5000, absoluteTimeout: 50_000 });
      const after = open({ absoluteTimeout: 1 });
      const events = record(after, 'rejected', 'destroyed');
      const jar = await started(before);
      await waitFor('the shortened limit', async () =>
        (await visit(after, new Jar(jar), (session) => session.has('a'))) ? undefined : true,
      );
      assert.deepEqual([events.rejected[0]?.reason, events.destroyed[0]?.reason], ['expired', 'expired']);
      assert.equal(await visit(before, new Jar(jar), (session) => session.has('a')), false);
    });
  });

  describe(`${title}: refusals`, () => {
    test('each is an event with reason, session and client address', async () => {
      const factory = open({ maxSessionsPerOwner: 1, onSessionLimit: 'refuse' });
      const events = record(factory, 'refused');
      const [owner, other] = [randomUUID(), randomUUID()];
      await loggedIn(factory, other);
      const jar = await loggedIn(factory, owner);
      const handle = await visit(factory, jar, (session) => session.handle);
      const post = { method: 'POST' };
      await visit(factory, jar, (session) => assert.throws(() => session.requireFresh(0.000_001), { status: 403 }));
      await visit(factory, jar, (session) => assert.throws(() => session.requireCsrfToken('x'), { status: 403 }), post);
      await visit(factory, jar, async (session) => {
        session.login(other);
        await assert.rejects(session.save(), { code: 'ERR_SESSION_FULL', status: 409 });
        assert.equal(session.owner, owner);
      });
      const pending = await started(factory, (session) => session.beginLogin(owner));
      const pendingHandle = await visit(factory, pending, (session) => session.handle);
      await factory.owners.revoke(owner);
      await visit(factory, pending, async (session) => {
        session.login(owner);
        await assert.rejects(session.save(), { code: 'ERR_SESSION_LOGIN_EXPIRED', status: 403 });
        assert.equal(session.owner, null);
      });
      const clientAddress = '192.0.2.1';
      assert.deepEqual(
        events.refused.map(({ handle: of, ...event }) => ({ ...event, of })),
        [
          { reason: 'not-fresh', clientAddress, of: handle },
          { reason: 'csrf', clientAddress, of: handle },
          { reason: 'session-limit', clientAddress, of: handle },
          { reason: 'login-expired', clientAddress, of: pendingHandle },
        ],
      );
    });

    test.each<[string, (session: Session) => unknown]>([
      ['a login', (session) => session.login('alice')],
      ['a first factor', (session) => session.beginLogin('alice')],
      ['a rotation', (session) => session.rotate()],
    ])('%s on a response that caches may store is an error, and nothing is stored', async (_, act) => {
      const factory = open();
      for (const jar of [await started(factory), new Jar()]) {
        const isNew = jar.header === undefined;
        const events = record(factory, 'created', 'login', 'rotated', 'saved');
        const request = await Visit.open(factory, jar);
        act(request.session);
        request.head.set('cache-control', 'public, max-age=60');
        const end = async (): Promise<unknown> => await request.end();
        // A session that does not exist has no id to change.
        if (isNew && act.toString().includes('rotate')) await end();
        else await assert.rejects(end, { code: 'ERR_SESSION_COOKIE_WITHHELD' });
        assert.deepEqual(request.head.cookies, []);
        assert.deepEqual([events.created, events.login, events.rotated, events.saved], [[], [], [], []]);
      }
    });
  });
}
