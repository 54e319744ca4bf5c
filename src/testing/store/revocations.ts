import assert from 'node:assert/strict';
import type { RecordDetails, SessionStore } from '../../stores/store.ts';
import type { StoreCheck } from './check.ts';
import {
  change,
  createAnonymous,
  createOwned,
  DETAILS,
  found,
  KEEP,
  login,
  loginRekey,
  newIndexKey,
  newKey,
  newOwnerHash,
  ownedRecord,
  record,
  rekey,
  ROTATED,
  written,
} from './fixtures.ts';

/** Whether a login that was begun before can still be completed, in both ways that one can. */
async function pendingLogins(store: SessionStore, ownerHash: string, pendingSince: number): Promise<string[]> {
  const anonymous = await createAnonymous(store, { a: '1' });
  const [created, rekeyed] = [newKey(ownerHash), newKey(ownerHash)];
  const outcomes = [
    await store.create(created, ownedRecord({}, { pendingSince })),
    await store.rekey(anonymous, rekeyed, loginRekey({ pendingSince })),
  ];
  const statuses = outcomes.map(({ status }) => status);
  for (const [i, key] of [created, rekeyed].entries())
    assert.equal((await store.load(key))?.status, statuses[i] === 'ok' ? 'found' : undefined);
  if (statuses[1] !== 'ok') await found(store, anonymous);
  return statuses;
}

/** Ending all sessions of an owner, or those with an index key. */
export const REVOCATIONS: readonly StoreCheck[] = [
  {
    title: 'C7: a revocation ends all sessions but the one to spare, and no later write revives them',
    async run({ store }) {
      const ownerHash = newOwnerHash();
      const keys = [];
      for (let i = 0; i < 5; i++) keys.push(await createOwned(store, ownerHash));
      const ended = await store.revokeOwned!(ownerHash, keys[2]!.handle, null, KEEP);
      assert.equal(ended.length, 4);
      for (const key of keys) assert.equal((await store.load(key))?.status, key === keys[2] ? 'found' : undefined);
      assert.equal((await store.save(keys[0]!, change({ a: '1' }))).status, 'gone');
      assert.equal((await store.rekey(keys[0]!, newKey(ownerHash), rekey())).status, 'gone');
      assert.deepEqual(
        (await store.listOwned!(ownerHash)).map(({ handle }) => handle),
        [keys[2]!.handle],
      );
      assert.deepEqual(await store.revokeOwned!(ownerHash, null, null, KEEP), [keys[2]!.handle]);
      assert.deepEqual(await store.listOwned!(ownerHash), []);
      assert.deepEqual(await store.revokeOwned!(ownerHash, null, null, KEEP), []);
    },
  },
  {
    title: 'C7: a spared session can be written, taken from, rotated, logged in again, and spared again',
    async run({ store }) {
      const ownerHash = newOwnerHash();
      const [key, rotated, again] = [await createOwned(store, ownerHash), newKey(ownerHash), newKey(ownerHash)];
      const handles = async (): Promise<string[]> => (await store.listOwned!(ownerHash)).map(({ handle }) => handle);
      assert.deepEqual(await store.revokeOwned!(ownerHash, key.handle, null, KEEP), []);
      assert.deepEqual(await handles(), [key.handle]);
      await written(store.save(key, change({ a: '1' })));
      assert.equal((await store.take(key, 'a')).status, 'ok');
      const exact = { exact: true, expect: new Map() };
      await written(store.rekey(key, rotated, rekey({ ...exact, tombstone: ROTATED })));
      assert.deepEqual(await store.revokeOwned!(ownerHash, rotated.handle, null, KEEP), []);
      await written(store.save(rotated, change({ a: '2' })));
      await written(store.rekey(rotated, again, loginRekey()));
      await written(store.save(again, change({ a: '3' })));
      assert.deepEqual(await handles(), [again.handle]);
      assert.deepEqual(await store.revokeOwned!(ownerHash, null, null, KEEP), [again.handle]);
      assert.equal((await store.save(again, change())).status, 'gone');
    },
  },
  {
    title: 'C7: a session to spare that was rotated since is found by its old handle',
    async run({ store }) {
      const ownerHash = newOwnerHash();
      const keys = [await createOwned(store, ownerHash), newKey(ownerHash), newKey(ownerHash)] as const;
      const other = await createOwned(store, ownerHash);
      await written(store.rekey(keys[0], keys[1], rekey({ tombstone: ROTATED })));
      await written(store.rekey(keys[1], keys[2], rekey({ tombstone: ROTATED })));
      assert.deepEqual(await store.revokeOwned!(ownerHash, keys[0].handle, null, KEEP), [other.handle]);
      await written(store.save(keys[2], change({ a: '1' })));
    },
  },
  {
    title: 'a session of a login after the revocation goes on, also in the same millisecond',
    async run({ store }) {
      const ownerHash = newOwnerHash();
      await createOwned(store, ownerHash);
      await store.revokeOwned!(ownerHash, null, null, KEEP);
      const [created, rekeyed, next] = [newKey(ownerHash), newKey(ownerHash), newKey(ownerHash)];
      const anonymous = await createAnonymous(store);
      await written(store.create(created, ownedRecord({ a: '1' })));
      await written(store.rekey(anonymous, rekeyed, loginRekey()));
      for (const key of [created, rekeyed]) await written(store.save(key, change({ b: '2' })));
      await written(store.rekey(created, next, rekey()));
      await written(store.save(next, change({ c: '3' })));
      assert.equal((await store.listOwned!(ownerHash)).length, 2);
    },
  },
  {
    title: 'a login that was begun before a revocation is refused, one that was begun after it is not',
    async run({ store }) {
      const ownerHash = newOwnerHash();
      const before = await store.now();
      assert.deepEqual(await pendingLogins(store, ownerHash, before), ['ok', 'ok']);
      assert.equal((await store.revokeOwned!(ownerHash, null, null, KEEP)).length, 2);
      assert.deepEqual(await pendingLogins(store, ownerHash, before - 1), ['revoked', 'revoked']);
      assert.deepEqual(await pendingLogins(store, ownerHash, (await store.now()) + 1), ['ok', 'ok']);
      assert.deepEqual(await pendingLogins(store, newOwnerHash(), before - 1), ['ok', 'ok']);
      // One that spares a session is a revocation all the same.
      const spared = await createOwned(store, ownerHash);
      await store.revokeOwned!(ownerHash, spared.handle, null, KEEP);
      assert.deepEqual(await pendingLogins(store, ownerHash, before - 1), ['revoked', 'revoked']);
    },
  },
  {
    title: 'C7: a revocation by an index key ends the sessions that carry it, and no others',
    async run({ store }) {
      const ownerHash = newOwnerHash();
      const [one, two] = [newIndexKey(), newIndexKey()];
      const withKeys = async (...indexKeys: string[]) => {
        const key = newKey(ownerHash);
        await written(store.create(key, record({}, { details: { ...DETAILS, indexKeys }, login: login() })));
        return key;
      };
      const [none, first, both, longer] = [
        await withKeys(),
        await withKeys(one),
        await withKeys(two, one),
        await withKeys(`${one}x`, `x${one}`, two),
      ];
      const before = await store.now();
      assert.deepEqual(
        (await store.revokeOwned!(ownerHash, null, one, KEEP)).toSorted(),
        [first.handle, both.handle].toSorted(),
      );
      for (const key of [none, longer]) await written(store.save(key, change({ a: '1' })));
      // It is no reason to refuse a login.
      assert.deepEqual(await pendingLogins(store, ownerHash, before - 1), ['ok', 'ok']);
      assert.deepEqual(await store.revokeOwned!(ownerHash, null, two, KEEP), [longer.handle]);
    },
  },
  {
    title: 'C7: a revocation by an index key ends sessions whose details are not well-formed text',
    async run({ store }) {
      const broken: Partial<RecordDetails>[] = [
        { owner: 'owner \ud83d' },
        { method: '\ude00 method' },
        { agent: 'cut in the middle of an emoji \ud83d' },
        { agent: '","[]{}:\\' },
        { address: '\u0000' },
      ];
      for (const details of broken) {
        const [created, rekeyed] = [newKey(newOwnerHash()), newKey(newOwnerHash())];
        const indexed = { ...DETAILS, ...details, indexKeys: [newIndexKey(), newIndexKey()] };
        await written(store.create(created, record({}, { details: indexed, login: login() })));
        const rekeying = loginRekey();
        const anonymous = await createAnonymous(store);
        await written(
          store.rekey(anonymous, rekeyed, { ...rekeying, login: { ...rekeying.login!, details: indexed } }),
        );
        for (const { handle, ownerHash } of [created, rekeyed]) {
          assert.deepEqual((await store.listOwned!(ownerHash!))[0]?.meta.indexKeys, indexed.indexKeys);
          assert.deepEqual(await store.revokeOwned!(ownerHash!, null, indexed.indexKeys[1]!, KEEP), [handle]);
          assert.equal(await store.load({ handle, ownerHash }), undefined);
        }
      }
    },
  },
];
