import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { SessionStats } from 'websauna-session';
import { started, useFactories, type Factory, type MakeFactory } from '../../contract/consistency/factories.ts';
import { Jar, visit } from '../../support/visit.ts';

/** How often an event was counted. */
function countOf({ counts }: SessionStats, event: string, reason: string | null = null): number {
  return counts
    .filter((each) => each.event === event && each.reason === reason)
    .reduce((sum, { count }) => sum + count, 0);
}

/** What `factory.stats()` counts, over any store, of which every test has a new one. */
export function statsSuite(make: MakeFactory): void {
  const { open, pair } = useFactories((options) => make({ stats: true, ...options }));
  const live = async (factory: Factory): Promise<number[]> => {
    const { live: counted } = await factory.stats();
    return [counted.anonymous, counted.owned];
  };

  test('live sessions follow creation, login, rotation, logout, eviction and revocation, in two processes', async () => {
    const [one, two] = pair({ maxSessionsPerOwner: 2 });
    const owner = randomUUID();
    expect(await live(one)).toEqual([0, 0]);
    const jars = [await started(one), await started(two), await started(one), await started(two)] as const;
    await two.stats();
    expect(await live(one)).toEqual([4, 0]);
    await visit(two, jars[0], (session) => session.login(owner));
    expect(await live(two)).toEqual([3, 1]);
    await visit(two, jars[0], (session) => session.rotate());
    expect(await live(two)).toEqual([3, 1]);
    await visit(one, jars[1], (session) => session.login(owner));
    await visit(one, new Jar(), (session) => session.login(owner));
    expect(await live(one)).toEqual([2, 2]);
    await visit(one, jars[1], (session) => session.logout());
    expect(await live(one)).toEqual([2, 1]);
    await two.owners.revoke(owner);
    expect(await live(two)).toEqual([2, 0]);
    await visit(one, jars[2], (session) => session.invalidate());
    expect(await live(one)).toEqual([1, 0]);
  });

  test('events are counted by minute, event and reason, those of all processes together', async () => {
    const [one, two] = pair();
    for (const factory of [one, two, two]) {
      const jar = await started(factory);
      await visit(factory, jar, (session) => session.login('alice'));
      await visit(factory, jar, (session) => session.logout());
    }
    await visit(two, new Jar(), () => {}, { headers: { cookie: 'session=nonsense' } });
    await two.stats();
    const stats = await one.stats();
    expect(countOf(stats, 'created')).toBe(3);
    expect(countOf(stats, 'login')).toBe(3);
    expect(countOf(stats, 'destroyed', 'logout')).toBe(3);
    expect(countOf(stats, 'rejected', 'malformed')).toBe(1);
    for (const { start } of stats.counts) {
      expect(start.getTime() % 60_000).toBe(0);
      expect(Math.abs(start.getTime() - stats.now.getTime())).toBeLessThan(180_000);
    }
    expect((await one.stats({ since: new Date(Date.now() + 120_000) })).counts).toEqual([]);
  });

  test('by the hour, the same is counted in sums, from a day ago on', async () => {
    const [one, two] = pair();
    for (const factory of [one, two, two]) await started(factory);
    await two.stats();
    const stats = await one.stats({ by: 'hour' });
    expect(countOf(stats, 'created')).toBe(3);
    for (const { start } of stats.counts) expect(start.getTime() % 3_600_000).toBe(0);
    expect((await one.stats({ by: 'hour', since: new Date(Date.now() + 7_200_000) })).counts).toEqual([]);
  });

  test('what a process has counted is reported when it closes', async () => {
    const [one, two] = pair({ stats: { flushInterval: 600 } });
    await started(one);
    expect(countOf(await two.stats(), 'created')).toBe(0);
    await one.close();
    expect(countOf(await two.stats(), 'created')).toBe(1);
  });

  test('what a process has counted is reported after the interval, without being asked for', async () => {
    const [one, two] = pair({ stats: { flushInterval: 0.05 } });
    await started(one);
    await expect.poll(async () => countOf(await two.stats(), 'created'), { timeout: 10_000 }).toBe(1);
  });

  describe('mistakes', () => {
    test.each<[object, RegExp]>([
      [{ stats: 1 }, /^Expected `stats` to be true, false, or \{ keep, flushInterval, publishEvents \}, got 1/],
      [{ stats: { publishEvents: 'yes' } }, /^Expected `stats.publishEvents` to be true or false, got a string/],
      [{ stats: { keeps: 60 } }, /Did you mean `stats.keep`\?/],
      [{ stats: { keep: 59 } }, /^Expected `stats.keep` to be an integer of seconds, between 60 and 7776000, got 59/],
      [
        { stats: { flushInterval: 0 } },
        /^Expected `stats.flushInterval` to be a number of seconds, between 0.05 and 600/,
      ],
    ])('%j is refused', (options, message) => {
      expect(() => open(options)).toThrow(
        expect.objectContaining({ name: 'TypeError', message: expect.stringMatching(message) }),
      );
    });

    test('what is asked for wrongly is a TypeError', async () => {
      const factory = open();
      await expect(factory.stats({ since: 5 } as never)).rejects.toThrow('Expected `since` to be a valid Date, got 5');
      await expect(factory.stats({ until: 5 } as never)).rejects.toThrow('Known are since, by');
      await expect(factory.stats({ by: 'day' } as never)).rejects.toThrow(/^Expected `by` to be 'minute' or 'hour'/);
    });

    test('without the option, reading is refused', async () => {
      await expect(open({ stats: false }).stats()).rejects.toThrow(
        expect.objectContaining({ code: 'ERR_SESSION_UNSUPPORTED', message: 'Nothing is counted: set `stats`' }),
      );
    });
  });
}
