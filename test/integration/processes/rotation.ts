import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { Jar } from '../../support/visit.ts';
import { alternately, finishAll, storedKeys, type Pair } from './site.ts';

/** C6, between processes: requests that run beside a rotation or a login. */
export function rotation(pair: () => Pair): void {
  test('C6: parallel requests with the old id reach the one successor, and their browser learns its id', async () => {
    const { one } = pair();
    const jar = new Jar();
    await one.visit(jar, [['set', 'a', 1]]);
    const old = new Jar(jar);
    await one.visit(jar, [['rotate']]);
    expect(jar.header).not.toBe(old.header);
    const parallel = alternately(pair(), 20).map(async (site) => {
      const own = new Jar(old);
      const found = await site.read(own);
      return [found.data, own.header];
    });
    expect(await Promise.all(parallel)).toEqual(Array.from({ length: 20 }, () => [{ a: 1 }, jar.header]));
  });

  test('C6: a write that was under way during a rotation in the other process follows it', async () => {
    const { one, two } = pair();
    const jar = new Jar();
    await one.visit(jar, [['set', 'a', 1]]);
    const own = new Jar(jar);
    const late = await one.hold(
      own,
      [['get', 'a']],
      [
        ['set', 'late', true],
        ['increment', 'n'],
      ],
    );
    await two.visit(jar, [['rotate']]);
    await late.finish();
    expect(own.header).toBe(jar.header);
    expect((await two.read(jar)).data).toEqual({ a: 1, late: true, n: 1 });
  });

  test('C6: of sixteen rotations at once in two processes all lead to one id, and no write is lost', async () => {
    const jar = new Jar();
    const { results } = await pair().one.visit(jar, [['set', 'a', 1], ['save'], ['handle']]);
    const jars = Array.from({ length: 16 }, () => new Jar(jar));
    const held = await Promise.all(
      alternately(pair(), 16).map((site, i) => site.hold(jars[i]!, [['get', 'a']], [['set', `f${i}`, i], ['rotate']])),
    );
    await finishAll(held);
    const headers = new Set(jars.map(({ header }) => header));
    expect(headers.size).toBe(1);
    expect(headers).not.toContain(jar.header);
    const found = await pair().two.read(jars[0]!);
    expect(Object.keys(found.data)).toHaveLength(17);
    // What is left under the old name leads on, and is no session.
    expect(await storedKeys(pair().redis, results[2])).toHaveLength(1);
    expect((await pair().one.visit(jars[1]!, [['handle']])).results).not.toEqual([results[2]]);
  });

  test('C6: one of old and new id is valid at every moment of a rotation', async () => {
    const { one, two } = pair();
    const jar = new Jar();
    await one.visit(jar, [['set', 'a', 1]]);
    for (let i = 0; i < 10; i++) {
      const old = new Jar(jar);
      const state = { rotated: false };
      const rotating = one.visit(jar, [['rotate']]).finally(() => (state.rotated = true));
      while (!state.rotated) expect((await two.read(new Jar(old))).data).toEqual({ a: 1 });
      await rotating;
      expect((await two.read(new Jar(jar))).data).toEqual({ a: 1 });
    }
  });

  test('C6: a login kills the old id at once, and requests that still have it leave the new cookie alone', async () => {
    const { one, two, redis } = pair();
    const jar = new Jar();
    const owner = randomUUID();
    await one.visit(jar, [['set', 'a', 1]]);
    const old = new Jar(jar);
    const slow = await Promise.all(
      alternately(pair(), 8).map((site) => site.hold(new Jar(old), [], [['set', 'late', 1]])),
    );
    await one.visit(jar, [['login', owner]]);
    for (const { cookies } of await finishAll(slow)) expect(cookies).toEqual([]);
    for (const site of [one, two]) {
      const later = await site.visit(new Jar(old), [['all'], ['set', 'late', 2]]);
      expect(later.results[0]).toEqual({ isNew: true, owner: null, data: {} });
      expect(later.cookies).toEqual([]);
      expect(await site.read(jar)).toEqual({ isNew: false, owner, data: { a: 1 } });
    }
    const { results } = await two.visit(jar, [['handle']]);
    expect(await storedKeys(redis, results[0])).toHaveLength(1);
  });

  test('C6: of two logins at once from one session one wins, and the other client gets a session of its own', async () => {
    const { one, two } = pair();
    const jar = new Jar();
    await one.visit(jar, [['set', 'a', 1]]);
    const jars = [new Jar(jar), new Jar(jar)] as const;
    const held = [
      await one.hold(
        jars[0],
        [['get', 'a']],
        [
          ['set', 'first', 1],
          ['login', 'alice'],
        ],
      ),
      await two.hold(
        jars[1],
        [['get', 'a']],
        [
          ['set', 'second', 1],
          ['login', 'bob'],
        ],
      ),
    ];
    await finishAll(held);
    const found = [await two.read(jars[0]), await one.read(jars[1])];
    expect(found.map(({ owner }) => owner)).toEqual(['alice', 'bob']);
    // What was stored before goes with the login that came first, and with no other.
    expect(found.filter(({ data }) => 'a' in data)).toHaveLength(1);
    expect(found.map(({ data }) => [Object.hasOwn(data, 'first'), Object.hasOwn(data, 'second')])).toEqual([
      [true, false],
      [false, true],
    ]);
    expect((await one.read(new Jar(jar))).data).toEqual({});
  });
}
