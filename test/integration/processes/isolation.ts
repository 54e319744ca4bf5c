import { Agent } from 'node:http';
import { expect, test } from 'vitest';
import { Jar } from '../../support/visit.ts';
import { storedKeys, type Pair, type SendOptions, type Step } from './site.ts';

const CACHEABLE: Step = ['header', 'cache-control', 'public, max-age=60'];

/** C9: what one client may see of another's session, and caches of any. */
export function isolation(pair: () => Pair): void {
  test.each([1, 2])('C9: clients on %i keep-alive sockets of one agent never see each other', async (maxSockets) => {
    const { one, two } = pair();
    const agent = new Agent({ keepAlive: true, maxSockets });
    const sockets = new Set<unknown>();
    agent.on('free', (socket) => sockets.add(socket));
    try {
      const names = ['alice', 'bob', 'anonymous'];
      const jars = new Map(names.map((name) => [name, new Jar()]));
      for (const name of names.slice(0, 2)) {
        await one.visit(
          jars.get(name)!,
          [
            ['login', name],
            ['set', 'name', name],
          ],
          { agent },
        );
      }
      await Promise.all(
        Array.from({ length: 60 }, async (_, i) => {
          const name = names[i % names.length]!;
          const own = new Jar(jars.get(name));
          const site = i % 2 === 0 ? one : two;
          const { results, cookies } = await site.visit(own, [['all']], { agent });
          expect(results[0]).toEqual(
            name === 'anonymous'
              ? { isNew: true, owner: null, data: {} }
              : { isNew: false, owner: name, data: { name } },
          );
          expect(cookies).toEqual([]);
        }),
      );
      // Each process has its sockets.
      expect(sockets.size).toBeLessThanOrEqual(2 * maxSockets);
    } finally {
      agent.destroy();
    }
  });

  test('C9: requests of two clients that wait in one process at once keep their sessions', async () => {
    const { one } = pair();
    const [alice, bob] = [new Jar(), new Jar()];
    await one.visit(alice, [['login', 'alice']]);
    await one.visit(bob, [['login', 'bob']]);
    const first = await one.hold(alice, [], [['set', 'mine', 'a'], ['all']]);
    const second = await one.hold(bob, [], [['set', 'mine', 'b'], ['all']]);
    const third = await one.hold(new Jar(), [], [['all']]);
    expect((await second.finish()).results.at(-1)).toEqual({ isNew: false, owner: 'bob', data: { mine: 'b' } });
    expect((await third.finish()).results.at(-1)).toEqual({ isNew: true, owner: null, data: {} });
    expect((await first.finish()).results.at(-1)).toEqual({ isNew: false, owner: 'alice', data: { mine: 'a' } });
  });

  test('C9: what depends on the session says so to caches, and what does not is left alone', async () => {
    const { one } = pair();
    const jar = new Jar();
    const created = await one.visit(jar, [['set', 'a', 1]]);
    const read = await one.visit(jar, [['get', 'a']]);
    const empty = await one.visit(new Jar(), [['get', 'a']]);
    for (const { headers } of [created, read, empty]) {
      expect(headers['vary']).toMatch(/(?:^|, )Cookie$/);
      expect(headers['cache-control']).toBe('private, no-cache');
    }
    const unused = await one.visit(new Jar(), []);
    expect([unused.headers['vary'], unused.headers['cache-control']]).toEqual([undefined, undefined]);
  });

  test('C9: `Vary` and `Cache-Control` of the application are kept, and added to', async () => {
    const { one } = pair();
    const vary = async (...steps: Step[]): Promise<unknown> => (await one.visit(new Jar(), steps)).headers['vary'];
    expect(await vary(['get', 'a'], ['header', 'vary', 'Accept'])).toBe('Accept, Cookie');
    expect(await vary(['get', 'a'], ['header', 'vary', 'Accept, cookie'])).toBe('Accept, cookie');
    expect(await vary(['get', 'a'], ['header', 'vary', '*'])).toBe('*');
    const { headers } = await one.visit(new Jar(), [
      ['set', 'a', 1],
      ['header', 'cache-control', 'no-store'],
    ]);
    expect(headers['cache-control']).toBe('no-store');
  });

  test('C9: a response that shared caches may store opens no session and carries no cookie', async () => {
    const { one, redis } = pair();
    const before = await redis.cli('DBSIZE');
    const expires: Step = ['header', 'expires', 'Thu, 01 Jan 2099 00:00:00 GMT'];
    // A cache may store what it must ask about first, and hand the cookie on with the answer.
    const noCache: Step = ['header', 'cache-control', 'no-cache'];
    for (const header of [CACHEABLE, expires, noCache]) {
      const { status, cookies } = await one.visit(new Jar(), [['set', 'a', 1], header]);
      expect([status, cookies]).toEqual([200, []]);
    }
    expect(await redis.cli('DBSIZE')).toBe(before);
    for (const directive of ['private', 'no-store', 'private, no-cache', 'private, max-age=60']) {
      const { cookies } = await one.visit(new Jar(), [
        ['set', 'a', 1],
        ['header', 'cache-control', directive],
      ]);
      expect([directive, cookies.length]).toEqual([directive, 1]);
    }
  });

  test('C9: a session is changed by a response that shared caches may store, but its id stays', async () => {
    const { one, two, redis } = pair();
    const jar = new Jar();
    const { results } = await one.visit(jar, [['set', 'a', 1], ['save'], ['handle']]);
    expect((await one.visit(jar, [['set', 'a', 2], CACHEABLE])).cookies).toEqual([]);
    expect((await two.read(jar)).data).toEqual({ a: 2 });
    expect(await storedKeys(redis, results[2])).toHaveLength(1);
    const rotation = await one.visit(jar, [['set', 'a', 3], ['rotate'], CACHEABLE]);
    expect([rotation.status, rotation.cookies]).toEqual([500, []]);
    expect((await two.read(jar)).data).toEqual({ a: 2 });
    expect(await storedKeys(redis, results[2])).toHaveLength(1);
  });

  test('C9: a login that cannot have its cookie fails, and is not stored', async () => {
    const { one, redis } = pair();
    const before = await redis.cli('DBSIZE');
    const { status, cookies, headers } = await one.visit(new Jar(), [['login', 'carol'], CACHEABLE]);
    expect([status, cookies]).toEqual([500, []]);
    expect(headers['cache-control']).toBe('private, no-cache');
    expect(await redis.cli('DBSIZE')).toBe(before);
  });

  test('C9: static files have no session, for any client', async () => {
    const { one } = pair();
    const jar = new Jar();
    await one.visit(jar, [['set', 'secret', 'of one']]);
    const options: SendOptions = { path: '/logo.png' };
    const { results, cookies, headers } = await one.visit(new Jar(jar), [['all'], ['set', 'a', 1]], options);
    expect(results[0]).toEqual({ isNew: true, owner: null, data: {} });
    expect([cookies, headers['vary'], headers['cache-control']]).toEqual([[], undefined, undefined]);
    expect((await one.read(jar)).data).toEqual({ secret: 'of one' });
  });
}
