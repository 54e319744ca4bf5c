import assert from 'node:assert/strict';
import type { RecordKey } from '../../stores/store.ts';
import type { StoreCheck, StoreHarness } from './check.ts';
import {
  assertNear,
  change,
  createAnonymous,
  found,
  loginRekey,
  newKey,
  newOwnerHash,
  record,
  rekey,
  REPLACED,
  seconds,
  written,
} from './fixtures.ts';

/** Uses a record that ends 600 s from now in every way that could put that off, and compares its end each time. */
export async function useUntilExpiry(
  { store, pass, assertEndsIn }: StoreHarness,
  key: RecordKey,
  next: RecordKey,
): Promise<void> {
  let left = 600;
  const after100s = async (of: RecordKey, write: () => Promise<{ readonly status: string }>, result = of) => {
    await pass(of, 100);
    left -= 100;
    const { now } = await written(write());
    assertNear((await found(store, result)).meta.expiresAt - now, left * 1000);
  };
  await after100s(key, () => store.save(key, change({ a: '1' })));
  await after100s(key, () => store.save(key, change()));
  await after100s(key, () => store.save(key, change({}, { timeout: seconds(5000) })));
  await after100s(key, () => store.rekey(key, next, rekey({ timeout: seconds(9000) })), next);
  await after100s(next, () => store.save(next, change({ b: '1' })));
  await assertEndsIn(next, 100);
}

/** How long records live. */
export const LIFETIMES: readonly StoreCheck[] = [
  {
    title: 'a record ends after its idle timeout',
    async run({ store, assertEndsIn }) {
      const key = newKey();
      await store.create(key, record({}, { timeout: seconds(300) }));
      await assertEndsIn(key, 300);
    },
  },
  {
    title: 'a record ends at its absolute expiry at the latest',
    async run({ store, assertEndsIn }) {
      const key = newKey();
      await store.create(key, record({}, { timeout: seconds(1200), absoluteTimeout: 600 }));
      await assertEndsIn(key, 600);
    },
  },
  {
    title: 'a write begins the idle timeout again, and so does a touch',
    async run({ store, pass, assertEndsIn }) {
      for (const set of [{ a: '1' }, {}]) {
        const key = newKey();
        await store.create(key, record({}, { timeout: seconds(300) }));
        await pass(key, 100);
        const { now } = await written(store.save(key, change(set)));
        assertNear((await found(store, key)).lastSeen, now, 1000);
        await assertEndsIn(key, 300);
      }
    },
  },
  {
    title: 'taking fields and reading do not renew the idle timeout',
    async run({ store, pass, assertEndsIn }) {
      const key = newKey();
      const created = await written(store.create(key, record({ a: '1' }, { timeout: seconds(300) })));
      await pass(key, 100);
      await store.take(key, 'a');
      const { lastSeen, now } = await found(store, key);
      assertNear(now - lastSeen, 100_000);
      assert.ok(lastSeen <= created.now);
      await assertEndsIn(key, 200);
    },
  },
  {
    title: 'C4: no write, touch, longer timeout or rotation moves the absolute expiry as time passes',
    async run(harness) {
      const [key, next] = [newKey(), newKey()];
      await harness.store.create(key, record({}, { timeout: seconds(500), absoluteTimeout: 600 }));
      await useUntilExpiry(harness, key, next);
    },
  },
  {
    title: "C4: nor that of an owner's session, from its login on",
    async run(harness) {
      const ownerHash = newOwnerHash();
      const [key, next] = [newKey(ownerHash), newKey(ownerHash)];
      const { login, ...rest } = loginRekey({}, { timeout: seconds(500) });
      const anonymous = await createAnonymous(harness.store);
      await written(harness.store.rekey(anonymous, key, { ...rest, login: { ...login!, absoluteTimeout: 600 } }));
      await useUntilExpiry(harness, key, next);
    },
  },
  {
    title: 'an absolute timeout of 0 is none, and a changed idle timeout stays',
    async run({ store, assertEndsIn }) {
      const key = newKey();
      await store.create(key, record({}, { timeout: seconds(100), absoluteTimeout: 0 }));
      await store.save(key, change({}, { timeout: seconds(777) }));
      await store.save(key, change({ a: '1' }));
      assert.equal((await found(store, key)).meta.timeout.seconds, 777);
      assert.equal((await found(store, key)).meta.expiresAt, 0);
      await assertEndsIn(key, 777);
    },
  },
];

/** An expired record, met first by each operation in turn: none of them finds it, and none makes it again. */
export const EXPIRIES: readonly StoreCheck[] = [
  {
    title: 'C1: an expired record is not found by a load',
    async run({ store, expire }) {
      const key = await createAnonymous(store, { a: '1' });
      await expire(key);
      assert.equal(await store.load(key), undefined);
    },
  },
  {
    title: 'C1: a save does not revive an expired record that has not been met since',
    async run({ store, expire, pass }) {
      for (const [set, end] of [
        [{ a: '2' }, expire],
        [{}, expire],
        [{ a: '2' }, (key: RecordKey) => pass(key, 1200)],
      ] as const) {
        const key = await createAnonymous(store, { a: '1' });
        await end(key);
        assert.equal((await store.save(key, change(set))).status, 'gone');
        assert.equal(await store.load(key), undefined);
      }
    },
  },
  {
    title: 'C1: neither a rotation nor a login revives an expired record that has not been met since',
    async run({ store, expire }) {
      for (const [to, request] of [
        [newKey(), rekey()],
        [newKey(newOwnerHash()), loginRekey()],
      ] as const) {
        const key = await createAnonymous(store, { a: '1' });
        await expire(key);
        assert.equal((await store.rekey(key, to, request)).status, 'gone');
        assert.equal(await store.load(to), undefined);
        assert.equal(await store.load(key), undefined);
      }
    },
  },
  {
    title: 'C1: nothing is taken out of an expired record that has not been met since',
    async run({ store, expire }) {
      const key = await createAnonymous(store, { a: '1' });
      await expire(key);
      assert.equal((await store.take(key, 'a')).status, 'gone');
      assert.equal(await store.load(key), undefined);
    },
  },
  {
    title: 'an expired record that has not been met since is not there to be destroyed, and leaves no tombstone',
    async run({ store, expire }) {
      const key = await createAnonymous(store, { a: '1' });
      await expire(key);
      assert.equal((await store.destroy(key, REPLACED)).status, 'gone');
      assert.equal(await store.load(key), undefined);
    },
  },
  {
    title: 'C1: a record that reached its absolute expiry while it was used is not revived by a write',
    async run({ store, pass }) {
      const key = newKey();
      await store.create(key, record({ a: '1' }, { timeout: seconds(500), absoluteTimeout: 600 }));
      await pass(key, 400);
      await written(store.save(key, change({ a: '2' })));
      await pass(key, 200);
      assert.equal((await store.save(key, change({ a: '3' }))).status, 'gone');
      assert.equal(await store.load(key), undefined);
    },
  },
];
