import { deserialize, serialize } from 'node:v8';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions } from 'websauna-session';
import { encrypted } from 'websauna-session/encrypted';
import { MemoryStore } from 'websauna-session/memory';
import { createRedisStore } from 'websauna-session/redis';
import { GIVEN_CLIENTS, type GivenClient } from '../../support/redis-clients.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { Jar, visit, Visit } from '../../support/visit.ts';

const SECRET = 'the secret of the sessions whose values are bytes';
const RICH = {
  date: new Date('2026-02-03T04:05:06.789Z'),
  map: new Map<unknown, unknown>([['key', new Set([1, 2])]]),
  big: 2n ** 100n,
  bytes: new Uint8Array([0, 255, 128, 10, 13, 0xc3, 0x28]),
  nothing: null,
  ключ: 'žluťoučký kůň 🐎',
  __proto: { nested: [Number.NaN, -0, undefined] },
};

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

type Options = Partial<SessionOptions>;
const BYTES: Options = {
  serialize: (value) => serialize(value),
  deserialize: (stored) => deserialize(stored as Uint8Array),
};
const memory = new MemoryStore();

const STORES: Readonly<Record<string, () => Promise<{ options: Options; end?: () => Promise<unknown> }>>> = {
  memory: async () => ({ options: { store: memory } }),
  'a connection of our own, redis': async () => ({
    options: { redis: { url: server.url, library: 'redis', socketTimeout: 20 } },
  }),
  'a connection of our own, ioredis': async () => ({
    options: { redis: { url: server.url, library: 'ioredis', socketTimeout: 20 } },
  }),
  'client-side caching': async () => ({
    options: { redis: { url: server.url, library: 'redis', cache: true, socketTimeout: 20 } },
  }),
  ...Object.fromEntries(Object.entries(GIVEN_CLIENTS).map(([name, connect]) => [name, () => given(connect)])),
};

async function given(
  connect: (url: string) => Promise<GivenClient>,
): Promise<{ options: Options; end: () => Promise<unknown> }> {
  const { client, close } = await connect(server.url);
  return { options: { redis: { client, socketTimeout: 20 } }, end: close };
}

describe.each(Object.keys(STORES))('a serializer that returns bytes, %s', (name) => {
  let options: Options;
  let end: (() => Promise<unknown>) | undefined;
  const made: SessionFactory[] = [];
  const make = (more: Options = {}): SessionFactory => {
    const factory = createSessionFactory({ secret: SECRET, ...BYTES, ...options, ...more });
    made.push(factory);
    return factory;
  };
  beforeAll(async () => {
    ({ options, end } = await STORES[name]!());
  });
  afterEach(async () => {
    await Promise.all(made.splice(0).map((factory) => factory.close()));
  });
  afterAll(() => end?.());

  const started = async (factory: SessionFactory): Promise<Jar> => {
    const jar = new Jar();
    await visit(factory, jar, (session) => session.assign(RICH));
    return jar;
  };
  const read = (factory: SessionFactory, jar: Jar): Promise<unknown> =>
    visit(factory, jar, (session) => ({ ...session.toJSON() }));

  test('values of every kind come back, through writes, rotations and logins', async () => {
    const factory = make();
    const jar = await started(factory);
    expect(await read(factory, jar)).toEqual(RICH);
    await visit(factory, jar, (session) => session.rotate());
    expect(await read(factory, jar)).toEqual(RICH);
    await visit(factory, jar, (session) => session.login('alice'));
    expect(await read(factory, jar)).toEqual(RICH);
  });

  test('reading is no writing, and a change inside a value is noticed', async () => {
    const factory = make();
    const jar = await started(factory);
    const saved: number[] = [];
    factory.on('saved', ({ set }) => saved.push(set));
    await read(factory, jar);
    expect(saved).toEqual([]);
    await visit(factory, jar, (session) => (session.get('map') as Map<unknown, unknown>).set('other', 1));
    await visit(factory, jar, (session) => void ((session.get('bytes') as Uint8Array)[0] = 7));
    expect(saved).toEqual([1, 1]);
    const { map, bytes } = (await read(factory, jar)) as typeof RICH;
    expect([map.get('other'), bytes[0]]).toEqual([1, 7]);
  });

  test('concurrent updates, messages and CSRF tokens work on bytes as on text', async () => {
    const factory = make();
    const jar = await started(factory);
    const visits = await Promise.all(Array.from({ length: 20 }, () => Visit.open(factory, new Jar(jar))));
    await Promise.all(
      visits.map(({ session }) => session.update('count', (n) => ((n as bigint | undefined) ?? 0n) + 1n)),
    );
    for (const { session } of visits.slice(0, 3)) session.flash(new Map([['text', 'flashed']]));
    await Promise.all(visits.map((each) => each.end()));
    expect(await visit(factory, jar, (session) => session.get('count'))).toBe(20n);
    const token = await visit(factory, jar, (session) => session.newCsrfToken());
    await visit(factory, jar, (session) => session.rotate());
    expect(await visit(factory, jar, (session) => session.verifyCsrfToken(token))).toBe(true);
    const messages = await visit(factory, jar, (session) => session.takeFlash());
    expect(messages).toEqual(Array.from({ length: 3 }, () => new Map([['text', 'flashed']])));
  });

  test("bytes that are another serializer's begin a new session when they are used", async () => {
    const factory = make();
    const missed: unknown[] = [];
    factory.on('rejected', ({ reason, detail }) => missed.push(`${reason} ${detail}`));
    const jar = new Jar();
    const asText = createSessionFactory({ secret: SECRET, ...options });
    made.push(asText);
    await visit(asText, jar, (session) => session.set('text', 'JSON'));
    expect(await visit(factory, jar, (session) => [session.has('text'), session.get('text'), session.size])).toEqual([
      true,
      undefined,
      0,
    ]);
    expect(missed).toEqual(['corrupt unparsable']);
  });

  test('encrypted bytes come back as bytes', async () => {
    const inner = {
      serialize: (value: unknown) => serialize(value),
      deserialize: (stored: unknown) => deserialize(stored as Uint8Array),
    };
    const factory = createSessionFactory({
      secret: SECRET,
      ...options,
      serializer: encrypted({ key: Buffer.alloc(32, 'k1'), serializer: inner }),
    });
    made.push(factory);
    const jar = await started(factory);
    await visit(factory, jar, (session) => session.login('alice'));
    expect(await read(factory, jar)).toEqual(RICH);
  });

  test('a store that was made for text refuses nothing and loses nothing when it is given bytes of ASCII', async () => {
    const ascii: Options = {
      serialize: (value) => new Uint8Array(Buffer.from(JSON.stringify(value), 'utf8')),
      deserialize: (stored) => JSON.parse(Buffer.from(stored as Uint8Array).toString('utf8')),
    };
    const factory = make(ascii);
    const jar = new Jar();
    await visit(factory, jar, (session) => session.set('text', 'ž'));
    expect(await visit(factory, jar, (session) => session.update('text', (text) => `${String(text)}!`))).toBe('ž!');
  });
});

test("an application's own store for bytes is made with `bytes: true`", async () => {
  const store = createRedisStore({ url: server.url, socketTimeout: 20 }, { bytes: true });
  const factory = createSessionFactory({ secret: SECRET, store, ...BYTES });
  const jar = new Jar();
  await visit(factory, jar, (session) => session.assign(RICH));
  expect(await visit(factory, jar, (session) => ({ ...session.toJSON() }))).toEqual(RICH);
  await factory.close();
});
