import assert from 'node:assert/strict';
import type { EndedRecord, ExplainedReason, LoadResult, RecordKey, SessionStore } from '../../stores/store.ts';
import type { StoreCheck, StoreHarness } from './check.ts';
import {
  assertNear,
  change,
  createAnonymous,
  KEEP,
  loginRekey,
  newKey,
  newOwnerHash,
  ownedRecord,
  record,
  rekey,
  REPLACED,
  ROTATED,
  seconds,
  written,
} from './fixtures.ts';

/** Seconds for which ends are explained. */
const EXPLAINED = 500;
const EXPLANATION = { reason: 'logout', keep: EXPLAINED } as const;

function ended(result: LoadResult | undefined): EndedRecord {
  assert.equal(result?.status, 'ended');
  return result;
}

async function create(store: SessionStore, ownerHash: string, timeout = 300): Promise<RecordKey> {
  const key = newKey(ownerHash);
  await written(store.create(key, { ...ownedRecord({ a: '1' }), timeout: seconds(timeout), explainEnds: EXPLAINED }));
  return key;
}

/** Each way of ending a record, besides its expiry. */
const ENDS: Readonly<Record<string, (store: StoreHarness['store'], key: RecordKey) => Promise<void>>> = {
  async logout(store, key) {
    await written(store.destroy(key, null, EXPLANATION));
  },
  async revoked(store, { ownerHash, handle }) {
    const explanation = { reason: 'revoked', keep: EXPLAINED } as const;
    assert.deepEqual(await store.revokeOwned!(ownerHash!, null, null, KEEP, explanation), [handle]);
  },
  async evicted(store, { ownerHash, handle }) {
    const next = { ...ownedRecord({}, { max: 1 }), explainEnds: EXPLAINED };
    assert.deepEqual((await written(store.create(newKey(ownerHash), next))).evicted, [handle]);
  },
};

/** What a store says of records that have ended, if it can explain ends at all. */
export const EXPLANATIONS: readonly StoreCheck[] = [
  ...Object.entries(ENDS).map(([reason, end]): StoreCheck => ({
    title: `an end is explained to its key, for as long as asked: ${reason}`,
    async run({ store, pass }) {
      const key = await create(store, newOwnerHash());
      assert.equal((await store.load(key, true, EXPLAINED))?.status, 'found');
      await end(store, key);
      const explained = ended(await store.load(key, true, EXPLAINED));
      assert.equal(explained.reason, reason as ExplainedReason);
      assertNear(explained.at, await store.now());
      assertNear(explained.now, await store.now());
      assert.equal(await store.load(key), undefined);
      await pass(key, 100);
      assert.equal(ended(await store.load(key, true, EXPLAINED)).reason, reason as ExplainedReason);
      assert.equal(await store.load(key, true, 90), undefined);
      await pass(key, 401);
      assert.equal(await store.load(key, true, EXPLAINED), undefined);
    },
  })),
  {
    title: 'an eviction by a session that gets its owner is explained',
    async run({ store }) {
      const ownerHash = newOwnerHash();
      const [key, from] = [await create(store, ownerHash), await createAnonymous(store)];
      await written(store.rekey(from, newKey(ownerHash), loginRekey({ max: 1 }, { explainEnds: EXPLAINED })));
      assert.equal(ended(await store.load(key, true, EXPLAINED)).reason, 'evicted');
    },
  },
  {
    title: 'C1: what explains an end is no record, to no operation, and its key is not used again',
    async run({ store }) {
      const ownerHash = newOwnerHash();
      const key = await create(store, ownerHash);
      await written(store.destroy(key, null, EXPLANATION));
      assert.equal((await store.save(key, change({ a: '2' }, { explainEnds: EXPLAINED }))).status, 'gone');
      assert.equal((await store.take(key, '')).status, 'gone');
      assert.equal((await store.destroy(key, REPLACED, EXPLANATION)).status, 'gone');
      assert.equal((await store.rekey(key, newKey(ownerHash), rekey({ tombstone: ROTATED }))).status, 'gone');
      assert.equal((await store.create(key, ownedRecord())).status, 'exists');
      const other = await create(store, ownerHash);
      assert.equal((await store.rekey(other, key, rekey())).status, 'exists');
      assert.equal(ended(await store.load(key, true, EXPLAINED)).reason, 'logout');
    },
  },
  {
    title: 'a record that has ended is neither listed nor found, though its end is explained',
    async run({ store }) {
      const ownerHash = newOwnerHash();
      const [key, kept] = [await create(store, ownerHash), await create(store, ownerHash)];
      await written(store.destroy(key, null, EXPLANATION));
      if (store.listOwned !== undefined) {
        assert.deepEqual(
          (await store.listOwned(ownerHash)).map(({ handle }) => handle),
          [kept.handle],
        );
      }
      if (store.scan === undefined) return;
      for await (const scanned of store.scan()) assert.notEqual(scanned.key.handle, key.handle);
    },
  },
  {
    title: 'an expiry is explained, with its time, until that is over too',
    async run({ store, pass }) {
      const key = await create(store, newOwnerHash());
      const created = await store.now();
      await pass(key, 200);
      await written(store.save(key, change({ a: '2' }, { explainEnds: EXPLAINED })));
      await pass(key, 299);
      assert.equal((await store.load(key, true, EXPLAINED))?.status, 'found');
      await pass(key, 101);
      const { reason, at, now } = ended(await store.load(key, true, EXPLAINED));
      assert.equal(reason, 'expired');
      // Stores that cannot move their clock move what is stored.
      assertNear(now - at, 100_000);
      assert.ok(at < created + 600_000);
      assert.equal(await store.load(key), undefined);
      await pass(key, 401);
      assert.equal(await store.load(key, true, EXPLAINED), undefined);
    },
  },
  {
    title: 'the expiry of a rotated record is explained to the new key, and to the old one never',
    async run({ store, pass }) {
      const ownerHash = newOwnerHash();
      const [from, to] = [await create(store, ownerHash), newKey(ownerHash)];
      const tombstone = { ...ROTATED, keep: 200 };
      await written(store.rekey(from, to, rekey({ tombstone, explainEnds: EXPLAINED })));
      for (const key of [from, to]) await pass(key, 350);
      assert.equal(await store.load(from, true, EXPLAINED), undefined);
      assert.equal(ended(await store.load(to, true, 5000)).reason, 'expired');
    },
  },
  {
    title: 'the end of a session whose client goes on with another one is not explained',
    async run({ store, pass }) {
      const key = await create(store, newOwnerHash());
      await written(store.destroy(key, { ...REPLACED, keep: 100 }, EXPLANATION));
      assert.equal((await store.load(key, true, EXPLAINED))?.status, 'tombstone');
      await pass(key, 350);
      assert.equal(await store.load(key, true, 5000), undefined);
    },
  },
  {
    title: 'the end of a record without an owner is not explained',
    async run({ store, pass }) {
      const [one, other] = [await createAnonymous(store), newKey()];
      await written(store.create(other, record({}, { timeout: seconds(100), explainEnds: EXPLAINED })));
      await written(store.destroy(one, null, EXPLANATION));
      await pass(other, 150);
      for (const key of [one, other]) assert.equal(await store.load(key, true, EXPLAINED), undefined);
    },
  },
];
