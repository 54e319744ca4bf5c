import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { AuditEntry } from 'websauna-session';
import { Jar, visit } from '../../support/visit.ts';
import {
  NEW_SECRET,
  SECRET,
  started,
  useFactories,
  type Factory,
  type MakeFactory,
} from '../../contract/consistency/factories.ts';

const newOwner = (): string => `user-${randomUUID()}`;
const logIn = (owner: string): ((session: { login: (owner: string, options: object) => void }) => void) => {
  return (session) => session.login(owner, { method: 'password' });
};

/** What a trail says, oldest first, in short. */
async function eventsOf(factory: Factory, owner: string): Promise<string[]> {
  const entries = await factory.audit.read({ owner });
  return entries.toReversed().map(({ event, by }) => (by === null ? event : `${event} by ${by}`));
}

/** What an owner can ask of the audit trail, over any store. */
export function auditSuite(make: MakeFactory): void {
  const { open } = useFactories((options) => make({ audit: true, ...options }));
  const handleOf = async (factory: Factory, jar: Jar): Promise<string> =>
    await visit(factory, jar, ({ handle }) => handle);

  test('a session is followed from its login over a rotation to its logout, by the handles', async () => {
    const factory = open();
    const [owner, jar] = [newOwner(), await started(factory)];
    const anonymous = await handleOf(factory, jar);
    await visit(factory, jar, logIn(owner));
    const first = await handleOf(factory, jar);
    await visit(factory, jar, (session) => session.rotate());
    const second = await handleOf(factory, jar);
    await visit(factory, jar, (session) => session.logout());
    const entries = await factory.audit.read({ owner });
    expect(entries.map(({ id: _id, at: _at, ...rest }) => rest)).toEqual([
      { event: 'logout', handle: second, previous: null, method: null, by: null },
      { event: 'rotated', handle: second, previous: first, method: null, by: null },
      { event: 'login', handle: first, previous: anonymous, method: 'password', by: null },
    ] satisfies Omit<AuditEntry, 'id' | 'at'>[]);
    for (const { at } of entries) expect(Math.abs(at.getTime() - Date.now())).toBeLessThan(60_000);
  });

  test('each way to end a session is in the trail, with who has asked for it', async () => {
    const factory = open();
    const owner = newOwner();
    const logInAgain = async (): Promise<string> => {
      const jar = new Jar();
      await visit(factory, jar, (session) => session.login(owner, { index: { sid: owner } }));
      return await handleOf(factory, jar);
    };
    await logInAgain();
    await factory.owners.revoke(owner, { by: 'admin 1' });
    await factory.owners.revokeSession(owner, await logInAgain(), { by: 'admin 2' });
    await logInAgain();
    await factory.owners.revokeBy('sid', owner, { by: 'admin 3' });
    await factory.sessions.destroy(await logInAgain(), { owner, by: 'admin 4' });
    await logInAgain();
    await factory.owners.revoke(owner);
    const ends = ['revoked by admin 1', 'revoked by admin 2', 'revoked by admin 3', 'revoked by admin 4', 'revoked'];
    expect(await eventsOf(factory, owner)).toEqual(ends.flatMap((end) => ['login', end]));
  });

  test('a session that another login evicts, and one whose authentication was changed, are in the trail', async () => {
    let changed: Date | null = null;
    const factory = open({ maxSessionsPerOwner: 1, invalidateBefore: () => changed });
    const [owner, jar] = [newOwner(), new Jar()];
    await visit(factory, new Jar(), logIn(owner));
    await visit(factory, jar, logIn(owner));
    changed = new Date(Date.now() + 60_000);
    await visit(factory, jar, () => {});
    expect(await eventsOf(factory, owner)).toEqual(['login', 'evicted', 'login', 'authentication-changed']);
  });

  test('a login as another owner ends the session of the first one in the trail of that one', async () => {
    const factory = open();
    const [one, two, jar] = [newOwner(), newOwner(), new Jar()];
    await visit(factory, jar, logIn(one));
    await visit(factory, jar, logIn(two));
    expect(await eventsOf(factory, one)).toEqual(['login', 'logout']);
    expect(await eventsOf(factory, two)).toEqual(['login']);
  });

  test.each(['report', 'end-session', 'end-owner'] as const)(
    'the use of a stolen id is in the trail once, and what onReuse does about it: %s',
    async (onReuse) => {
      const factory = open({ onReuse, rotationGrace: 0 });
      const [owner, jar] = [newOwner(), new Jar()];
      await visit(factory, jar, logIn(owner));
      await visit(factory, new Jar(), logIn(owner));
      const stolen = new Jar(jar);
      const handle = await handleOf(factory, jar);
      await visit(factory, jar, (session) => session.rotate());
      const next = await handleOf(factory, jar);
      for (let i = 0; i < 3; i++) await visit(factory, new Jar(stolen), () => {});
      const entries = (await factory.audit.read({ owner })).toReversed().slice(3);
      expect(entries[0]).toMatchObject({ event: 'reused', handle });
      const ends = entries.slice(1).map(({ event }) => event);
      expect(ends).toEqual(
        Array.from({ length: ['report', 'end-session', 'end-owner'].indexOf(onReuse) }, () => 'id-reuse'),
      );
      if (onReuse === 'end-session') expect(entries[1]).toMatchObject({ handle: next });
    },
  );

  test('an old cookie beside that of the session is no theft', async () => {
    const factory = open({ rotationGrace: 0 });
    const [owner, jar] = [newOwner(), new Jar()];
    await visit(factory, jar, logIn(owner));
    const old = jar.header!;
    await visit(factory, jar, (session) => session.rotate());
    await visit(factory, new Jar(), () => {}, { headers: { cookie: `${old}; ${jar.header!}` } });
    expect(await eventsOf(factory, owner)).toEqual(['login', 'rotated']);
  });

  test('it is read page by page, also over the logins under an older secret', async () => {
    const owner = newOwner();
    const before = open({ secret: SECRET });
    const jar = new Jar();
    await visit(before, jar, logIn(owner));
    for (let i = 0; i < 4; i++) await visit(before, new Jar(), logIn(owner));
    const factory = open({ secret: [NEW_SECRET, SECRET] });
    for (let i = 0; i < 4; i++) await visit(factory, new Jar(), logIn(owner));
    // The session goes on under the new secret.
    await visit(factory, jar, logIn(owner));
    await factory.owners.revoke(owner);
    const all = await factory.audit.read({ owner });
    expect(all).toHaveLength(19);
    expect(all.toSorted((a, b) => b.at.getTime() - a.at.getTime())).toEqual(all);
    const pages: AuditEntry[] = [];
    for (let after: string | undefined; ; after = pages.at(-1)!.id) {
      const page = await factory.audit.read({ owner, limit: 2, ...(after !== undefined && { after }) });
      pages.push(...page);
      if (page.length < 2) break;
    }
    expect(pages).toEqual(all);
    const since = all[10]!.at;
    expect(await factory.audit.read({ owner, since })).toEqual(all.filter(({ at }) => at >= since));
    expect(await factory.audit.read({ owner: newOwner() })).toEqual([]);
  });

  test('an owner keeps no more entries than maxEntries, the newest', async () => {
    const factory = open({ audit: { maxEntries: 3 } });
    const owner = newOwner();
    for (let i = 0; i < 4; i++) await visit(factory, new Jar(), logIn(owner));
    await factory.owners.revoke(owner);
    expect(await eventsOf(factory, owner)).toEqual(['revoked', 'revoked', 'revoked']);
  });

  describe('mistakes', () => {
    test.each<[object, RegExp]>([
      [{ audit: 'yes' }, /^Expected `audit` to be true, false, or \{ maxAge, maxEntries \}, got a string/],
      [{ audit: null }, /^Expected `audit` to be true, false/],
      [{ audit: { maxage: 1 } }, /Did you mean `audit.maxAge`\?/],
      [{ audit: { maxAge: 0 } }, /^Expected `audit.maxAge` to be an integer of seconds, between 1 and 345600000/],
      [{ audit: { maxAge: 7_776_000_000 } }, /Is it in seconds, not milliseconds\?/],
      [{ audit: { maxEntries: 1.5 } }, /^Expected `audit.maxEntries` to be an integer of entries/],
    ])('%j is refused', (options, message) => {
      expect(() => open(options)).toThrow(
        expect.objectContaining({ name: 'TypeError', message: expect.stringMatching(message) }),
      );
    });

    test('what is asked for wrongly is a TypeError, and nothing ends', async () => {
      const factory = open();
      const [owner, jar] = [newOwner(), new Jar()];
      await visit(factory, jar, logIn(owner));
      const handle = await handleOf(factory, jar);
      const wrong: [() => Promise<unknown>, RegExp][] = [
        [() => factory.audit.read({ owner: '' }), /^Expected `owner`/],
        [() => factory.audit.read({ owner, limit: 0 }), /^Expected `limit`/],
        [() => factory.audit.read({ owner, limit: 10_001 }), /^Expected `limit`/],
        [() => factory.audit.read({ owner, after: 'x' }), /^Expected `after` to be the `id` of an entry, got a string/],
        [() => factory.audit.read({ owner, since: new Date(NaN) }), /^Expected `since` to be a valid Date/],
        [() => factory.audit.read({ owner, until: 1 } as never), /Known are owner, since, after, limit/],
        [() => factory.owners.revoke(owner, { by: '' }), /^Expected `by` to be a text/],
        [() => factory.owners.revoke(owner, { by: 7 } as never), /^Expected `by`/],
        [() => factory.owners.revokeBy('sid', 'x', { by: 'x'.repeat(201) }), /^Expected `by`/],
        [() => factory.owners.revokeSession(owner, handle, { by: '\ud800' }), /^Expected `by`/],
        [() => factory.sessions.destroy(handle, { by: [] } as never), /^Expected `by`/],
        [() => factory.sessions.purge({ olderThan: 0, by: {} } as never), /^Expected `by`/],
      ];
      for (const [ask, message] of wrong) {
        await expect(ask()).rejects.toThrow(
          expect.objectContaining({ name: 'TypeError', message: expect.stringMatching(message) }),
        );
      }
      expect(await eventsOf(factory, owner)).toEqual(['login']);
      expect(await factory.owners.list(owner)).toHaveLength(1);
    });

    test('without the option, reading is refused, and `by` is of no consequence', async () => {
      const factory = open({ audit: false });
      const owner = newOwner();
      await visit(factory, new Jar(), logIn(owner));
      expect(await factory.owners.revoke(owner, { by: 'admin' })).toBe(1);
      await expect(factory.audit.read({ owner })).rejects.toThrow(
        expect.objectContaining({ code: 'ERR_SESSION_UNSUPPORTED', message: 'There are no audit trails: set `audit`' }),
      );
    });
  });
}
