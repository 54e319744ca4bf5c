import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'vitest';
import { SESSION_INVALIDATED, SessionError } from 'websauna-session';
import { Jar, visit, Visit } from '../../support/visit.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type Factory, type MakeFactory, type Session, record, started, useFactories } from './factories.ts';

const isFull = (error: unknown): boolean => error instanceof SessionError && error.code === 'ERR_SESSION_FULL';

/** What is promised about logins, owners and their sessions. */
export function loginSuite(title: string, make: MakeFactory): void {
  const { pair } = useFactories(make);

  async function loggedIn(factory: Factory, owner: string, method = 'password'): Promise<Jar> {
    const jar = new Jar();
    await visit(factory, jar, (session) => session.login(owner, { method }));
    return jar;
  }
  const ownerOf = (factory: Factory, jar: Jar): Promise<string | null> =>
    visit(factory, new Jar(jar), (session) => session.owner);

  describe(`${title}: login`, () => {
    test('a login stamps owner, method and times by the clock of the store, and carries fields over', async () => {
      const [one, two] = pair();
      const jar = new Jar();
      const owner = randomUUID();
      await visit(one, jar, (session) => session.set('cart', [1]));
      const before = await visit(one, jar, ({ id, handle }) => ({ id, handle }));
      await visit(one, jar, (session) => session.login(owner, { method: 'passkey' }));
      await visit(two, jar, (session) => {
        assert.equal(session.owner, owner);
        assert.equal(session.method, 'passkey');
        assert.deepEqual(session.get('cart'), [1]);
        assert.notEqual(session.id, before.id);
        assert.notEqual(session.handle, before.handle);
        const age = session.createdAt!.getTime() - session.authenticatedAt!.getTime();
        assert.ok(age >= 0 && age < 5000);
        session.requireFresh(60);
      });
      await visit(two, new Jar(), (session) => {
        assert.throws(() => session.requireFresh(60), { code: 'ERR_SESSION_NOT_FRESH', status: 403 });
      });
    });

    test('a half-authenticated session has no owner, gets a new id at each step, and ends with its time', async () => {
      const [one, two] = pair();
      const jar = new Jar();
      const owner = randomUUID();
      await visit(one, jar, (session) => session.set('a', 1));
      const ids = [jar.header];
      const before = new Jar(jar);
      await visit(one, jar, (session) => session.beginLogin(owner, { method: 'password' }));
      ids.push(jar.header);
      await visit(two, jar, (session) => {
        assert.equal(session.owner, null);
        assert.equal(session.pendingLogin?.owner, owner);
        assert.equal(session.pendingLogin.method, 'password');
        assert.deepEqual(session.keys(), ['a']);
      });
      // The old id is dead at once: it is of no use to an attacker who planted it.
      assert.equal(await visit(two, before, (session) => session.pendingLogin), null);
      await visit(two, jar, (session) => session.login(session.pendingLogin!.owner, { method: 'password+totp' }));
      ids.push(jar.header);
      assert.equal(new Set(ids).size, 3);
      await visit(one, jar, (session) => {
        assert.equal(session.owner, owner);
        assert.equal(session.pendingLogin, null);
      });
    });

    test('a login that a shared cache could keep is an error, and stores nothing', async () => {
      const [one] = pair();
      const owner = randomUUID();
      const request = await Visit.open(one, new Jar());
      request.session.login(owner);
      request.head.set('cache-control', 'public, max-age=60');
      await assert.rejects(async () => await request.end(), { code: 'ERR_SESSION_COOKIE_WITHHELD' });
      assert.deepEqual(await one.owners.list(owner), []);
    });
  });

  describe(`${title}: a login that waits for its second factor`, () => {
    const pendingOf = (factory: Factory, jar: Jar): Promise<string | undefined> =>
      visit(factory, new Jar(jar), (session) => session.pendingLogin?.owner);
    const revokedSince = async (factory: Factory, owner: string): Promise<Jar> => {
      const jar = await started(factory, (session) => session.beginLogin(owner));
      const { startedAt } = await visit(factory, jar, (session) => session.pendingLogin!);
      // A login that is begun in the millisecond of the revocation may come after it.
      await waitFor('the next millisecond', () => Date.now() > startedAt.getTime() + 1);
      await factory.owners.revoke(owner);
      return jar;
    };

    test.each<[string, (session: Session, owner: string) => unknown]>([
      ['twice', (session, owner) => session.login(owner)],
      ['with another method', (session, owner) => session.login(owner, { method: 'totp' })],
      ['with another owner in between', (session) => session.login(randomUUID())],
    ])('C7: one from before a revocation is refused when login() is called %s', async (_what, act) => {
      const [one] = pair();
      const owner = randomUUID();
      const request = await Visit.open(one, await revokedSince(one, owner));
      request.session.login(owner);
      act(request.session, owner);
      request.session.login(owner);
      await assert.rejects(request.end(), { code: 'ERR_SESSION_LOGIN_EXPIRED' });
      assert.deepEqual(await one.owners.list(owner), []);
    });

    test('C7: one from before a revocation is refused although its time passes before login()', async () => {
      const [one] = pair();
      const owner = randomUUID();
      const jar = await started(one, (session) => session.beginLogin(owner, { timeout: 1 }));
      const request = await Visit.open(one, jar);
      const { startedAt } = request.session.pendingLogin!;
      await waitFor('the next millisecond', () => Date.now() > startedAt.getTime() + 1);
      await one.owners.revoke(owner);
      await waitFor('the end of its time', () => request.session.pendingLogin === null);
      request.session.login(owner);
      await assert.rejects(request.end(), { code: 'ERR_SESSION_LOGIN_EXPIRED' });
      assert.deepEqual(await one.owners.list(owner), []);
    });

    test.each<[string, (session: Session) => unknown]>([
      ['at once', () => undefined],
      ['after a save()', (session) => session.save()],
      ['during a save()', (session) => void session.save()],
    ])('a second beginLogin() %s takes the place of the first, under an id of its own', async (_what, save) => {
      const [one, two] = pair();
      const [first, second] = [randomUUID(), randomUUID()];
      for (const jar of [await started(one), new Jar()]) {
        const before = new Jar(jar);
        await visit(one, jar, async (session) => {
          session.beginLogin(first);
          await save(session);
          session.beginLogin(second);
          assert.equal(session.pendingLogin?.owner, second);
        });
        assert.equal(await pendingOf(two, jar), second);
        assert.equal(await pendingOf(two, before), undefined);
        await visit(two, jar, (session) => session.login(second));
        assert.deepEqual([await ownerOf(one, jar), await pendingOf(one, jar)], [second, undefined]);
      }
    });

    test('C8: a login that the limit refuses leaves it as it was, to be completed later', async () => {
      const [one, two] = pair({ maxSessionsPerOwner: 1, onSessionLimit: 'refuse' });
      const owner = randomUUID();
      const device = await loggedIn(one, owner);
      const jar = await started(one, (session) => session.beginLogin(owner));
      await visit(one, jar, async (session) => {
        session.login(owner);
        await assert.rejects(session.save(), isFull);
        assert.deepEqual([session.owner, session.pendingLogin?.owner], [null, owner]);
      });
      assert.equal(await pendingOf(two, jar), owner);
      await visit(one, device, (session) => session.logout());
      await visit(two, jar, (session) => session.login(session.pendingLogin!.owner));
      assert.deepEqual([await ownerOf(one, jar), await pendingOf(one, jar)], [owner, undefined]);
    });

    const VISITORS = ['a new visitor', 'a known one', 'one whose session ends meanwhile'];

    test.each(VISITORS)('a login and then a beginLogin() of another are both stored, for %s', async (who) => {
      const [one, two] = pair();
      const [owner, next] = [randomUUID(), randomUUID()];
      const jar = who === 'a new visitor' ? new Jar() : await started(one);
      const request = await Visit.open(one, jar);
      if (who === 'one whose session ends meanwhile') await visit(two, new Jar(jar), (session) => session.logout());
      request.session.login(owner);
      request.session.beginLogin(next);
      assert.equal(request.session.owner, owner);
      await request.end();
      assert.deepEqual([await ownerOf(two, jar), await pendingOf(two, jar)], [owner, next]);
      // The other way round, the login is what the request ends with.
      await visit(one, jar, (session) => {
        session.beginLogin(next);
        session.login(owner);
      });
      assert.deepEqual([await ownerOf(two, jar), await pendingOf(two, jar)], [owner, undefined]);
    });
  });

  describe(`${title}: owners`, () => {
    test('a device list has every device, marks the current one, and has no id', async () => {
      const [one, two] = pair();
      const owner = randomUUID();
      const [phone, laptop] = [await loggedIn(one, owner, 'passkey'), await loggedIn(two, owner)];
      const list = await visit(one, laptop, (session) => one.owners.list(owner, { current: session }));
      assert.deepEqual(
        list.map(({ method, current }) => [method, current]),
        [
          ['passkey', false],
          ['password', true],
        ],
      );
      assert.equal(list[0]!.clientAddress, '192.0.2.1');
      for (const { id } of [await visit(one, phone, (s) => ({ id: s.id }))]) {
        assert.ok(!JSON.stringify(list).includes(id));
      }
    });

    test('C7: a revocation spares the session that asks, and ends all others in one step', async () => {
      const [one, two] = pair();
      const owner = randomUUID();
      const jars = [];
      for (let i = 0; i < 5; i++) jars.push(await loggedIn(i % 2 === 0 ? one : two, owner));
      const other = await loggedIn(one, randomUUID());
      const events = record(one, 'revoked', 'destroyed');
      const ended = await visit(one, jars[0]!, (session) => one.owners.revoke(owner, { except: session }));
      assert.equal(ended, 4);
      assert.equal(events.revoked[0]?.handles.length, 4);
      assert.ok(events.destroyed.every(({ reason }) => reason === 'revoked'));
      const owners = await Promise.all(jars.map((jar) => ownerOf(two, jar)));
      assert.deepEqual(owners, [owner, null, null, null, null]);
      assert.notEqual(await ownerOf(two, other), null);
    });

    test('C7: one device is ended by its handle, also when it was rotated since it was listed', async () => {
      const [one, two] = pair();
      const owner = randomUUID();
      const jar = await loggedIn(one, owner);
      const [device] = await two.owners.list(owner);
      await visit(one, jar, (session) => session.rotate());
      await visit(one, jar, (session) => session.rotate());
      assert.equal(await two.owners.revokeSession(owner, device!.handle), true);
      assert.equal(await ownerOf(one, jar), null);
      assert.deepEqual(await one.owners.list(owner), []);
      assert.equal(await two.owners.revokeSession(owner, device!.handle), false);
    });

    test.each<[string, (session: Session) => unknown]>([
      ['rotate({ grace: false })', (session) => session.rotate({ grace: false })],
      ['another login of its owner', (session) => session.login(session.owner!)],
    ])('C7: a device is ended by its handle, and all are by revoke, also after %s', async (_what, move) => {
      const [one, two] = pair();
      const owner = randomUUID();
      const jar = await loggedIn(one, owner);
      const [device] = await two.owners.list(owner);
      await visit(one, jar, move);
      assert.equal((await two.sessions.get(device!.handle, { owner }))?.owner, owner);
      assert.equal(await two.owners.revokeSession(owner, device!.handle), true);
      assert.equal(await ownerOf(one, jar), null);
      const again = await loggedIn(one, owner);
      const slow = await Visit.open(one, new Jar(again));
      await visit(one, again, move);
      assert.equal(await two.owners.revoke(owner), 1);
      slow.session.set('late', true);
      assert.deepEqual((await slow.end()).cookies, []);
      assert.deepEqual([await ownerOf(one, again), await one.owners.list(owner)], [null, []]);
    });

    test('C7: the session of another owner cannot be ended by its handle', async () => {
      const [one] = pair();
      const [mine, yours] = [randomUUID(), randomUUID()];
      const jar = await loggedIn(one, yours);
      const [device] = await one.owners.list(yours);
      assert.equal(await one.owners.revokeSession(mine, device!.handle), false);
      assert.equal(await ownerOf(one, jar), yours);
    });

    test('C7: a login index finds and ends the sessions that carry it, across owners, and after rotations', async () => {
      const [one, two] = pair();
      const sid = randomUUID();
      const jars = [new Jar(), new Jar(), new Jar()];
      const owners = [randomUUID(), randomUUID(), randomUUID()];
      for (const [i, jar] of jars.entries()) {
        const index = { sid: i < 2 ? sid : randomUUID() };
        await visit(one, jar, (session) => session.login(owners[i]!, { index }));
      }
      await visit(two, jars[0]!, (session) => session.rotate());
      assert.equal((await two.owners.listBy('sid', sid)).length, 2);
      assert.deepEqual(await two.owners.listBy('other', sid), []);
      assert.equal(await two.owners.revokeBy('sid', sid), 2);
      assert.deepEqual(await Promise.all(jars.map((jar) => ownerOf(one, jar))), [null, null, owners[2]]);
      assert.equal(await two.owners.revokeBy('sid', sid), 0);
    });

    test('C8: at the limit the oldest session ends, or the login is refused and can be answered', async () => {
      const [one, two] = pair({ maxSessionsPerOwner: 2 });
      const owner = randomUUID();
      const events = record(two, 'destroyed');
      const jars = [await loggedIn(one, owner), await loggedIn(one, owner), await loggedIn(two, owner)];
      assert.deepEqual(await Promise.all(jars.map((jar) => ownerOf(one, jar))), [null, owner, owner]);
      assert.deepEqual(
        events.destroyed.map(({ reason }) => reason),
        ['evicted'],
      );

      const [strict] = pair({ maxSessionsPerOwner: 2, onSessionLimit: 'refuse' });
      const late = await Visit.open(strict, new Jar());
      late.session.login(owner);
      late.session.set('kept', true);
      await assert.rejects(late.session.save(), isFull);
      assert.equal(late.session.owner, null);
      assert.equal((await late.end()).cookies.length, 1);
      assert.equal((await one.owners.list(owner)).length, 2);
    });

    test('C7 and C8: two hundred logins race with revocations: never a fourth session, and none is left', async () => {
      const [one, two] = pair({ maxSessionsPerOwner: 3 });
      const [observer] = pair();
      const owner = randomUUID();
      const jars = Array.from({ length: 200 }, () => new Jar());
      // Every other one has a session before, which the login rekeys.
      const earlier = jars.filter((_, i) => i % 2 === 0);
      await Promise.all(earlier.map((jar, i) => visit(one, jar, (session) => session.set('cart', i))));
      const acknowledged = earlier.map((jar) => new Jar(jar));

      const counts: number[] = [];
      const running = new Set<Promise<unknown>>();
      const run = async (step: Promise<unknown>): Promise<void> => {
        running.add(step);
        await step;
        running.delete(step);
        counts.push((await observer.owners.list(owner)).length);
      };
      const watch = async (): Promise<void> => {
        while (running.size > 0) counts.push((await observer.owners.list(owner)).length);
      };
      const steps = jars.flatMap((jar, i) => {
        const factory = i % 4 < 2 ? one : two;
        const login = run(visit(factory, jar, (session) => session.login(owner)));
        return i % 20 === 19 ? [login, run((i % 40 === 19 ? one : two).owners.revoke(owner))] : [login];
      });
      await Promise.all([...steps, watch()]);
      assert.ok(counts.length > 210, `looked ${counts.length} times`);
      assert.equal(Math.max(...counts), 3);

      await one.owners.revoke(owner);
      assert.deepEqual(await observer.owners.list(owner), []);
      acknowledged.push(...jars);
      assert.equal(new Set(acknowledged.map(({ header }) => header)).size, 300);
      const opened = await Promise.all(acknowledged.map((jar) => Visit.open(observer, new Jar(jar))));
      assert.ok(opened.every(({ session }) => session.isNew && session.owner === null && session.size === 0));
    });

    test('C10: invalidateBefore ends a session that authenticated before, and the client reads why', async () => {
      const owner = randomUUID();
      let changedAt: Date | null = null;
      const [one, two] = pair({ invalidateBefore: async (who) => (who === owner ? changedAt : null) });
      const events = record(two, 'rejected', 'destroyed');
      const jar = await loggedIn(one, owner);
      assert.equal(await ownerOf(two, jar), owner);
      const [{ authenticatedAt } = { authenticatedAt: null }] = await one.owners.list(owner);
      changedAt = new Date(authenticatedAt!.getTime() + 1);
      await visit(two, jar, (session) => {
        assert.equal(session.owner, null);
        assert.deepEqual(session.popFlash(), [SESSION_INVALIDATED]);
      });
      assert.deepEqual(
        events.rejected.map(({ reason }) => reason),
        ['authentication-changed'],
      );
      assert.deepEqual(
        events.destroyed.map(({ reason }) => reason),
        ['authentication-changed'],
      );
      assert.deepEqual(await one.owners.list(owner), []);
    });
  });
}
