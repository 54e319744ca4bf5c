import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type WebsaunaSession } from 'websauna-session';
import { CountingStore } from '../../support/counting-store.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { exchangeOf, Jar, MemoryHead, visit } from '../../support/visit.ts';

const SECRET = 'the only secret that signs cookies in this file';
const OTHER = 'a secret that this factory does not have';
/** Cookies of each kind. */
const RUNS = 10_000;
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.split('');

const store = new CountingStore();
const factory = createSessionFactory({ secret: SECRET, store });
/** Values of real cookies: anonymous, owned, and of an application with another secret. */
let anonymous: string;
let owned: string;
let foreign: string;
const missed: string[] = [];
factory.on('rejected', ({ reason }) => missed.push(reason));

async function cookieOf(of: SessionFactory, owner: string | null): Promise<string> {
  const jar = new Jar();
  await visit(of, jar, (session) => {
    session.set('secret', 'of a real client');
    if (owner !== null) session.login(owner);
  });
  return jar.cookies.get('session')!;
}

beforeAll(async () => {
  anonymous = await cookieOf(factory, null);
  owned = await cookieOf(factory, 'alice');
  foreign = await cookieOf(createSessionFactory({ secret: OTHER, store }), 'alice');
});

test('the cookies to be forged are <random>.<signature> and <ownerHash>.<random>.<signature>', () => {
  expect(anonymous).toMatch(/^[\w-]{43}\.[\w-]{43}$/);
  expect(owned).toMatch(/^[\w-]{16}\.[\w-]{43}\.[\w-]{43}$/);
  expect(foreign).toBe(forge(foreign.slice(0, -44), OTHER));
  expect(anonymous).toBe(forge(anonymous.slice(0, -44), SECRET));
});

const real = fc.constantFrom('anonymous', 'owned').map((kind) => (kind === 'owned' ? owned : anonymous));
const base64url = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...BASE64URL), minLength, maxLength });
const at = fc.nat({ max: 200 });
const randomPart = base64url(43, 43);
const ownedId = fc.tuple(base64url(16, 16), randomPart).map((parts) => parts.join('.'));
const id = fc.oneof(randomPart, ownedId);

function sign(kind: string, value: string): string {
  switch (kind) {
    case 'hash':
      return createHash('sha256').update(value).digest('base64url');
    case 'plain':
      return createHmac('sha256', SECRET).update(value).digest('base64url');
    case 'label':
      return createHmac('sha256', SECRET).update(`websauna-session/1/cookie${value}`).digest('base64url');
    default:
      return Buffer.alloc(32, kind === 'ones' ? 255 : 0).toString('base64url');
  }
}

/** What a process with this secret would send. */
function forge(value: string, secret: string): string {
  const key = createHmac('sha256', secret).update('websauna-session/1/cookie').digest();
  return `${value}.${createHmac('sha256', key).update(value).digest('base64url')}`;
}

/** Every kind of cookie value that is none of ours. */
const KINDS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'random bytes': fc.string({ unit: 'binary', maxLength: 400 }),
  'random Latin-1, as Node reads headers': fc
    .uint8Array({ maxLength: 400 })
    .map((bytes) => Buffer.from(bytes).toString('latin1')),
  'another alphabet at the right length': fc.string({ unit: 'grapheme-ascii', minLength: 87, maxLength: 87 }),
  'the right alphabet at any length': base64url(0, 500),
  'the right form, with a made-up signature': fc.tuple(id, base64url(43, 43)).map((parts) => parts.join('.')),
  'the right form, signed by guesswork': fc
    .tuple(id, fc.constantFrom('hash', 'plain', 'label', 'zeros', 'ones'))
    .map(([value, kind]) => `${value}.${sign(kind, value)}`),
  'a real id, signed by guesswork': fc
    .tuple(real, fc.constantFrom('hash', 'plain', 'label', 'zeros', 'ones'))
    .map(([value, kind]) => `${value.slice(0, -44)}.${sign(kind, value.slice(0, -44))}`),
  'a real cookie, truncated': fc.tuple(real, at).map(([value, n]) => value.slice(0, n % value.length)),
  'a real cookie without its beginning': fc.tuple(real, at).map(([value, n]) => value.slice(1 + (n % value.length))),
  'a real cookie, extended': fc
    .tuple(real, base64url(1, 40), fc.boolean())
    .map(([value, more, before]) => (before ? more + value : value + more)),
  'a real cookie with one character changed': fc
    .tuple(real, at, fc.constantFrom(...BASE64URL, '.', '+', '/', '=', '%', '\0', 'é'))
    .map(([value, n, other]) => value.slice(0, n % value.length) + other + value.slice((n % value.length) + 1))
    .filter((value) => value !== anonymous && value !== owned),
  'a real cookie with two characters swapped': fc
    .tuple(real, at, at)
    .map(([value, a, b]) => swap(value, a % value.length, b % value.length))
    .filter((value) => value !== anonymous && value !== owned),
  'a real cookie in another case': real.chain((value) =>
    fc.constantFrom(value.toUpperCase(), value.toLowerCase(), value.toLowerCase().toUpperCase()),
  ),
  "another client's signature": fc.tuple(real, id).map(([value, other]) => `${other}.${value.slice(-43)}`),
  'the signatures of two clients, swapped': real.map((value) =>
    value === anonymous ? anonymous.slice(0, 44) + owned.slice(-43) : owned.slice(0, 61) + anonymous.slice(-43),
  ),
  'an owned id without its owner hash, or with another': fc
    .tuple(base64url(16, 16), fc.boolean())
    .map(([ownerHash, none]) => (none ? owned.slice(17) : `${ownerHash}.${owned.slice(17)}`)),
  'an anonymous id with an owner hash': base64url(16, 16).map((ownerHash) => `${ownerHash}.${anonymous}`),
  'dots in other places': fc
    .tuple(real, fc.array(at, { minLength: 1, maxLength: 5 }))
    .map(([value, places]) => places.reduce((text, n) => insert(text, n % (text.length + 1), '.'), value)),
  'nothing but dots and dashes': fc.string({ unit: fc.constantFrom('.', '-', '_'), maxLength: 120 }),
  'quotes that do not belong': fc
    .tuple(
      real,
      fc.constantFrom<[string, string]>(['"', ''], ['', '"'], ['""', '""'], ['"', '"x'], ["'", "'"], ['\\"', '\\"']),
    )
    .map(([value, [before, after]]) => before + value + after),
  'percent-encoded': fc.tuple(real, at).map(([value, n]) => {
    const index = n % value.length;
    const code = value.charCodeAt(index).toString(16).padStart(2, '0');
    return `${value.slice(0, index)}%${code}${value.slice(index + 1)}`;
  }),
  'signed by another secret': id.map((value) => forge(value, OTHER)),
  'a real id, signed by another secret': real.map((value) => forge(value.slice(0, -44), OTHER)),
  'names of prototypes': fc
    .tuple(
      fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'null', 'undefined'),
      id,
    )
    .chain(([name, value]) =>
      fc.constantFrom(name, `${name}.${name}`, `${value}.${name}`, `${name}.${value}`, `${name}.${sign('hash', name)}`),
    ),
  'text of programs': fc
    .constantFrom(
      's:',
      'j:{"$ne":null}',
      '{"a":1}',
      '[object Object]',
      '../',
      '*',
      '\r\nDEL x',
      "' or 1=1 --",
      '\u0000',
      '${7*7}',
    )
    .chain((text) => fc.tuple(real, fc.boolean()).map(([value, before]) => (before ? text + value : value + text))),
};

function swap(text: string, a: number, b: number): string {
  const letters = text.split('');
  [letters[a], letters[b]] = [letters[b]!, letters[a]!];
  return letters.join('');
}

function insert(text: string, index: number, what: string): string {
  return text.slice(0, index) + what + text.slice(index);
}

function open(header: string): WebsaunaSession | Promise<WebsaunaSession> {
  return factory.load(exchangeOf(new Jar(), { headers: { cookie: header } }));
}

/** A stranger's session, that is new and empty, opened without asking the store. */
function expectStranger(header: string): void {
  const session = open(header);
  if (session instanceof Promise) throw new Error('The store was asked');
  const { isNew, size, owner, createdAt, degraded } = session;
  if (!isNew || size !== 0 || owner !== null || createdAt !== null || degraded) throw new Error('Not a new session');
  for (const cookie of [anonymous, owned]) {
    if (cookie.includes(session.id)) throw new Error('It is the id of another session');
  }
  const head = new MemoryHead();
  if (factory.commit(session, head) !== undefined || head.cookies.length > 0) throw new Error('Reading was no reading');
}

describe('a cookie that is not ours', () => {
  test.each(Object.entries(KINDS))('%s: always a new session, and the store is not asked', (_kind, arbitrary) => {
    store.calls.length = 0;
    fc.assert(
      fc.property(arbitrary, (value) => expectStranger(`session=${value}`)),
      { numRuns: RUNS },
    );
    expect(store.calls).toEqual([]);
  });

  test('any header at all: always a new session, and the store is not asked', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'session=',
        'session',
        '=',
        ';',
        '; ',
        ',',
        ' ',
        '\t',
        '"',
        '__proto__=',
        'SESSION=',
        'xsession=',
      ),
      base64url(0, 60),
      fc.string({ unit: 'binary', maxLength: 20 }),
    );
    store.calls.length = 0;
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => expectStranger(pieces.join(''))),
      { numRuns: RUNS },
    );
    expect(store.calls).toEqual([]);
  });

  test('huge values are refused without being hashed', () => {
    store.calls.length = 0;
    for (const length of [1_000, 10_000, 100_000, 1_000_000]) {
      for (const value of [
        'A'.repeat(length),
        `${anonymous.slice(0, -44)}${'A'.repeat(length)}${anonymous.slice(-44)}`,
      ]) {
        missed.length = 0;
        expectStranger(`session=${value}`);
        expect(missed).toEqual(['malformed']);
      }
    }
    expect(store.calls).toEqual([]);
  });

  test('thousands of cookies of the name: the first few well-formed ones count, however long the header is', () => {
    const forged = `session=${'A'.repeat(43)}.${'A'.repeat(43)}; `;
    const header = `${`session=x; ${forged}`.repeat(5_000)}session=${anonymous}`;
    store.calls.length = 0;
    const started = performance.now();
    for (let i = 0; i < 100; i++) expectStranger(header);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(store.calls).toEqual([]);
  });

  test('the reason is reported: the form or the signature', () => {
    missed.length = 0;
    expectStranger('session=nonsense');
    expectStranger(`session=${anonymous.slice(0, -43)}${'A'.repeat(43)}`);
    expectStranger(`session=${foreign}`);
    expectStranger('other=nonsense');
    expect(missed).toEqual(['malformed', 'signature', 'signature']);
  });

  test('what cannot be ours by its form is refused before anything is computed', () => {
    const FORMS = [[87], [43, 42], [43, 44], [0, 43], [21, 43], [257, 43], [16, 21, 43], [16, 257, 43]];
    FORMS.push([15, 43, 43], [17, 43, 43], [16, 16, 43, 43], [43, 43, 43], [16, 43, 42], [16, 43, 44]);
    const values = FORMS.map((lengths) => lengths.map((length) => 'A'.repeat(length)).join('.'));
    for (const letter of ['+', '/', '=', '%', ' ', 'é', '\0', '"', '.']) {
      values.push(`${'A'.repeat(42)}${letter}.${'A'.repeat(43)}`, `${'A'.repeat(43)}.${letter}${'A'.repeat(42)}`);
    }
    for (const value of values) {
      missed.length = 0;
      expectStranger(`session=${value}`);
      expect([value, missed]).toEqual([value, ['malformed']]);
    }
  });

  test('the session that begins with a hostile cookie has an id of its own', async () => {
    const { calls } = store;
    calls.length = 0;
    for (const value of [foreign, 'x', `${anonymous.slice(0, -1)}${anonymous.endsWith('A') ? 'B' : 'A'}`]) {
      const jar = new Jar();
      await visit(factory, jar, (session) => session.set('a', 1), { headers: { cookie: `session=${value}` } });
      expect(jar.cookies.get('session')!.slice(0, 43)).not.toBe(value.slice(0, 43));
    }
    expect(calls).toEqual(['create', 'create', 'create']);
  });
});

describe('a cookie that we signed', () => {
  test('for a session that is not there is asked for once, and its id is not adopted', async () => {
    const cookie = await cookieOf(factory, null);
    const jar = new Jar();
    jar.cookies.set('session', cookie);
    await visit(factory, new Jar(jar), (session) => session.invalidate());
    store.calls.length = 0;
    missed.length = 0;
    const next = new Jar(jar);
    await visit(factory, next, (session) => session.set('a', 1));
    expect(store.calls).toEqual(['load', 'create']);
    expect(missed).toEqual(['not-found']);
    expect(next.header).not.toBe(jar.header);
    expect(next.cookies.get('session')!.slice(0, 43)).not.toBe(cookie.slice(0, 43));
  });

  test('opens its session beside others of the name that are not ours', async () => {
    for (const header of [
      `session=${anonymous}`,
      `session="${anonymous}"`,
      `session=x; session=${anonymous}`,
      `session=${foreign}; session=; session=${anonymous}; session=y`,
      `other=1;session=${anonymous};__proto__=1`,
    ]) {
      const session = await open(header);
      expect(session.get('secret')).toBe('of a real client');
    }
  });

  test('of several that we signed the first that is alive is opened, at the cost of one command each', async () => {
    const dead = await cookieOf(factory, null);
    await visit(factory, new Jar(), (session) => session.invalidate(), { headers: { cookie: `session=${dead}` } });
    store.calls.length = 0;
    const session = await open(`session=${dead}; session=${owned}; session=${anonymous}`);
    expect(session.owner).toBe('alice');
    expect(store.calls).toEqual(['load', 'load']);
  });
});

describe('on Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  test.each(['redis', 'ioredis'] as const)('hostile cookies cost no command, %s', async (library) => {
    const overRedis = createSessionFactory({ secret: SECRET, redis: { url: server.url, library, socketTimeout: 20 } });
    await cookieOf(overRedis, null);
    await server.resetStats();
    await fc.assert(
      fc.asyncProperty(fc.oneof(...Object.values(KINDS)), async (value) => {
        const session = await overRedis.load(exchangeOf(new Jar(), { headers: { cookie: `session=${value}` } }));
        expect(session.isNew && session.size === 0).toBe(true);
      }),
      { numRuns: RUNS },
    );
    expect(await server.commandCounts()).toEqual(new Map());
    await overRedis.load(exchangeOf(new Jar(), { headers: { cookie: `session=${anonymous}` } }));
    expect(await server.commandCounts()).toEqual(new Map([['hgetall', 1]]));
    await overRedis.close();
  });
});
