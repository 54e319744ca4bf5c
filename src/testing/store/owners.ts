import assert from 'node:assert/strict';
import type { StoreCheck } from './check.ts';
import { change, createOwned, DETAILS, login, move, newOwnerHash, newKey, record, TRACE } from './fixtures.ts';

/** The optional capability of finding an owner's sessions. */
export const OWNERS: readonly StoreCheck[] = [
  {
    title: 'an owner lists live sessions, oldest login first, and nobody else sees them',
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
    title: 'a rotation keeps the place among the sessions of its owner',
    async run({ store }) {
      const ownerHash = newOwnerHash();
      const [a, b] = [await createOwned(store, ownerHash), await createOwned(store, ownerHash)];
      const next = newKey(ownerHash);
      assert.equal((await store.rekey(a, next, move({ trace: TRACE }))).status, 'ok');
      assert.deepEqual(
        (await store.listOwned!(ownerHash)).map(({ handle }) => handle),
        [next.handle, b.handle],
      );
    },
  },
  {
    title: 'C7: a revocation ends all sessions but the one to spare, and no later write revives them',
    async run({ store }) {
      const ownerHash = newOwnerHash();
      const keys = [];
      for (let i = 0; i < 5; i++) keys.push(await createOwned(store, ownerHash));
      const ended = await store.revokeOwned!(ownerHash, keys[2]!.handle, null);
      assert.equal(ended.length, 4);
      for (const key of keys) assert.equal((await store.load(key))?.status, key === keys[2] ? 'found' : undefined);
      assert.equal((await store.save(keys[0]!, change({ a: '1' }))).status, 'gone');
      assert.equal((await store.rekey(keys[0]!, newKey(ownerHash), move())).status, 'gone');
      assert.deepEqual(
        (await store.listOwned!(ownerHash)).map(({ handle }) => handle),
        [keys[2]!.handle],
      );
      assert.deepEqual(await store.revokeOwned!(ownerHash, null, null), [keys[2]!.handle]);
      assert.deepEqual(await store.listOwned!(ownerHash), []);
      assert.deepEqual(await store.revokeOwned!(ownerHash, null, null), []);
    },
  },
  {
    title: 'C8: a login at the limit ends the oldest, or is refused and changes nothing',
    async run({ store, expire }) {
      const ownerHash = newOwnerHash();
      const limited = (onSessionLimit: 'evict-oldest' | 'refuse') =>
        store.create(newKey(ownerHash), record({}, { details: DETAILS, login: login({ max: 2, onSessionLimit }) }));
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
    title: 'C8: a new login of a session that counts already needs no room',
    async run({ store }) {
      const ownerHash = newOwnerHash();
      const key = await createOwned(store, ownerHash);
      const relogin = { ...login({ max: 1, onSessionLimit: 'refuse' as const }), details: DETAILS, absoluteTimeout: 0 };
      const next = newKey(ownerHash);
      assert.equal((await store.rekey(key, next, move({ login: relogin }))).status, 'ok');
      const refused = await store.create(newKey(ownerHash), record({}, { details: DETAILS, login: relogin }));
      assert.equal(refused.status, 'full');
      assert.deepEqual(
        (await store.listOwned!(ownerHash)).map(({ handle }) => handle),
        [next.handle],
      );
    },
  },
  {
    title: 'a login that moves a session to another owner leaves the first without it',
    async run({ store }) {
      const [one, two] = [newOwnerHash(), newOwnerHash()];
      const key = await createOwned(store, one);
      const next = newKey(two);
      const details = { ...DETAILS, owner: 'bob' };
      assert.equal(
        (await store.rekey(key, next, move({ login: { ...login(), details, absoluteTimeout: 0 } }))).status,
        'ok',
      );
      assert.deepEqual(await store.listOwned!(one), []);
      assert.equal((await store.listOwned!(two))[0]?.meta.owner, 'bob');
    },
  },
];
