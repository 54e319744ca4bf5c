// A chain of rotations costs a bounded number of reads, wherever a request meets it.
import { beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type WebsaunaSession } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { CountingStore } from '../support/counting-store.ts';
import { Jar, visit, Visit } from '../support/visit.ts';

type Data = Record<string, unknown>;

const MAX_FOLLOWED = 8;

let store: CountingStore;
let factory: SessionFactory<Data>;
let events: string[];
beforeEach(() => {
  store = new CountingStore();
  factory = createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store });
  events = [];
  factory.on('rejected', ({ reason }) => void events.push(`rejected ${reason}`));
  factory.on('discarded', ({ reason }) => void events.push(`discarded ${reason}`));
});

/** Starts a session; returns the browser that rotates it, and one that still has the first cookie. */
async function started(): Promise<{ current: Jar; first: Jar }> {
  const current = new Jar();
  await visit(factory, current, (session) => session.set('a', 1));
  return { current, first: new Jar(current) };
}

async function rotate(jar: Jar, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await visit(factory, jar, (session) => session.rotate());
  store.calls.length = 0;
}

describe('the first of many cookies', () => {
  test(`opens the session over ${MAX_FOLLOWED} rotations, and not over one more`, async () => {
    const { current, first } = await started();
    await rotate(current, MAX_FOLLOWED);
    expect(await visit(factory, new Jar(first), (session) => session.get('a'))).toBe(1);
    expect(store.calls.filter((call) => call === 'load')).toHaveLength(MAX_FOLLOWED + 1);
    await rotate(current, 1);
    expect(await visit(factory, new Jar(first), (session) => session.get('a'))).toBeUndefined();
    expect(events).toEqual(['rejected rotated']);
  });

  test('costs no more reads after a thousand rotations', async () => {
    const { current, first } = await started();
    await rotate(current, 1000);
    await visit(factory, new Jar(first), (session) => session.get('a'));
    expect(store.calls).toEqual(Array.from({ length: MAX_FOLLOWED + 1 }, () => 'load'));
    expect(await visit(factory, current, (session) => session.get('a'))).toBe(1);
  });
});

describe('the first of three cookies, of which', () => {
  const GRACE = 10;
  /** Whether it opens the session in the grace of the second rotation, and after it. */
  test.each<[string, 'second' | 'third' | null, boolean, boolean]>([
    ['no other has come, opens the session', null, true, true],
    ['the second has come, is dead after the grace of the first rotation', 'second', false, false],
    ['the third has come, is dead after the grace of the second rotation', 'third', true, false],
  ])('%s', async (_, used, inGrace, afterGrace) => {
    let now = Date.now();
    const timed = createSessionFactory<Data>({
      secret: 'a secret of more than thirty-two bytes',
      store: new MemoryStore({ now: () => now }),
      rotationGrace: GRACE,
    });
    const opens = async (jar: Jar): Promise<boolean> => await visit(timed, new Jar(jar), (session) => session.has('a'));
    const first = new Jar();
    await visit(timed, first, (session) => session.set('a', 1));
    for (const name of ['second', 'third']) {
      // The response to a request with the first id is lost each time.
      const next = new Jar(first);
      await visit(timed, next, (session) => session.rotate());
      if (name === used) await opens(next);
      now += GRACE * 800;
    }
    expect(await opens(first)).toBe(inGrace);
    now += GRACE * 800;
    expect(await opens(first)).toBe(afterGrace);
  });
});

describe('a request that began before many rotations', () => {
  test.each<[string, number, (session: WebsaunaSession<Data>) => Promise<unknown>]>([
    ['save', MAX_FOLLOWED, async (session) => await session.set('b', 2).save()],
    ['update', MAX_FOLLOWED, async (session) => await session.update('b', () => 2)],
    // It follows one to find that it need not rotate, and then saves.
    [
      'rotate',
      MAX_FOLLOWED + 1,
      async (session) => {
        session.rotate();
        await session.set('b', 2).save();
      },
    ],
  ])('%s follows %i, and is lost after one more', async (_, most, act) => {
    for (const rotations of [most, most + 1, 50]) {
      const { current, first } = await started();
      const slow = await Visit.open(factory, new Jar(first));
      await rotate(current, rotations);
      const outcome = await act(slow.session).then(
        () => 'ok',
        (error: { code: string }) => error.code,
      );
      expect([rotations, outcome]).toEqual([rotations, rotations === most ? 'ok' : 'ERR_SESSION_ENDED']);
      expect(store.calls.length).toBeLessThanOrEqual(most + 2);
      await slow.end();
      expect(await visit(factory, current, (session) => session.get('b'))).toBe(rotations === most ? 2 : undefined);
    }
  });
});

test.each([
  'null',
  '5',
  '"alice"',
  '[]',
  '["alice"]',
  '["alice",null,1]',
  '[1,null,2,3]',
  '{"0":"alice"}',
  '["alice",null,"1",9e15]',
])('a stored pending login of %s is none, and no error', async (text) => {
  const jar = new Jar();
  const handle = await visit(factory, jar, (session) => (session.set('a', 1), session.handle));
  const change = {
    set: new Map([['@p', text]]),
    delete: new Set<string>(),
    timeout: null,
    expect: null,
    cookieAttributes: null,
    confirmsCookie: false,
  };
  expect(await store.save({ handle, ownerHash: null }, change)).toMatchObject({ status: 'ok' });
  for (const load of ['eager', 'lazy'] as const) {
    const strict = createSessionFactory<Data>({
      secret: 'a secret of more than thirty-two bytes',
      store,
      load,
      invalidateBefore: () => new Date(),
    });
    await visit(strict, new Jar(jar), async (session) => {
      await session.load();
      expect([session.pendingLogin, session.get('a')]).toEqual([null, 1]);
    });
  }
  await visit(factory, jar, (session) => session.login('alice'));
  expect(await visit(factory, jar, (session) => session.owner)).toBe('alice');
});
