import assert from 'node:assert/strict';
import type { StoreCheck } from './check.ts';
import {
  createAnonymous,
  createOwned,
  loginRekey,
  newKey,
  newOwnerHash,
  ownedRecord,
  rekey,
  REPLACED,
  ROTATED,
  written,
} from './fixtures.ts';

/** The optional capability of finding an owner's sessions. */
export const OWNERS: readonly StoreCheck[] = [
  {
    title: "an owner's live sessions are listed, oldest login first, and no others",
    async run({ store, expire }) {
      const [ownerHash, other] = [newOwnerHash(), newOwnerHash()];
      const keys = [];
      for (let i = 0; i < 4; i++) keys.push(await createOwned(store, ownerHash, { i: String(i) }));
      await createOwned(store, other);
      await expire(keys[1]!);
      await store.destroy(keys[2]!);
      const listed = await store.listOwned!(ownerHash);
      assert.deepEqual(
        listed.map(({ handle }) => handle),
        [keys[0]!.handle, keys[3]!.handle],
      );
      assert.equal(listed[0]!.meta.owner, 'alice');
      assert.equal(listed[0]!.meta.method, 'password');
      assert.ok(listed[0]!.lastSeen > 0);
    },
  },
  {
    title: 'a rotation keeps the place among the sessions of its owner, a login takes the last',
    async run({ store }) {
      const ownerHash = newOwnerHash();
      const [a, b] = [await createOwned(store, ownerHash), await createOwned(store, ownerHash)];
      const [rotated, again] = [newKey(ownerHash), newKey(ownerHash)];
      await written(store.rekey(a, rotated, rekey({ tombstone: ROTATED })));
      const handles = async (): Promise<string[]> => (await store.listOwned!(ownerHash)).map(({ handle }) => handle);
      assert.deepEqual(await handles(), [rotated.handle, b.handle]);
      await written(store.rekey(rotated, again, loginRekey()));
      assert.deepEqual(await handles(), [b.handle, again.handle]);
    },
  },
  {
    title: 'a session that was destroyed with a tombstone is not listed, and does not count',
    async run({ store }) {
      const ownerHash = newOwnerHash();
      const key = await createOwned(store, ownerHash);
      await written(store.destroy(key, REPLACED));
      assert.deepEqual(await store.listOwned!(ownerHash), []);
      const limited = ownedRecord({}, { max: 1, onSessionLimit: 'refuse' });
      assert.equal((await store.create(newKey(ownerHash), limited)).status, 'ok');
    },
  },
  {
    title: 'C8: a login at the limit ends the oldest, or is refused and changes nothing',
    async run({ store, expire }) {
      const ownerHash = newOwnerHash();
      const limited = (onSessionLimit: 'evict-oldest' | 'refuse') =>
        store.create(newKey(ownerHash), ownedRecord({}, { max: 2, onSessionLimit }));
      const first = await createOwned(store, ownerHash);
      const second = await createOwned(store, ownerHash);
      const third = await limited('evict-oldest');
      assert.ok(third.status === 'ok');
      assert.deepEqual(third.evicted, [first.handle]);
      assert.equal(await store.load(first), undefined);
      assert.equal((await limited('refuse')).status, 'full');
      assert.equal((await store.listOwned!(ownerHash)).length, 2);
      await expire(second);
      assert.equal((await limited('refuse')).status, 'ok');
    },
  },
  {
    title: 'C8: a login of a session that counts already needs no room',
    async run({ store }) {
      const ownerHash = newOwnerHash();
      const key = await createOwned(store, ownerHash);
      const limited = { max: 1, onSessionLimit: 'refuse' as const };
      const next = newKey(ownerHash);
      await written(store.rekey(key, next, loginRekey(limited)));
      assert.equal((await store.create(newKey(ownerHash), ownedRecord({}, limited))).status, 'full');
      assert.equal(
        (await store.rekey(await createAnonymous(store), newKey(ownerHash), loginRekey(limited))).status,
        'full',
      );
      assert.deepEqual(
        (await store.listOwned!(ownerHash)).map(({ handle }) => handle),
        [next.handle],
      );
    },
  },
];
