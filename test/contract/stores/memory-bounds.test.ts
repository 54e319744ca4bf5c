import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'vitest';
import type { RecordKey } from 'websauna-session/store';
import { MemoryStore } from 'websauna-session/memory';
import {
  change,
  createAnonymous,
  createOwned,
  DETAILS,
  login,
  loginRekey,
  newIndexKey,
  newKey,
  newOwnerHash,
  record,
  rekey,
  REPLACED,
  ROTATED,
  seconds,
  written,
} from '../../../src/testing/store/fixtures.ts';

// What the memory store keeps, and what it ends when it is full.

const MAX = 10;

let now: number;
let evicted: string[];
let store: MemoryStore;
beforeEach(() => {
  now = 1_700_000_000_000;
  evicted = [];
  store = new MemoryStore({ maxSessions: MAX, now: () => now, onEvict: (handle) => evicted.push(handle) });
});

async function create(timeout: number, count = 1): Promise<RecordKey[]> {
  const keys = Array.from({ length: count }, () => newKey());
  for (const key of keys) await written(store.create(key, record({}, { timeout: seconds(timeout) })));
  return keys;
}

const live = async (keys: readonly RecordKey[]): Promise<number> =>
  (await Promise.all(keys.map((key) => store.load(key)))).filter((result) => result?.status === 'found').length;

describe('a memory store that is full', () => {
  test('ends the session that was used longest ago, and reports it', async () => {
    const keys = await create(60, MAX);
    await written(store.save(keys[0]!, change()));
    await create(60, 2);
    assert.deepEqual(evicted, [keys[1]!.handle, keys[2]!.handle]);
    assert.equal(store.size, MAX);
  });

  test('ends no live session while expired ones are there, however old these are', async () => {
    const long = await create(3600, MAX / 2);
    await create(60, MAX / 2);
    now += 61_000;
    const more = await create(60, MAX / 2);
    assert.deepEqual(evicted, []);
    assert.equal(await live([...long, ...more]), MAX);
    assert.equal(store.size, MAX);
  });

  test('finds expired sessions whose end was brought forward, put off and brought forward again', async () => {
    const keys = await create(3600, MAX);
    for (const timeout of [60, 7200, 30]) {
      for (const key of keys.slice(5)) await written(store.save(key, change({}, { timeout: seconds(timeout) })));
    }
    now += 31_000;
    await create(60, 5);
    assert.deepEqual(evicted, []);
    assert.equal(await live(keys), 5);
  });

  test('ends no session that a touch has kept alive past its first end', async () => {
    const keys = await create(60, MAX);
    for (let i = 0; i < 5; i++) {
      now += 50_000;
      for (const key of keys.slice(1)) await written(store.save(key, change()));
    }
    await create(60);
    assert.deepEqual(evicted, []);
    assert.equal(await live(keys.slice(1)), MAX - 1);
  });

  test('does not end sessions for tombstones, and forgets the oldest of these', async () => {
    const key = await createAnonymous(store);
    const old = [];
    for (let i = 0; i < 3 * MAX; i++) {
      old.push(await createAnonymous(store));
      await written(store.destroy(old.at(-1)!, REPLACED));
    }
    assert.deepEqual(evicted, []);
    assert.equal(await live([key]), 1);
    const kept = await Promise.all(old.map((each) => store.load(each)));
    assert.equal(kept.filter((result) => result?.status === 'tombstone').length, MAX);
  });

  test('forgets tombstones that have expired before those that lead somewhere', async () => {
    const from = await createAnonymous(store);
    await written(store.rekey(from, newKey(), rekey({ tombstone: { ...ROTATED, keep: 3600 } })));
    for (let i = 0; i < MAX - 1; i++) await store.destroy(await createAnonymous(store), { ...REPLACED, keep: 60 });
    now += 61_000;
    for (let i = 0; i < MAX - 1; i++) await store.destroy(await createAnonymous(store), REPLACED);
    assert.equal((await store.load(from))?.status, 'tombstone');
  });
});

describe('entries of the login index in memory', () => {
  const details = (...indexKeys: string[]) => ({ ...DETAILS, indexKeys });

  async function logIn(ownerHash: string, indexKey: string, keep = 86_400): Promise<RecordKey> {
    const key = newKey(ownerHash);
    await store.addIndexKey(indexKey, ownerHash, keep);
    await written(store.create(key, record({}, { details: details(indexKey), login: login() })));
    return key;
  }

  test('end with the last session that carries them, are not counted as sessions, and end none', async () => {
    const kept = await logIn(newOwnerHash(), 'kept');
    for (let i = 0; i < 3 * MAX; i++) await store.destroy(await logIn(newOwnerHash(), newIndexKey()));
    assert.deepEqual(evicted, []);
    assert.equal(store.size, 1);
    assert.deepEqual(await store.findOwnerHashes('kept'), [kept.ownerHash]);
    assert.deepEqual(await store.revokeOwned(kept.ownerHash!, null, 'kept', 60), [kept.handle]);
    assert.deepEqual(await store.findOwnerHashes('kept'), []);
  });

  test('stay as long as another session of the owner carries them', async () => {
    const ownerHash = newOwnerHash();
    const [one, two] = [await logIn(ownerHash, 'sid'), await logIn(ownerHash, 'sid')];
    await store.destroy(one);
    assert.deepEqual(await store.findOwnerHashes('sid'), [ownerHash]);
    const rotated = newKey(ownerHash);
    await written(store.rekey(two, rotated, rekey()));
    assert.deepEqual(await store.findOwnerHashes('sid'), [ownerHash]);
    const { login: owned } = loginRekey();
    const again = newKey(ownerHash);
    await written(store.rekey(rotated, again, rekey({ login: { ...owned!, details: details('other') } })));
    assert.deepEqual(await store.findOwnerHashes('sid'), []);
    assert.deepEqual(await store.findOwnerHashes('other'), [ownerHash]);
  });

  test('end with sessions that expire, that are revoked, evicted at the limit or by a full store', async () => {
    const ownerHash = newOwnerHash();
    await logIn(ownerHash, 'expired');
    now += 1_201_000;
    assert.deepEqual(await store.findOwnerHashes('expired'), []);
    await logIn(ownerHash, 'revoked');
    await store.revokeOwned(ownerHash, null, null, 60);
    assert.deepEqual(await store.findOwnerHashes('revoked'), []);
    await logIn(ownerHash, 'limited');
    await store.create(newKey(ownerHash), record({}, { details: details(), login: login({ max: 1 }) }));
    assert.deepEqual(await store.findOwnerHashes('limited'), []);
    await logIn(newOwnerHash(), 'evicted');
    await create(60, MAX);
    assert.deepEqual(await store.findOwnerHashes('evicted'), []);
  });

  test('that no login has followed expire', async () => {
    await store.addIndexKey('sid', newOwnerHash(), 60);
    now += 59_000;
    assert.equal((await store.findOwnerHashes('sid')).length, 1);
    now += 1_000;
    assert.deepEqual(await store.findOwnerHashes('sid'), []);
  });
});

test('a revocation is forgotten after its time', async () => {
  const ownerHash = newOwnerHash();
  const pendingSince = now - 1;
  const pending = record({}, { details: DETAILS, login: login({ pendingSince }) });
  await store.revokeOwned(ownerHash, null, null, 60);
  now += 59_000;
  assert.equal((await store.create(newKey(ownerHash), pending)).status, 'revoked');
  // A shorter one does not end it earlier.
  await store.revokeOwned(ownerHash, null, null, 10);
  now += 5_000;
  assert.equal((await store.create(newKey(ownerHash), pending)).status, 'revoked');
  now += 6_000;
  assert.equal((await store.create(newKey(ownerHash), pending)).status, 'ok');
});

test('forgets expired sessions as new ones come, also when they are not asked for', async () => {
  const large = new MemoryStore({ now: () => now });
  for (let i = 0; i < 100; i++) await createOwned(large, newOwnerHash());
  now += 1_201_000;
  await createAnonymous(large);
  assert.equal(large.size, 1);
});

test('refuses a bound that is not a positive integer', () => {
  for (const maxSessions of [0, -1, 1.5, NaN]) assert.throws(() => new MemoryStore({ maxSessions }), TypeError);
});
