import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Jar } from '../../support/visit.ts';
import { storedKeys, type Pair, type Step } from './site.ts';

/** C1, between processes: every way to end a session, with every operation under way in the other process. */
export function resurrection(pair: () => Pair): void {
  const slow: readonly [string, readonly Step[], readonly Step[], status?: number][] = [
    ['writer', [], [['set', 'late', true]]],
    ['writer of nested data', [['get', 'cart']], [['push', 'cart', 'items', 'late']]],
    ['reader that renews the idle timeout', [['get', 'a']], [['get', 'cart']]],
    ['rotation', [], [['rotate']]],
    ['update', [], [['increment', 'n']], 409],
  ];
  const ends: readonly [string, (owner: string) => Step][] = [
    ['a logout', () => ['logout']],
    ['an invalidation', () => ['invalidate']],
    ['a revocation', (owner) => ['revoke', owner]],
  ];

  describe.each(ends)('after %s in the other process', (_end, end) => {
    test.each(slow)(
      'C1, C13: a slow %s does not revive the session, and its cookie stays',
      async (...[, before, after, status = 200]) => {
        const { one, two, redis } = pair();
        const [jar, owner] = [new Jar(), randomUUID()];
        const data = { a: 1, cart: { items: ['book'] } };
        await one.visit(jar, [
          ['set', 'a', data.a],
          ['set', 'cart', data.cart],
          ['login', owner],
        ]);
        const { results } = await two.visit(jar, [['handle']]);
        expect(await storedKeys(redis, results[0])).toHaveLength(1);

        const late = await one.hold(new Jar(jar), before, after);
        // Another session revokes: the session that asks would end by itself.
        await two.visit(end(owner)[0] === 'revoke' ? new Jar() : new Jar(jar), [end(owner)]);
        expect(await storedKeys(redis, results[0])).toEqual([]);

        const answer = await late.finish();
        expect(answer.status).toBe(status);
        expect(answer.cookies).toEqual([]);
        await one.waitForEvent(`lost ${String(results[0])} -`);
        expect(await storedKeys(redis, results[0])).toEqual([]);
        for (const site of [one, two]) {
          expect(await site.read(new Jar(jar))).toEqual({ isNew: true, owner: null, data: {} });
        }
      },
    );
  });

  test('C1: what a request wrote to a session that ended is discarded, with a reason', async () => {
    const { one, two } = pair();
    const jar = new Jar();
    const { results } = await one.visit(jar, [['set', 'a', 1], ['save'], ['handle']]);
    const late = await one.hold(new Jar(jar), [], [['set', 'late', true]]);
    await two.visit(new Jar(jar), [['logout']]);
    await late.finish();
    await one.waitForEvent(`discarded ${String(results[2])} gone`);
  });

  test('C1: a logout that was opened before a rotation in the other process ends its successor', async () => {
    const { one, two } = pair();
    const jar = new Jar();
    await one.visit(jar, [['set', 'a', 1]]);
    const leaving = await one.hold(new Jar(jar), [], [['logout']]);
    await two.visit(jar, [['rotate']]);
    expect((await two.read(jar)).data).toEqual({ a: 1 });
    await leaving.finish();
    expect(await two.read(new Jar(jar))).toEqual({ isNew: true, owner: null, data: {} });
  });
}
