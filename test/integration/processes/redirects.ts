import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Jar } from '../../support/visit.ts';
import type { Pair, Site, Step } from './site.ts';

const TIMES = 50;

/** C5, between processes: nothing of a response leaves before the store has what the request did. */
export function redirects(pair: () => Pair): void {
  test(`C5: a request to the other process at the first byte of a redirect sees the change, ${TIMES} times`, async () => {
    const { one, two } = pair();
    const jar = new Jar();
    await one.visit(jar, [['set', 'n', -1]]);
    for (let n = 0; n < TIMES; n++) {
      const [from, to] = n % 2 === 0 ? [one, two] : [two, one];
      const redirect = from.send(jar, [
        ['set', 'n', n],
        ['redirect', '/'],
      ]);
      await redirect.firstByte;
      const next = to.visit(jar, [['get', 'n']]);
      expect((await redirect.answer).status).toBe(303);
      expect((await next).results).toEqual([n]);
    }
  });

  test(`C5: a login's redirect leads to the other process as the owner, ${TIMES} times`, async () => {
    const { one, two } = pair();
    for (let n = 0; n < TIMES; n++) {
      const [from, to] = n % 2 === 0 ? [one, two] : [two, one];
      const jar = new Jar();
      const owner = randomUUID();
      const redirect = from.send(jar, [
        ['login', owner],
        ['redirect', '/'],
      ]);
      jar.take((await redirect.head).headers['set-cookie'] ?? []);
      const next = to.read(jar);
      await redirect.answer;
      expect(await next).toEqual({ isNew: false, owner, data: {} });
    }
  });

  const kinds: readonly [string, readonly Step[]][] = [
    [
      'a redirect',
      [
        ['set', 'n', 1],
        ['redirect', '/'],
      ],
    ],
    ['a page', [['set', 'n', 1]]],
    ['a logout', [['logout'], ['redirect', '/']]],
    [
      'a login',
      [
        ['login', 'owner'],
        ['redirect', '/'],
      ],
    ],
    ['a touch', [['get', 'n']]],
  ];
  describe('while Redis does not answer', () => {
    test.each(kinds)('C5: not a byte of %s leaves', async (_kind, steps) => {
      const { one, two, redis } = pair();
      const jar = new Jar();
      await one.visit(jar, [['set', 'n', 0]]);
      const answered = randomUUID();
      const held = await one.hold(jar, [], steps, { answered });
      let arrived = false;
      void held.firstByte.then(() => (arrived = true));
      redis.pause();
      try {
        await one.open([held.gate]);
        await one.reached(answered);
        await turns(one, 20);
        expect(arrived).toBe(false);
      } finally {
        redis.resume();
      }
      expect([200, 303]).toContain((await held.answer).status);
      expect(await two.read(jar)).toMatchObject({ isNew: steps[0]?.[0] === 'logout' });
    });
  });
}

/** Long enough for a response that does not wait: it would come before these answers, which are asked for later. */
async function turns(site: Site, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await site.turn();
}
