import { randomBytes } from 'node:crypto';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { createSessionFactory, type Serializer, type SessionFactory } from 'websauna-session';
import { encrypted } from 'websauna-session/encrypted';
import { MemoryStore } from 'websauna-session/memory';
import { rich } from 'websauna-session/rich';
import { afterEach, describe, expect, it, test, vi } from 'vitest';
import { json } from '../../src/serializers/json.ts';
import { Jar, visit } from '../support/visit.ts';

type Data = Record<string, unknown>;

const CONTEXT = { field: 'cart', handle: 'handle' };
const serializer = rich();

function roundTrip(value: unknown): unknown {
  return serializer.deserialize(serializer.serialize(value, CONTEXT), CONTEXT);
}

function refusal(value: unknown, field = 'cart'): string {
  let message = '';
  for (const write of [
    () => serializer.check!(value, field),
    () => serializer.serialize(value, { field, handle: '' }),
  ]) {
    try {
      write();
      return 'accepted';
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_SESSION_SERIALIZE' });
      ({ message } = error as Error);
    }
  }
  return message;
}

describe('rich()', () => {
  const cycle: Data = { list: new Set() };
  (cycle['list'] as Set<unknown>).add(cycle);
  const shared = { a: 1 };

  it.each<[string, unknown]>([
    ['a Date', new Date(1_700_000_000_123)],
    ['an invalid Date', new Date(Number.NaN)],
    ['a Map with objects as keys', new Map<unknown, unknown>([[{ a: 1 }, new Date(0)], ['b', new Map()]])], // prettier-ignore
    ['a Set', new Set([1, 'a', new Set([undefined])])],
    ['a BigInt', { total: 12345678901234567890n }],
    ['undefined', { a: undefined, list: [undefined, 1] }],
    ['numbers', [Number.NaN, Infinity, -Infinity, -0, 0, 1e300]],
    ['a RegExp', /a\/b[<]/giu],
    ['a URL', new URL('https://user@example.com/a?b=c#d')],
    ['search parameters', new URLSearchParams('a=1&a=2')],
    ['bytes', [new Uint8Array([0, 255]), new ArrayBuffer(3), new Float64Array([1.5, Number.NaN])]],
    ['an object without a prototype', Object.assign(Object.create(null) as object, { a: 1 })],
    ['text', ['', '\u0000', '</script>', '\ud800', '\u2028', 'r1.']],
    ['null, and what JSON keeps', { a: null, b: [true, false, 1.5, 'x', {}, []] }],
  ])('keeps %s', (_, value) => {
    for (const each of [value, { nested: [value] }]) expect(roundTrip(each)).toStrictEqual(each);
  });

  it('keeps holes, cycles, and which parts are the same', () => {
    // oxlint-disable-next-line no-sparse-arrays -- it is the point
    const holes = roundTrip([1, , 2]) as unknown[];
    expect([holes.length, 1 in holes]).toEqual([3, false]);
    const back = roundTrip(cycle) as { list: Set<unknown> };
    expect([...back.list][0]).toBe(back);
    const [one, two] = roundTrip([shared, shared]) as unknown[];
    expect(one).toBe(two);
  });

  it('keeps all that it accepts', () => {
    const anything = fc.anything({ withDate: true, withMap: true, withSet: true, withBigInt: true, withSparseArray: true, withNullPrototype: true, withTypedArray: true, withBoxedValues: true }); // prettier-ignore
    let taken = 0;
    fc.assert(
      fc.property(anything, (value) => {
        if (refusal(value) !== 'accepted') return;
        taken++;
        expect(roundTrip(value)).toStrictEqual(value);
        expect(serializer.serialize(roundTrip(value), CONTEXT)).toBe(serializer.serialize(value, CONTEXT));
      }),
      { numRuns: 3000 },
    );
    expect(taken).toBeGreaterThan(2000);
  });

  it('stores as JSON what JSON keeps exactly, and nothing else', () => {
    for (const value of ['text', 1.5, true, null, { a: [{ b: null }] }, JSON.parse('{"__proto__":{"a":1}}')]) {
      expect(serializer.serialize(value, CONTEXT)).toBe(JSON.stringify(value));
    }
    for (const value of [-0, undefined, { a: undefined }, [shared, shared], Object.create(null), new Date(0)]) {
      expect(serializer.serialize(value, CONTEXT)).toMatch(/^r1\./);
    }
  });

  class Money {
    readonly cents = 5;
  }
  it.each<[string, unknown, string]>([
    ['a function', { a: () => 'secret-value' }, '`cart.a` is a function. Store data only'],
    ['a symbol', [Symbol('secret-value')], '`cart[0]` is a symbol'],
    ['a symbol as a key', { [Symbol('secret-value')]: 1 }, '`cart` has a symbol as a key'],
    ['a class instance', { items: [{ price: new Money() }] }, '`cart.items[0].price` is an instance of Money'],
    ['an Error', new Error('secret-value'), '`cart` is an instance of Error'],
    ['a promise', Promise.resolve(1), '`cart` is a promise. Await it first'],
    ['a Buffer', { a: Buffer.from('secret-value') }, '`cart.a` is a Buffer'],
    ['subclasses', [new (class Mine extends Map {})()], '`cart[0]` is an instance of Mine'],
    ['a subclass of Array', new (class List extends Array {})(), '`cart` is an instance of List'],
    ['a value of a Map', new Map([['a b', () => 1]]), "`cart.get('a b')` is a function"],
    ['a key of a Map', new Map([[() => 1, 1]]), '`cart.keys()` is a function'],
    ['an item of a Set', new Set([1, () => 1]), '`cart.values()[1]` is a function'],
    ['a property of an array', Object.assign([1], { extra: 1 }), '`cart` has a property'],
    ['the key __proto__ beside rich values', JSON.parse('{"a":{"__proto__":1}}', (key, each: unknown) => (key === 'a' ? { ...(each as object), at: new Date(0), ['__proto__']: 1 } : each)), '`cart.a` has the key `__proto__`'], // prettier-ignore
    [
      'what is nested too deeply',
      JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`),
      '`cart` is nested too deeply',
    ],
  ])('refuses %s, and says where it is and what to do', (_, value, where) => {
    const message = refusal(value);
    expect(message).toContain(`Cannot write session field \`cart\` by \`rich()\`: ${where}`);
    expect(message).not.toContain('secret-value');
  });

  it('takes values of another realm', () => {
    const foreign: unknown = runInNewContext('({ at: new Date(0), map: new Map([[1, [2]]]) })');
    expect(roundTrip(foreign)).toEqual({ at: new Date(0), map: new Map([[1, [2]]]) });
  });

  it.each([
    'r1.',
    'r1.{',
    'r1.secret-value',
    'r1.[["Function",1],"secret-value"]',
    'r1.[{"__proto__":1},{"admin":2},true]',
    'r1.[["null","__proto__",1],{"admin":2},true]',
    'r1.[["constructor",1],2]',
    'r1.[[["x"]]',
    'r1.5',
    'secret-value',
  ])('refuses stored %j without quoting it, and runs nothing', (stored) => {
    // prettier-ignore
    let error: unknown;
    try {
      serializer.deserialize(stored, CONTEXT);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'ERR_SESSION_SERIALIZE' });
    expect(String(error)).toContain('`cart`');
    expect(String(error)).not.toContain('secret-value');
    expect((error as Error).cause).toBeUndefined();
    expect(({} as Data)['admin']).toBeUndefined();
  });

  it('has no options, and says so', () => {
    const attempt = (): unknown => rich({ types: [] } as never);
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow(/^Expected `options` to be absent, got an object\. .*write a `serializer` of your own/);
  });

  it('refuses bytes, which it never wrote', () => {
    expect(() => serializer.deserialize(Buffer.from('r1.[0]'), CONTEXT)).toThrow(/is not JSON/);
  });

  it('leaves `__proto__` of stored JSON inert, and writes it back', () => {
    const text = '{"__proto__":{"admin":true},"a":1}';
    const value = serializer.deserialize(text, CONTEXT) as Data;
    expect([Object.getPrototypeOf(value), value['admin']]).toEqual([Object.prototype, undefined]);
    expect(serializer.serialize(value, CONTEXT)).toBe(text);
  });
});

function factoryOf(store: MemoryStore, given: Serializer): SessionFactory<Data> {
  return createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store, serializer: given });
}

describe.each<[string, (inner: Serializer) => Serializer]>([
  ['plain', (inner) => inner],
  ['encrypted', (inner) => encrypted({ key: Buffer.alloc(32, randomBytes(32)), serializer: inner })],
])('sessions, %s', (_, wrap) => {
  test('go on when an application changes from JSON to rich(), and are not written by reading', async () => {
    const store = new MemoryStore();
    const key = randomBytes(32);
    const of = (inner: Serializer): Serializer =>
      wrap(inner) === inner ? inner : encrypted({ key, serializer: inner });
    const [before, after] = [factoryOf(store, of(json)), factoryOf(store, of(rich()))];
    const jar = new Jar();
    await visit(before, jar, (session) => {
      session.assign({ cart: { items: [1, { a: null }] }, text: 'x' }).flash({ saved: true });
    });
    let saved = 0;
    after.on('saved', () => saved++);
    expect(
      await visit(after, jar, (session) => [session.get('cart'), session.get('text'), session.peekFlash()]),
    ).toEqual([{ items: [1, { a: null }] }, 'x', [{ saved: true }]]);
    expect(saved).toBe(0);
    await visit(after, jar, (session) => (session.get('cart') as Data)['at'] = new Date(5)); // prettier-ignore
    await visit(after, jar, (session) => session.login('alice'));
    expect(await visit(after, jar, (session) => session.get('cart'))).toEqual({
      items: [1, { a: null }],
      at: new Date(5),
    });
    expect(saved).toBe(1);
  });

  test('are rejected as corrupt after a change back if they have a rich value, and go on if they have none', async () => {
    const store = new MemoryStore();
    const key = randomBytes(32);
    const of = (inner: Serializer): Serializer =>
      wrap(inner) === inner ? inner : encrypted({ key, serializer: inner });
    const [now, back] = [factoryOf(store, of(rich())), factoryOf(store, of(json))];
    const rejected: unknown[] = [];
    back.on('rejected', ({ reason, detail }) => rejected.push([reason, detail]));
    const [plain, dated] = [new Jar(), new Jar()];
    await visit(now, plain, (session) => session.assign({ cart: [1] }).flash('saved'));
    await visit(now, dated, (session) => session.assign({ cart: new Set([1]), a: 1 }));
    expect(await visit(back, plain, (session) => [session.get('cart'), session.popFlash()])).toEqual([[1], ['saved']]);
    expect(rejected).toEqual([]);
    expect(await visit(back, dated, (session) => [session.get('cart'), session.get('a')])).toEqual([undefined, undefined]); // prettier-ignore
    expect(rejected).toEqual([['corrupt', 'unparsable']]);
  });

  test('notice what is changed inside maps, sets and dates', async () => {
    const factory = factoryOf(new MemoryStore(), wrap(rich()));
    const jar = new Jar();
    let saved = 0;
    factory.on('saved', () => saved++);
    await visit(factory, jar, (session) => session.set('tags', new Map([['a', new Set([1])]])));
    await visit(factory, jar, (session) => session.get('tags'));
    expect(saved).toBe(0);
    await visit(factory, jar, (session) => (session.get('tags') as Map<string, Set<number>>).get('a')!.add(2));
    expect(saved).toBe(1);
    expect(await visit(factory, jar, (session) => session.get('tags'))).toEqual(new Map([['a', new Set([1, 2])]]));
  });
});

describe('rich() on other versions of devalue', () => {
  afterEach(() => {
    vi.doUnmock('devalue');
    vi.resetModules();
  });

  it('writes and reads on 5 the same as on 6', async () => {
    vi.resetModules();
    let calls = 0;
    vi.doMock('devalue', async () => {
      const older = await vi.importActual<typeof import('devalue')>('devalue5');
      return { ...older, stringify: (value: unknown) => (calls++, older.stringify(value)) };
    });
    const { rich: richOn5 } = await import('../../src/serializers/rich.ts');
    const older = richOn5();
    const when = new Date(1_700_000_000_123);
    const value = {
      when,
      again: when,
      map: new Map([[1n, new Set([undefined, -0])]]),
      bytes: new Uint8Array([0, 255]),
    };
    const written = older.serialize(value, CONTEXT);
    expect([written, calls]).toEqual([serializer.serialize(value, CONTEXT), 1]);
    expect(older.deserialize(written, CONTEXT)).toStrictEqual(value);
  });

  it('refuses one that lets what is stored change a prototype', async () => {
    vi.resetModules();
    vi.doMock('devalue', async () => ({
      ...(await vi.importActual<typeof import('devalue')>('devalue5')),
      // As 5.6.0 reads it.
      parse: (text: string) => (text.includes('__proto__') ? Object.setPrototypeOf({}, {}) : undefined),
    }));
    const { rich: richOnOld } = await import('../../src/serializers/rich.ts');
    expect(() => richOnOld()).toThrow(/^Expected `devalue` to be of version 5\.9 or newer/);
  });
});
