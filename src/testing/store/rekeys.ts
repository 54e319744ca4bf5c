import assert from 'node:assert/strict';
import type { StoreCheck } from './check.ts';
import {
  assertNear,
  change,
  createAnonymous,
  createOwned,
  dataOf,
  DETAILS,
  found,
  loginRekey,
  newKey,
  newOwnerHash,
  record,
  rekey,
  REPLACED,
  ROTATED,
  seconds,
  written,
} from './fixtures.ts';

/** Rotation and login. */
export const REKEYS: readonly StoreCheck[] = [
  {
    title: 'C6: a rotation moves the record, and leaves a tombstone that leads to it',
    async run({ store }) {
      const to = newKey();
      const from = await createAnonymous(store, { a: '1', b: '2' });
      const before = await found(store, from);
      const set = new Map([['c', '3']]);
      const outcome = await written(
        store.rekey(from, to, rekey({ set, delete: new Set(['b']), tombstone: ROTATED, cookieAttributes: 'second' })),
      );
      const after = await found(store, to);
      assert.deepEqual(dataOf(after), { a: '1', c: '3' });
      const cookie = { sentAt: Math.floor(outcome.now / 1000) * 1000, attributes: 'second', confirmed: false };
      assert.deepEqual({ ...after.meta }, { ...before.meta, cookie });
      const tombstone = await store.load(from);
      assert.ok(tombstone?.status === 'tombstone');
      assert.equal(tombstone.nonce, 'nonce_-1');
      assert.equal(tombstone.successor, to.handle);
      assertNear(tombstone.graceUntil, outcome.now + 10_000, 1000);
      assert.equal(tombstone.confirmed, true);
      assertNear(tombstone.now, outcome.now);
    },
  },
  {
    title: 'C6: every operation on the old key is led to the new one',
    async run({ store }) {
      const to = newKey();
      const from = await createAnonymous(store, { a: '1' });
      await written(store.rekey(from, to, rekey({ tombstone: ROTATED })));
      for (const outcome of [
        await store.save(from, change({ a: '2' })),
        await store.take(from, 'a'),
        await store.destroy(from, REPLACED),
        await store.rekey(from, newKey(), rekey()),
      ]) {
        assert.ok(outcome.status === 'tombstone');
        assert.equal(outcome.nonce, 'nonce_-1');
        assert.equal(outcome.successor, to.handle);
        assertNear(outcome.now, outcome.graceUntil, 10_000);
      }
      assert.equal((await store.create(from, record())).status, 'exists');
      assert.deepEqual(dataOf(await store.load(to)), { a: '1' });
    },
  },
  {
    title: 'a rekey to a key that is taken changes nothing',
    async run({ store }) {
      const from = await createAnonymous(store, { a: '1' });
      const occupied = await createAnonymous(store, { b: '2' });
      assert.equal((await store.rekey(from, occupied, rekey())).status, 'exists');
      assert.deepEqual(dataOf(await store.load(occupied)), { b: '2' });
      const tombstone = await createAnonymous(store);
      await written(store.destroy(tombstone, REPLACED));
      assert.equal((await store.rekey(from, tombstone, rekey())).status, 'exists');
      assert.deepEqual(dataOf(await store.load(from)), { a: '1' });
    },
  },
  {
    title: 'an exact rekey is made only if no other field has come or changed',
    async run({ store }) {
      const to = newKey();
      const from = await createAnonymous(store, { a: '1', b: '2' });
      const some = rekey({ exact: true, expect: new Map([['a', '1']]) });
      const outcome = await store.rekey(from, to, some);
      assert.ok(outcome.status === 'conflict');
      assert.equal(outcome.fields['b'], '2');
      const all = new Map([
        ['a', '1'],
        ['b', '2'],
      ]);
      await written(store.rekey(from, to, { ...some, expect: all, set: new Map([['a', 'A']]) }));
      assert.deepEqual(dataOf(await store.load(to)), { a: 'A', b: '2' });
      assert.equal(await store.load(from), undefined);
    },
  },
  {
    title: 'C6: a login begins the times again, stamps the owner, and ends the old key',
    async run({ store, pass, assertEndsIn }) {
      const [from, to] = [newKey(), newKey(newOwnerHash())];
      await store.create(from, record({ cart: '1' }, { timeout: seconds(50), absoluteTimeout: 60 }));
      await pass(from, 20);
      const owned = loginRekey({ age: 250 }, { timeout: { seconds: 400, adjusted: true }, cookieAttributes: 'second' });
      const outcome = await written(
        store.rekey(from, to, { ...owned, login: { ...owned.login!, absoluteTimeout: 5000 } }),
      );
      const after = await found(store, to);
      assert.deepEqual(dataOf(after), { cart: '1' });
      assert.deepEqual(
        { ...after.meta },
        {
          ...DETAILS,
          createdAt: outcome.now,
          timeout: { seconds: 400, adjusted: true },
          expiresAt: outcome.now + 5_000_000,
          ownExpiry: false,
          authenticatedAt: outcome.now - 250,
          cookie: { sentAt: Math.floor(outcome.now / 1000) * 1000, attributes: 'second', confirmed: true },
          remember: null,
        },
      );
      assert.equal(await store.load(from), undefined);
      await assertEndsIn(to, 400);
    },
  },
  {
    title: 'a login takes over when the owner authenticated elsewhere, but never a time that is still to come',
    async run({ store }) {
      const now = await store.now();
      for (const authenticatedAt of [now - 3_600_000, now + 3_600_000]) {
        const keys = [newKey(newOwnerHash()), newKey(newOwnerHash())] as const;
        const { login } = loginRekey({ age: 250, authenticatedAt });
        const created = await written(store.create(keys[0], record({}, { details: DETAILS, login: login! })));
        const rekeyed = await written(store.rekey(await createAnonymous(store), keys[1], rekey({ login })));
        for (const [key, outcome] of [[keys[0], created] as const, [keys[1], rekeyed] as const]) {
          const { meta } = await found(store, key);
          assert.equal(meta.authenticatedAt, Math.min(authenticatedAt, outcome.now));
        }
      }
    },
  },
  {
    title: 'a login of the same owner again keeps the fields, and takes the place of the old session',
    async run({ store }) {
      const ownerHash = newOwnerHash();
      const [key, next] = [await createOwned(store, ownerHash, { a: '1' }), newKey(ownerHash)];
      const { login } = loginRekey();
      const details = { ...DETAILS, method: 'otp', indexKeys: [] };
      await written(store.rekey(key, next, rekey({ login: { ...login!, details } })));
      const after = await found(store, next);
      assert.deepEqual([after.meta.method, after.meta.indexKeys, dataOf(after)], ['otp', [], { a: '1' }]);
      assert.equal(await store.load(key), undefined);
    },
  },
];

/** Which ids a client has come with. */
const CONFIRMATIONS: readonly StoreCheck[] = [
  {
    title: "a rotation's cookie is unconfirmed until a write of a request that came with it",
    async run({ store }) {
      const to = newKey();
      await written(store.rekey(await createAnonymous(store), to, rekey({ cookieAttributes: 'second' })));
      const confirmed = async (): Promise<boolean> => (await found(store, to)).meta.cookie.confirmed;
      assert.equal(await confirmed(), false);
      await written(store.save(to, change({ a: '1' }, { cookieAttributes: 'third' })));
      assert.equal(await confirmed(), false);
      await store.take(to, 'a');
      assert.equal(await confirmed(), false);
      await written(store.save(to, change({}, { confirmsCookie: true })));
      assert.equal(await confirmed(), true);
      assert.equal((await found(store, to)).meta.cookie.attributes, 'third');
      await written(store.save(to, change({ a: '2' })));
      assert.equal(await confirmed(), true);
    },
  },
  {
    title: 'a tombstone says whether the client had come with the id, then or before',
    async run({ store }) {
      for (const confirms of [false, true]) {
        const [second, third] = [newKey(), newKey()];
        await written(store.rekey(await createAnonymous(store), second, rekey()));
        await written(store.rekey(second, third, rekey({ tombstone: ROTATED, confirmsCookie: confirms })));
        const loaded = await store.load(second);
        assert.ok(loaded?.status === 'tombstone');
        assert.equal(loaded.confirmed, confirms);
        const met = await store.save(second, change());
        assert.ok(met.status === 'tombstone');
        assert.equal(met.confirmed, confirms);
        assert.equal((await found(store, third)).meta.cookie.confirmed, false);
        await written(store.destroy(third, REPLACED));
        const replaced = await store.load(third);
        assert.ok(replaced?.status === 'tombstone');
        assert.equal(replaced.confirmed, false);
      }
    },
  },
  {
    title: "a login's cookie is confirmed, also after a rotation whose cookie was not",
    async run({ store }) {
      const [second, owned] = [newKey(), newKey(newOwnerHash())];
      await written(store.rekey(await createAnonymous(store), second, rekey()));
      await written(store.rekey(second, owned, loginRekey({}, { tombstone: REPLACED })));
      assert.equal((await found(store, owned)).meta.cookie.confirmed, true);
    },
  },
];

/** What remains at keys that are no longer used. */
export const TOMBSTONES: readonly StoreCheck[] = [
  ...CONFIRMATIONS,
  {
    title: 'a tombstone that leads nowhere says that the session goes on, and how long it may be said',
    async run({ store }) {
      const from = await createAnonymous(store);
      const outcome = await written(store.rekey(from, newKey(), rekey({ tombstone: REPLACED })));
      const tombstone = await store.load(from);
      assert.ok(tombstone?.status === 'tombstone');
      assert.deepEqual([tombstone.nonce, tombstone.successor], ['', '']);
      assertNear(tombstone.graceUntil, outcome.now + 10_000, 1000);
    },
  },
  {
    title: 'a record can be destroyed with a tombstone, which no operation replaces',
    async run({ store }) {
      for (const key of [await createAnonymous(store), await createOwned(store, newOwnerHash())]) {
        const outcome = await written(store.destroy(key, REPLACED));
        for (const met of [
          await store.load(key),
          await store.save(key, change({ a: '1' })),
          await store.take(key, ''),
          await store.destroy(key, { ...REPLACED, grace: 300 }),
          await store.destroy(key),
          await store.rekey(key, newKey(key.ownerHash), rekey()),
        ]) {
          assert.ok(met?.status === 'tombstone');
          assert.deepEqual([met.nonce, met.successor, met.graceUntil], ['', '', outcome.now + 10_000]);
        }
        assert.equal((await store.create(key, record())).status, 'exists');
      }
    },
  },
  {
    title: 'there is no tombstone of a record that did not exist',
    async run({ store }) {
      const key = newKey();
      assert.equal((await store.destroy(key, REPLACED)).status, 'gone');
      assert.equal(await store.load(key), undefined);
    },
  },
  {
    title: "a tombstone's grace ends, and later the tombstone itself",
    async run({ store, pass }) {
      const from = await createAnonymous(store);
      await written(store.rekey(from, newKey(), rekey({ tombstone: ROTATED })));
      const during = await store.load(from);
      assert.ok(during?.status === 'tombstone');
      assert.ok(during.now < during.graceUntil);
      await pass(from, 11);
      for (const after of [await store.load(from), await store.save(from, change())]) {
        assert.ok(after?.status === 'tombstone');
        assert.ok(after.now > after.graceUntil);
      }
      await pass(from, ROTATED.keep - 11);
      assert.equal(await store.load(from), undefined);
      assert.equal((await store.save(from, change())).status, 'gone');
    },
  },
];
