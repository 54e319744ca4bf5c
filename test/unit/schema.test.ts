// Fields with a schema of zod, valibot or arktype: validated when set, before they are stored, and when they are read.
import { randomBytes } from 'node:crypto';
import { type } from 'arktype';
import {
  createSessionFactory,
  SessionError,
  type FieldSchema,
  type SessionEvents,
  type SessionFactory,
  type SessionOptions,
  type WebsaunaSession,
} from 'websauna-session';
import { encrypted } from 'websauna-session/encrypted';
import { MemoryStore } from 'websauna-session/memory';
import { rich } from 'websauna-session/rich';
import * as v from 'valibot';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { Jar, visit, Visit } from '../support/visit.ts';

interface Item {
  sku: string;
  quantity: number;
}
interface Shop {
  cart: Item[];
  views: number;
  other: unknown;
}
type Options = Partial<SessionOptions<Shop>>;
type Schema = NonNullable<SessionOptions<Shop>['schema']>;

const SECRET = 'a secret of more than thirty-two bytes';
const VENDORS: [string, Schema][] = [
  ['zod', { cart: z.array(z.object({ sku: z.string(), quantity: z.number() })), views: z.number() }],
  ['valibot', { cart: v.array(v.object({ sku: v.string(), quantity: v.number() })), views: v.number() }],
  ['arktype', { cart: type({ sku: 'string', quantity: 'number' }).array(), views: type('number') }],
];
const SERIALIZERS: [string, Options][] = [
  ['json', {}],
  ['rich', { serializer: rich() }],
  ['encrypted', { serializer: encrypted({ key: randomBytes(32) }) }],
  [
    'one without `check`',
    { serializer: { serialize: (value) => JSON.stringify(value), deserialize: (text) => JSON.parse(String(text)) } },
  ],
];

let store: MemoryStore;
let jar: Jar;
beforeEach(() => {
  [store, jar] = [new MemoryStore(), new Jar()];
});

function make(options: Options): SessionFactory<Shop> {
  return createSessionFactory<Shop>({ secret: SECRET, store, ...options });
}

/** Keeps the events of invalid fields, without their handle. */
function invalidFields(factory: SessionFactory<Shop>): Omit<SessionEvents['invalidField'], 'handle'>[] {
  const events: Omit<SessionEvents['invalidField'], 'handle'>[] = [];
  factory.on('invalidField', ({ handle, ...event }) => {
    expect(handle).toMatch(/^[\w-]{43}$/);
    events.push(event);
  });
  return events;
}

const all = (factory: SessionFactory<Shop>): Promise<object> =>
  visit(factory, new Jar(jar), (session) => ({ ...session.toJSON() }));

const thrownBy = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
};

const BAD = [{ sku: 'secret-value', quantity: 'secret-value' as unknown as number }];

describe.each(VENDORS)('a schema of %s', (_, schema) => {
  test.each<[string, (session: WebsaunaSession<Shop>) => unknown]>([
    ['set', (session) => session.set('cart', BAD)],
    ['data', (session) => (session.data.cart = BAD)],
    ['assign', (session) => session.assign({ cart: BAD })],
    ['setDefault', (session) => session.setDefault('cart', BAD)],
  ])('refuses at once what %s is given, with the issues, and stores the rest', async (_name, act) => {
    const factory = make({ schema });
    await visit(factory, jar, (session) => {
      session.set('views', 1);
      const error = thrownBy(() => act(session)) as SessionError;
      expect(error).toBeInstanceOf(SessionError);
      expect(error).toMatchObject({ code: 'ERR_SESSION_INVALID_FIELD', status: 500 });
      expect(error.message).toContain('Session field `cart` does not fit its schema at `cart[0].quantity`');
      expect(error.issues).toHaveLength(1);
      expect(error.issues![0]!.message).toBeTruthy();
      // Messages of schemas may quote values, so only who asks for them has them.
      expect(`${String(error)} ${JSON.stringify(error)} ${JSON.stringify(Object.entries(error))}`).not.toContain(
        'secret-value',
      );
      session.set('other', new Map([[1, 2]]).size);
    });
    expect(await all(factory)).toEqual({ views: 1, other: 1 });
  });

  test.each(SERIALIZERS)('refuses at once what does not fit: %s', async (_name, options) => {
    const { session } = await Visit.open(make({ schema, ...options }), jar);
    expect(thrownBy(() => session.set('cart', BAD))).toMatchObject({ code: 'ERR_SESSION_INVALID_FIELD' });
    expect(session.has('cart')).toBe(false);
  });

  test.each(SERIALIZERS)('types and keeps what fits, through a rotation and a login: %s', async (_name, options) => {
    const factory = make({ schema, ...options });
    const cart = [{ sku: 'a', quantity: 1 }];
    await visit(factory, jar, (session) => session.assign({ cart, views: 1 }));
    await visit(factory, jar, (session) => session.rotate());
    await visit(factory, jar, (session) => session.login('alice'));
    await visit(factory, jar, (session) => session.get('cart')!.push({ sku: 'b', quantity: 2 }));
    expect(await all(factory)).toEqual({ cart: [...cart, { sku: 'b', quantity: 2 }], views: 1 });
  });

  test('reading writes nothing', async () => {
    const factory = make({ schema });
    const saved = vi.fn<() => void>();
    await visit(factory, jar, (session) => session.assign({ cart: [{ sku: 'a', quantity: 1 }], views: 1 }));
    factory.on('saved', saved);
    await visit(factory, jar, (session) => session.toJSON());
    expect(saved).not.toHaveBeenCalled();
  });

  test('refuses at the commit what was changed inside a value, and stores nothing', async () => {
    const factory = make({ schema });
    const storeError = vi.fn<() => void>();
    factory.on('storeError', storeError);
    await visit(factory, jar, (session) => session.set('cart', []));
    for (const act of [
      (session: WebsaunaSession<Shop>) => session.get('cart')!.push(...BAD),
      (session: WebsaunaSession<Shop>) => {
        const cart: Item[] = [];
        session.set('cart', cart);
        cart.push(...BAD);
      },
    ]) {
      const visiting = await Visit.open(factory, new Jar(jar));
      visiting.session.set('views', 1);
      act(visiting.session);
      const ended = (async () => await visiting.end())();
      await expect(ended).rejects.toMatchObject({ code: 'ERR_SESSION_INVALID_FIELD' });
      expect(await all(factory)).toEqual({ cart: [] });
    }
    expect(storeError).not.toHaveBeenCalled();
  });

  test.each([true, false])('holds update() to it; stored before: %s', async (isStored) => {
    const factory = make({ schema });
    if (isStored) await visit(factory, jar, (session) => session.set('views', 1));
    await visit(factory, jar, async (session) => {
      const update = session.update('views', () => 'two' as unknown as number);
      await expect(update).rejects.toMatchObject({ code: 'ERR_SESSION_INVALID_FIELD' });
      expect(await session.update('views', (n = 0) => n + 1)).toBe(isStored ? 2 : 1);
    });
    expect(await all(factory)).toEqual({ views: isStored ? 2 : 1 });
  });

  test.each(SERIALIZERS)(
    'takes a stored value that does not fit as absent, and reports it: %s',
    async (_name, options) => {
      await visit(make(options), jar, (session) => session.assign({ cart: BAD, views: 7, other: BAD }));
      const factory = make({ schema, ...options });
      const events = invalidFields(factory);
      const rejected = vi.fn<() => void>();
      factory.on('rejected', rejected);
      await visit(factory, new Jar(jar), (session) => {
        expect(session.has('cart')).toBe(false);
        expect(session.get('cart')).toBeUndefined();
        expect(session.get('cart', [])).toEqual([]);
        expect(session.keys().toSorted()).toEqual(['other', 'views']);
        expect(session.size).toBe(2);
        expect({ ...session.data }).toEqual({ views: 7, other: BAD });
        expect('cart' in session.data).toBe(false);
      });
      expect(events).toEqual([{ field: 'cart', version: 0, paths: ['cart[0].quantity'], error: null }]);
      expect(rejected).not.toHaveBeenCalled();
      // The stored bytes are left alone until the field is written.
      expect(await all(make(options))).toEqual({ cart: BAD, views: 7, other: BAD });
      await visit(factory, jar, (session) => session.set('cart', [{ sku: 'a', quantity: 1 }]));
      expect(await all(factory)).toEqual({ cart: [{ sku: 'a', quantity: 1 }], views: 7, other: BAD });
    },
  );

  test('lets update() begin without a value that does not fit', async () => {
    await visit(make({}), jar, (session) => session.set('views', 'many' as unknown as number));
    const factory = make({ schema });
    const events = invalidFields(factory);
    const seen: unknown[] = [];
    await visit(factory, jar, (session) =>
      session.update('views', (n) => {
        seen.push(n);
        return (n ?? 0) + 1;
      }),
    );
    expect([seen, events.length, await all(factory)]).toEqual([[undefined], 1, { views: 1 }]);
  });

  test('leaves a stored value that does not fit out of names and numbers, whichever is asked for first', async () => {
    await visit(make({}), jar, (session) => session.assign({ cart: BAD, views: 7 }));
    for (const ask of [
      (session: WebsaunaSession<Shop>) => session.keys(),
      (session: WebsaunaSession<Shop>) => Object.keys(session.toJSON()),
      (session: WebsaunaSession<Shop>) => Object.keys(session.data),
      (session: WebsaunaSession<Shop>) => session.entries().map(([key]) => key),
    ]) {
      expect(await visit(make({ schema }), new Jar(jar), ask)).toEqual(['views']);
    }
    expect(await visit(make({ schema }), jar, (session) => session.size)).toBe(1);
  });

  test('has a value again once one that fits is stored: by an update, a commit, or another request', async () => {
    const bad = (): Promise<unknown> =>
      visit(make({}), jar, (session) => session.set('views', 'many' as unknown as number));
    await bad();
    const factory = make({ schema });
    const count = (session: WebsaunaSession<Shop>): Promise<unknown> => session.update('views', (n = 0) => n + 1);
    await visit(factory, jar, async (session) => {
      await count(session);
      expect(await count(session)).toBe(2);
    });
    await bad();
    await visit(factory, jar, async (session) => {
      expect(session.get('views')).toBeUndefined();
      session.set('views', 5);
      await session.save();
      expect(await count(session)).toBe(6);
    });
    await bad();
    await visit(factory, jar, async (session) => {
      expect(session.get('views')).toBeUndefined();
      await visit(factory, new Jar(jar), (other) => other.set('views', 9));
      await session.reload();
      expect(session.get('views')).toBe(9);
    });
  });

  test.each<[string, (session: WebsaunaSession<Shop>) => unknown]>([
    ['delete', (session) => expect(session.delete('cart')).toBe(false)],
    ['clear', (session) => session.clear()],
    ['pop', (session) => expect(session.pop('cart')).toBeUndefined()],
  ])('lets %s remove a stored value that does not fit', async (_name, act) => {
    await visit(make({}), jar, (session) => session.assign({ cart: BAD, other: 1 }));
    await visit(make({ schema }), jar, (session) => {
      expect(session.get('cart')).toBeUndefined();
      act(session);
    });
    expect(await all(make({}))).not.toHaveProperty('cart');
  });
});

describe('what a schema changes', () => {
  const prefs = z.object({ theme: z.string().trim(), size: z.number().default(12) });
  interface Prefs {
    prefs: { theme: string; size: number };
  }
  const of = (options: Partial<SessionOptions<Prefs>> = {}): SessionFactory<Prefs> =>
    createSessionFactory<Prefs>({ secret: SECRET, store, schema: { prefs }, ...options });

  test('is read with its defaults, and not written by reading', async () => {
    await visit(make({}), jar, (session) => session.set('prefs' as 'other', { theme: ' dark ', more: 1 }));
    const factory = of();
    const saved = vi.fn<() => void>();
    factory.on('saved', saved);
    await visit(factory, jar, (session) => expect(session.get('prefs')).toEqual({ theme: 'dark', size: 12 }));
    expect(saved).not.toHaveBeenCalled();
    await visit(factory, jar, (session) => (session.get('prefs')!.size = 14));
    expect(saved).toHaveBeenCalledTimes(1);
    expect(await all(make({}))).toEqual({ prefs: { theme: 'dark', size: 14 } });
  });

  test('is what is stored of a value that is set, which stays the object that was given', async () => {
    const factory = of();
    const saved = vi.fn<() => void>();
    await visit(factory, jar, async (session) => {
      const given = { theme: ' light ', size: 1, more: 2 };
      session.set('prefs', given);
      expect(session.get('prefs')).toBe(given);
      given.size = 2;
      await session.save();
      factory.on('saved', saved);
    });
    // What was saved is not saved again because the schema has changed it.
    expect(saved).not.toHaveBeenCalled();
    expect(await all(make({}))).toEqual({ prefs: { theme: 'light', size: 2 } });
  });

  test('has to be what the serializer keeps', async () => {
    interface Dated {
      at: Date;
    }
    const schema = { at: z.coerce.date() };
    const plain = createSessionFactory<Dated>({ secret: SECRET, store, schema });
    await visit(plain, new Jar(), (session) => {
      expect(() => session.set('at', new Date(5))).toThrow(/`at` is a Date/);
    });
    const keeping = createSessionFactory<Dated>({ secret: SECRET, store, schema, serializer: rich() });
    await visit(keeping, jar, (session) => session.set('at', new Date(5)));
    expect(await visit(keeping, jar, (session) => session.get('at'))).toEqual(new Date(5));
  });

  test('initial data has to fit: at once, or when a session is stored', async () => {
    const wrong = { prefs: { theme: 5 as unknown as string, size: 1 } };
    expect(() => of({ initialData: wrong })).toThrow(/Session field `prefs` does not fit its schema at `prefs\.theme`/);
    const late = of({ initialData: () => wrong });
    await expect(visit(late, jar, (session) => session.newCsrfToken())).rejects.toMatchObject({
      code: 'ERR_SESSION_INVALID_FIELD',
    });
  });
});

describe('versions', () => {
  const cents = (field: string, value: unknown, version: number): unknown => {
    if (field !== 'views') return value;
    return version === 0 ? (value as { count: number }).count * 100 : (value as number) * 10;
  };
  const schema: Schema = { views: z.number() };

  test.each(SERIALIZERS)(
    'migrate what is older when it is read, and store it with its version: %s',
    async (_, options) => {
      await visit(make(options), jar, (session) =>
        session.assign({ views: { count: 5 } as unknown as number, other: 1 }),
      );
      const second = make({ ...options, schema, schemaVersion: 2, migrate: cents });
      const saved = vi.fn<() => void>();
      second.on('saved', saved);
      expect(await all(second)).toEqual({ views: 500, other: 1 });
      expect(saved).not.toHaveBeenCalled();
      // A rotation serialises again what is bound to the id, as it is.
      await visit(second, jar, (session) => session.rotate());
      expect(await all(second)).toEqual({ views: 500, other: 1 });
      await visit(second, jar, (session) => session.update('views', (n = 0) => n + 1));
      expect(await all(second)).toEqual({ views: 501, other: 1 });
      const third = make({ ...options, schema, schemaVersion: 3, migrate: cents });
      expect(await all(third)).toEqual({ views: 5010, other: 1 });
      await visit(third, jar, (session) => session.login('alice'));
      expect(await all(third)).toEqual({ views: 5010, other: 1 });
      // Older processes, and an application that has gone back to no schemas, read what newer ones have written.
      await visit(third, jar, (session) => session.set('views', 6000));
      expect(await all(make({ ...options, schema }))).toEqual({ views: 6000, other: 1 });
      expect(await all(make(options))).toEqual({ views: 6000, other: 1 });
      await visit(make(options), jar, (session) => session.rotate());
      expect(await all(third)).toEqual({ views: 6000, other: 1 });
    },
  );

  test('a migration that returns nothing or throws leaves no field; the latter is reported', async () => {
    await visit(make({}), jar, (session) => session.assign({ views: 1, cart: [] }));
    const error = new Error('cannot');
    const factory = make({
      schema: { ...schema, cart: z.array(z.any()) },
      schemaVersion: 1,
      migrate: (field) => {
        if (field === 'views') throw error;
        return undefined;
      },
    });
    const events = invalidFields(factory);
    expect(await all(factory)).toEqual({});
    expect(events).toEqual([{ field: 'views', version: 0, paths: [], error }]);
  });

  test('belong to the value: encrypted() refuses one that was changed', async () => {
    const options = { serializer: encrypted({ key: randomBytes(32) }), schema, schemaVersion: 1 };
    await visit(make(options), jar, (session) => session.set('views', 5));
    const handle = await visit(make(options), new Jar(jar), (session) => session.handle);
    const key = { handle, ownerHash: null };
    const record = await store.load(key);
    const stored = record?.status === 'found' ? String(record.fields['views']) : '';
    expect(stored).toMatch(/^@1:e1\./);
    const change = {
      delete: new Set<string>(),
      timeout: null,
      expect: null,
      cookieAttributes: null,
      confirmsCookie: false,
    };
    await store.save(key, { ...change, set: new Map([['views', stored.replace('@1:', '@0:')]]) });
    const factory = make({ ...options, migrate: (_, value) => (value as number) * 100 });
    const rejected = vi.fn<(event: { reason: string }) => void>();
    factory.on('rejected', rejected);
    expect(await all(factory)).toEqual({});
    expect(rejected.mock.calls[0]![0].reason).toBe('corrupt');
  });

  test('of bytes are kept in front of them', async () => {
    const bytes: Options = {
      serialize: (value) => Buffer.from(JSON.stringify(value)),
      deserialize: (stored) => JSON.parse(Buffer.from(stored as Uint8Array).toString()),
    };
    await visit(make(bytes), jar, (session) => session.set('views', 5));
    const factory = make({ ...bytes, schema, schemaVersion: 2, migrate: (_, value) => (value as number) * 100 });
    await visit(factory, jar, (session) => session.update('views', (n = 0) => n + 1));
    expect([await all(factory), await all(make(bytes))]).toEqual([{ views: 501 }, { views: 501 }]);
  });
});

describe('a schema that cannot be used', () => {
  test('validates asynchronously: a TypeError wherever it is used, and no rejection is left over', async () => {
    const broken: FieldSchema<number> = {
      '~standard': { version: 1, vendor: 'test', validate: () => Promise.reject(new Error('unhandled')) },
    };
    const asked = z.number().refine((n) => Promise.resolve(n > 0));
    await visit(make({}), jar, (session) => session.set('views', 1));
    for (const views of [
      broken,
      asked,
      v.pipeAsync(
        v.number(),
        v.checkAsync(() => Promise.resolve(true)),
      ),
    ]) {
      await visit(make({ schema: { views } }), new Jar(jar), (session) => {
        const error = thrownBy(() => session.set('views', 2));
        expect(error).toBeInstanceOf(TypeError);
        expect(String(error)).toContain('Expected `schema.views` to validate synchronously, got a promise');
        expect(() => session.get('views')).toThrow(TypeError);
      });
    }
  });

  test('throws: when setting as it is, when reading as a value that does not fit', async () => {
    const error = new Error('broken');
    const views: FieldSchema<number> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: () => {
          throw error;
        },
      },
    };
    await visit(make({}), jar, (session) => session.set('views', 1));
    const factory = make({ schema: { views } });
    const events = invalidFields(factory);
    await visit(factory, jar, (session) => {
      expect(() => session.set('views', 2)).toThrow(error);
      expect(session.get('views')).toBeUndefined();
    });
    expect(events).toEqual([{ field: 'views', version: 0, paths: [], error }]);
  });

  test.each<[Options, RegExp]>([
    [{ schema: null as never }, /^Expected `schema` to be an object of schemas, got null\. Pass schemas of zod/],
    [{ schema: { views: {} as never } }, /^Expected `schema\.views` to be a Standard Schema, got an object/],
    [{ schema: { views: 'number' as never } }, /^Expected `schema\.views` to be a Standard Schema, got a string/],
    [{ schema: { '': z.number() } as never }, /^Expected `schema` to be an object of fields, with names/],
    [{ schemaVersion: 1 }, /^Expected `schema` to be an object of schemas with `schemaVersion`, got undefined/],
    [{ schema: {}, schemaVersion: -1 }, /^Expected `schemaVersion` to be an integer .*got -1/],
    [{ schema: {}, migrate: () => 1 }, /^Expected `schemaVersion` to be 1 or more with `migrate`, got undefined/],
    [{ schema: {}, migrate: 5 as never }, /^Expected `migrate` to be a function of field, value and version/],
  ])('is refused when the factory is made: %o', (options, message) => {
    expect(() => make(options)).toThrow(message);
  });
});
