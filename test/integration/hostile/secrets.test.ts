import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { Jar, visit, Visit } from '../../support/visit.ts';

const OLD = 'the secret that has served well for a year, until now';
const NEW = 'the secret that takes its place from today on, signed';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const stores: Readonly<Record<string, () => Partial<SessionOptions>>> = {
  memory: () => ({ store: memory }),
  redis: () => ({ redis: { url: server.url, library: 'redis', socketTimeout: 20 } }),
  ioredis: () => ({ redis: { url: server.url, library: 'ioredis', socketTimeout: 20 } }),
};
const memory = new MemoryStore();

describe.each(Object.keys(stores))('secrets in rotation, %s', (kind) => {
  const made: SessionFactory[] = [];
  const process = (secret: readonly string[], options: Partial<SessionOptions> = {}): SessionFactory => {
    const factory = createSessionFactory({ secret, ...stores[kind]!(), ...options });
    made.push(factory);
    return factory;
  };
  const started = async (factory: SessionFactory, owner?: string): Promise<Jar> => {
    const jar = new Jar();
    await visit(factory, jar, (session) => {
      session.set('a', 1);
      if (owner !== undefined) session.login(owner, { index: { sid: `sid of ${owner}` } });
    });
    return jar;
  };
  const read = (factory: SessionFactory, jar: Jar): Promise<unknown> =>
    visit(factory, jar, (session) => session.get('a'));
  const missedBy = (factory: SessionFactory): string[] => {
    const reasons: string[] = [];
    factory.on('rejected', ({ reason }) => reasons.push(reason));
    return reasons;
  };

  let owners = 0;
  const newOwner = (): string => `owner ${kind} ${++owners}`;

  afterEach(async () => {
    await Promise.all(made.splice(0).map((factory) => factory.close()));
  });

  test('a cookie of the old secret opens its session, and is signed again in the response, once', async () => {
    const jar = await started(process([OLD]));
    const before = jar.cookies.get('session')!;
    const rotating = process([NEW, OLD]);
    expect(await read(rotating, jar)).toBe(1);
    const after = jar.cookies.get('session')!;
    expect(after).not.toBe(before);
    expect(after.slice(0, 43)).toBe(before.slice(0, 43));
    expect((await (await Visit.open(rotating, jar)).end()).cookies).toEqual([]);
    expect(await read(process([NEW]), jar)).toBe(1);
  });

  test('a cookie of the old secret is renewed with a touch, which proves that its session is there', async () => {
    const jar = await started(process([OLD]));
    const rotating = process([NEW, OLD]);
    const saved: unknown[] = [];
    for (const name of ['saved', 'touched', 'rotated', 'created'] as const) rotating.on(name, () => saved.push(name));
    await read(rotating, jar);
    expect(saved).toEqual(['touched']);
  });

  test('a removed secret: its cookies begin a new session, and nothing is asked of the store', async () => {
    const jar = await started(process([OLD]), newOwner());
    const factory = process([NEW]);
    const reasons = missedBy(factory);
    const opened = factory.load({
      method: 'GET',
      url: '/',
      secure: false,
      clientAddress: null,
      request: {},
      header: (name) => (name === 'cookie' ? jar.header : undefined),
    });
    expect(opened).not.toBeInstanceOf(Promise);
    expect(reasons).toEqual(['signature']);
    expect(await read(factory, jar)).toBeUndefined();
  });

  test("an owner's sessions of both secrets are listed, revoked and found by their index", async () => {
    const owner = newOwner();
    const [old, rotating] = [process([OLD]), process([NEW, OLD])];
    const jars = [await started(old, owner), await started(rotating, owner), await started(old, owner)];
    const handles = await Promise.all(jars.map((jar) => visit(rotating, new Jar(jar), (session) => session.handle)));
    const listed = (await rotating.owners.list(owner)).map(({ handle }) => handle);
    expect(listed.toSorted()).toEqual(handles.toSorted());
    const found = (await rotating.owners.listBy('sid', `sid of ${owner}`)).map(({ handle }) => handle);
    expect(found.toSorted()).toEqual(handles.toSorted());
    expect(await rotating.owners.revokeSession(owner, handles[0]!)).toBe(true);
    expect(await rotating.owners.revoke(owner, { except: { handle: handles[2]! } })).toBe(1);
    expect(await read(rotating, jars[2]!)).toBe(1);
    expect(await rotating.owners.revokeBy('sid', `sid of ${owner}`)).toBe(1);
    for (const jar of jars) expect(await read(rotating, jar)).toBeUndefined();
  });

  test('a session of the old secret that logs in again leaves its old owner hash', async () => {
    const owner = newOwner();
    const [old, rotating] = [process([OLD]), process([NEW, OLD])];
    const jar = await started(old, owner);
    const before = new Jar(jar);
    await visit(rotating, jar, (session) => session.login(owner));
    expect(await read(rotating, new Jar(before))).toBeUndefined();
    expect(await process([OLD]).owners.list(owner)).toEqual([]);
    expect(await process([NEW]).owners.list(owner)).toHaveLength(1);
    expect(await read(rotating, jar)).toBe(1);
  });

  test('C7: once the secret of its login is removed, no session is out of reach of its owner: it ends', async () => {
    const owner = newOwner();
    const jar = await started(process([OLD]), owner);
    const anonymous = await started(process([OLD]));
    await read(process([NEW, OLD]), jar);
    await read(process([NEW, OLD]), anonymous);
    const factory = process([NEW]);
    const reasons = missedBy(factory);
    expect(await read(factory, new Jar(anonymous))).toBe(1);
    expect(reasons).toEqual([]);
    expect(await read(factory, jar)).toBeUndefined();
    expect(reasons).toEqual(['owner']);
    expect(jar.cookies.has('session')).toBe(true);
  });

  test('C8: sessions of both secrets count, and those of the old one make room first', async () => {
    const owner = newOwner();
    const limits = { maxSessionsPerOwner: 3 } as const;
    const [old, rotating] = [process([OLD], limits), process([NEW, OLD], limits)];
    const jars = [await started(old, owner), await started(old, owner), await started(rotating, owner)];
    const handles = await Promise.all(jars.map((jar) => visit(rotating, new Jar(jar), (session) => session.handle)));
    for (const evicted of [1, 2, 3]) {
      await started(rotating, owner);
      const live = (await rotating.owners.list(owner)).map(({ handle }) => handle);
      expect(live).toHaveLength(3);
      expect(handles.filter((handle) => live.includes(handle))).toEqual(handles.slice(evicted));
    }
  });

  test('C8: a full list of both secrets refuses another login, and lets one of its own in again', async () => {
    const owner = newOwner();
    const limits = { maxSessionsPerOwner: 2, onSessionLimit: 'refuse' } as const;
    const [old, rotating] = [process([OLD], limits), process([NEW, OLD], limits)];
    const jar = await started(old, owner);
    await started(old, owner);
    await expect(started(rotating, owner)).rejects.toMatchObject({ code: 'ERR_SESSION_FULL' });
    await visit(rotating, jar, (session) => session.login(owner));
    expect(await read(rotating, jar)).toBe(1);
    expect(await rotating.owners.list(owner)).toHaveLength(2);
  });

  test.each([false, true])('rotated ids lead to their successor across secrets (owned: %s)', async (owned) => {
    const owner = owned ? newOwner() : undefined;
    for (const [first, second] of [
      [[OLD], [NEW, OLD]],
      [
        [NEW, OLD],
        [OLD, NEW],
      ],
      [
        [OLD, NEW],
        [NEW, OLD],
      ],
    ] as const) {
      const [rotates, follows] = [process(first), process(second)];
      const jar = await started(process([OLD]), owner);
      const parallel = new Jar(jar);
      const slow = await Visit.open(follows, new Jar(jar));
      slow.session.set('late', true);
      await visit(rotates, jar, (session) => session.rotate());
      await slow.end();
      expect(await read(follows, parallel)).toBe(1);
      const idOf = (each: Jar): string => each.cookies.get('session')!.slice(0, -44);
      expect(idOf(parallel)).toBe(idOf(jar));
      expect(await visit(rotates, jar, (session) => session.get('late'))).toBe(true);
    }
  });

  test('a successor that was derived under an unknown secret is not followed: the parallel request is empty', async () => {
    const jar = await started(process([NEW, OLD]));
    const parallel = new Jar(jar);
    await visit(process([OLD, NEW]), jar, (session) => session.rotate());
    const factory = process([NEW]);
    const reasons = missedBy(factory);
    const before = parallel.header;
    expect(await read(factory, parallel)).toBeUndefined();
    expect(reasons).toEqual(['superseded']);
    expect(parallel.header).toBe(before);
  });

  test('CSRF tokens that were rendered under one secret are accepted under the others', async () => {
    const [old, mixed, rotating] = [process([OLD]), process([OLD, NEW]), process([NEW, OLD])];
    for (const owner of [undefined, newOwner()]) {
      const jar = await started(old, owner);
      const rendered = await Promise.all(
        [old, mixed, rotating].map((factory) => visit(factory, new Jar(jar), (session) => session.getCsrfToken())),
      );
      const accepted = (factory: SessionFactory): Promise<boolean[]> =>
        visit(factory, new Jar(jar), (session) => rendered.map((token) => session.verifyCsrfToken(token)));
      expect(await accepted(rotating)).toEqual([true, true, true]);
      expect(await accepted(mixed)).toEqual([true, true, true]);
      expect(await accepted(old)).toEqual([true, true, false]);
    }
  });

  test('a CSRF token of the old secret survives a rotation under the new one, and ends with a login', async () => {
    const [old, rotating] = [process([OLD]), process([NEW, OLD])];
    const jar = await started(old);
    const token = await visit(old, jar, (session) => session.getCsrfToken());
    const verifies = (): Promise<boolean> => visit(rotating, jar, (session) => session.verifyCsrfToken(token));
    expect(await verifies()).toBe(true);
    await visit(rotating, jar, (session) => session.rotate());
    expect(await verifies()).toBe(true);
    await visit(rotating, jar, (session) => session.login(newOwner()));
    expect(await verifies()).toBe(false);
  });

  test("one application's tokens and cookies are nothing to another with the same store and another secret", async () => {
    const [one, other] = [process([OLD]), process([NEW])];
    const jar = await started(one, newOwner());
    const token = await visit(one, jar, (session) => session.getCsrfToken());
    expect(await visit(other, new Jar(jar), (session) => [session.get('a'), session.verifyCsrfToken(token)])).toEqual([
      undefined,
      false,
    ]);
    expect(await read(one, jar)).toBe(1);
  });
});
