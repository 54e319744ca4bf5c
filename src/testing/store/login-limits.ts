import assert from 'node:assert/strict';
import type { RecordMeta, RekeyLogin, RecordRekey } from '../../stores/store.ts';
import type { StoreCheck } from './check.ts';
import {
  assertNear,
  change,
  createAnonymous,
  createOwned,
  DETAILS,
  found,
  KEEP,
  login,
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
import { useUntilExpiry } from './lifetimes.ts';

/** A rekey by a login with some of its parts. */
function loginWith(extra: Partial<RekeyLogin>, rest: Partial<RecordRekey> = {}): RecordRekey {
  const given = loginRekey({}, rest);
  return { ...given, login: { ...given.login!, ...extra } };
}

function limitsOf({ ownExpiry, remember, timeout }: RecordMeta): unknown[] {
  return [ownExpiry, remember, timeout.seconds, timeout.adjusted];
}

const OWN = { seconds: 300, adjusted: true };

/** The limits that come from a login. */
export const LOGIN_LIMITS: readonly StoreCheck[] = [
  {
    title: 'what a login says of its limits and its cookie is kept by every write and rotation',
    async run({ store }) {
      for (const remember of [true, false, null]) {
        for (const ownExpiry of [true, false]) {
          const ownerHash = newOwnerHash();
          const [created, owned, rotated] = [newKey(ownerHash), newKey(ownerHash), newKey(ownerHash)];
          const limits = { ownExpiry, remember };
          const given = record({}, { details: DETAILS, timeout: OWN, login: login(limits) });
          await written(store.create(created, given));
          assert.deepEqual(limitsOf((await found(store, created)).meta), [ownExpiry, remember, 300, true]);
          await written(store.rekey(await createAnonymous(store), owned, loginWith(limits, { timeout: OWN })));
          for (const write of [
            () => store.save(owned, change({ a: '1' })),
            () => store.save(owned, change({}, { cookieAttributes: 'other', confirmsCookie: true })),
            () => store.rekey(owned, rotated, rekey({ tombstone: ROTATED, cookieAttributes: 'third' })),
            () => store.save(rotated, change({ a: '2' }, { timeout: seconds(300) })),
          ]) {
            await written(write());
            const key = (await store.load(rotated))?.status === 'found' ? rotated : owned;
            assert.deepEqual(limitsOf((await found(store, key)).meta).slice(0, 3), [ownExpiry, remember, 300]);
          }
        }
      }
    },
  },
  {
    title: 'an anonymous record has no limits of a login, and a login may say nothing of them',
    async run({ store }) {
      const [anonymous, owned] = [await createAnonymous(store), newKey(newOwnerHash())];
      assert.deepEqual(limitsOf((await found(store, anonymous)).meta), [false, null, 1200, false]);
      await written(store.rekey(anonymous, owned, loginWith({})));
      assert.deepEqual(limitsOf((await found(store, owned)).meta), [false, null, 1200, false]);
    },
  },
  {
    title: 'a login that begins the absolute timeout again replaces the limits of the one before',
    async run({ store, pass, assertEndsIn }) {
      const ownerHash = newOwnerHash();
      const [first, second] = [newKey(ownerHash), newKey(ownerHash)];
      const one = loginWith({ ownExpiry: true, remember: true, absoluteTimeout: 600 });
      await written(store.rekey(await createAnonymous(store), first, one));
      await pass(first, 100);
      const next = loginWith({ absoluteTimeout: 900 }, { timeout: seconds(1200) });
      const { now } = await written(store.rekey(first, second, next));
      const { meta } = await found(store, second);
      assert.deepEqual(limitsOf(meta), [false, null, 1200, false]);
      assert.deepEqual([meta.createdAt, meta.expiresAt], [now, now + 900_000]);
      await assertEndsIn(second, 900);
    },
  },
  {
    title: 'C4: a login that keeps the absolute expiry keeps it and the creation time, and renews the authentication',
    async run(harness) {
      const { store, pass } = harness;
      const ownerHash = newOwnerHash();
      const [first, second, third] = [newKey(ownerHash), newKey(ownerHash), newKey(ownerHash)];
      const one = loginWith({ ownExpiry: true, remember: false, absoluteTimeout: 900 }, { timeout: OWN });
      await written(store.rekey(await createAnonymous(store), first, one));
      await pass(first, 200);
      await store.save(first, change());
      await pass(first, 100);
      const before = await found(store, first);
      const again = loginWith({ absoluteTimeout: null, remember: true }, { tombstone: REPLACED });
      const { now } = await written(store.rekey(first, second, again));
      const { meta } = await found(store, second);
      assert.deepEqual(limitsOf(meta), [true, true, 300, true]);
      assert.deepEqual([meta.createdAt, meta.expiresAt], [before.meta.createdAt, before.meta.expiresAt]);
      assertNear(meta.authenticatedAt, now, 1000);
      await written(store.save(second, change({}, { timeout: seconds(500) })));
      await useUntilExpiry(harness, second, third);
    },
  },
  {
    title: 'C4: a login that keeps an absolute expiry which is over finds nothing',
    async run({ store, pass }) {
      const ownerHash = newOwnerHash();
      const [first, second] = [newKey(ownerHash), newKey(ownerHash)];
      await written(store.rekey(await createAnonymous(store), first, loginWith({ absoluteTimeout: 600 })));
      await pass(first, 601);
      assert.equal((await store.rekey(first, second, loginWith({ absoluteTimeout: null }))).status, 'gone');
      assert.equal(await store.load(second), undefined);
    },
  },
];

/** The same, for stores that find sessions by owner. */
export const LOGIN_LIMITS_OF_OWNERS: readonly StoreCheck[] = [
  {
    title:
      'C7: a session that a revocation has spared, or could not mean, outlives it after a login that keeps its expiry',
    async run({ store, pass }) {
      const [ownerHash, newest] = [newOwnerHash(), newOwnerHash()];
      const first = await createOwned(store, ownerHash);
      const [second, third] = [newKey(ownerHash), newKey(newest)];
      await pass(first, 10);
      assert.deepEqual(await store.revokeOwned!(ownerHash, first.handle, null, KEEP), []);
      await written(store.rekey(first, second, loginWith({ absoluteTimeout: null })));
      await written(store.save(second, change({ a: '1' })));
      // Under another hash of the owner there was nothing to end.
      await pass(second, 10);
      assert.deepEqual(await store.revokeOwned!(newest, null, null, KEEP), []);
      await written(store.rekey(second, third, loginWith({ absoluteTimeout: null })));
      await written(store.save(third, change({ a: '2' })));
      assert.deepEqual(
        (await store.listOwned!(newest)).map(({ handle }) => handle),
        [third.handle],
      );
      assert.deepEqual(await store.revokeOwned!(newest, null, null, KEEP), [third.handle]);
    },
  },
];
