import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, test } from 'vitest';
import type { SessionOptions } from 'websauna-session';
import { Jar, visit, Visit } from '../../support/visit.ts';
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

/** Statements of docs/security.md about ids, logins, ends and failures; the others are in statements-suite.ts. */
export function securitySuite(title: string, make: MakeFactory): void {
  const { open } = useFactories(make);
  const read = (factory: Factory, jar: Jar): Promise<Data> =>
    visit(factory, new Jar(jar), (session) => ({ ...session.toJSON(), owner: session.owner }));

  /** Asserts that an old id opens nothing, also within the grace of rotations, and that no cookie leads on. */
  async function assertDead(factory: Factory, old: Jar): Promise<void> {
    const events = record(factory, 'rejected');
    const request = await Visit.open(factory, new Jar(old));
    assert.deepEqual([request.session.owner, request.session.keys()], [null, []]);
    assert.deepEqual((await request.end()).cookies, []);
    assert.deepEqual(
      events.rejected.map(({ reason }) => reason),
      ['superseded'],
    );
  }

  describe(`${title}: security, ids`, () => {
    test('a generator that repeats itself never opens or overwrites an existing session', async () => {
      const taken = randomBytes(32).toString('base64url');
      const factory = open({ idGenerator: () => taken });
      const jar = await started(factory, (session) => session.assign({ a: 'first' }));
      const second = await Visit.open(factory, new Jar());
      second.session.set('a', 'second');
      await assert.rejects(async () => await second.end(), { code: 'ERR_SESSION_ID_GENERATOR' });
      assert.deepEqual(second.head.cookies, []);
      assert.deepEqual(await read(factory, jar), { a: 'first', owner: null });
      await visit(factory, jar, (session) => session.invalidate());
    });

    test('a re-authentication of the same owner changes the id, and the old id is dead at once', async () => {
      const [one, two] = [open(), open()];
      const owner = randomUUID();
      const jar = await started(one, (session) => session.login(owner));
      const old = new Jar(jar);
      await visit(one, jar, (session) => session.login(owner, { method: 'passkey' }));
      assert.notEqual(jar.header, old.header);
      await assertDead(two, old);
      assert.equal((await read(two, jar))['owner'], owner);
      assert.equal((await one.owners.list(owner)).length, 1);
    });

    test('`rotate({ grace: false })` changes the id, and the old id is dead at once', async () => {
      const [one, two] = [open({ rotationGrace: 3600 }), open({ rotationGrace: 3600 })];
      for (const owner of [null, randomUUID()]) {
        const jar = await started(one, (session) => (owner === null ? session.set('a', 1) : session.login(owner)));
        const old = new Jar(jar);
        await visit(one, jar, (session) => {
          session.set('admin', true);
          session.rotate({ grace: false });
        });
        assert.notEqual(jar.header, old.header);
        await assertDead(two, old);
        const { admin, owner: still } = await read(two, jar);
        assert.deepEqual([admin, still], [true, owner]);
        // Asked for both in one request, the stricter one counts.
        const before = new Jar(jar);
        await visit(one, jar, (session) => {
          session.rotate({ grace: false });
          session.rotate();
        });
        await assertDead(two, before);
      }
    });

    test('a request with the old id under way does not learn the id of `rotate({ grace: false })`', async () => {
      const [one, two] = [open(), open()];
      const jar = await started(one);
      const slow = await Visit.open(two, new Jar(jar));
      await visit(one, jar, (session) => {
        session.set('admin', true);
        session.rotate({ grace: false });
      });
      slow.session.set('late', true);
      await assert.rejects(
        slow.session.update('admin', () => 'mine'),
        { code: 'ERR_SESSION_ENDED' },
      );
      assert.equal(slow.session.get('admin'), undefined);
      assert.deepEqual((await slow.end()).cookies, []);
      assert.deepEqual(await read(one, jar), { a: 1, admin: true, owner: null });
    });
  });

  describe(`${title}: security, logins`, () => {
    test('`requireFresh` goes by the age of the login, and no activity makes it younger', async () => {
      const [one, two] = [open({ touchInterval: 0 }), open({ touchInterval: 0 })];
      const events = record(two, 'refused');
      const owner = randomUUID();
      const authenticatedAt = new Date(Date.now() - 600_000);
      const jar = await started(one, (session) => session.login(owner, { authenticatedAt }));
      for (const act of [(s: Session) => s.set('a', 1), (s: Session) => s.rotate(), (s: Session) => s.get('a')]) {
        await visit(one, jar, act);
        await visit(two, jar, (session) => {
          session.requireFresh(660);
          assert.throws(() => session.requireFresh(540), { code: 'ERR_SESSION_NOT_FRESH', status: 403 });
        });
      }
      await visit(one, jar, async (session) => {
        session.set('b', 1);
        await session.save();
        assert.throws(() => session.requireFresh(540), { code: 'ERR_SESSION_NOT_FRESH' });
      });
      assert.deepEqual(new Set(events.refused.map(({ reason }) => reason)), new Set(['not-fresh']));
      const again = await Visit.open(one, jar);
      // A login that is not stored yet is judged by the same age.
      again.session.login(owner, { authenticatedAt });
      assert.throws(() => again.session.requireFresh(540), { code: 'ERR_SESSION_NOT_FRESH' });
      again.session.login(owner);
      again.session.requireFresh(60);
      await again.end();
      await visit(two, jar, (session) => session.requireFresh(60));
    });

    test('a CSRF token is refused in another session: anonymous, of the same owner, or new', async () => {
      const [one, two] = [open(), open()];
      const owner = randomUUID();
      const jars = [
        await started(one),
        await started(one),
        await started(one, (session) => session.login(owner)),
        await started(one, (session) => session.login(owner)),
      ];
      const tokens = await Promise.all(jars.map((jar) => visit(one, jar, (session) => session.getCsrfToken())));
      const { header: unchanged } = jars[0]!;
      for (const [i, jar] of [...jars, new Jar()].entries()) {
        const verdicts = await visit(two, jar, (session) => tokens.map((token) => session.verifyCsrfToken(token)));
        assert.deepEqual(
          verdicts,
          tokens.map((_, j) => i === j),
        );
      }
      assert.equal(jars[0]!.header, unchanged);
    });
  });

  describe(`${title}: security, revocations`, () => {
    test('`owners.revoke` ends sessions of logins under every secret, and spares one under any of them', async () => {
      const [before, now] = [open({ secret: SECRET }), open({ secret: [NEW_SECRET, SECRET] })];
      for (const spared of [null, 0, 1]) {
        const owner = randomUUID();
        const jars = [
          await started(before, (session) => session.login(owner)),
          await started(now, (session) => session.login(owner)),
        ];
        const handles = await Promise.all(jars.map((jar) => visit(now, new Jar(jar), ({ handle }) => handle)));
        const options = spared === null ? {} : { except: { handle: handles[spared]! } };
        assert.equal(await now.owners.revoke(owner, options), spared === null ? 2 : 1);
        const owners = await Promise.all(jars.map(async (jar) => (await read(now, jar))['owner']));
        assert.deepEqual(
          owners,
          jars.map((_, i) => (i === spared ? owner : null)),
        );
      }
    });
  });

  describe(`${title}: security, failures`, () => {
    const fails = (): never => {
      throw new Error('A callback of the application failed');
    };
    const callbacks: [string, Partial<SessionOptions<Data>>][] = [
      ['initialData', { initialData: fails }],
      ['idGenerator', { idGenerator: fails }],
      ['cookielessHeaders', { cookielessHeaders: fails }],
      ['serialize', { serializer: { ...picky(fails), deserialize: (text) => JSON.parse(String(text)) as unknown } }],
    ];
    test.each(callbacks)('when `%s` fails, a login stores no session and sends no cookie', async (_, options) => {
      const [factory, observer] = [open(options), open()];
      const owner = randomUUID();
      const request = await Visit.open(factory, new Jar());
      await assert.rejects(async () => {
        request.session.login(owner);
        request.session.set('secret', 'of the login');
        await request.end();
      }, /failed/);
      await Promise.resolve(factory.commit(request.session, request.head)).catch(() => {});
      assert.deepEqual(request.head.cookies, []);
      assert.deepEqual(await observer.owners.list(owner), []);
    });

    test('when `initialData` fails, the session cannot be used until it succeeds', async () => {
      let broken = true;
      const factory = open({ initialData: () => (broken ? fails() : { restricted: true }) });
      const request = await Visit.open(factory, new Jar());
      for (let i = 0; i < 2; i++) assert.throws(() => request.session.set('a', 1), /failed/);
      broken = false;
      assert.equal(request.session.get('restricted'), true);
      await request.end();
    });

    const checks: [string, Partial<SessionOptions<Data>>][] = [
      ['invalidateBefore', { invalidateBefore: fails }],
      ['bypassCache', { bypassCache: fails }],
      ['deserialize', { serializer: { serialize: (value) => JSON.stringify(value), deserialize: unreadable(fails) } }],
    ];
    test.each(checks)('when `%s` fails, no owner is logged in and no data is read', async (name, options) => {
      const owner = randomUUID();
      const jar = await started(open(), (session) => {
        session.login(owner);
        session.set('secret', 'of the owner');
      });
      const failing = open({ ...options, onStoreError: 'fail' });
      const anonymous = open({ ...options, onStoreError: 'anonymous' });
      if (name === 'deserialize') {
        await visit(failing, new Jar(jar), (session) => {
          assert.equal(session.get('secret'), undefined);
          assert.equal(session.owner, null);
        });
        return;
      }
      await assert.rejects(async () => await Visit.open(failing, new Jar(jar)), /failed/);
      const request = await Visit.open(anonymous, new Jar(jar));
      const { owner: seen, degraded } = request.session;
      assert.deepEqual([seen, request.session.get('secret'), degraded], [null, undefined, true]);
      assert.throws(() => request.session.login(owner), { code: 'ERR_SESSION_DEGRADED' });
      assert.deepEqual((await request.end()).cookies, []);
    });
  });

  describe(`${title}: security, events`, () => {
    test('a cookie that opens nothing is an event with its reason and the address of the client', async () => {
      const factory = open();
      const events = record(factory, 'rejected');
      const ended = await started(factory);
      await visit(factory, new Jar(ended), (session) => session.logout());
      const [value = ''] = ended.cookies.values();
      const forged = `${value.slice(0, 43)}.${'A'.repeat(43)}`;
      for (const cookie of ['session=garbage', `session=${forged}`, `session=${value}`]) {
        await visit(factory, new Jar(), (session) => session.get('a'), { headers: { cookie } });
      }
      assert.deepEqual(
        events.rejected.map(({ reason, clientAddress }) => [reason, clientAddress]),
        ['malformed', 'signature', 'not-found'].map((reason) => [reason, '192.0.2.1']),
      );
    });
  });

  describe(`${title}: security, administrators`, () => {
    test('`purge({ olderThan: 0 })` ends every session, anonymous or owned', async () => {
      const factory = open();
      const owner = randomUUID();
      const jars = [await started(factory), await started(factory, (session) => session.login(owner))];
      assert.ok((await factory.sessions.purge({ olderThan: 0 })) >= 2);
      for (const jar of jars) assert.deepEqual(await read(factory, jar), { owner: null });
      assert.deepEqual(await factory.owners.list(owner), []);
      for await (const left of factory.sessions.scan()) assert.fail(`${left.handle} is left`);
    });
  });
}

/** Passes the check of the options, and fails for what a session holds. */
function picky(fail: () => never): { serialize: (value: unknown) => string } {
  return { serialize: (value) => (value === 'of the login' ? fail() : JSON.stringify(value)) };
}

function unreadable(fail: () => never): (stored: string | Uint8Array) => unknown {
  return (stored) => (String(stored).includes('of the owner') ? fail() : (JSON.parse(String(stored)) as unknown));
}
