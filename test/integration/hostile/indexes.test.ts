import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { Jar, visit } from '../../support/visit.ts';

const SECRET = 'the secret of the owners whose index others write';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

describe.each(['redis', 'ioredis'] as const)('an index that others have written, %s', (library) => {
  const made: SessionFactory[] = [];
  const make = (options: Partial<SessionOptions> = {}): SessionFactory => {
    const factory = createSessionFactory({
      secret: SECRET,
      redis: { url: server.url, library, socketTimeout: 20 },
      ...options,
    });
    made.push(factory);
    return factory;
  };
  let factory: SessionFactory;
  /** Key of alice's index, and what her records' keys begin with. */
  let index: string;
  let prefix: string;
  let alice: Jar;
  let handle: string;

  const login = async (owner: string, one = factory): Promise<Jar> => {
    const jar = new Jar();
    await visit(one, jar, (session) => {
      session.set('of', owner);
      session.login(owner, { index: { sid: 'shared' } });
    });
    return jar;
  };
  const read = (jar: Jar): Promise<unknown> => visit(factory, jar, (session) => session.get('of'));
  const handles = async (): Promise<string[]> => (await factory.owners.list('alice')).map((each) => each.handle);

  beforeAll(() => {
    factory = make();
  });
  afterAll(() => Promise.all(made.map((each) => each.close())));
  beforeEach(async () => {
    await server.cli('FLUSHALL');
    alice = await login('alice');
    handle = await visit(factory, alice, (session) => session.handle);
    [index] = (await server.cli('KEYS', '*:owner')) as [string];
    prefix = index.slice(0, -'owner'.length);
  });

  /** Entries that lead to nothing, or to something else; all older than alice's login. */
  const plant = async (): Promise<void> => {
    const entries = [
      'nothing',
      '',
      'owner',
      'string',
      'list',
      'zset',
      'foreign',
      'tombstone',
      '\r\n',
      '__proto__',
      'x'.repeat(5_000),
    ];
    await server.cli('ZADD', index, ...entries.flatMap((entry, score) => [String(score), entry]));
    await server.cli('SET', `${prefix}string`, 'value');
    await server.cli('RPUSH', `${prefix}list`, '@');
    await server.cli('ZADD', `${prefix}zset`, '1', '@');
    await server.cli('HSET', `${prefix}foreign`, 'field', 'value');
    await server.cli('HSET', `${prefix}tombstone`, '@r', 'garbage');
  };

  test('entries that lead to nothing, or to something else, are not listed, and are forgotten', async () => {
    await plant();
    expect(await handles()).toEqual([handle]);
    expect(await server.cli('ZRANGE', index, '0', '-1')).toEqual([handle]);
    expect(await server.cli('GET', `${prefix}string`)).toBe('value');
    expect(await server.cli('TYPE', `${prefix}list`)).toBe('list');
    expect(await read(alice)).toBe('alice');
  });

  test('records of which something is missing are not listed, and make no exception', async () => {
    const broken = {
      one: ['@', 'garbage', '@s', '1'],
      two: ['@', '2:later', '@s', '1'],
      three: ['@', '1:1:1:1:1:1:::[0,0,0,0]'],
    };
    for (const [name, fields] of Object.entries(broken)) {
      await server.cli('HSET', prefix + name, ...fields);
      await server.cli('ZADD', index, '1', name);
    }
    expect(await handles()).toEqual([handle]);
    expect(await factory.owners.listBy('sid', 'shared')).toHaveLength(1);
    expect(await factory.owners.revokeBy('sid', 'shared')).toBe(1);
    expect(await factory.owners.revoke('alice')).toBe(3);
    expect(await server.cli('EXISTS', `${prefix}one`, `${prefix}two`, `${prefix}three`)).toBe(0);
  });

  test('foreign entries do not count against the limit, nor keep anyone from logging in', async () => {
    await plant();
    const refusing = make({ maxSessionsPerOwner: 2, onSessionLimit: 'refuse' });
    const second = await login('alice', refusing);
    await expect(login('alice', refusing)).rejects.toMatchObject({ code: 'ERR_SESSION_FULL' });
    await plant();
    const third = await login('alice', make({ maxSessionsPerOwner: 2 }));
    expect([await read(alice), await read(second), await read(third)]).toEqual([undefined, 'alice', 'alice']);
    expect(await handles()).toHaveLength(2);
    await plant();
    await visit(factory, second, (session) => session.rotate());
    expect(await read(second)).toBe('alice');
  });

  test('foreign entries do not keep sessions from being ended', async () => {
    await plant();
    const bob = await login('bob');
    expect(await factory.owners.revokeSession('alice', 'n'.repeat(43))).toBe(false);
    expect(await factory.owners.revokeBy('sid', 'shared')).toBe(2);
    expect([await read(alice), await read(bob)]).toEqual([undefined, undefined]);
    await login('alice');
    await plant();
    await factory.owners.revoke('alice');
    expect(await handles()).toEqual([]);
    expect(await server.cli('ZRANGE', index, '0', '-1')).toEqual(['@revoked']);
  });

  test('an entry that names the session of another owner leads nowhere', async () => {
    const bob = await login('bob');
    const bobs = await visit(factory, bob, (session) => session.handle);
    await server.cli('ZADD', index, '1', bobs);
    expect(await handles()).toEqual([handle]);
    expect(await factory.owners.revokeSession('alice', bobs)).toBe(false);
    await factory.owners.revoke('alice');
    expect(await read(bob)).toBe('bob');
  });

  test('tombstones that lead in a circle are not followed for ever, by a revocation neither', async () => {
    const [one, two] = ['1'.repeat(43), '2'.repeat(43)];
    await server.cli('HSET', prefix + one, '@r', `nonce:1:${two}:1`);
    await server.cli('HSET', prefix + two, '@r', `nonce:1:${one}:1`);
    expect(await factory.owners.revokeSession('alice', one)).toBe(false);
    expect(await read(alice)).toBe('alice');
    expect(await factory.owners.revoke('alice', { except: { handle: one } })).toBe(1);
  });

  const WRONG: Readonly<Record<string, readonly string[]>> = {
    string: ['SET', 'value'],
    list: ['RPUSH', 'value'],
    set: ['SADD', 'value'],
    hash: ['HSET', '@', 'value'],
  };

  test.each(Object.entries(WRONG))(
    'an index that is a %s: what needs it fails as a whole, and nothing else does',
    async (_type, [command, ...args]) => {
      const bob = await login('bob');
      const anonymous = new Jar();
      await visit(factory, anonymous, (session) => session.set('of', 'unowned'));
      await server.cli('DEL', index);
      await server.cli(command!, index, ...args);
      const dump = await server.cli('DUMP', index);
      const refusal = { name: 'SessionError', code: 'ERR_SESSION_STORE', status: 503 };
      expect(await read(alice)).toBe('alice');
      const acts: ((session: WebsaunaSession) => unknown)[] = [
        (session) => session.set('of', 'changed'),
        (session) => session.rotate(),
        (session) => session.login('alice'),
        (session) => session.update('of', () => 'changed'),
        (session) => session.logout(),
      ];
      for (const act of acts) await expect(visit(factory, new Jar(alice), act)).rejects.toMatchObject(refusal);
      await expect(visit(factory, new Jar(anonymous), (session) => session.login('alice'))).rejects.toMatchObject(
        refusal,
      );
      await expect(login('alice')).rejects.toMatchObject(refusal);
      await expect(factory.owners.list('alice')).rejects.toMatchObject(refusal);
      await expect(factory.owners.revoke('alice')).rejects.toMatchObject(refusal);
      expect([await read(alice), await read(bob), await read(anonymous)]).toEqual(['alice', 'bob', 'unowned']);
      expect(await server.cli('DUMP', index)).toBe(dump);
      await server.cli('DEL', index);
      await visit(factory, alice, (session) => session.set('of', 'alice again'));
      expect(await handles()).toEqual([handle]);
    },
  );

  test('a login index that is no sorted set: a login with it is refused as a whole', async () => {
    const [indexKey] = (await server.cli('KEYS', 'session:indexKey:*')) as [string];
    await server.cli('SET', indexKey, 'value');
    const refusal = { name: 'SessionError', code: 'ERR_SESSION_STORE', status: 503 };
    await expect(login('carol')).rejects.toMatchObject(refusal);
    await expect(factory.owners.listBy('sid', 'shared')).rejects.toMatchObject(refusal);
    await expect(factory.owners.revokeBy('sid', 'shared')).rejects.toMatchObject(refusal);
    expect(await factory.owners.list('carol')).toEqual([]);
    expect(await read(alice)).toBe('alice');
  });

  test('a login index that names owners that do not exist, or do not carry its key, ends no other session', async () => {
    const dave = new Jar();
    await visit(factory, dave, (session) => {
      session.set('of', 'dave');
      session.login('dave');
    });
    const daves = ((await server.cli('KEYS', '*:owner')) as string[]).find((key) => key !== index)!;
    const [indexKey] = (await server.cli('KEYS', 'session:indexKey:*')) as [string];
    const members = [/\{(.*)\}/.exec(daves)![1]!, '', 'unowned', '}{', '__proto__'];
    await server.cli('ZADD', indexKey, ...members.flatMap((member) => [String(Date.now()), member]));
    expect(await factory.owners.listBy('sid', 'shared')).toHaveLength(1);
    expect(await factory.owners.revokeBy('sid', 'shared')).toBe(1);
    expect([await read(alice), await read(dave)]).toEqual([undefined, 'dave']);
  });
});
