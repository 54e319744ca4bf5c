import assert from 'node:assert/strict';
import { afterAll, beforeAll, beforeEach, describe, test } from 'vitest';
import { createRedisStore, type RedisStore } from 'websauna-session/redis';
import type { RecordKey } from 'websauna-session/store';
import {
  change,
  createAnonymous,
  DETAILS,
  login,
  loginRekey,
  newIndexKey,
  newKey,
  newOwnerHash,
  ownedRecord,
  record,
  rekey,
  REPLACED,
  ROTATED,
  seconds,
  written,
} from '../../../src/testing/store/fixtures.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';

// Every key that the store writes ends by itself, and none outlives what it serves.

const PREFIX = 'expiry:';

/** Seconds for which audit trails, and counts, are kept. */
const [AUDIT, COUNTS] = [900, 800];

let server: RedisServer;
let store: RedisStore;
beforeAll(async () => {
  server = await startRedis();
  store = createRedisStore({ url: server.url, prefix: PREFIX, socketTimeout: 20 });
  store.startAudit({ maxAge: AUDIT, maxEntries: 100 });
});
afterAll(async () => {
  await store?.close();
  await server?.stop();
});
beforeEach(() => server.cli('FLUSHALL'));

/** Milliseconds that each key has to live, by name. */
async function lifetimes(): Promise<Map<string, number>> {
  const left = new Map<string, number>();
  for (const key of (await server.cli('KEYS', '*')) as string[]) left.set(key, Number(await server.cli('PTTL', key)));
  return left;
}

describe('every key that is written expires', () => {
  /** Seconds, in ascending order: the longest that any of these may live. */
  const [GRACE, TIMEOUT, ABSOLUTE, KEEP] = [5, 100, 400, 700];
  const tombstone = { ...ROTATED, grace: GRACE, keep: TIMEOUT };
  const replaced = { ...REPLACED, grace: GRACE, keep: TIMEOUT };
  const life = { timeout: seconds(TIMEOUT), absoluteTimeout: ABSOLUTE };

  async function useAll(absoluteTimeout: number): Promise<void> {
    const [ownerHash, indexKey] = [newOwnerHash(), newIndexKey()];
    const details = { ...DETAILS, indexKeys: [indexKey] };
    const logIn = async (pendingSince: number | null = null) => {
      await store.addIndexKey(indexKey, ownerHash, KEEP);
      const from = newKey();
      await written(store.create(from, record({ '@p': 'pending' }, { ...life, absoluteTimeout })));
      const to = newKey(ownerHash);
      const { login: owned, ...rest } = loginRekey({ max: 3, pendingSince }, { tombstone: replaced });
      const outcome = await store.rekey(from, to, { ...rest, login: { ...owned!, details, absoluteTimeout } });
      return { from, to, outcome };
    };
    const created = newKey(ownerHash);
    await written(store.create(created, { ...ownedRecord({ a: '1' }), ...life, absoluteTimeout }));
    const before = await store.now();
    const logins = [await logIn(), await logIn(before), await logIn(), await logIn()];
    const kept = logins.at(-1)!.to;
    const rotated = newKey(ownerHash);
    await written(store.save(kept, change({ a: '1' }, { cookieAttributes: 'c' })));
    await written(store.rekey(kept, rotated, rekey({ tombstone })));
    await store.take(rotated, 'a');
    await written(store.save(rotated, change({}, { timeout: seconds(TIMEOUT), confirmsCookie: true })));
    await store.revokeOwned(ownerHash, rotated.handle, indexKey, KEEP);
    await store.revokeOwned(ownerHash, rotated.handle, null, KEEP);
    assert.equal((await logIn(before - 1)).outcome.status, 'revoked');
    await written(store.destroy(rotated, replaced));
    assert.equal((await logIn()).outcome.status, 'ok');
    await store.removeIndexKey(indexKey, ownerHash, 60);
    await store.listOwned(ownerHash);
    await store.findOwnerHashes(indexKey);
    await store.revokeOwned(newOwnerHash(), null, null, KEEP);
    await store.reportReuse(kept);
    const sessions = {
      written: new Map([[kept.handle, before + TIMEOUT * 1000]]),
      ended: new Map([['x', before + 1e5]]),
    };
    const counts = [0, 3_600_000].map((age) => ({ event: 'created', reason: null, count: 1, age }));
    await store.addStats({ counts, anonymous: sessions, owned: sessions }, COUNTS);
    const anonymous = await createAnonymous(store);
    await written(store.destroy(anonymous));
  }

  test.each([ABSOLUTE, 0])('after everything that a store does, with an absolute timeout of %i s', async (absolute) => {
    await useAll(absolute);
    const left = await lifetimes();
    assert.ok(left.size >= 16, `only ${[...left.keys()].join(' ')}`);
    const longest = (key: string): number => {
      if (key.endsWith(':audit')) return AUDIT;
      if (key.includes('{stats}:counts:')) return COUNTS + 3600;
      // 35 days and the rest of this one.
      if (key.includes('{stats}:hours:')) return 36 * 86_400;
      if (key.includes('{stats}:')) return TIMEOUT + 10;
      return key.endsWith(':owner') || key.includes('indexKey:') ? KEEP : TIMEOUT;
    };
    for (const [key, ms] of left) {
      const most = longest(key) * 1000;
      assert.ok(ms > 0 && ms <= most, `${key} lives for ${ms} ms, more than ${most}`);
    }
  });

  test('a tombstone lives for as long as it is kept, an index as long as its longest session', async () => {
    const ownerHash = newOwnerHash();
    const [short, long, next] = [newKey(ownerHash), newKey(ownerHash), newKey(ownerHash)];
    await written(store.create(short, { ...ownedRecord(), timeout: seconds(50) }));
    await written(store.create(long, { ...ownedRecord(), timeout: seconds(300), absoluteTimeout: 200 }));
    await written(store.rekey(short, next, rekey({ tombstone: { ...ROTATED, grace: 1, keep: 30 } })));
    const left = [...(await lifetimes()).values()].map((ms) => Math.ceil(ms / 1000)).toSorted((a, b) => a - b);
    assert.deepEqual(left, [30, 50, 200, 200, AUDIT]);
  });
});

describe('what explains an end', () => {
  const EXPLAINED = 500;
  const left = async (name: string): Promise<number> => Math.ceil(Number(await server.cli('PTTL', name)) / 1000);
  const nameOf = ({ ownerHash, handle }: RecordKey): string => `${PREFIX}{${ownerHash}}:${handle}`;

  test('is kept beside a record for as much longer, and takes its place when it is ended', async () => {
    const key = newKey(newOwnerHash());
    await written(store.create(key, { ...ownedRecord({ a: '1' }), timeout: seconds(100), explainEnds: EXPLAINED }));
    assert.deepEqual([await left(nameOf(key)), await left(`${nameOf(key)}:end`)], [100, 600]);
    const timeout = seconds(200);
    await written(store.save(key, change({ a: '2' }, { timeout, explainEnds: EXPLAINED })));
    assert.deepEqual([await left(nameOf(key)), await left(`${nameOf(key)}:end`)], [200, 700]);
    await written(store.destroy(key, null, { reason: 'logout', keep: EXPLAINED }));
    // Nothing of the data stays.
    assert.deepEqual(await server.cli('HKEYS', nameOf(key)), ['@e']);
    assert.equal(await left(nameOf(key)), 700);
    assert.equal(await server.cli('EXISTS', `${nameOf(key)}:end`), 0);
  });

  test('goes with the record to its new key', async () => {
    const ownerHash = newOwnerHash();
    const [from, to] = [newKey(ownerHash), newKey(ownerHash)];
    await written(store.create(from, { ...ownedRecord(), timeout: seconds(100), explainEnds: EXPLAINED }));
    await written(store.rekey(from, to, rekey({ explainEnds: EXPLAINED })));
    const names = ((await server.cli('KEYS', '*')) as string[]).filter((name) => name.endsWith(':end'));
    assert.deepEqual(names, [`${nameOf(to)}:end`]);
  });

  test('is not there without it, nor for a record without an owner', async () => {
    const anonymous = newKey();
    await written(store.create(anonymous, record({}, { explainEnds: EXPLAINED })));
    const key = newKey(newOwnerHash());
    await written(store.create(key, ownedRecord()));
    await written(store.destroy(key));
    await written(store.destroy(anonymous, null, { reason: 'logout', keep: EXPLAINED }));
    const names = (await server.cli('KEYS', '*')) as string[];
    assert.deepEqual(
      names.filter((name) => !/:(?:owner|audit)$/.test(name)),
      [],
    );
  });
});

describe('entries of the login index', () => {
  const name = (indexKey: string): string => `${PREFIX}indexKey:${indexKey}`;
  /** Moves entries into the past. */
  const age = (indexKey: string, ownerHash: string, by: number): Promise<unknown> =>
    server.cli('ZINCRBY', name(indexKey), String(-by * 1000), ownerHash);

  test('expire with the last of them, and adding one puts that off, but never forward', async () => {
    const indexKey = newIndexKey();
    const left = async (): Promise<number> => Math.ceil(Number(await server.cli('PTTL', name(indexKey))) / 1000);
    await store.addIndexKey(indexKey, newOwnerHash(), 100);
    assert.equal(await left(), 100);
    await store.addIndexKey(indexKey, newOwnerHash(), 500);
    assert.equal(await left(), 500);
    await store.addIndexKey(indexKey, newOwnerHash(), 100);
    assert.equal(await left(), 500);
  });

  test('are removed by later logins, once they have been kept for their time without another login', async () => {
    const [indexKey, old, again, recent, last] = [
      newIndexKey(),
      newOwnerHash(),
      newOwnerHash(),
      newOwnerHash(),
      newOwnerHash(),
    ];
    for (const ownerHash of [old, again, recent]) await store.addIndexKey(indexKey, ownerHash, 100);
    for (const ownerHash of [old, again]) await age(indexKey, ownerHash, 101);
    await age(indexKey, recent, 98);
    await store.addIndexKey(indexKey, again, 100);
    await store.addIndexKey(indexKey, last, 100);
    assert.deepEqual((await store.findOwnerHashes(indexKey)).toSorted(), [again, recent, last].toSorted());
  });

  test('are not removed early by a login that is kept for less, as of another service', async () => {
    const [indexKey, phone, browser] = [newIndexKey(), newOwnerHash(), newOwnerHash()];
    await store.addIndexKey(indexKey, phone, 1000);
    await age(indexKey, phone, 500);
    await store.addIndexKey(indexKey, browser, 100);
    assert.deepEqual((await store.findOwnerHashes(indexKey)).toSorted(), [phone, browser].toSorted());
  });

  test('leave nothing when the last one is removed', async () => {
    const [indexKey, one, two] = [newIndexKey(), newOwnerHash(), newOwnerHash()];
    for (const ownerHash of [one, two]) await store.addIndexKey(indexKey, ownerHash, 100);
    for (const ownerHash of [one, two]) await age(indexKey, ownerHash, 61);
    await store.removeIndexKey(indexKey, one, 60);
    await store.removeIndexKey(indexKey, one, 60);
    assert.deepEqual(await store.findOwnerHashes(indexKey), [two]);
    await store.removeIndexKey(indexKey, two, 60);
    assert.equal(await server.cli('EXISTS', name(indexKey)), 0);
  });

  test('of a value that many owners share stay as many as have logged in within the time', async () => {
    const indexKey = newIndexKey();
    for (let day = 0; day < 20; day++) {
      for (const ownerHash of await store.findOwnerHashes(indexKey)) await age(indexKey, ownerHash, 86_400);
      for (let i = 0; i < 5; i++) {
        const ownerHash = newOwnerHash();
        await store.addIndexKey(indexKey, ownerHash, 2 * 86_400);
        const details = { ...DETAILS, indexKeys: [indexKey] };
        await written(store.create(newKey(ownerHash), record({}, { details, login: login() })));
      }
    }
    const found = await store.findOwnerHashes(indexKey);
    assert.ok(found.length >= 10 && found.length <= 15, `${found.length} entries`);
  });
});
