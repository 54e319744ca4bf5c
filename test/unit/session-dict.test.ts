// The live view `session.data`, and what every accessor of fields does when the session cannot be used.
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { interceptStore } from 'websauna-session/testing';
import { Jar, visit, Visit } from '../support/visit.ts';

type Data = Record<string, unknown>;
type Session = WebsaunaSession<Data>;

function make(options: Partial<SessionOptions<Data>> = {}): SessionFactory<Data> {
  return createSessionFactory<Data>({
    secret: 'a secret of more than thirty-two bytes',
    store: new MemoryStore(),
    ...options,
  });
}

const withData = (act: (data: Data, session: Session) => void): Promise<void> =>
  visit(make(), new Jar(), (session) => act(session.assign({ a: 1, b: [2] }).data, session));

describe('session.data', () => {
  test('has the fields as its own properties, and nothing else', () =>
    withData((data) => {
      expect(Object.entries(data)).toEqual([
        ['a', 1],
        ['b', [2]],
      ]);
      expect(Object.getOwnPropertyDescriptor(data, 'a')).toEqual({
        value: 1,
        writable: true,
        enumerable: true,
        configurable: true,
      });
      expect(Object.getPrototypeOf(data)).toBeNull();
      expect(inspect(data)).toBe('{ a: 1, b: [ 2 ] }');
      for (const name of ['toString', '', Symbol('a')]) {
        expect(data[name as string]).toBeUndefined();
        expect(name in data).toBe(false);
        expect(Object.getOwnPropertyDescriptor(data, name)).toBeUndefined();
      }
    }));

  test('sets, defines and deletes fields', () =>
    withData((data, session) => {
      data['c'] = 3;
      Object.defineProperty(data, 'd', { value: 4, writable: true, enumerable: true, configurable: true });
      expect(delete data['a']).toBe(true);
      expect({ ...session.toJSON() }).toEqual({ b: [2], c: 3, d: 4 });
    }));

  test('refuses what is no field: symbols, accessors, an empty name and a prototype', () =>
    withData((data, session) => {
      const symbol = Symbol('mark');
      expect(Reflect.set(data, symbol, 1)).toBe(false);
      expect(Reflect.defineProperty(data, symbol, { value: 1, configurable: true })).toBe(false);
      expect(Reflect.defineProperty(data, 'c', { get: () => 1, configurable: true })).toBe(false);
      expect(Reflect.deleteProperty(data, symbol)).toBe(true);
      expect(Reflect.setPrototypeOf(data, {})).toBe(false);
      expect(() => (data[''] = 1)).toThrow('Expected `key` to be a non-empty string');
      expect({ ...session.toJSON() }).toEqual({ a: 1, b: [2] });
    }));
});

const READS: [string, (session: Session) => unknown][] = [
  ['get', (session) => session.get('a')],
  ['has', (session) => session.has('a')],
  ['keys', (session) => session.keys()],
  ['values', (session) => session.values()],
  ['entries', (session) => session.entries()],
  ['size', (session) => session.size],
  ['toJSON', (session) => session.toJSON()],
  ['an iteration', (session) => [...session]],
  ['data', (session) => session.data['a']],
];
const WRITES: [string, (session: Session) => unknown][] = [
  ['set', (session) => session.set('a', 1)],
  ['delete', (session) => session.delete('a')],
  ['setDefault', (session) => session.setDefault('a', 1)],
  ['pop', (session) => session.pop('a')],
  ['assign', (session) => session.assign({ a: 1 })],
  ['clear', (session) => session.clear()],
  ['changed', (session) => session.changed()],
  ['changed of a field', (session) => session.changed('a')],
  ['data', (session) => (session.data['a'] = 1)],
];

test.each([...READS, ...WRITES])('%s throws before a lazy session is loaded, and not after it', async (_, act) => {
  const [factory, jar] = [make({ load: 'lazy' }), new Jar()];
  await visit(factory, jar, (session) => session.set('b', 1));
  await visit(factory, jar, async (session) => {
    expect(() => act(session)).toThrow(expect.objectContaining({ code: 'ERR_SESSION_NOT_LOADED' }));
    expect(inspect(session)).toBe("{ WebsaunaSession: 'not loaded' }");
    expect(await session.load()).toBe(session);
    act(session);
    expect(inspect(session)).toMatch(/^\{\n? *WebsaunaSession: \[Object: null prototype\] \{/);
  });
});

describe('a degraded session', () => {
  /** Visits while the store fails. */
  async function degraded(act: (session: Session) => unknown): Promise<void> {
    let failing = false;
    const store = interceptStore(new MemoryStore(), () => {
      if (failing) throw new Error('connection lost');
    });
    const factory = make({ store, onStoreError: 'anonymous' });
    const jar = new Jar();
    await visit(factory, jar, (session) => session.set('a', 1));
    expect(await visit(factory, jar, (session) => session.degraded)).toBe(false);
    failing = true;
    const request = await Visit.open(factory, jar);
    expect(request.session.degraded).toBe(true);
    act(request.session);
  }

  test.each(WRITES)('refuses %s', (_, act) =>
    degraded((session) => {
      expect(() => act(session)).toThrow(expect.objectContaining({ code: 'ERR_SESSION_DEGRADED' }));
    }),
  );

  test('refuses to take flash messages', async () => {
    let taken: Promise<unknown> | undefined;
    await degraded((session) => (taken = session.takeFlash()));
    await expect(taken).rejects.toThrow(expect.objectContaining({ code: 'ERR_SESSION_DEGRADED' }));
  });

  test('is empty for every reader', () =>
    degraded((session) => {
      expect([session.get('a'), session.has('a'), session.size, session.data['a']]).toEqual([
        undefined,
        false,
        0,
        undefined,
      ]);
      expect(session.popItem()).toBeUndefined();
    }));
});

test.each(READS)('initial data is there for %s first', async (_, act) => {
  const factory = make({ initialData: () => ({ a: 1 }) });
  await visit(factory, new Jar(), (session) => {
    const expected: unknown[] = [1, true, ['a'], [1], [['a', 1]], 1, { a: 1 }, ['a'], 1];
    const result = act(session);
    expect(expected[READS.findIndex(([name]) => name === _)]).toEqual(
      typeof result === 'object' && !Array.isArray(result) ? { ...result } : result,
    );
  });
});
