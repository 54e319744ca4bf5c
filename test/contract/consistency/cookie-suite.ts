import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'vitest';
import { Jar, visit, Visit } from '../../support/visit.ts';
import { waitFor } from '../../support/wait-for.ts';
import {
  type Data,
  type Factory,
  type MakeFactory,
  type Session,
  NEW_SECRET,
  record,
  SECRET,
  started,
  useFactories,
} from './factories.ts';

/** Seconds. Over before the next request is there. */
const NO_GRACE = 0.001;

/** Runs with the clock of this process set forward, or back, by so many milliseconds. */
async function withClock(skew: number, run: () => Promise<void>): Promise<void> {
  const { now } = Date;
  Date.now = () => now() + skew;
  try {
    await run();
  } finally {
    Date.now = now;
  }
}

/** C13: a response sets and deletes a cookie only on the evidence of an acknowledgement. */
export function cookieSuite(title: string, make: MakeFactory): void {
  const { open } = useFactories(make);
  const read = (factory: Factory, jar: Jar): Promise<Data> =>
    visit(factory, new Jar(jar), (session) => ({ ...session.toJSON() }));
  /** Lets the grace of a rotation pass, by the clock of this machine, which the server shares. */
  const afterGrace = async (): Promise<void> => {
    const until = Date.now() + 3;
    await waitFor('the end of the grace', () => Date.now() > until);
  };

  describe(`${title}: C13, cookies tell the truth`, () => {
    test('C6: a request from before a rotation that ends after the grace writes, and does not learn the new id', async () => {
      const [one, two] = [open({ rotationGrace: NO_GRACE }), open({ rotationGrace: NO_GRACE })];
      const events = record(one, 'staleId');
      const jar = await started(one);
      const slow = await Visit.open(one, new Jar(jar));
      await visit(two, jar, (session) => session.rotate());
      await afterGrace();
      slow.session.set('late', true);
      assert.deepEqual((await slow.end()).cookies, []);
      assert.equal(events.staleId.length, 1);
      assert.deepEqual(await read(two, jar), { a: 1, late: true });
    });

    test('a request from before a login that ends after the grace leaves the cookie of the login alone', async () => {
      const [one, two] = [open({ rotationGrace: 0 }), open({ rotationGrace: 0 })];
      for (const act of [(s: Session) => s.set('late', 1), (s: Session) => s.get('a'), (s: Session) => s.logout()]) {
        const jar = await started(one);
        const slow = await Visit.open(one, new Jar(jar));
        const owner = randomUUID();
        await visit(two, jar, (session) => session.login(owner));
        await afterGrace();
        act(slow.session);
        assert.deepEqual((await slow.end()).cookies, []);
        assert.equal(await visit(two, jar, (session) => session.owner), owner);
      }
    });

    test('a cookie is signed again only for a session that is still there', async () => {
      const jar = await started(open());
      const rotating = open({ secret: [NEW_SECRET, SECRET] });
      const slow = await Visit.open(rotating, new Jar(jar));
      await visit(rotating, jar, (session) => session.login(randomUUID()));
      assert.deepEqual((await slow.end()).cookies, []);
      const again = await Visit.open(open({ secret: [SECRET, NEW_SECRET] }), new Jar(jar));
      assert.equal((await again.end()).cookies.length, 1);
    });

    test('C6: a client that did not receive the new id is led to it until the new id has been used', async () => {
      const factory = open({ rotationGrace: NO_GRACE });
      const jar = await started(factory);
      const honest = new Jar(jar);
      await visit(factory, jar, (session) => session.rotate());
      await afterGrace();
      assert.equal(await visit(factory, honest, (session) => session.get('a')), 1);
      assert.equal(honest.header, jar.header);
      const thief = await started(factory);
      const stolen = new Jar(thief);
      await visit(factory, thief, (session) => session.rotate());
      assert.deepEqual(await read(factory, thief), { a: 1 });
      await afterGrace();
      const late = await Visit.open(factory, stolen);
      assert.equal(late.session.get('a'), undefined);
      assert.deepEqual((await late.end()).cookies, []);
    });

    test('an expired cookie and two requests at once: the other does not delete the cookie of the login', async () => {
      const factory = open();
      const jar = await started(factory);
      const dead = new Jar(jar);
      await visit(factory, jar, (session) => session.logout());
      const [one, other] = [await Visit.open(factory, dead), await Visit.open(factory, dead)];
      const owner = randomUUID();
      one.session.login(owner);
      await one.end();
      other.session.get('a');
      await other.end();
      assert.equal(await visit(factory, dead, (session) => session.owner), owner);
    });

    test('invalidate() with new content: a parallel request leaves the new cookie alone', async () => {
      const factory = open();
      for (const act of [(s: Session) => s.set('late', 1), (s: Session) => s.get('a')]) {
        const jar = await started(factory);
        const [one, other] = [await Visit.open(factory, jar), await Visit.open(factory, jar)];
        const late = new Jar(jar);
        one.session.invalidate();
        one.session.set('fresh', 1);
        await one.end();
        act(other.session);
        await other.end();
        const opened = await Visit.open(factory, late);
        act(opened.session);
        assert.deepEqual((await opened.end()).cookies, []);
        assert.deepEqual(await read(factory, jar), { fresh: 1 });
      }
    });

    test('C12: a logout that a login has overtaken deletes no cookie, and is reported', async () => {
      const factory = open();
      const events = record(factory, 'discarded', 'logout');
      const jar = await started(factory);
      const leaving = await Visit.open(factory, new Jar(jar));
      const owner = randomUUID();
      await visit(factory, jar, (session) => session.login(owner));
      leaving.session.logout();
      assert.deepEqual((await leaving.end()).cookies, []);
      assert.deepEqual([events.discarded[0]?.reason, events.logout], ['superseded', []]);
      assert.equal(await visit(factory, jar, (session) => session.owner), owner);
    });

    test.each(['superseded', 'dead'])('of two cookies the second is tried when the first is %s', async (kind) => {
      const factory = open();
      const events = record(factory, 'cookieWarning');
      const [first, second] = [await started(factory), await started(factory, (session) => session.set('b', 2))];
      const old = first.cookies.get('session')!;
      await visit(factory, first, (session) => (kind === 'dead' ? session.logout() : session.login(randomUUID())));
      const both = new Jar();
      const cookie = `session=${old}; session=${second.cookies.get('session')}`;
      const value = await visit(factory, both, (session) => session.get('b'), { headers: { cookie } });
      assert.equal(value, 2);
      assert.deepEqual(
        events.cookieWarning.map(({ reason }) => reason),
        ['several'],
      );
    });

    test('of two cookies the second is tried when `invalidateBefore` ends the session of the first', async () => {
      let changed: Date | null = null;
      const factory = open({ invalidateBefore: () => changed });
      const owner = randomUUID();
      const [first, second] = [await started(factory, (session) => session.login(owner)), await started(factory)];
      changed = new Date(8.64e15);
      const cookie = `session=${first.cookies.get('session')}; session=${second.cookies.get('session')}`;
      const request = await Visit.open(factory, new Jar(), { headers: { cookie } });
      assert.deepEqual([request.session.get('a'), request.session.popFlash()], [1, []]);
      assert.deepEqual((await request.end()).cookies, []);
      changed = null;
      assert.deepEqual(await factory.owners.list(owner), []);
      assert.deepEqual(await read(factory, second), { a: 1 });
    });

    test('attributes that a deployment changes reach clients that have a cookie, once', async () => {
      const jar = await started(open());
      const strict = open({ cookie: { sameSite: 'strict' } });
      const request = await Visit.open(strict, jar);
      const [cookie] = (await request.end()).cookies;
      assert.match(cookie!, /SameSite=Strict/);
      assert.deepEqual((await (await Visit.open(strict, jar)).end()).cookies, []);
    });

    test('the cookie of another path or domain from before is deleted when the new one is sent', async () => {
      const narrow = open({ cookie: { path: '/shop', domain: 'example.com' } });
      const jar = await started(narrow);
      const request = await Visit.open(open(), jar);
      const [deletion, cookie] = (await request.end()).cookies;
      assert.match(cookie!, /^session=[\w-].*; Path=\/;/);
      assert.match(deletion!, /^session=; Max-Age=0;.*Domain=example\.com; Path=\/shop/);
    });

    test('with `maxAge` every kind of activity renews the cookie, and it follows the timeout of the session', async () => {
      const factory = open({ cookie: { maxAge: 600 }, touchInterval: 0 });
      const jar = await started(factory);
      const acts: ((session: Session) => unknown)[] = [
        (session) => session.set('a', 2),
        (session) => session.update('a', Number),
        (session) => session.get('a'),
      ];
      for (const act of acts) {
        const request = await Visit.open(factory, jar);
        await act(request.session);
        assert.match((await request.end()).cookies.join(), /Max-Age=600;/);
      }
      const request = await Visit.open(factory, jar);
      request.session.adjustTimeout(3600);
      assert.match((await request.end()).cookies.join(), /Max-Age=3600;/);
    });

    test.each<[string, (session: Session) => unknown]>([
      ['a login', (session) => session.login(randomUUID())],
      ['a first factor', (session) => session.beginLogin(randomUUID())],
      ['a rotation', (session) => session.rotate()],
    ])('C12: an early save() of %s: every kind of response sends its cookie, or says why not', async (_what, act) => {
      const factory = open();
      const strict = open({ cookie: { onException: false } });
      const events = record(factory, 'discarded');
      const suppressed = record(strict, 'cookieSuppressed');
      const saved = async (by: Factory, status: number, cacheControl?: string): Promise<Visit<Data, Session>> => {
        const request = await Visit.open(by, await started(factory));
        act(request.session);
        await request.session.save();
        request.head.status = status;
        if (cacheControl !== undefined) request.head.set('cache-control', cacheControl);
        return request;
      };
      const PUBLIC = 'public, max-age=60';
      assert.equal((await (await saved(factory, 500)).end()).cookies.length, 1);
      await assert.rejects((await saved(factory, 200, PUBLIC)).end(), { code: 'ERR_SESSION_COOKIE_WITHHELD' });
      assert.equal(events.discarded.length, 0);
      assert.deepEqual((await (await saved(factory, 500, PUBLIC)).end()).cookies, []);
      assert.equal(events.discarded[0]?.reason, 'commit-failed');
      assert.deepEqual((await (await saved(strict, 500)).end()).cookies, []);
      assert.equal(suppressed.cookieSuppressed[0]?.reason, 'exception');
    });

    test('C12: a rotation or a first factor on a response that caches may store is refused as a whole', async () => {
      const factory = open();
      for (const act of ['rotate', 'beginLogin'] as const) {
        const jar = await started(factory);
        const request = await Visit.open(factory, jar);
        request.session.set('rights', 'admin');
        if (act === 'rotate') request.session.rotate();
        else request.session.beginLogin('alice');
        request.head.set('cache-control', 'public, max-age=60');
        await assert.rejects(request.end(), { code: 'ERR_SESSION_COOKIE_WITHHELD' });
        assert.deepEqual(await read(factory, jar), { a: 1 });
      }
    });

    test('a login as another owner begins without the fields of the first, and ends its session', async () => {
      const factory = open();
      const [alice, bob] = [randomUUID(), randomUUID()];
      const jar = await started(factory, (session) => session.set('secret', 'of alice').login(alice));
      const old = new Jar(jar);
      await visit(factory, jar, (session) => {
        session.set('kept', 1);
        session.login(bob);
        assert.equal(session.get('secret'), undefined);
      });
      assert.deepEqual(await read(factory, jar), { kept: 1 });
      assert.equal(await visit(factory, jar, (session) => session.owner), bob);
      assert.deepEqual(await factory.owners.list(alice), []);
      assert.deepEqual((await (await Visit.open(factory, old)).end()).cookies, []);
    });

    test('a refused login as another owner leaves the first session as it was', async () => {
      const factory = open({ maxSessionsPerOwner: 1, onSessionLimit: 'refuse' });
      const [alice, bob] = [randomUUID(), randomUUID()];
      await started(factory, (session) => session.login(bob));
      const jar = await started(factory, (session) => session.set('mine', 1).login(alice));
      await visit(factory, jar, async (session) => {
        session.login(bob);
        await assert.rejects(session.save(), { code: 'ERR_SESSION_FULL' });
        assert.equal(session.owner, alice);
        assert.equal(session.get('mine'), 1);
      });
      assert.equal(await visit(factory, jar, (session) => session.owner), alice);
    });

    test('C7: a pending login from before a revocation or a change of authentication cannot be completed', async () => {
      let changed: Date | null = null;
      const factory = open({ invalidateBefore: () => changed });
      const owner = randomUUID();
      const pending = await started(factory, (session) => session.beginLogin(owner));
      await afterGrace();
      await factory.owners.revoke(owner);
      const request = await Visit.open(factory, pending);
      assert.equal(request.session.pendingLogin?.owner, owner);
      request.session.login(owner);
      await assert.rejects(request.end(), { code: 'ERR_SESSION_LOGIN_EXPIRED', status: 403 });
      assert.deepEqual(await factory.owners.list(owner), []);
      const other = await started(factory, (session) => session.beginLogin(owner));
      changed = new Date(8.64e15);
      assert.equal(await visit(factory, other, (session) => session.pendingLogin), null);
    });

    test('C7: a login of the same owner again keeps the index that its session is found by', async () => {
      const factory = open();
      const [owner, sid] = [randomUUID(), randomUUID()];
      const jar = await started(factory, (session) => session.login(owner, { index: { sid } }));
      await visit(factory, jar, (session) => session.login(owner, { method: 'passkey' }));
      assert.equal((await factory.owners.listBy('sid', sid)).length, 1);
      assert.equal(await factory.owners.revokeBy('sid', sid), 1);
      assert.equal(await visit(factory, jar, (session) => session.owner), null);
    });

    test('a process whose clock is behind goes by the clock of the store', async () => {
      const here = open({ rotationGrace: NO_GRACE });
      const jar = await started(here, (session) => session.login(randomUUID()));
      const stolen = new Jar(jar);
      await visit(here, jar, (session) => session.rotate());
      await visit(here, jar, (session) => session.get('a'));
      await afterGrace();
      await withClock(-60_000, async () => {
        assert.equal(await visit(open(), new Jar(stolen), (session) => session.owner), null);
        const fresh = visit(open(), new Jar(jar), (session) => session.requireFresh(0));
        await assert.rejects(fresh, { code: 'ERR_SESSION_NOT_FRESH' });
        assert.ok((await open().sessions.purge({ olderThan: 0 })) >= 1);
      });
      assert.equal(await visit(here, jar, (session) => session.owner), null);
    });

    test('a process whose clock is ahead goes by the clock of the store', async () => {
      const here = open();
      const jar = await started(here, (session) => session.login(randomUUID()));
      const old = new Jar(jar);
      await visit(here, jar, (session) => session.rotate());
      await withClock(15_000, async () => {
        const factory = open();
        const events = record(factory, 'staleId', 'rejected');
        assert.notEqual(await visit(factory, old, (session) => session.owner), null);
        assert.deepEqual([events.staleId, events.rejected], [[], []]);
        assert.equal(old.header, jar.header);
      });
    });
  });
}
