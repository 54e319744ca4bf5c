import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createClient } from 'redis';
import { describe, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import session from 'websauna-session/express-session';
import { MemoryStore } from 'websauna-session/memory';
import { connectRedis, fastifySession } from 'websauna-session/migrate';
import { ForeignCookies } from '../../../src/compat/migrate/foreign-cookies.ts';
import { normalizeConnectRedis, type OldSession } from '../../../src/compat/migrate/options.ts';

// Never connected: nothing is asked of it here.
const client = createClient();
const phase = 'convert' as const;
const SECRET = 'keyboard cat';
const LONG = 'a secret that is as long as it has to be';

function cookie(sid: string, secret: string | Uint8Array = SECRET, prefix = 's:'): string {
  const signature = createHmac('sha256', secret).update(sid).digest('base64').replace(/=+$/, '');
  return `connect.sid=${encodeURIComponent(`${prefix}${sid}.${signature}`)}`;
}

describe('Cookies of cookie-signature', () => {
  const sids = (cookies: ForeignCookies, header: string | undefined): string[] =>
    cookies.read(header).map(({ sid }) => sid);

  test('are recognised by each of the secrets, text or bytes', () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const cookies = new ForeignCookies('connect.sid', 's:', ['first', bytes]);
    assert.deepEqual(sids(cookies, cookie('a', 'first')), ['a']);
    assert.deepEqual(sids(cookies, cookie('a', bytes)), ['a']);
    assert.deepEqual(sids(cookies, cookie('a', 'third')), []);
  });

  test('are none with another signature, prefix or name', () => {
    const cookies = new ForeignCookies('connect.sid', 's:', [SECRET]);
    const right = cookie('sid');
    assert.deepEqual(sids(cookies, right), ['sid']);
    const value = decodeURIComponent(right.slice('connect.sid='.length));
    for (const wrong of [
      right.slice(0, -1),
      `${right}A`,
      right.replace('connect.sid', 'connect.side'),
      cookie('sid', SECRET, ''),
      cookie('sid', SECRET, 'j:'),
      cookie(''),
      `connect.sid=${encodeURIComponent(`${value}=`)}`,
      `connect.sid=s:sid.`,
      `connect.sid=s:sid`,
      `connect.sid=s:`,
      `connect.sid=`,
      `connect.sid=%E0%A4%A`,
      `connect.sid=${'x'.repeat(5000)}`,
      '',
      undefined,
    ]) {
      assert.deepEqual(sids(cookies, wrong), [], wrong);
    }
  });

  test('may have ids with dots, spaces and other characters', () => {
    const cookies = new ForeignCookies('connect.sid', 's:', [SECRET]);
    for (const sid of ['a.b.c', 'odd/id 1', '{json}', 'é', '%', '.', '__proto__', 'x'.repeat(300)]) {
      const [found] = cookies.read(cookie(sid));
      assert.equal(found?.sid, sid);
      assert.match(found.id, /^[\w-]{22,256}$/);
      assert.equal(found.key.ownerHash, null);
    }
  });

  test('come in their order, each once, at most four', () => {
    const cookies = new ForeignCookies('connect.sid', 's:', [SECRET]);
    const header = ['a', 'b', 'a', 'c', 'd', 'e'].map((sid) => cookie(sid)).join('; ');
    assert.deepEqual(sids(cookies, header), ['a', 'b', 'c']);
    assert.deepEqual(sids(cookies, `${cookie('x', 'wrong')}; ${cookie('y')}`), ['y']);
  });

  test('a default id of express-session is an id here', () => {
    const cookies = new ForeignCookies('connect.sid', 's:', [SECRET]);
    const sid = 'oZE4QPZL_L4ejNTnaoA6qSym4GkLwBzQ';
    assert.equal(cookies.read(cookie(sid))[0]!.id, sid);
    // One that could be an owned id of ours is not taken for one.
    const owned = `${'o'.repeat(16)}.${'r'.repeat(43)}`;
    assert.equal(cookies.read(cookie(owned))[0]!.key.ownerHash, null);
  });
});

describe('How long sessions live', () => {
  const HOUR = 3_600_000;

  test('the cookie decides, or else `ttl`', () => {
    const { timeToLive, timeoutOf } = normalizeConnectRedis({ client, phase, ttl: 500 });
    const soon = new Date(Date.now() + 10_000).toISOString();
    const cases: [OldSession, left: number, timeout: number][] = [
      [{}, 500_000, 500],
      [{ cookie: null }, 500_000, 500],
      [{ cookie: {} }, 500_000, 500],
      [{ cookie: { originalMaxAge: null, expires: null } }, 500_000, 500],
      [{ cookie: { originalMaxAge: HOUR, expires: soon } }, 10_000, 3600],
      [{ cookie: { expires: soon } }, 10_000, 10],
      [{ cookie: { originalMaxAge: 1 } }, 500_000, 1],
      [{ cookie: { originalMaxAge: -5, expires: new Date(0) } }, -1, 1],
      [{ cookie: { expires: 'no date' } }, 500_000, 500],
      [{ cookie: { originalMaxAge: 1e15 } }, 500_000, 34_560_000],
    ];
    for (const [stored, left, timeout] of cases) {
      const found = timeToLive(stored)!;
      assert.ok(left < 0 ? found < 0 : found === left, JSON.stringify(stored));
      assert.equal(timeoutOf(stored), timeout, JSON.stringify(stored));
    }
  });

  test('a function decides alone', () => {
    const { ttl, timeToLive, timeoutOf } = normalizeConnectRedis({
      client,
      phase,
      ttl: ({ remember }) => (remember === true ? 9000 : 9.5),
    });
    assert.equal(ttl, null);
    assert.equal(timeToLive({ remember: true, cookie: { expires: new Date(0) } }), 9_000_000);
    assert.equal(timeoutOf({}), 10);
    const wrong = normalizeConnectRedis({ client, phase, ttl: (() => 'long') as never });
    assert.throws(
      () => wrong.timeToLive({}),
      /Expected `connectRedis.ttl` to be a function of the session that returns/,
    );
  });

  test('with `disableTTL`, without end', () => {
    assert.equal(normalizeConnectRedis({ client, phase, disableTTL: true }).timeToLive({}), null);
    assert.equal(normalizeConnectRedis({ client, phase, disableTTL: true, ttl: () => 1 }).timeToLive({}), null);
  });
});

describe('Wrong options', () => {
  const right = { client, phase, secret: SECRET };
  test.each<[object, RegExp]>([
    [
      { ...right, phase: undefined },
      /Expected `connectRedis.phase` to be 'beside' while .*, or 'convert'.*, got undefined/,
    ],
    [{ ...right, phase: 'both' }, /`connectRedis.phase`/],
    [{ ...right, client: {} }, /Expected `connectRedis.client` to be a client of node-redis/],
    [{ ...right, client: undefined }, /`connectRedis.client`/],
    [{ ...right, prefix: 1 }, /Expected `connectRedis.prefix` to be a string such as sess:, got 1/],
    [{ ...right, ttl: 0 }, /`connectRedis.ttl`/],
    [{ ...right, ttl: 86_400_000 }, /Is it in seconds, not milliseconds/],
    [{ ...right, serializer: {} }, /Expected `connectRedis.serializer` to be an object with the functions `parse` and/],
    [{ ...right, serializer: 'json' }, /`connectRedis.serializer`/],
    [{ ...right, secret: new Uint8Array(0) }, /Expected `connectRedis.secret` to be a string or bytes/],
    [{ ...right, disableTouch: 1 }, /`connectRedis.disableTouch`/],
    [{ ...right, disableTTL: 'no' }, /`connectRedis.disableTTL`/],
    [{ ...right, secret: '' }, /Expected `connectRedis.secret` to be a string or bytes, got an empty string/],
    [{ ...right, secret: [] }, /`connectRedis.secret`/],
    [{ ...right, secret: ['a', 1] }, /`connectRedis.secret\[1\]`/],
    [{ ...right, name: '' }, /`connectRedis.name`/],
    [{ ...right, owner: 'passport' }, /`connectRedis.owner`/],
    [{ ...right, secrets: 'a' }, /Did you mean `connectRedis.secret`/],
    [undefined as never, /`connectRedis`/],
  ])('%#: connectRedis', (options, message) => {
    assert.throws(() => connectRedis(options as never), { name: 'TypeError', message });
  });

  test('fastifySession', () => {
    assert.throws(() => fastifySession({ ...right, cookieName: '' }), /`fastifySession.cookieName`/);
    assert.throws(() => fastifySession({ ...right, cookiePrefix: 1 as never }), /`fastifySession.cookiePrefix`/);
    assert.throws(
      () => fastifySession({ ...right, name: 'a' } as never),
      /known properties only, got `fastifySession.name`/,
    );
    assert.throws(() => fastifySession({ ...right, phase: 'now' as never }), /`fastifySession.phase`/);
  });

  test('createSessionFactory', () => {
    const make = (migrateFrom: unknown): unknown =>
      createSessionFactory({ secret: LONG, migrateFrom: migrateFrom as never });
    for (const wrong of [null, 1, {}, 'connectRedis', connectRedis, () => {}]) {
      assert.throws(() => make(wrong), /Expected `migrateFrom` to be what `connectRedis` or `fastifySession`/);
    }
    assert.throws(() => make(connectRedis({ client, phase })), /Expected `migrateFrom.secret` to be what has signed/);
    assert.throws(
      () => make(connectRedis({ client, phase: 'beside', secret: SECRET })),
      /Expected `migrateFrom.phase` to be 'convert', got 'beside'/,
    );
  });

  test('the middleware', () => {
    const make = (migrateFrom: unknown, options = {}): unknown =>
      session({ secret: [LONG, SECRET], store: new MemoryStore(), migrateFrom: migrateFrom as never, ...options })
        .factory;
    for (const wrong of [null, 1, {}, connectRedis]) {
      assert.throws(() => make(wrong), /Expected `migrateFrom` to be what `connectRedis` of websauna-session\/migrate/);
    }
    assert.throws(() => make(fastifySession({ client, phase })), /made by `connectRedis`, got `fastifySession`/);
    assert.throws(() => make(connectRedis({ client, phase, name: 'sid' })), /`migrateFrom.name`/);
    assert.throws(() => make(connectRedis({ client, phase, secret: 'another' })), /`migrateFrom.secret`/);
    assert.throws(() => make(connectRedis({ client, phase, owner: () => 'ada' })), /`migrateFrom.owner` to be absent/);
    assert.throws(() => make(connectRedis({ client, phase }), { store: undefined }), /Expected `redis`, or a `store`/);
    assert.throws(
      () => make(connectRedis({ client, phase }), { store: new session.MemoryStore() }),
      /Expected `redis`, or a `store` of this library/,
    );
    make(connectRedis({ client, phase, name: 'connect.sid', secret: SECRET }));
    make(connectRedis({ client, phase, secret: Buffer.from(SECRET) }));
    assert.equal(session({ secret: SECRET, store: new MemoryStore() }).factory.policy.migrateFrom, null);
  });

  test('`policy` shows the phase, and `ttl` is that of the store that is left', () => {
    for (const each of ['beside', 'convert'] as const) {
      const migrateFrom = connectRedis({ client, phase: each, ttl: 77 });
      const { policy } = session({ secret: SECRET, store: new MemoryStore(), migrateFrom }).factory;
      assert.deepEqual(policy.migrateFrom, { from: 'express-session', phase: each });
      assert.equal(policy.timeout, 77);
    }
  });
});
