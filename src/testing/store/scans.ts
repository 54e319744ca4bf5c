import assert from 'node:assert/strict';
import type { RecordKey, ScannedRecord, SessionScanner } from '../../stores/store.ts';
import type { StoreCheck } from './check.ts';
import { change, createOwned, newKey, newOwnerHash, record, rekey, ROTATED, seconds } from './fixtures.ts';

/** More than a store returns at once. */
const MANY = 600;

/** What a scan finds of the records that a check has made: others may be there too. */
async function scanned(
  store: Partial<SessionScanner>,
  keys: readonly RecordKey[],
): Promise<Map<string, ScannedRecord>> {
  const handles = new Set(keys.map(({ handle }) => handle));
  const found = new Map<string, ScannedRecord>();
  for await (const each of store.scan!()) if (handles.has(each.key.handle)) found.set(each.key.handle, each);
  return found;
}

/** The optional capability of going through all sessions. */
export const SCANS: readonly StoreCheck[] = [
  {
    title: 'a scan finds every record, and what is known about it',
    async run({ store }) {
      const ownerHash = newOwnerHash();
      const keys: RecordKey[] = [await createOwned(store, ownerHash), await createOwned(store, ownerHash)];
      for (let i = 0; i < MANY; i++) keys.push(newKey());
      await Promise.all(keys.slice(2).map((key) => store.create(key, record({ a: '1' }, { timeout: seconds(321) }))));
      const found = await scanned(store, keys);
      assert.equal(found.size, keys.length);
      for (const key of keys) assert.deepEqual(found.get(key.handle)?.key, key);
      assert.equal(found.get(keys[0]!.handle)?.meta.owner, 'alice');
      assert.equal(found.get(keys[2]!.handle)?.meta.timeout.seconds, 321);
      assert.ok(Math.abs(found.get(keys[2]!.handle)!.lastSeen - (await store.now())) < 60_000);
    },
  },
  {
    title: 'a scan leaves out what has ended, and what a rotation has left behind',
    async run({ store, expire }) {
      const ownerHash = newOwnerHash();
      const [live, ended, expired, old] = [newKey(), newKey(), newKey(), newKey()];
      for (const key of [live, ended, expired, old]) await store.create(key, record());
      const next = newKey();
      await store.rekey(old, next, rekey({ tombstone: ROTATED }));
      const [owned, rotated] = [await createOwned(store, ownerHash), newKey(ownerHash)];
      await store.rekey(owned, rotated, rekey({ tombstone: ROTATED }));
      await store.destroy(ended);
      await expire(expired);
      const found = await scanned(store, [live, ended, expired, old, next, owned, rotated]);
      assert.deepEqual([...found.keys()].toSorted(), [live, next, rotated].map(({ handle }) => handle).toSorted());
    },
  },
  {
    title: 'a scan ends although each record that it finds is used, and another although each is destroyed',
    async run({ store }) {
      const keys = Array.from({ length: 20 }, () => newKey());
      for (const key of keys) await store.create(key, record());
      const handles = new Set(keys.map(({ handle }) => handle));
      let seen = 0;
      for await (const { key } of store.scan!()) {
        if (!handles.has(key.handle)) continue;
        seen += 1;
        assert.ok(seen < 1000, 'the scan does not end');
        await store.save(key, change({ a: '2' }));
      }
      assert.ok(seen >= keys.length);
      for await (const { key } of store.scan!()) if (handles.has(key.handle)) await store.destroy(key);
      assert.equal((await scanned(store, keys)).size, 0);
    },
  },
];
