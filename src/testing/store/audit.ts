import assert from 'node:assert/strict';
import type {
  AuditEvent,
  AuditQuery,
  AuditRecord,
  AuditTrail,
  ExplainedReason,
  OwnerIndex,
  RecordKey,
  SessionStore,
} from '../../stores/store.ts';
import type { StoreCheck, StoreHarness } from './check.ts';
import {
  assertNear,
  change,
  createAnonymous,
  createOwned,
  KEEP,
  loginRekey,
  newKey,
  newOwnerHash,
  ownedRecord,
  rekey,
  REPLACED,
  ROTATED,
  written,
} from './fixtures.ts';

type Audited = SessionStore & OwnerIndex & AuditTrail;

const LIMITS = { maxAge: 86_400, maxEntries: 50 };
const ALL: AuditQuery = { since: 0, until: null, limit: 100 };

function audited({ store }: StoreHarness): Audited {
  assert.ok(store.startAudit !== undefined && store.reportReuse !== undefined && store.readAudit !== undefined);
  store.startAudit(LIMITS);
  return store as Audited;
}

/** What a trail says, oldest first, without times. */
async function trailOf(store: Audited, ownerHash: string): Promise<object[]> {
  const entries = await store.readAudit(ownerHash, ALL);
  return entries
    .toReversed()
    .map(({ event, handle, previous, method, by }) => ({ event, handle, previous, method, by }));
}

function entry(event: AuditEvent, { handle }: RecordKey, more: Partial<AuditRecord> = {}): object {
  return { event, handle, previous: null, method: null, by: null, ...more };
}

const REASONS: readonly ExplainedReason[] = [
  'logout',
  'revoked',
  'evicted',
  'expired',
  'authentication-changed',
  'id-reuse',
];

/** What a store writes into the audit trails of owners. */
export const AUDITS: readonly StoreCheck[] = [
  {
    title: 'audit: a login, a rotation and a logout are in the trail in their order',
    async run(harness) {
      const store = audited(harness);
      const ownerHash = newOwnerHash();
      const [first, second] = [await createOwned(store, ownerHash), newKey(ownerHash)];
      await written(store.rekey(first, second, rekey({ tombstone: ROTATED })));
      await written(store.save(second, change({ a: '1' })));
      await written(store.destroy(second, null, { reason: 'logout', keep: 0 }));
      assert.deepEqual(await trailOf(store, ownerHash), [
        entry('login', first, { method: 'password' }),
        entry('rotated', second, { previous: first.handle }),
        entry('logout', second),
      ]);
      const [newest, ...older] = await store.readAudit(ownerHash, ALL);
      assertNear(newest!.at, await store.now());
      assert.ok(older.every(({ at }) => at <= newest!.at));
      assert.equal(new Set([newest, ...older].map((each) => each!.id)).size, 3);
    },
  },
  {
    title: 'audit: a login of an anonymous session names the handle before, and where a session was migrated says so',
    async run(harness) {
      const store = audited(harness);
      const ownerHash = newOwnerHash();
      const from = [await createAnonymous(store), await createAnonymous(store)] as const;
      const to = [newKey(ownerHash), newKey(ownerHash)] as const;
      await written(store.rekey(from[0], to[0], loginRekey({}, { tombstone: REPLACED })));
      await written(store.rekey(from[1], to[1], loginRekey({}, { tombstone: ROTATED })));
      assert.deepEqual(await trailOf(store, ownerHash), [
        entry('login', to[0], { previous: from[0].handle, method: 'password' }),
        entry('migrated', to[1], { previous: from[1].handle, method: 'password' }),
      ]);
    },
  },
  ...REASONS.map((reason): StoreCheck => ({
    title: `audit: an end and who has asked for it are in the trail: ${reason}`,
    async run(harness) {
      const store = audited(harness);
      const ownerHash = newOwnerHash();
      const keys = [await createOwned(store, ownerHash), await createOwned(store, ownerHash)] as const;
      await written(store.destroy(keys[0], REPLACED, { reason, keep: 0, by: 'Zoë, support' }));
      assert.deepEqual(await store.revokeOwned(ownerHash, null, null, KEEP, { reason, keep: 10, by: 'root' }), [
        keys[1].handle,
      ]);
      assert.deepEqual((await trailOf(store, ownerHash)).slice(2), [
        entry(reason, keys[0], { by: 'Zoë, support' }),
        entry(reason, keys[1], { by: 'root' }),
      ]);
    },
  })),
  {
    title: 'audit: evictions stand before the login that needed the room',
    async run(harness) {
      const store = audited(harness);
      const ownerHash = newOwnerHash();
      const [first, second] = [await createOwned(store, ownerHash), newKey(ownerHash)];
      await written(store.create(second, ownedRecord({}, { max: 1 })));
      const [from, third] = [await createAnonymous(store), newKey(ownerHash)];
      await written(store.rekey(from, third, loginRekey({ max: 1 }, { tombstone: REPLACED })));
      assert.deepEqual(await trailOf(store, ownerHash), [
        entry('login', first, { method: 'password' }),
        entry('evicted', first),
        entry('login', second, { method: 'password' }),
        entry('evicted', second),
        entry('login', third, { method: 'password', previous: from.handle }),
      ]);
    },
  },
  {
    title: 'audit: what is refused, or finds no session, is not in the trail',
    async run(harness) {
      const store = audited(harness);
      const ownerHash = newOwnerHash();
      const key = await createOwned(store, ownerHash);
      assert.equal((await store.create(key, ownedRecord())).status, 'exists');
      const full = ownedRecord({}, { max: 1, onSessionLimit: 'refuse' });
      assert.equal((await store.create(newKey(ownerHash), full)).status, 'full');
      const anonymous = await createAnonymous(store);
      const refused = loginRekey({ max: 1, onSessionLimit: 'refuse' });
      assert.equal((await store.rekey(anonymous, newKey(ownerHash), refused)).status, 'full');
      const missing = newKey(ownerHash);
      assert.equal((await store.rekey(missing, newKey(ownerHash), rekey())).status, 'gone');
      assert.equal((await store.destroy(missing, null, { reason: 'logout', keep: 0 })).status, 'gone');
      assert.equal((await store.save(missing, change())).status, 'gone');
      assert.equal((await store.take(missing, 'a')).status, 'gone');
      await store.reportReuse(key);
      await store.reportReuse(missing);
      await written(store.destroy(key));
      assert.deepEqual(await trailOf(store, ownerHash), [entry('login', key, { method: 'password' })]);
    },
  },
  {
    title: 'audit: the use of an old id is in the trail once, however often it is used',
    async run(harness) {
      const store = audited(harness);
      const ownerHash = newOwnerHash();
      const [first, second, third] = [await createOwned(store, ownerHash), newKey(ownerHash), newKey(ownerHash)];
      await written(store.rekey(first, second, rekey({ tombstone: ROTATED })));
      await written(store.rekey(second, third, rekey({ tombstone: ROTATED })));
      for (const key of [first, first, second, first]) await store.reportReuse(key);
      assert.deepEqual((await trailOf(store, ownerHash)).slice(3), [entry('reused', first), entry('reused', second)]);
      assert.equal((await store.load(first))?.status, 'tombstone');
    },
  },
  {
    title: 'audit: a trail keeps the newest entries, is read page by page, and from a time on',
    async run(harness) {
      const store = audited(harness);
      const ownerHash = newOwnerHash();
      const handles: string[] = [];
      for (let i = 0; i < LIMITS.maxEntries + 10; i++) handles.unshift((await createOwned(store, ownerHash)).handle);
      const all = await store.readAudit(ownerHash, ALL);
      assert.deepEqual(
        all.map(({ handle }) => handle),
        handles.slice(0, LIMITS.maxEntries),
      );
      const page = await store.readAudit(ownerHash, { ...ALL, until: all[7]!.id, limit: 5 });
      assert.deepEqual(page, all.slice(7, 12));
      const since = all[3]!.at;
      assert.deepEqual(
        await store.readAudit(ownerHash, { ...ALL, since }),
        all.filter(({ at }) => at >= since),
      );
      assert.deepEqual(await store.readAudit(ownerHash, { ...ALL, since: (await store.now()) + 60_000 }), []);
      assert.deepEqual(await store.readAudit(newOwnerHash(), ALL), []);
    },
  },
];
