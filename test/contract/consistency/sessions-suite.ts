import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'vitest';
import type { StoredSession } from 'websauna-session';
import { Jar, visit } from '../../support/visit.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type Factory, type MakeFactory, record, SECRET, useFactories } from './factories.ts';

const OLD_SECRET = 'an older secret, of more than thirty-two bytes';

/** What tools see of sessions, and can do about them. */
export function sessionsSuite(title: string, make: MakeFactory): void {
  const { open } = useFactories(make);

  const handleOf = (factory: Factory, jar: Jar): Promise<string> => visit(factory, jar, (session) => session.handle);

  async function anonymous(factory: Factory): Promise<{ jar: Jar; handle: string }> {
    const jar = new Jar();
    await visit(factory, jar, (session) => session.set('secret', 'data'));
    return { jar, handle: await handleOf(factory, jar) };
  }
  async function owned(factory: Factory, owner: string): Promise<{ jar: Jar; handle: string }> {
    const jar = new Jar();
    await visit(factory, jar, (session) => session.login(owner, { method: 'passkey' }));
    return { jar, handle: await handleOf(factory, jar) };
  }
  async function scan(factory: Factory): Promise<Map<string, StoredSession>> {
    const found = new Map<string, StoredSession>();
    for await (const session of factory.sessions.scan()) found.set(session.handle, session);
    return found;
  }

  describe(`${title}: all sessions`, () => {
    test('get returns what is known about a session, anonymous or owned, and neither its id nor its data', async () => {
      const factory = open({ timeout: 700 });
      const owner = randomUUID();
      const [one, two] = [await anonymous(factory), await owned(factory, owner)];
      const found = await factory.sessions.get(one.handle);
      assert.ok(found);
      const { createdAt, lastSeenAt, expiresAt, ...rest } = found;
      assert.deepEqual(rest, {
        handle: one.handle,
        owner: null,
        authenticatedAt: null,
        timeout: 700,
        remember: null,
        method: null,
        clientAddress: null,
        userAgent: null,
      });
      assert.ok(Math.abs(createdAt.getTime() - lastSeenAt.getTime()) < 5000);
      assert.ok(expiresAt! > createdAt);
      for (const options of [{}, { owner }]) {
        const session = await factory.sessions.get(two.handle, options);
        assert.equal(session?.owner, owner);
        assert.equal(session.method, 'passkey');
        assert.equal(session.clientAddress, '192.0.2.1');
        assert.ok(session.authenticatedAt);
      }
      const id = await visit(factory, one.jar, (session) => session.id);
      assert.ok(!JSON.stringify(found).includes(id));
      assert.ok(!JSON.stringify(found).includes('"data"'));
    });

    test('get follows rotations, and finds nothing for what is no session of the owner, or no handle', async () => {
      const factory = open();
      const owner = randomUUID();
      const [one, two] = [await anonymous(factory), await owned(factory, owner)];
      for (const { jar } of [one, two]) await visit(factory, jar, (session) => session.rotate());
      assert.equal((await factory.sessions.get(one.handle))?.handle, await handleOf(factory, one.jar));
      assert.equal((await factory.sessions.get(two.handle, { owner }))?.handle, await handleOf(factory, two.jar));
      assert.equal(await factory.sessions.get(two.handle, { owner: randomUUID() }), undefined);
      assert.equal(await factory.sessions.get(two.handle), undefined);
      for (const wrong of ['', 'owner', '*', `{${two.handle}`, 'x'.repeat(43)]) {
        assert.equal(await factory.sessions.get(wrong), undefined);
        assert.equal(await factory.sessions.destroy(wrong, { owner }), false);
      }
      await assert.rejects(factory.sessions.get(one.handle, { owner: '' }), TypeError);
    });

    test('a scan returns all sessions, also those of owners under an older secret', async () => {
      const factory = open();
      const before = open({ secret: OLD_SECRET });
      const owner = randomUUID();
      const sessions = [await anonymous(factory), await owned(factory, owner), await owned(before, owner)];
      const found = await scan(factory);
      for (const { handle } of sessions) assert.equal(found.get(handle)?.handle, handle);
      const both = open({ secret: [SECRET, OLD_SECRET] });
      assert.equal((await both.sessions.get(sessions[2]!.handle, { owner }))?.owner, owner);
    });

    test('C1: destroy ends a session for good, with its owner given or not, and what rotations made of it', async () => {
      const factory = open();
      const events = record(factory, 'destroyed');
      const owner = randomUUID();
      const [one, two, three] = [await anonymous(factory), await owned(factory, owner), await owned(factory, owner)];
      await visit(factory, one.jar, (session) => session.rotate());
      await visit(factory, three.jar, (session) => session.rotate());
      assert.equal(await factory.sessions.destroy(one.handle), true);
      assert.equal(await factory.sessions.destroy(two.handle), true);
      assert.equal(await factory.sessions.destroy(three.handle, { owner }), true);
      assert.deepEqual(
        events.destroyed.map(({ reason }) => reason),
        ['destroyed', 'destroyed', 'destroyed'],
      );
      for (const { jar } of [one, two, three]) {
        assert.equal(await visit(factory, new Jar(jar), (session) => session.isNew), true);
      }
      assert.deepEqual(await factory.owners.list(owner), []);
      assert.equal(await factory.sessions.destroy(two.handle), false);
    });

    test('purge ends the sessions that are older, by creation or login, and counts them', async () => {
      const factory = open();
      assert.ok((await factory.sessions.purge({ olderThan: new Date(8.64e15) })) >= 0);
      const owner = randomUUID();
      const first = [await anonymous(factory), await owned(factory, owner), await anonymous(factory)];
      const oldest = await factory.sessions.get(first[2]!.handle);
      const second = await waitFor('the next millisecond', async () => {
        const session = await anonymous(factory);
        const { createdAt } = (await factory.sessions.get(session.handle))!;
        return createdAt > oldest!.createdAt ? { ...session, createdAt } : undefined;
      });
      // A login restarts the session's lifetime.
      await visit(factory, first[2]!.jar, (session) => session.login(owner));
      assert.equal(await factory.sessions.purge({ olderThan: 3600 }), 0);
      assert.ok((await factory.sessions.purge({ olderThan: second.createdAt })) >= 2);
      const left = await scan(factory);
      assert.deepEqual([...left.keys()].toSorted(), [second.handle, await handleOf(factory, first[2]!.jar)].toSorted());
      assert.equal((await factory.owners.list(owner)).length, 1);
      assert.equal(await factory.sessions.purge({ olderThan: new Date(8.64e15) }), 2);
      for (const olderThan of [-1, NaN, '1', new Date(NaN), undefined]) {
        await assert.rejects(factory.sessions.purge({ olderThan: olderThan as number }), TypeError);
      }
    });
  });
}
