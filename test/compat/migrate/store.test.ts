import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'vitest';
import { createRedisStore } from 'websauna-session/redis';
import type { FoundRecord, RecordChange, SessionStore } from 'websauna-session/store';
import { anonymousRecord } from '../../../src/compat/express-session/anonymous-record.ts';
import type { CookieAttributes } from '../../../src/compat/express-session/cookie.ts';
import { SidLookup } from '../../../src/compat/express-session/migration.ts';
import { middlewareTarget } from '../../../src/compat/migrate/middleware-target.ts';
import { MigratingStore } from '../../../src/compat/migrate/migrating-store.ts';
import { Migrator } from '../../../src/compat/migrate/migrator.ts';
import { OldSessions } from '../../../src/compat/migrate/old-sessions.ts';
import { normalizeConnectRedis, type ConnectRedisOptions } from '../../../src/compat/migrate/options.ts';
import { keyOf } from '../../../src/crypto/session-id.ts';
import { NO_CHANGE } from '../../../src/stores/store.ts';
import { Deployment, useRedis } from './sites.ts';

const SID = 's'.repeat(32);
const KEY = keyOf(SID);
const OTHER = keyOf('t'.repeat(32));
const THIRD = keyOf('u'.repeat(32));
const OWNED = keyOf(`${'o'.repeat(16)}.${'r'.repeat(43)}`);
const TTL = 600;

const redis = useRedis();
let all: Deployment;
beforeEach(() => {
  all = new Deployment(redis.client);
});

function source(options: Partial<ConnectRedisOptions> = {}): ReturnType<typeof normalizeConnectRedis> {
  return normalizeConnectRedis({ client: redis.client, prefix: all.oldPrefix, phase: 'beside', ttl: TTL, ...options });
}

/** The store of a request with the session id. */
function open(options: Partial<ConnectRedisOptions> = {}, cookie: CookieAttributes = {}): SessionStore {
  const parts = {
    name: 'connect.sid',
    secrets: [],
    ttl: TTL,
    cookie,
    cookieAttributes: () => '',
    requestOf: () => undefined,
  };
  const store = createRedisStore({ client: redis.client, prefix: all.prefix });
  const target = middlewareTarget(parts, new SidLookup(SID, KEY, cookie));
  return new MigratingStore(store, new Migrator(source(options)), options.phase ?? 'beside', target);
}

/** Stores a session as connect-redis does, without an end unless `EX` is given. */
async function seed(fields: object = { a: 1, b: 2 }, expiry: { EX?: number } = { EX: 100 }): Promise<void> {
  const cookie = { originalMaxAge: null, expires: null, httpOnly: true, path: '/' };
  await redis.client.set(all.oldPrefix + SID, JSON.stringify({ cookie, ...fields }), expiry);
}

const stored = async (): Promise<Record<string, unknown> | undefined> => (await all.oldSessions()).get(SID);
const timeLeft = async (): Promise<number> => await redis.client.ttl(all.oldPrefix + SID);
const setting = (name: string, value: string, change: Partial<RecordChange> = {}): RecordChange => ({
  ...NO_CHANGE,
  set: new Map([[name, value]]),
  ...change,
});

describe('The store of a request beside express-session', () => {
  test('takes fields out of a session, once', async () => {
    await seed();
    const store = open();
    const taken = await store.take(KEY, 'a');
    assert.deepEqual(taken.status === 'ok' && taken.fields, { a: '1' });
    assert.deepEqual(Object.keys((await stored())!), ['cookie', 'b']);
    await redis.client.del(all.oldPrefix + SID);
    assert.equal((await store.take(KEY, 'b')).status, 'gone');
  });

  test('changes only what was expected, and as much as fits', async () => {
    await seed();
    const store = open();
    const conflict = await store.save(KEY, setting('a', '3', { expect: new Map([['a', '2']]) }));
    assert.deepEqual(conflict.status === 'conflict' && conflict.fields['a'], '1');
    assert.equal((await store.save(KEY, setting('a', '"too long"', { maxSize: 5 }))).status, 'too-large');
    assert.equal((await stored())!['a'], 1);
    assert.equal((await store.save(KEY, setting('a', '3', { expect: new Map([['a', '1']]) }))).status, 'ok');
    assert.deepEqual([(await stored())!['a'], (await stored())!['b']], [3, 2]);
  });

  test('makes no session where there is one in either form', async () => {
    const record = anonymousRecord(TTL, new Map([['a', '1']]));
    assert.equal((await open({ phase: 'convert' }).create(KEY, record)).status, 'ok');
    assert.deepEqual([(await all.records()).length, await stored()], [1, undefined]);
    assert.equal((await open().create(KEY, record)).status, 'exists');
    await redis.client.del(await all.records());
    assert.equal((await open().create(KEY, record)).status, 'ok');
    assert.equal((await stored())!['a'], 1);
    assert.equal((await open().create(KEY, record)).status, 'exists');
  });

  test('makes a record of a session that gets another id', async () => {
    await seed();
    const store = open();
    assert.equal((await store.load(KEY))?.status, 'found');
    const rekey = { ...NO_CHANGE, login: null, tombstone: null, exact: false };
    assert.equal((await store.rekey(KEY, OTHER, rekey)).status, 'ok');
    assert.equal(await stored(), undefined);
    const moved = await store.load(OTHER);
    assert.deepEqual({ ...(moved as FoundRecord).fields }['a'], '1');
    assert.equal((await store.rekey(OTHER, THIRD, rekey)).status, 'ok');
  });

  test('leaves sessions of owners to the store behind it', async () => {
    const store = open();
    const rekey = { ...NO_CHANGE, login: null, tombstone: null, exact: false };
    assert.equal((await store.create(OWNED, anonymousRecord(TTL))).status, 'ok');
    const next = { ...OWNED, handle: 'n'.repeat(43) };
    assert.equal((await store.rekey(OWNED, next, rekey)).status, 'ok');
    assert.equal((await store.destroy(next)).status, 'ok');
    assert.equal(await store.load(next), undefined);
  });

  test('ends nothing where there is nothing', async () => {
    assert.equal((await open().destroy(KEY)).status, 'gone');
    assert.deepEqual(await all.records(), []);
  });

  test('takes a session without an end for one that was used just now', async () => {
    await seed({}, {});
    const found = (await open().load(KEY)) as FoundRecord;
    assert.ok(found.now - found.lastSeen < 1000, `${found.now - found.lastSeen} ms`);
  });

  test('renews the time of a session that is used, unless connect-redis would not', async () => {
    await seed();
    assert.equal((await open({ disableTouch: true }).save(KEY, NO_CHANGE)).status, 'ok');
    assert.equal(await timeLeft(), 100);
    assert.equal((await open().save(KEY, NO_CHANGE)).status, 'ok');
    assert.equal(await timeLeft(), TTL);
    assert.equal((await open({ disableTTL: true }).save(KEY, setting('a', '2'))).status, 'ok');
    assert.equal(await timeLeft(), -1);
  });

  test('renews nothing of a session that has ended meanwhile', async () => {
    await seed();
    const store = open();
    await store.load(KEY);
    const parse = async (text: string): Promise<unknown> => {
      await redis.client.del(all.oldPrefix + SID);
      return JSON.parse(text) as unknown;
    };
    await seed();
    const slow = open({ serializer: { parse, stringify: JSON.stringify } });
    assert.equal((await slow.save(KEY, NO_CHANGE)).status, 'gone');
    assert.deepEqual([await stored(), await all.records()], [undefined, []]);
  });

  test('keeps the time of a cookie that has one, and no `originalMaxAge`', async () => {
    const expires = new Date(Date.now() + 50_000).toISOString();
    await seed({ cookie: { expires, path: '/' } });
    assert.equal((await open().save(KEY, setting('a', '1'))).status, 'ok');
    assert.deepEqual((await stored())!['cookie'], { expires, originalMaxAge: null, httpOnly: true, path: '/' });
    assert.ok((await timeLeft()) <= 50);
  });

  test('deletes a session whose cookie has expired, unless another one has written it', async () => {
    await seed();
    assert.equal((await open().save(KEY, setting('cookie', '{"originalMaxAge":-1000}'))).status, 'ok');
    assert.equal(await stored(), undefined);
    await seed();
    const expired = { cookie: { expires: new Date(0) } };
    const found = await new OldSessions(source()).write(SID, 'the digest of another', expired);
    assert.deepEqual(typeof found === 'object' && found.session?.['a'], 1);
  });

  test('leaves to the connection what the connection decides of a cookie', async () => {
    await seed({ cookie: { originalMaxAge: null, expires: null, httpOnly: true, path: '/', secure: true } });
    const store = open({}, { secure: 'auto' });
    assert.equal(((await store.load(KEY)) as FoundRecord).fields['cookie'], undefined);
    assert.equal((await store.save(KEY, setting('a', '2'))).status, 'ok');
    assert.equal(((await stored())!['cookie'] as CookieAttributes).secure, true);
  });
});
