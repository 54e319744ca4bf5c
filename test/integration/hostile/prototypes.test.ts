import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { Jar, visit } from '../../support/visit.ts';

const SECRET = 'the secret of the sessions that want to be prototypes';
const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineSetter__',
  'then',
];
/** As an attacker sends it: `__proto__` is an own property here. */
const EVIL = JSON.parse(
  '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":2}},"nested":{"__proto__":{"polluted":3}}}',
) as Record<string, unknown>;

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const memory = new MemoryStore();
const STORES: Readonly<Record<string, () => Partial<SessionOptions>>> = {
  memory: () => ({ store: memory }),
  redis: () => ({ redis: { url: server.url, library: 'redis', socketTimeout: 20 } }),
  ioredis: () => ({ redis: { url: server.url, library: 'ioredis', socketTimeout: 20 } }),
};

const innocent = [Object.prototype, Function.prototype].map((each) => Object.getOwnPropertyNames(each).toSorted());

describe.each(Object.keys(STORES))('prototype pollution, %s', (kind) => {
  const made: SessionFactory[] = [];
  const make = (options: Partial<SessionOptions> = {}): SessionFactory => {
    const factory = createSessionFactory({ secret: SECRET, ...STORES[kind]!(), ...options });
    made.push(factory);
    return factory;
  };
  afterEach(async () => {
    await Promise.all(made.splice(0).map((factory) => factory.close()));
    const names = [Object.prototype, Function.prototype].map((each) => Object.getOwnPropertyNames(each).toSorted());
    if (names.join() !== innocent.join() || 'polluted' in {}) throw new Error('A prototype was polluted');
  });

  const WRITES: Readonly<Record<string, (session: WebsaunaSession, name: string, value: unknown) => unknown>> = {
    set: (session, name, value) => session.set(name, value),
    'data.x =': (session, name, value) => void (session.data[name] = value),
    'Object.assign(data)': (session, name, value) =>
      Object.assign(session.data, JSON.parse(`{"${name}":${JSON.stringify(value)}}`)),
    'Object.defineProperty(data)': (session, name, value) =>
      Object.defineProperty(session.data, name, { value, writable: true, enumerable: true, configurable: true }),
    assign: (session, name, value) =>
      session.assign(JSON.parse(`{"${name}":${JSON.stringify(value)}}`) as Record<string, unknown>),
    setDefault: (session, name, value) => session.setDefault(name, value as object),
    update: (session, name, value) => session.update(name, () => value),
  };

  test.each(Object.entries(WRITES))('%s makes a field of every name, and nothing else', async (_how, write) => {
    const factory = make();
    for (const name of NAMES) {
      const jar = new Jar();
      const value = { polluted: name };
      await visit(factory, jar, (session) => {
        expect([session.get(name), session.has(name), session.data[name]]).toEqual([undefined, false, undefined]);
        return write(session, name, value);
      });
      await visit(factory, jar, async (session) => {
        expect([session.get(name), session.data[name], session.size]).toEqual([value, value, 1]);
        expect(session.keys()).toEqual([name]);
        expect(Object.keys(session.data)).toEqual([name]);
        expect(JSON.parse(JSON.stringify(session))).toEqual(JSON.parse(`{"${name}":{"polluted":"${name}"}}`));
        expect(Object.hasOwn({ ...session.toJSON() }, name)).toBe(true);
        expect(session.data).not.toHaveProperty('polluted');
        await session.update(name, (before) => ({ ...(before as object), updated: true }));
        await write(session, 'other', name);
      });
      await visit(factory, jar, (session) => session.rotate());
      await visit(factory, jar, (session) => {
        expect(session.get(name)).toMatchObject({ updated: true });
        expect(session.delete(name)).toBe(true);
        expect([session.get(name), session.keys()]).toEqual([undefined, ['other']]);
      });
    }
  });

  test('what an attacker sends as JSON is kept as data, and pollutes nothing', async () => {
    const factory = make();
    const jar = new Jar();
    await visit(factory, jar, (session) => session.assign(EVIL).set('whole', EVIL));
    await visit(factory, jar, (session) => {
      expect(JSON.stringify(session.get('whole'))).toBe(JSON.stringify(EVIL));
      expect(JSON.stringify(session.get('nested'))).toBe('{"__proto__":{"polluted":3}}');
      expect((session.get('nested') as Record<string, unknown>)['polluted']).toBeUndefined();
      expect(({ ...session.toJSON() } as Record<string, unknown>)['polluted']).toBeUndefined();
      for (const [key, value] of session.entries()) expect(session.get(key)).toBe(value);
    });
  });

  test('the prototype of `data` cannot be had, nor be set', async () => {
    const factory = make();
    await visit(factory, new Jar(), (session) => {
      const { data } = session;
      expect(Object.getPrototypeOf(data)).toBeNull();
      expect(() => Object.setPrototypeOf(data, { polluted: 1 })).toThrow(TypeError);
      expect(Reflect.setPrototypeOf(data, { polluted: 1 })).toBe(false);
      expect(data['polluted']).toBeUndefined();
      expect(() => Object.defineProperty(data, 'x', { get: () => 1 })).toThrow(TypeError);
      expect(() => Object.freeze(data)).toThrow(TypeError);
      expect(() => ((data as Record<symbol, unknown>)[Symbol.iterator] = 1)).toThrow(TypeError);
      expect('toString' in data).toBe(false);
    });
  });

  test('initial data with such names pollutes nothing', async () => {
    const factory = make({ initialData: EVIL });
    const jar = new Jar();
    await visit(factory, jar, (session) => session.set('a', 1));
    expect(await visit(factory, jar, (session) => JSON.stringify(session.get('__proto__')))).toBe('{"polluted":1}');
    expect(await visit(factory, new Jar(), (session) => session.size)).toBe(3);
  });

  test('queues, owners and indexes with such names are like any other', async () => {
    const factory = make();
    for (const name of NAMES) {
      const jar = new Jar();
      await visit(factory, jar, (session) => {
        session.flash(EVIL, name);
        session.login(name, { method: name, index: { [name]: name, sid: name } });
      });
      expect(await visit(factory, jar, (session) => [session.owner, session.method])).toEqual([name, name]);
      expect(JSON.stringify(await visit(factory, jar, (session) => session.popFlash(name)))).toBe(
        JSON.stringify([EVIL]),
      );
      expect(await factory.owners.listBy('sid', name)).toHaveLength(1);
      expect(await factory.owners.revoke(name)).toBe(1);
    }
    expect(() => factory.on('__proto__' as 'saved', () => {})).toThrow(TypeError);
  });

  test('options with such names are refused', () => {
    for (const options of ['{"__proto__":{"store":1}}', '{"constructor":{}}']) {
      const parsed = JSON.parse(options) as Partial<SessionOptions>;
      const given = Object.create(null) as Record<string, unknown>;
      for (const key of Object.keys(parsed)) given[key] = parsed[key as keyof SessionOptions];
      expect(() => createSessionFactory({ ...given, secret: SECRET })).toThrow(TypeError);
    }
  });
});
