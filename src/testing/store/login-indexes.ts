import assert from 'node:assert/strict';
import type { StoreCheck } from './check.ts';
import { DETAILS, KEEP, login, newIndexKey, newKey, newOwnerHash, record, written } from './fixtures.ts';

/** The optional capability of finding owners by an index key. */
export const LOGIN_INDEXES: readonly StoreCheck[] = [
  {
    title: 'the owners that were added under an index key are found, each once, and no others',
    async run({ store }) {
      const [indexKey, other] = [newIndexKey(), newIndexKey()];
      const [one, two, three] = [newOwnerHash(), newOwnerHash(), newOwnerHash()];
      assert.deepEqual(await store.findOwnerHashes!(indexKey), []);
      for (const ownerHash of [one, two, one]) await store.addIndexKey!(indexKey, ownerHash, KEEP);
      await store.addIndexKey!(other, three, KEEP);
      assert.deepEqual((await store.findOwnerHashes!(indexKey)).toSorted(), [one, two].toSorted());
      assert.deepEqual(await store.findOwnerHashes!(other), [three]);
    },
  },
  {
    title: 'an entry is forgotten, unless it was added a moment ago',
    async run({ store }) {
      const [indexKey, ownerHash, other] = [newIndexKey(), newOwnerHash(), newOwnerHash()];
      await store.addIndexKey!(indexKey, ownerHash, KEEP);
      await store.addIndexKey!(indexKey, other, KEEP);
      await store.removeIndexKey!(indexKey, ownerHash, 60);
      assert.equal((await store.findOwnerHashes!(indexKey)).length, 2);
      await store.removeIndexKey!(indexKey, ownerHash, 0);
      assert.deepEqual(await store.findOwnerHashes!(indexKey), [other]);
      await store.removeIndexKey!(indexKey, other, 0);
      await store.removeIndexKey!(indexKey, newOwnerHash(), 0);
      assert.deepEqual(await store.findOwnerHashes!(indexKey), []);
    },
  },
  {
    title: 'C7: an owner with a session is found, also after another session with the same index key has ended',
    async run({ store }) {
      const [indexKey, ownerHash] = [newIndexKey(), newOwnerHash()];
      const details = { ...DETAILS, indexKeys: [indexKey] };
      const logIn = async () => {
        const key = newKey(ownerHash);
        await store.addIndexKey!(indexKey, ownerHash, KEEP);
        await written(store.create(key, record({}, { details, login: login() })));
        return key;
      };
      const first = await logIn();
      await logIn();
      await written(store.destroy(first));
      assert.deepEqual(await store.findOwnerHashes!(indexKey), [ownerHash]);
      // A session that ends between the two steps of another login.
      const third = await logIn();
      await store.revokeOwned!(ownerHash, third.handle, null, KEEP);
      const fourth = newKey(ownerHash);
      await store.addIndexKey!(indexKey, ownerHash, KEEP);
      await written(store.destroy(third));
      await written(store.create(fourth, record({}, { details, login: login() })));
      assert.deepEqual(await store.findOwnerHashes!(indexKey), [ownerHash]);
    },
  },
];
