import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'vitest';
import { SessionError } from 'websauna-session';
import { encrypted } from 'websauna-session/encrypted';
import { z } from 'zod';
import { Jar, visit, Visit } from '../../support/visit.ts';
import { type Data, type Factory, type MakeFactory, record, started, useFactories, type Session } from './factories.ts';

const TOO_LARGE = { code: 'ERR_SESSION_TOO_LARGE', status: 500 };
const MAX = 1000;
const text = (length: number): string => 'x'.repeat(length - 2);

/** What bounds and describes the data of a session: `maxSize` and `schema`. */
export function dataSuite(title: string, make: MakeFactory): void {
  const { open, pair } = useFactories(make);
  const all = (factory: Factory, jar: Jar): Promise<Data> =>
    visit(factory, new Jar(jar), (session) => ({ ...session.toJSON() }));

  async function failure(work: () => unknown): Promise<SessionError> {
    try {
      await work();
    } catch (error) {
      assert.ok(error instanceof SessionError);
      return error;
    }
    throw new assert.AssertionError({ message: 'Expected an error' });
  }

  describe(`${title}: maxSize`, () => {
    test.each<[string, (session: Session) => unknown]>([
      ['set', (session) => session.set('b', text(500))],
      ['a change in place', (session) => (session.get('list') as string[]).push(text(500))],
      ['a flash message', (session) => session.flash(text(500))],
      ['many flash messages', (session) => Array.from({ length: 12 }, () => session.flash(text(20)))],
      ['update', (session) => session.update('b', () => text(500))],
      ['a name', (session) => session.set('n'.repeat(500), 1)],
      ['a set with a rotation', (session) => session.set('b', text(500)).rotate()],
      ['a set with a login', (session) => session.set('b', text(500)).login('alice')],
    ])('refuses %s that makes a stored session too large, and stores nothing of it', async (_what, act) => {
      for (const options of [{}, { serializer: encrypted({ key: randomBytes(32) }) }]) {
        // What is encrypted is a third longer, and 40 bytes.
        const maxSize = options.serializer === undefined ? MAX : 1500;
        const factory = open({ maxSize, ...options });
        const jar = await started(factory, (session) => session.assign({ a: text(600), list: [] }));
        const events = record(factory, 'refused', 'saved', 'rotated', 'login', 'storeError');
        const visiting = await Visit.open(factory, new Jar(jar));
        visiting.session.set('small', 1);
        const error = await failure(async () => {
          await act(visiting.session);
          await visiting.end();
        });
        assert.deepEqual({ code: error.code, status: error.status }, TOO_LARGE);
        assert.match(error.message, new RegExp(`would have \\d+ bytes, and \`maxSize\` allows ${maxSize}`));
        assert.match(error.message, /Largest are .*`a` \(\d+\)/);
        assert.ok(!error.message.includes('xxx'));
        assert.deepEqual(
          events.refused.map(({ reason, clientAddress }) => [reason, clientAddress]),
          [['too-large', '192.0.2.1']],
        );
        assert.deepEqual([events.saved, events.rotated, events.login, events.storeError], [[], [], [], []]);
        assert.deepEqual(await all(factory, jar), { a: text(600), list: [] });
        assert.equal(await visit(factory, new Jar(jar), (session) => session.owner), null);
      }
    });

    test('refuses a new session that is too large, names the largest fields, and sets no cookie', async () => {
      const factory = open({ maxSize: MAX });
      const events = record(factory, 'created', 'refused');
      const visiting = await Visit.open(factory, new Jar());
      visiting.session.assign({ one: text(400), two: text(600), three: text(200), four: text(10) }).flash(text(300));
      const error = await failure(() => visiting.end());
      assert.match(
        error.message,
        /^The session would have 155\d bytes, and `maxSize` allows 1000\. Largest are `two` \(603\), `one` \(403\), flash messages \(3\d\d\)\. Keep large data elsewhere/,
      );
      assert.deepEqual([visiting.head.cookies, events.created, events.refused.length], [[], [], 1]);
    });

    test('counts bytes of names and values exactly', async () => {
      const factory = open({ maxSize: MAX });
      const jar = await started(factory, (session) => session.set('a', text(600)));
      // 601 bytes are there; 3 bytes a character, two quotation marks and the name.
      const euros = (count: number) => (session: Session) => session.set('\u20ac', '\u20ac'.repeat(count));
      await assert.rejects(visit(factory, new Jar(jar), euros(132)), TOO_LARGE);
      await visit(factory, jar, (session) => session.set('\u20ac', '\u20ac'.repeat(131)));
      await assert.rejects(
        visit(factory, new Jar(jar), (session) => session.set('b', 1)),
        TOO_LARGE,
      );
      // What is deleted makes room: 399 bytes are left of 1000.
      const instead = (length: number) => (session: Session) => session.set('b', text(length)).delete('a');
      await assert.rejects(visit(factory, new Jar(jar), instead(602)), TOO_LARGE);
      await visit(factory, jar, instead(601));
    });

    test('lets a handler catch the error, make room, and save the rest', async () => {
      const factory = open({ maxSize: MAX });
      const jar = await started(factory, (session) => session.set('a', text(600)));
      await visit(factory, jar, async (session) => {
        session.assign({ b: text(500), c: 1 });
        await assert.rejects(session.save(), TOO_LARGE);
        session.delete('b');
      });
      assert.deepEqual(await all(factory, jar), { a: text(600), c: 1 });
    });

    test('lets a session that is over a lowered limit be read, shrink, rotate, log in and log out', async () => {
      const [before, factory] = [open(), open({ maxSize: MAX })];
      const jar = await started(before, (session) => session.assign({ a: text(1500), b: text(100), n: 1 }));
      await assert.rejects(
        visit(factory, new Jar(jar), (session) => session.set('c', 1)),
        TOO_LARGE,
      );
      await assert.rejects(
        visit(factory, new Jar(jar), (session) => session.update('c', () => 1)),
        TOO_LARGE,
      );
      await visit(factory, jar, (session) => session.set('n', 2));
      await visit(factory, jar, (session) => session.update('n', (n) => Number(n) + 1));
      await visit(factory, jar, (session) => session.set('a', text(1400)));
      await visit(factory, jar, (session) => session.rotate());
      await visit(factory, jar, (session) => session.newCsrfToken());
      await visit(factory, jar, (session) => session.login('alice'));
      assert.deepEqual(await all(factory, jar), { a: text(1400), b: text(100), n: 3 });
      await visit(factory, jar, (session) => session.logout());
    });

    test('holds for requests that write at once, whose sizes no one of them knows', async () => {
      const [one, two] = pair({ maxSize: MAX });
      const jar = await started(one, (session) => session.set('a', 1));
      const visits = await Promise.all(
        Array.from({ length: 10 }, (_, i) => Visit.open(i % 2 === 0 ? one : two, new Jar(jar))),
      );
      const results = await Promise.allSettled(
        visits.map(async (each, i) => {
          each.session.set(`f${i}`, text(300));
          if (i === 3) await each.session.update('u', () => text(300));
          await each.end();
        }),
      );
      const refused = results.filter((result) => result.status === 'rejected');
      const kept = Object.keys(await all(one, jar)).filter((name) => name !== 'a');
      // There is room for three, one of which may be the update's, whose visit is refused then.
      assert.equal(kept.length, 3);
      assert.equal(refused.length, 10 - kept.filter((name) => name.startsWith('f')).length);
      for (const { reason } of refused) assert.deepEqual({ code: reason.code, status: reason.status }, TOO_LARGE);
      assert.match(String(refused[0]!.reason), /would have 12\d\d bytes/);
      const stored = JSON.stringify(await all(one, jar));
      assert.ok(stored.length < MAX + 100, `${stored.length}`);
    });

    test('is 1 MiB by default, and `null` is no limit', async () => {
      const [bounded, unbounded] = [open(), open({ maxSize: null })];
      const jar = await started(bounded, (session) => session.set('a', text(1_048_575)));
      await assert.rejects(
        visit(bounded, new Jar(jar), (session) => session.set('a', text(1_048_576))),
        TOO_LARGE,
      );
      await visit(unbounded, jar, (session) => session.set('a', text(2_000_000)));
      assert.equal(await visit(bounded, jar, (session) => String(session.get('a')).length), 2_000_000 - 2);
    });

    test('a session has at most 65536 fields', async () => {
      const factory = open();
      const names = Array.from({ length: 65_536 }, (_, i) => [i.toString(36), 1]);
      const jar = await started(factory, (session) => session.assign(Object.fromEntries(names) as Data));
      const error = await failure(() => visit(factory, new Jar(jar), (session) => session.set('more', 1)));
      assert.equal(error.code, 'ERR_SESSION_TOO_LARGE');
      assert.match(error.message, /would have 65537 fields, of at most 65536/);
      await visit(factory, jar, (session) => session.set('more', 1).delete('a'));
    });
  });

  describe(`${title}: schema`, () => {
    const schema = { views: z.number(), cart: z.array(z.string()).max(30) };

    test('C3: concurrent updates of a field with a schema all count, also from an older version', async () => {
      const before = open();
      const jar = await started(before, (session) => session.set('views', { count: 5 }));
      const migrate = (_field: string, value: unknown): unknown => (value as { count: number }).count;
      const [one, two] = pair({ schema, schemaVersion: 1, migrate });
      const visits = await Promise.all(
        Array.from({ length: 20 }, (_, i) => Visit.open(i % 2 === 0 ? one : two, new Jar(jar))),
      );
      await Promise.all(visits.map(({ session }) => session.update('views', (n) => Number(n) + 1)));
      await Promise.all(visits.map((each) => each.end()));
      assert.deepEqual(await all(one, jar), { views: 25 });
    });

    test('an update is refused when the schema refuses what concurrent ones have made of the field', async () => {
      const [one, two] = pair({ schema });
      const jar = await started(one, (session) => session.set('cart', []));
      const visits = await Promise.all(
        Array.from({ length: 40 }, (_, i) => Visit.open(i % 2 === 0 ? one : two, new Jar(jar))),
      );
      const add = (session: Session): Promise<unknown> =>
        session.update('cart', (cart) => [...(cart as string[]), 'book']);
      const results = await Promise.allSettled(visits.map(({ session }) => add(session)));
      const refused = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason.code)] : []));
      assert.deepEqual(
        refused,
        Array.from({ length: 10 }, () => 'ERR_SESSION_INVALID_FIELD'),
      );
      assert.equal(await visit(one, jar, (session) => (session.get('cart') as string[]).length), 30);
    });

    test('a reload and a commit after a rotation by another request keep versions and snapshots', async () => {
      const [one, two] = pair({ schema, schemaVersion: 1, serializer: encrypted({ key: Buffer.alloc(32, 'k1') }) });
      const jar = await started(one, (session) => session.assign({ views: 1, cart: ['a'] }));
      const slow = await Visit.open(one, new Jar(jar));
      (slow.session.get('cart') as string[]).push('b');
      await visit(two, new Jar(jar), (session) => session.set('views', 2).rotate());
      await slow.session.reload();
      assert.equal(slow.session.get('views'), 2);
      await slow.end();
      assert.deepEqual(await all(two, jar), { views: 2, cart: ['a', 'b'] });
    });
  });
}
