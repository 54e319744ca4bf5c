import assert from 'node:assert/strict';
import type { StoreCheck } from './check.ts';
import {
  change,
  createAnonymous,
  dataOf,
  loginRekey,
  newKey,
  newOwnerHash,
  ownedRecord,
  record,
  rekey,
  ROTATED,
} from './fixtures.ts';

function statuses(outcomes: readonly { readonly status: string }[]): string[] {
  return outcomes.map(({ status }) => status).toSorted();
}

/** Operations that begin at once: each takes effect as a whole, before or after each other one. */
export const RACES: readonly (StoreCheck & { readonly owners?: true })[] = [
  {
    title: 'C1: of two creations of one key that race, one makes the record',
    async run({ store }) {
      const key = newKey();
      const outcomes = await Promise.all(['1', '2'].map((by) => store.create(key, record({ [`by${by}`]: by }))));
      assert.deepEqual(statuses(outcomes), ['exists', 'ok']);
      const winner = outcomes[0]!.status === 'ok' ? '1' : '2';
      assert.deepEqual(dataOf(await store.load(key)), { [`by${winner}`]: winner });
    },
  },
  {
    title: 'C3: of saves that race with one expectation, one is made',
    async run({ store }) {
      const key = await createAnonymous(store, { n: '0' });
      const expect = new Map([['n', '0']]);
      const outcomes = await Promise.all(
        Array.from({ length: 5 }, (_, i) => store.save(key, change({ n: '1', [`by${i}`]: '1' }, { expect }))),
      );
      assert.deepEqual(statuses(outcomes), ['conflict', 'conflict', 'conflict', 'conflict', 'ok']);
      const winner = outcomes.findIndex(({ status }) => status === 'ok');
      assert.deepEqual(dataOf(await store.load(key)), { n: '1', [`by${winner}`]: '1' });
    },
  },
  {
    title: 'C3: of takes that race, one gets each field',
    async run({ store }) {
      const key = await createAnonymous(store, { '@f:1': 'a', '@f:2': 'b', other: 'c' });
      const taken = await Promise.all(Array.from({ length: 5 }, () => store.take(key, '@f:')));
      const names = taken.flatMap((outcome) => (outcome.status === 'ok' ? Object.keys(outcome.fields) : []));
      assert.deepEqual(names.toSorted(), ['@f:1', '@f:2']);
      assert.deepEqual(dataOf(await store.load(key)), { other: 'c' });
    },
  },
  {
    title: 'C6: of two rotations that race one is made, and nothing is lost',
    async run({ store }) {
      const [a, b] = [newKey(), newKey()];
      const from = await createAnonymous(store, { x: '1' });
      const outcomes = await Promise.all([a, b].map((to) => store.rekey(from, to, rekey({ tombstone: ROTATED }))));
      assert.deepEqual(statuses(outcomes), ['ok', 'tombstone']);
      const loaded = await Promise.all([a, b].map((key) => store.load(key)));
      assert.equal(loaded.filter((result) => result?.status === 'found').length, 1);
    },
  },
  {
    title: 'C1: a destruction that races with writes is final',
    async run({ store }) {
      const key = await createAnonymous(store, { a: '1' });
      const to = newKey();
      await Promise.all([
        store.save(key, change({ a: '2' })),
        store.destroy(key),
        store.save(key, change({ a: '3' })),
        store.rekey(key, to, rekey()),
        store.take(key, 'a'),
      ]);
      assert.equal(await store.load(key), undefined);
    },
  },
  {
    title: 'C8: of logins that race at the limit, as many as it allows are admitted',
    owners: true,
    async run({ store }) {
      const [created, rekeyed] = [newOwnerHash(), newOwnerHash()];
      const limited = { max: 2, onSessionLimit: 'refuse' as const };
      const anonymous = await Promise.all(Array.from({ length: 5 }, () => createAnonymous(store)));
      const outcomes = await Promise.all([
        Promise.all(anonymous.map(() => store.create(newKey(created), ownedRecord({}, limited)))),
        Promise.all(anonymous.map((from) => store.rekey(from, newKey(rekeyed), loginRekey(limited)))),
      ]);
      for (const each of outcomes) assert.deepEqual(statuses(each), ['full', 'full', 'full', 'ok', 'ok']);
      assert.equal((await store.listOwned!(created)).length, 2);
      assert.equal((await store.listOwned!(rekeyed)).length, 2);
    },
  },
  {
    title: 'C8: logins that race and make room for themselves never leave more sessions than the limit',
    owners: true,
    async run({ store }) {
      const ownerHash = newOwnerHash();
      const keys = Array.from({ length: 5 }, () => newKey(ownerHash));
      const outcomes = await Promise.all(keys.map((key) => store.create(key, ownedRecord({}, { max: 2 }))));
      assert.deepEqual(statuses(outcomes), ['ok', 'ok', 'ok', 'ok', 'ok']);
      const left = (await store.listOwned!(ownerHash)).map(({ handle }) => handle);
      assert.equal(left.length, 2);
      const evicted = outcomes.flatMap((outcome) => (outcome.status === 'ok' ? outcome.evicted : []));
      assert.deepEqual([...evicted, ...left].toSorted(), keys.map(({ handle }) => handle).toSorted());
    },
  },
];
