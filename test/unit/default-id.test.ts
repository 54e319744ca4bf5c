// Ids by default: 256 bits from the operating system's generator (ASVS 7.2.3).
import { afterEach, expect, test, vi } from 'vitest';
import { createSessionFactory, type SessionFactory } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { Jar, visit } from '../support/visit.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.resetModules();
});

type Data = Record<string, unknown>;

function make(create: typeof createSessionFactory = createSessionFactory): SessionFactory<Data> {
  return create<Data>({ secret: 'a secret of more than thirty-two bytes', store: new MemoryStore() });
}

async function idOf(factory: SessionFactory<Data>, act: 'set' | 'login' | 'rotate'): Promise<string> {
  const jar = new Jar();
  await visit(factory, jar, (session) => session.set('a', 1));
  if (act === 'login') await visit(factory, jar, (session) => session.login('alice'));
  if (act === 'rotate') await visit(factory, jar, (session) => session.rotate({ grace: false }));
  return await visit(factory, jar, (session) => session.id.split('.').at(-1)!);
}

test.each(['set', 'login', 'rotate'] as const)(
  'after %s every character of an id varies from one to the next',
  async (act) => {
    const factory = make();
    const ids: string[] = [];
    for (let i = 0; i < 200; i++) ids.push(await idOf(factory, act));
    expect(new Set(ids).size).toBe(200);
    for (const id of ids) expect(id).toMatch(/^[\w-]{43}$/);
    for (let at = 0; at < 43; at++) {
      // 43 characters have two bits more than 256: the last one has 16 values.
      expect([at, new Set(ids.map((id) => id[at])).size >= (at === 42 ? 12 : 40)]).toEqual([at, true]);
    }
    // Of two neighbours about 42 characters differ; a counter's differ in a few.
    const differences = ids
      .slice(1)
      .map((id, i) => id.split('').filter((character, at) => character !== ids[i]![at]).length);
    expect(Math.min(...differences)).toBeGreaterThan(32);
  },
);

test('two processes with the same clock and Math.random make different ids', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'hrtime'] });
  const ids: string[] = [];
  for (let process = 0; process < 3; process++) {
    vi.resetModules();
    vi.setSystemTime(0);
    const { createSessionFactory: create } = await import('websauna-session');
    const factory = make(create);
    for (let i = 0; i < 5; i++) ids.push(await visit(factory, new Jar(), (session) => session.id));
  }
  expect(new Set(ids).size).toBe(15);
});
