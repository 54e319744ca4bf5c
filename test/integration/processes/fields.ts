import { expect, test } from 'vitest';
import { Jar } from '../../support/visit.ts';
import { alternately, finishAll, type Pair } from './site.ts';

/** C2, C3 and C4, between processes: what concurrent requests do to one session's fields. */
export function fields(pair: () => Pair): void {
  test('C2: of two processes that change different fields both take effect, nested changes and deletions too', async () => {
    const { one, two } = pair();
    const jar = new Jar();
    await one.visit(jar, [
      ['set', 'kept', 1],
      ['set', 'old', 1],
      ['set', 'cart', { items: ['book'] }],
    ]);
    const first = await one.hold(new Jar(jar), [['get', 'cart']], [['push', 'cart', 'items', 'pen']]);
    const second = await two.hold(
      new Jar(jar),
      [['get', 'cart']],
      [
        ['set', 'name', 'Zoë'],
        ['delete', 'old'],
      ],
    );
    await second.finish();
    await first.finish();
    for (const site of [one, two]) {
      expect((await site.read(jar)).data).toEqual({ kept: 1, cart: { items: ['book', 'pen'] }, name: 'Zoë' });
    }
  });

  test('C2: thirty-two requests at once in two processes, each with a field of its own', async () => {
    const jar = new Jar();
    await pair().one.visit(jar, [['set', 'a', 1]]);
    const held = await Promise.all(
      alternately(pair(), 32).map((site, i) => site.hold(new Jar(jar), [['get', 'a']], [['set', `f${i}`, i]])),
    );
    await finishAll(held);
    expect(Object.keys((await pair().two.read(jar)).data)).toHaveLength(33);
  });

  test.each([1, 2])('C3: of two writers of one field the last commit wins, whole (process %i)', async (last) => {
    const { one, two } = pair();
    const jar = new Jar();
    await one.visit(jar, [['set', 'x', { before: true }]]);
    const first = await one.hold(new Jar(jar), [['get', 'x']], [['set', 'x', { left: 1 }]]);
    const second = await two.hold(new Jar(jar), [['get', 'x']], [['set', 'x', { right: 2 }]]);
    for (const each of last === 2 ? [first, second] : [second, first]) await each.finish();
    for (const site of [one, two]) {
      expect((await site.read(jar)).data).toEqual({ x: last === 2 ? { right: 2 } : { left: 1 } });
    }
  });

  test('C3: thirty-two concurrent updates in two processes give thirty-two', async () => {
    const jar = new Jar();
    await pair().one.visit(jar, [['set', 'a', 1]]);
    const held = await Promise.all(
      alternately(pair(), 32).map((site) => site.hold(new Jar(jar), [['get', 'n']], [['increment', 'n']])),
    );
    const results = (await finishAll(held)).map((answer) => answer.results[2]);
    expect(results.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 32 }, (_, i) => i + 1));
    expect((await pair().two.read(jar)).data).toEqual({ a: 1, n: 32 });
  });

  test('C3: flashes of concurrent requests are all kept, and each is taken once', async () => {
    const { one, two } = pair();
    const jar = new Jar();
    await one.visit(jar, [['flash', 'first']]);
    const held = await Promise.all(
      alternately(pair(), 16).map((site, i) => site.hold(new Jar(jar), [], [['flash', `m${i}`]])),
    );
    await finishAll(held);
    const takers = await Promise.all(
      alternately(pair(), 6).map((site) => site.hold(new Jar(jar), [], [['takeFlash']])),
    );
    const taken = (await finishAll(takers)).flatMap(({ results }) => results[1] as string[]);
    expect(taken.toSorted()).toEqual(['first', ...Array.from({ length: 16 }, (_, i) => `m${i}`)].toSorted());
    for (const site of [one, two]) expect((await site.visit(jar, [['popFlash']])).results).toEqual([[]]);
  });

  test('C3: a message that is flashed while another process pops is neither lost nor given with the others', async () => {
    const { one, two } = pair();
    const jar = new Jar();
    await one.visit(jar, [['flash', 'early']]);
    const popping = await one.hold(new Jar(jar), [['popFlash']], []);
    await two.visit(new Jar(jar), [['flash', 'late']]);
    expect((await popping.finish()).results[0]).toEqual(['early']);
    expect((await two.visit(jar, [['popFlash']])).results[0]).toEqual(['late']);
  });

  test('C4: a slow reader that renews the idle timeout overwrites nothing', async () => {
    const { one, two, redis } = pair();
    const jar = new Jar();
    await one.visit(jar, [
      ['set', 'x', { n: 1 }],
      ['set', 'gone', 1],
    ]);
    const reader = await one.hold(new Jar(jar), [['all']], [['all']]);
    await two.visit(new Jar(jar), [
      ['set', 'x', { n: 2 }],
      ['set', 'y', 1],
      ['delete', 'gone'],
    ]);
    const [key] = (await redis.cli('KEYS', `*${String((await two.visit(jar, [['handle']])).results[0])}`)) as [string];
    // A reader, too, writes the time of last use, to the second.
    const stored = async (): Promise<unknown> => {
      const reply = (await redis.cli('HGETALL', key)) as string[];
      const pairs = reply.flatMap((name, i) => (i % 2 === 0 && name !== '@s' ? [[name, reply[i + 1]]] : []));
      return Object.fromEntries(pairs) as unknown;
    };
    await redis.cli('HSET', key, '@s', '1');
    const before = await stored();
    await reader.finish();
    expect(Number(await redis.cli('HGET', key, '@s'))).toBeGreaterThan(1);
    expect(await stored()).toEqual(before);
    expect((await two.read(jar)).data).toEqual({ x: { n: 2 }, y: 1 });
  });

  test('C4: a reader without a session, and one with an unknown cookie, create nothing', async () => {
    const { one, two, redis } = pair();
    const before = await redis.cli('DBSIZE');
    const jar = new Jar();
    await one.visit(jar, [['set', 'a', 1]]);
    const left = new Jar(jar);
    await two.visit(jar, [['logout']]);
    for (const site of [one, two]) {
      expect((await site.visit(new Jar(), [['all'], ['popFlash']])).cookies).toEqual([]);
      await site.visit(new Jar(left), [['all'], ['popFlash']]);
    }
    expect(await redis.cli('DBSIZE')).toBe(before);
  });
}
