// Several session cookies in one request: how many are looked at, and which one is used.
import { beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory } from 'websauna-session';
import { CountingStore } from '../support/counting-store.ts';
import { Jar, visit } from '../support/visit.ts';

type Data = Record<string, unknown>;

const GARBAGE = ['', 'x', 'garbage', 'x'.repeat(5000), `${'a'.repeat(43)}_${'b'.repeat(43)}`, '"quoted"'];
/** Well-formed, and not signed by us. */
const forged = (i: number): string => `${String(i).padStart(43, 'a')}.${'b'.repeat(43)}`;

let factory: SessionFactory<Data>;
let store: CountingStore;
let events: string[];
beforeEach(() => {
  store = new CountingStore();
  factory = createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store });
  events = [];
  for (const name of ['rejected', 'cookieWarning'] as const) {
    factory.on(name, ({ reason }) => void events.push(`${name} ${reason}`));
  }
});

async function started(value: unknown): Promise<string> {
  const jar = new Jar();
  await visit(factory, jar, (session) => session.set('value', value));
  return jar.cookies.get('session')!;
}

async function ended(value: unknown): Promise<string> {
  const jar = new Jar();
  await visit(factory, jar, (session) => session.set('value', value));
  const cookie = jar.cookies.get('session')!;
  await visit(factory, jar, (session) => session.invalidate());
  return cookie;
}

/** Sends the values as cookies of the name, and returns what the session holds. */
async function read(values: readonly string[]): Promise<unknown> {
  store.calls.length = 0;
  const cookie = values.map((value) => `session=${value}`).join('; ');
  return await visit(factory, new Jar(), (session) => session.get('value'), { headers: { cookie } });
}

describe('of several session cookies', () => {
  test('garbage does not count towards those that are looked at, however much there is', async () => {
    const cookie = await started('mine');
    const garbage = Array.from({ length: 200 }, (_, i) => GARBAGE[i % GARBAGE.length]!);
    expect(await read([...garbage, cookie])).toBe('mine');
    expect([store.calls, events]).toEqual([['load'], []]);
  });

  test('garbage alone is rejected as malformed, without a question to the store', async () => {
    expect(await read(GARBAGE)).toBeUndefined();
    expect([store.calls, events]).toEqual([[], ['rejected malformed']]);
  });

  test('at most eight that are well-formed are checked', async () => {
    const cookie = await started('mine');
    const seven = Array.from({ length: 7 }, (_, i) => forged(i));
    expect(await read([...seven, ...GARBAGE, cookie])).toBe('mine');
    expect(await read([...seven, forged(7), cookie])).toBeUndefined();
    expect([store.calls, events]).toEqual([[], ['rejected signature']]);
  });

  test('at most four that we have signed are looked up, each once', async () => {
    const dead = [await ended(1), await ended(2), await ended(3), await ended(4)];
    const cookie = await started('mine');
    expect(await read([...dead.slice(1), dead[1]!, dead[1]!, cookie])).toBe('mine');
    expect(store.calls).toEqual(['load', 'load', 'load', 'load']);
    expect(await read([...dead, cookie])).toBeUndefined();
    expect(store.calls).toEqual(['load', 'load', 'load', 'load']);
  });

  test('the first that opens a session is used, and a warning says so', async () => {
    const cookies = [await ended(1), await started('first'), await started('second')];
    expect(await read(cookies)).toBe('first');
    expect(events).toEqual(['rejected not-found', 'cookieWarning several']);
  });

  test('the same cookie twice is no reason for a warning', async () => {
    const cookie = await started('mine');
    expect(await read([cookie, cookie])).toBe('mine');
    expect(events).toEqual([]);
  });
});
