import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { createRedisStore, type RedisStore } from 'websauna-session/redis';
import {
  createOwned,
  KEEP,
  ownedRecord,
  newKey,
  newOwnerHash,
  written,
  change,
} from '../../../src/testing/store/fixtures.ts';
import { SECRET, useFactories, type MakeFactory } from '../../contract/consistency/factories.ts';
import { replayTrail } from '../../support/audit-trail.ts';
import { CommandWatch } from '../../support/command-watch.ts';
import { startProcess } from '../../support/processes.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { Jar, visit } from '../../support/visit.ts';
import { auditSuite } from './audit-suite.ts';
import { racesSuite } from './races-suite.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const make: MakeFactory = (options) =>
  createSessionFactory({ secret: SECRET, redis: { url: server.url, socketTimeout: 20 }, ...options });
auditSuite(make);
racesSuite(make);
const { open } = useFactories(make);

describe('a process that is killed', () => {
  test.each([1, 2, 3, 4])('at any moment leaves sessions and trails that agree (kill %i)', async (round) => {
    const owners = Array.from({ length: 4 }, () => randomBytes(9).toString('base64url'));
    const env = { BUSY: JSON.stringify({ url: server.url, secret: SECRET, owners }) };
    const busy = await startProcess(new URL('fixtures/busy-owners.mjs', import.meta.url), { env });
    await busy.match(new RegExp(`^done ${round * 200}$`, 'm'));
    await busy.kill();
    const factory = open({ audit: true });
    let entries = 0;
    for (const owner of owners) {
      const trail = await factory.audit.read({ owner, limit: 1000 });
      const { live, problem } = replayTrail(trail);
      expect(problem).toBeNull();
      const listed = await factory.owners.list(owner);
      expect([...live.keys()].toSorted()).toEqual(listed.map(({ handle }) => handle).toSorted());
      entries += trail.length;
    }
    expect(entries).toBeGreaterThan(round * 100);
  });
});

describe('the trail in Redis', () => {
  let store: RedisStore;
  const LIMITS = { maxAge: 100, maxEntries: 5 };
  beforeAll(() => {
    store = createRedisStore({ url: server.url, socketTimeout: 20, publishEnds: true });
    store.startAudit(LIMITS);
  });
  afterAll(() => store.close());
  const nameOf = (ownerHash: string): string => `session:{${ownerHash}}:audit`;
  const length = async (ownerHash: string): Promise<number> => Number(await server.cli('XLEN', nameOf(ownerHash)));

  test('is bounded by number and by age, and lives as long as its newest entry', async () => {
    const ownerHash = newOwnerHash();
    const now = await store.now();
    const old = async (age: number): Promise<unknown> =>
      server.cli(
        'XADD',
        nameOf(ownerHash),
        `${now - age * 1000}-0`,
        'e',
        'logout',
        'h',
        'x',
        'p',
        '',
        'm',
        '',
        'b',
        '',
      );
    for (const age of [102, 101, 50]) await old(age);
    const read = { since: 0, until: null, limit: 100 };
    // Too old entries are not read, although nothing has removed them yet.
    expect(await store.readAudit(ownerHash, read)).toHaveLength(1);
    await createOwned(store, ownerHash);
    expect(await length(ownerHash)).toBe(2);
    const left = Number(await server.cli('PTTL', nameOf(ownerHash)));
    expect(left).toBeGreaterThan(95_000);
    expect(left).toBeLessThanOrEqual(100_000);
    for (let i = 0; i < 10; i++) await createOwned(store, ownerHash);
    expect(await length(ownerHash)).toBe(5);
  });

  test('a session that outlived a revocation, because the index had been lost, is in it when it ends', async () => {
    const ownerHash = newOwnerHash();
    for (const end of [
      (key: ReturnType<typeof newKey>) => store.save(key, change({ a: '1' })),
      (key: ReturnType<typeof newKey>) => store.take(key, 'a'),
      (key: ReturnType<typeof newKey>) =>
        store.rekey(key, newKey(ownerHash), { ...change(), login: null, tombstone: null, exact: false }),
    ]) {
      const key = await createOwned(store, ownerHash);
      await server.cli('DEL', `session:{${ownerHash}}:owner`);
      await store.revokeOwned(ownerHash, null, null, KEEP, { reason: 'revoked', keep: 0 });
      expect((await end(key)).status).toBe('gone');
      const [newest] = await store.readAudit(ownerHash, { since: 0, until: null, limit: 1 });
      expect(newest).toMatchObject({ event: 'revoked', handle: key.handle });
    }
  });

  test('what is no trail in its place keeps logins and ends from happening, and changes go on', async () => {
    const ownerHash = newOwnerHash();
    const key = await createOwned(store, ownerHash);
    await server.cli('DEL', nameOf(ownerHash));
    await server.cli('SET', nameOf(ownerHash), 'something else');
    await expect(store.create(newKey(ownerHash), ownedRecord())).rejects.toThrow(/Redis/);
    await expect(store.destroy(key, null, { reason: 'logout', keep: 0 })).rejects.toThrow(/Redis/);
    await expect(store.revokeOwned(ownerHash, null, null, KEEP, { reason: 'revoked', keep: 0 })).rejects.toThrow(
      /Redis/,
    );
    await written(store.save(key, change({ a: '1' })));
    expect((await store.listOwned(ownerHash)).map(({ handle }) => handle)).toEqual([key.handle]);
  });

  test('without permission for it, nothing happens that it would have to say', async () => {
    const ownerHash = newOwnerHash();
    const key = await createOwned(store, ownerHash);
    for (const command of ['xadd', 'xtrim']) {
      await server.cli('ACL', 'SETUSER', 'default', `-${command}`);
      try {
        await expect(store.destroy(key, null, { reason: 'logout', keep: 0 })).rejects.toThrow(/Redis/);
        expect((await store.load(key))?.status).toBe('found');
      } finally {
        await server.cli('ACL', 'SETUSER', 'default', `+${command}`);
      }
    }
    expect(await length(ownerHash)).toBe(1);
  });

  test('costs no command of its own: a login and a logout are one script each, as without it', async () => {
    const factory = open({ audit: true });
    const jar = new Jar();
    await visit(factory, new Jar(), (session) => session.login('warm'));
    await visit(factory, jar, (session) => session.login('alice'));
    await visit(factory, jar, (session) => session.logout());
    const watch = await CommandWatch.start(server);
    await visit(factory, jar, (session) => session.login('alice'));
    await visit(factory, jar, (session) => session.logout());
    expect(await watch.take()).toEqual(['evalsha', 'hgetall', 'evalsha']);
  });

  test('has handles, and neither ids nor cookies nor values', async () => {
    // With a space, which no handle has by chance.
    const owner = 'bob sauna';
    await server.cli('FLUSHALL');
    const factory = open({ audit: true });
    const jar = new Jar();
    await visit(factory, jar, (session) => {
      session.set('note', 'a-value-of-a-field');
      session.login(owner, { method: 'password' });
    });
    const cookie = jar.cookies.get('session')!;
    await visit(factory, jar, (session) => session.rotate());
    await factory.owners.revoke(owner, { by: 'root' });
    const names = (await server.cli('KEYS', '*:audit')) as string[];
    const texts = await Promise.all(names.map((name) => server.cli('XRANGE', name, '-', '+')));
    const text = JSON.stringify(texts);
    expect(text).toContain('password');
    expect(text).toContain('root');
    for (const secret of [cookie, cookie.split('.').at(-2)!, 'a-value-of-a-field', owner, '192.0.2.1']) {
      expect(text).not.toContain(secret);
    }
  });
});
