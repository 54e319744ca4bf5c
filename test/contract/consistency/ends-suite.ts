import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'vitest';
import { Jar, visit, Visit } from '../../support/visit.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type Factory, type MakeFactory, type Session, record, started, useFactories } from './factories.ts';

const OPTIONS = { explainEnds: 600 };

/** What is promised about how sessions end, and how that is explained. */
export function endsSuite(title: string, make: MakeFactory): void {
  const { open, pair } = useFactories(make);

  async function loggedIn(factory: Factory, owner: string = randomUUID()): Promise<Jar> {
    return await started(factory, (session) => session.login(owner));
  }
  const reasonFor = (factory: Factory, jar: Jar): Promise<string | null> =>
    visit(factory, new Jar(jar), (session) => session.endedBefore?.reason ?? null);

  describe(`${title}: why a session has ended`, () => {
    test.each<[string, string, (factory: Factory, owner: string, jar: Jar) => Promise<unknown>]>([
      ['revoked', 'a revocation of all', (factory, owner) => factory.owners.revoke(owner)],
      [
        'revoked',
        'a revocation of one',
        async (factory, owner) => factory.owners.revokeSession(owner, (await factory.owners.list(owner))[0]!.handle),
      ],
      [
        'revoked',
        'a tool',
        async (factory, owner) => factory.sessions.destroy((await factory.owners.list(owner))[0]!.handle, { owner }),
      ],
      ['logout', 'a logout', (factory, _owner, jar) => visit(factory, new Jar(jar), (session) => session.logout())],
      ['logout', 'invalidate()', (factory, _owner, jar) => visit(factory, new Jar(jar), (each) => each.invalidate())],
      ['evicted', 'another login', (factory, owner) => loggedIn(factory, owner)],
    ])('%s: after %s, each later request with the cookie learns it', async (reason, _what, end) => {
      const [one, two] = pair({ ...OPTIONS, maxSessionsPerOwner: 1 });
      const owner = randomUUID();
      const jar = await loggedIn(one, owner);
      const before = Date.now();
      await end(two, owner, jar);
      const rejected = record(one, 'rejected');
      await visit(one, new Jar(jar), (session) => {
        assert.equal(session.isNew, true);
        assert.equal(session.owner, null);
        assert.equal(session.endedBefore?.reason, reason);
        assert.ok(Math.abs(session.endedBefore.at.getTime() - before) < 30_000);
      });
      assert.deepEqual(
        rejected.rejected.map((event) => [event.reason, event.detail]),
        [['not-found', reason]],
      );
      assert.equal(await reasonFor(two, jar), reason);
    });

    test('expired: with the time at which it was over', async () => {
      const factory = open({ ...OPTIONS, timeout: 2, absoluteTimeout: 2 });
      const jar = await loggedIn(factory);
      const end = await visit(factory, new Jar(jar), ({ expiresAt }) => expiresAt!.getTime());
      await waitFor('the end of the session', async () => (await reasonFor(factory, jar)) === 'expired');
      await visit(factory, new Jar(jar), ({ endedBefore }) => {
        assert.ok(Math.abs(endedBefore!.at.getTime() - end) <= 1000);
      });
    });

    test('authentication-changed: in the request that finds it out', async () => {
      let since: Date | null = null;
      const factory = open({ ...OPTIONS, invalidateBefore: () => since });
      const jar = await loggedIn(factory);
      since = new Date(Date.now() + 60_000);
      assert.equal(await reasonFor(factory, jar), 'authentication-changed');
    });

    test('the end is explained to an older id, which a rotation has led on', async () => {
      const factory = open(OPTIONS);
      const owner = randomUUID();
      const jar = await loggedIn(factory, owner);
      await visit(factory, new Jar(jar), (session) => session.rotate());
      await factory.owners.revoke(owner);
      assert.equal(await reasonFor(factory, jar), 'revoked');
    });

    test('nothing is explained of a session that goes on, was anonymous, or where another has followed', async () => {
      const factory = open(OPTIONS);
      const jar = await loggedIn(factory);
      assert.equal(await reasonFor(factory, jar), null);
      const anonymous = await started(factory);
      await visit(factory, new Jar(anonymous), (session) => session.logout());
      assert.equal(await reasonFor(factory, anonymous), null);
      assert.equal(await reasonFor(factory, new Jar()), null);
      await visit(factory, new Jar(jar), (session) => {
        session.logout();
        session.flash('Until next time');
      });
      assert.equal(await reasonFor(factory, jar), null);
    });

    test('nothing is explained without `explainEnds`, though another process has it', async () => {
      const [explaining, other] = [open(OPTIONS), open()];
      const owner = randomUUID();
      const jar = await loggedIn(explaining, owner);
      await explaining.owners.revoke(owner);
      assert.equal(await reasonFor(other, jar), null);
      assert.equal(await reasonFor(explaining, jar), 'revoked');
    });

    test('C1: a slow writer, an update and a rotation do not revive a session whose end is explained', async () => {
      const [one, two] = pair(OPTIONS);
      const owner = randomUUID();
      const jar = await loggedIn(one, owner);
      const slow = await Promise.all([1, 2, 3].map(() => Visit.open(one, new Jar(jar))));
      const [writing, updating, rotating] = slow as [(typeof slow)[0], (typeof slow)[0], (typeof slow)[0]];
      writing.session.set('late', true);
      rotating.session.rotate();
      await two.owners.revoke(owner);
      const update = updating.session.update('n', () => 1);
      await assert.rejects(update, { code: 'ERR_SESSION_ENDED' });
      for (const each of slow) assert.deepEqual((await each.end()).cookies, []);
      assert.deepEqual(await two.owners.list(owner), []);
      assert.equal(await reasonFor(two, jar), 'revoked');
    });
  });

  describe(`${title}: a rotated id that is used after its grace`, () => {
    /** A rotation whose grace is over at once, and an older copy of the cookie. */
    async function rotated(factory: Factory, owner: string, isUsed: boolean): Promise<{ jar: Jar; copy: Jar }> {
      const jar = await loggedIn(factory, owner);
      const copy = new Jar(jar);
      await visit(factory, jar, (session) => session.rotate());
      if (isUsed) await visit(factory, jar, (session) => session.get('a'));
      return { jar, copy };
    }
    const ownerOf = (factory: Factory, jar: Jar): Promise<string | null> =>
      visit(factory, new Jar(jar), (session) => session.owner);
    const GRACE = { rotationGrace: 0, ...OPTIONS };

    test('is reported, and ends nothing, by default', async () => {
      const factory = open(GRACE);
      const owner = randomUUID();
      const { jar, copy } = await rotated(factory, owner, true);
      const events = record(factory, 'staleId', 'destroyed');
      assert.equal(await ownerOf(factory, copy), null);
      assert.equal(events.staleId.length, 1);
      assert.deepEqual(events.destroyed, []);
      assert.equal(await ownerOf(factory, jar), owner);
    });

    test('C6: ends the session, wherever rotations have led to, and no other one of the owner', async () => {
      const factory = open({ ...GRACE, onReuse: 'end-session' });
      const owner = randomUUID();
      const device = await loggedIn(factory, owner);
      const { jar, copy } = await rotated(factory, owner, true);
      await visit(factory, jar, (session) => session.rotate());
      const events = record(factory, 'destroyed');
      assert.equal(await ownerOf(factory, copy), null);
      assert.deepEqual(
        events.destroyed.map(({ reason }) => reason),
        ['id-reuse'],
      );
      assert.equal(await reasonFor(factory, jar), 'id-reuse');
      assert.equal(await ownerOf(factory, device), owner);
    });

    test('C7: ends all sessions of the owner in one step', async () => {
      const factory = open({ ...GRACE, onReuse: 'end-owner' });
      const owner = randomUUID();
      const device = await loggedIn(factory, owner);
      const { jar, copy } = await rotated(factory, owner, true);
      const events = record(factory, 'destroyed', 'revoked');
      assert.equal(await ownerOf(factory, copy), null);
      assert.equal(events.revoked.length, 1);
      assert.deepEqual(
        events.destroyed.map(({ reason }) => reason),
        ['id-reuse', 'id-reuse'],
      );
      for (const each of [jar, device]) assert.equal(await reasonFor(factory, each), 'id-reuse');
      assert.deepEqual(await factory.owners.list(owner), []);
    });

    test.each(['end-session', 'end-owner'] as const)(
      'C6: %s ends an anonymous session, which has no owner',
      async (onReuse) => {
        const factory = open({ ...GRACE, onReuse });
        const jar = await started(factory);
        const copy = new Jar(jar);
        await visit(factory, jar, (session) => session.rotate());
        await visit(factory, jar, (session) => session.get('a'));
        await visit(factory, copy, (session) => assert.equal(session.isNew, true));
        await visit(factory, new Jar(jar), (session) => assert.equal(session.isNew, true));
      },
    );

    test('C6: a client whose response with the new id was lost ends nothing', async () => {
      const factory = open({ ...GRACE, onReuse: 'end-owner' });
      const owner = randomUUID();
      const { jar, copy } = await rotated(factory, owner, false);
      const events = record(factory, 'staleId', 'destroyed');
      await visit(factory, copy, (session) => session.owner);
      assert.equal(events.staleId.length, 1);
      assert.deepEqual(events.destroyed, []);
      assert.equal(await ownerOf(factory, jar), owner);
    });

    test('C6: neither does one that also has the new cookie, nor one whose login was answered in vain', async () => {
      const factory = open({ ...GRACE, onReuse: 'end-owner' });
      const owner = randomUUID();
      const { jar, copy } = await rotated(factory, owner, true);
      const both = `${copy.header}; ${jar.header}`;
      await visit(factory, new Jar(), (session) => assert.equal(session.owner, owner), { headers: { cookie: both } });
      const before = new Jar(jar);
      await visit(factory, jar, (session) => session.login(owner));
      await visit(factory, before, (session) => session.owner);
      assert.equal(await ownerOf(factory, jar), owner);
    });

    test('C1: a login, a logout and a rotation that race with it leave nothing that the thief can use', async () => {
      for (const act of [
        (session: Session) => session.login(session.owner!),
        (session: Session) => session.logout(),
        (session: Session) => session.rotate(),
      ]) {
        const [one, two] = pair({ ...GRACE, onReuse: 'end-session' });
        const owner = randomUUID();
        const { jar, copy } = await rotated(one, owner, true);
        const racing = await Visit.open(two, new Jar(jar));
        act(racing.session);
        assert.equal(await ownerOf(one, copy), null);
        await racing.end();
        assert.equal(await ownerOf(one, copy), null);
        assert.equal(await ownerOf(one, jar), null);
      }
    });
  });

  describe(`${title}: requests that are no visits`, () => {
    const PREFETCHES: Readonly<Record<string, string>>[] = [
      { 'sec-purpose': 'prefetch' },
      { 'sec-purpose': 'prefetch;prerender' },
      { 'sec-purpose': 'prefetch;anonymous-client-ip' },
      { purpose: 'prefetch' },
      { 'x-moz': 'prefetch' },
      { 'next-router-prefetch': '1' },
    ];

    test.each(PREFETCHES)('C4: a prefetch takes no messages and renews nothing: %o', async (headers) => {
      const factory = open({ touchInterval: 0, cookie: { maxAge: 600 } });
      const jar = await started(factory, (session) => session.flash('hello'));
      const events = record(factory, 'touched', 'saved', 'created');
      const head = await Visit.open(factory, new Jar(jar), { headers }).then(async (ahead) => {
        assert.deepEqual(ahead.session.popFlash(), []);
        assert.deepEqual(await ahead.session.takeFlash(), []);
        assert.deepEqual(ahead.session.peekFlash(), ['hello']);
        return await ahead.end();
      });
      assert.deepEqual(head.cookies, []);
      assert.deepEqual([...events.touched, ...events.saved, ...events.created], []);
      await visit(factory, jar, (session) => assert.deepEqual(session.popFlash(), ['hello']));
    });

    test('C12: a prefetch cannot log in or out, or rotate, and what it sets is stored', async () => {
      const factory = open();
      const owner = randomUUID();
      const jar = await loggedIn(factory, owner);
      const options = { headers: { 'sec-purpose': 'prefetch;prerender' } };
      await visit(
        factory,
        jar,
        (session) => {
          for (const act of [
            () => session.login('bob'),
            () => session.beginLogin('bob'),
            () => session.logout(),
            () => session.invalidate(),
            () => session.rotate(),
          ])
            assert.throws(act, { code: 'ERR_SESSION_PREFETCH', status: 503 });
          session.set('views', 1);
        },
        options,
      );
      await visit(factory, jar, (session) => assert.deepEqual([session.owner, session.get('views')], [owner, 1]));
    });

    test('C6: a prefetch with the new id of a rotation does not prove that the client has it', async () => {
      const factory = open({ rotationGrace: 0.001 });
      const jar = await started(factory);
      const before = new Jar(jar);
      await visit(factory, jar, (session) => session.rotate());
      await visit(factory, new Jar(jar), (session) => session.get('a'), { headers: { purpose: 'prefetch' } });
      await visit(factory, before, (session) => assert.equal(session.get('a'), 1));
    });

    const FORM = { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } };

    test('C13: a form of another site does not replace the session whose cookie it came without', async () => {
      const factory = open();
      const events = record(factory, 'cookieSuppressed', 'discarded', 'created');
      const form = await Visit.open(factory, new Jar(), FORM);
      form.session.getCsrfToken();
      assert.deepEqual((await form.end()).cookies, []);
      assert.deepEqual(
        [events.cookieSuppressed, events.discarded].map((each) => each.map(({ reason }) => reason)),
        [['cross-site'], ['cross-site']],
      );
      assert.deepEqual(events.created, []);
      const early = await Visit.open(factory, new Jar(), FORM);
      early.session.set('a', 1);
      await assert.rejects(early.session.save(), { code: 'ERR_SESSION_COOKIE_WITHHELD' });
    });

    test('C13: a login or its first factor in such a form does set the cookie', async () => {
      const factory = open();
      const owner = randomUUID();
      for (const act of [(session: Session) => session.login(owner), (session: Session) => session.beginLogin(owner)]) {
        const jar = new Jar();
        await visit(factory, jar, act, FORM);
        assert.equal(jar.cookies.size, 1);
        await visit(factory, jar, (session) => assert.equal(session.owner ?? session.pendingLogin?.owner, owner));
      }
    });

    test.each<[string, object, object, boolean]>([
      ['a form of the same site', {}, { method: 'POST', headers: { 'sec-fetch-site': 'same-site' } }, true],
      ['a form of an older browser', {}, { method: 'POST' }, true],
      ['a link of another site', {}, { headers: { 'sec-fetch-site': 'cross-site' } }, true],
      ['a link of another site, under Strict', { sameSite: 'strict' }, { headers: FORM.headers }, false],
      ['a form of another site, under None', { sameSite: 'none', secure: true }, { ...FORM, secure: true }, true],
    ])('%s begins a session, unless `SameSite` has kept the cookie', async (_what, cookie, request, begins) => {
      const factory = open({ cookie });
      const form = await Visit.open(factory, new Jar(), request);
      form.session.set('a', 1);
      assert.equal((await form.end()).cookies.length, begins ? 1 : 0);
    });

    test('a form of another site that came with a cookie changes its session, also one that has ended', async () => {
      const factory = open();
      const jar = await started(factory);
      await visit(factory, jar, (session) => session.set('b', 2), FORM);
      await visit(factory, jar, (session) => assert.equal(session.get('b'), 2));
      await visit(factory, new Jar(jar), (session) => session.logout());
      await visit(factory, jar, (session) => session.set('c', 3), FORM);
      await visit(factory, jar, (session) => assert.deepEqual({ ...session.toJSON() }, { c: 3 }));
    });
  });

  describe(`${title}: what is kept of a client`, () => {
    const AGENT =
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.127 Safari/537.36';
    const kept = ({ clientAddress, userAgent }: Session): (string | null)[] => [clientAddress, userAgent];
    const options = { headers: { 'user-agent': AGENT } };

    test.each<[string, object, (string | null)[], (string | null)[]]>([
      ['by default', {}, [null, null], ['192.0.2.1', AGENT]],
      [
        'truncated',
        { clientAddress: 'truncated', userAgent: 'truncated' },
        ['192.0.2.0', 'Chrome 126 on Windows'],
        ['192.0.2.0', 'Chrome 126 on Windows'],
      ],
      ['off', { clientAddress: 'off', userAgent: 'off' }, [null, null], [null, null]],
      [
        'by kind of session',
        { clientAddress: { anonymous: 'full' }, userAgent: { anonymous: 'truncated', owned: 'off' } },
        ['192.0.2.1', 'Chrome 126 on Windows'],
        ['192.0.2.1', null],
      ],
    ])('%s: when a session begins, through login and rotation, in lists', async (_what, given, anonymous, owned) => {
      const [one, two] = pair(given);
      const owner = randomUUID();
      const jar = new Jar();
      const begin = (session: Session): void => {
        session.set('a', 1);
        assert.deepEqual(kept(session), anonymous);
      };
      await visit(one, jar, begin, options);
      await visit(two, jar, (session) => assert.deepEqual(kept(session), anonymous));
      await visit(one, jar, (session) => session.login(owner), options);
      await visit(two, jar, (session) => session.rotate());
      await visit(one, jar, (session) => assert.deepEqual(kept(session), owned));
      const [device] = await one.owners.list(owner);
      assert.deepEqual([device!.clientAddress, device!.userAgent], owned);
    });

    test('hashed: equal for equal clients, different for others, and not what it is the hash of', async () => {
      const [one, two] = pair({ clientAddress: 'hashed', userAgent: 'hashed' });
      const owner = randomUUID();
      for (const factory of [one, two]) await visit(factory, new Jar(), (each) => each.login(owner), options);
      await visit(one, new Jar(), (each) => each.login(owner), { headers: { 'user-agent': 'curl/8.5.0' } });
      const devices = await one.owners.list(owner);
      const agents = devices.map(({ userAgent }) => userAgent!);
      assert.equal(new Set(devices.map(({ clientAddress }) => clientAddress)).size, 1);
      assert.equal(agents[0], agents[1]);
      assert.notEqual(agents[1], agents[2]);
      for (const text of [...agents, devices[0]!.clientAddress!]) assert.match(text, /^[\w-]{22}$/);
    });
  });
}
