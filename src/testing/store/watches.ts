import assert from 'node:assert/strict';
import type { EndListener, RecordKey, SessionStore, SessionWatcher } from '../../stores/store.ts';
import type { StoreCheck, StoreHarness } from './check.ts';
import {
  change,
  createAnonymous,
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

type Watching = SessionStore & SessionWatcher;

function watching({ store }: StoreHarness): Watching {
  assert.ok(store.watchEnds !== undefined && store.checkRecords !== undefined);
  return store as Watching;
}

/** What a store has reported, in words; each can be waited for. */
class Reports implements EndListener {
  readonly texts: string[] = [];
  readonly #waiting = new Set<() => void>();

  ended(handles: readonly string[], reason: string): void {
    for (const handle of handles) this.#add(`${handle} ${reason}`);
  }

  rekeyed(handle: string, successor: string): void {
    this.#add(`${handle} > ${successor}`);
  }

  resumed(): void {
    this.#add('resumed');
  }

  failed(error: unknown): void {
    this.#add(`failed ${String(error)}`);
  }

  /** Waits for a report, for ten seconds at most. */
  async have(text: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`Never reported: ${text}. ${this.texts.join(', ')}`)), 10_000);
      const look = (): void => {
        if (!this.texts.includes(text)) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  #add(text: string): void {
    this.texts.push(text);
    for (const look of this.#waiting) look();
  }
}

async function listening(store: Watching, run: (reports: Reports) => Promise<void>): Promise<void> {
  const reports = new Reports();
  const stop = store.watchEnds(reports);
  try {
    await reports.have('resumed');
    await run(reports);
  } finally {
    stop();
  }
}

async function created(store: SessionStore, ownerHash: string): Promise<RecordKey> {
  const key = newKey(ownerHash);
  await written(store.create(key, ownedRecord({ a: '1' })));
  return key;
}

/** What becomes of a record, what is reported of it, and what a look at it says then. */
interface Fate {
  readonly title: string;
  readonly owners?: boolean;
  run(store: StoreHarness['store'], key: RecordKey): Promise<{ report: string; look: string }>;
}

const FATES: readonly Fate[] = [
  {
    title: 'an end with a reason',
    async run(store, key) {
      await written(store.destroy(key, null, { reason: 'logout', keep: 0 }));
      return { report: 'logout', look: 'unknown' };
    },
  },
  {
    title: 'an end that can be explained',
    async run(store, key) {
      await written(store.destroy(key, null, { reason: 'id-reuse', keep: 100 }));
      return { report: 'id-reuse', look: 'unknown or id-reuse' };
    },
  },
  {
    title: 'an end without a reason',
    async run(store, key) {
      await written(store.destroy(key));
      return { report: 'unknown', look: 'unknown' };
    },
  },
  {
    title: 'an end whose client goes on with another session',
    async run(store, key) {
      await written(store.destroy(key, REPLACED, { reason: 'logout', keep: 0 }));
      return { report: 'logout', look: 'superseded' };
    },
  },
  {
    title: 'a rotation',
    async run(store, key) {
      const to = newKey(key.ownerHash);
      await written(store.rekey(key, to, rekey({ tombstone: ROTATED })));
      return { report: `> ${to.handle}`, look: `> ${to.handle}` };
    },
  },
  {
    title: 'a login of the same owner, whose tombstone names the successor without a nonce',
    async run(store, key) {
      const to = newKey(key.ownerHash);
      const tombstone = { ...REPLACED, namesSuccessor: true, keep: 100 };
      await written(store.rekey(key, to, loginRekey({}, { tombstone })));
      return { report: `> ${to.handle}`, look: `> ${to.handle}` };
    },
  },
  {
    title: 'a new key that is for its client alone',
    async run(store, key) {
      await written(store.rekey(key, newKey(key.ownerHash), rekey({ tombstone: REPLACED })));
      return { report: 'superseded', look: 'superseded' };
    },
  },
  {
    title: 'a new key without a tombstone',
    async run(store, key) {
      await written(store.rekey(key, newKey(key.ownerHash), rekey()));
      return { report: 'superseded', look: 'unknown' };
    },
  },
  {
    title: 'an eviction',
    owners: true,
    async run(store, key) {
      await written(store.create(newKey(key.ownerHash), { ...ownedRecord({}, { max: 1 }) }));
      return { report: 'evicted', look: 'unknown' };
    },
  },
  {
    title: 'a revocation',
    owners: true,
    async run(store, key) {
      await store.revokeOwned!(key.ownerHash!, null, null, KEEP, { reason: 'revoked', keep: 0 });
      return { report: 'revoked', look: 'unknown' };
    },
  },
];

/** Returns what a look at a record says, in the words of the reports. */
async function lookAt(store: Watching, key: RecordKey): Promise<string> {
  const { records } = await store.checkRecords([key]);
  const [record] = records;
  if (record?.status === 'rekeyed') return `> ${record.successor}`;
  return record?.status === 'ended' ? record.reason : String(record?.status);
}

/** What a store promises that can report the ends of sessions. */
export const WATCHES: readonly (StoreCheck & { readonly owners?: boolean })[] = [
  ...FATES.map(({ title, owners = false, run }) => ({
    title: `is reported, and seen by a look: ${title}`,
    owners,
    async run(harness: StoreHarness) {
      const store = watching(harness);
      await listening(store, async (reports) => {
        const [key, other] = [await created(store, newOwnerHash()), await created(store, newOwnerHash())];
        const { report, look } = await run(harness.store, key);
        await reports.have(`${key.handle} ${report}`);
        const seen = await lookAt(store, key);
        assert.ok(look.split(' or ').includes(seen), `${seen}, not ${look}`);
        assert.equal(reports.texts.filter((text) => text.startsWith(key.handle)).length, 1);
        assert.equal(await lookAt(store, other), 'found');
        assert.ok(!reports.texts.some((text) => text.startsWith(other.handle)));
      });
    },
  })),
  {
    title: 'what goes on is not reported: changes, touches, takes, and operations that are refused',
    async run(harness) {
      const store = watching(harness);
      await listening(store, async (reports) => {
        const key = await created(store, newOwnerHash());
        await written(store.save(key, change({ a: '2' })));
        await written(store.save(key, change()));
        assert.equal((await store.take(key, 'a')).status, 'ok');
        assert.equal((await store.create(key, ownedRecord())).status, 'exists');
        assert.equal((await store.rekey(key, key, rekey({ tombstone: ROTATED }))).status, 'exists');
        const expect = new Map([['a', 'other']]);
        assert.equal((await store.save(key, change({ a: '3' }, { expect }))).status, 'conflict');
        const last = await createAnonymous(store);
        await written(store.destroy(last));
        await reports.have(`${last.handle} unknown`);
        assert.deepEqual(
          reports.texts.filter((text) => text.startsWith(key.handle)),
          [],
        );
      });
    },
  },
  {
    title: 'a look returns the records in the order of the keys, however many, with what their expiry is known by',
    async run(harness) {
      const store = watching(harness);
      const keys: RecordKey[] = [];
      for (let i = 0; i < 250; i++) keys.push(i % 3 === 0 ? newKey(newOwnerHash()) : await createAnonymous(store));
      const { records, now } = await store.checkRecords(keys);
      assert.equal(records.length, keys.length);
      for (const [i, record] of records.entries()) assert.equal(record.status, i % 3 === 0 ? 'ended' : 'found');
      const [, record] = records;
      assert.ok(record?.status === 'found');
      const found = await store.load(keys[1]!);
      assert.ok(found?.status === 'found');
      assert.deepEqual(record.meta, found.meta);
      assert.equal(record.lastSeen, found.lastSeen);
      assert.ok(Math.abs(now - found.now) < 5000);
      assert.deepEqual((await store.checkRecords([])).records, []);
    },
  },
  {
    title: 'nothing is reported to a listener that has stopped',
    async run(harness) {
      const store = watching(harness);
      const stopped = new Reports();
      const stop = store.watchEnds(stopped);
      await stopped.have('resumed');
      await listening(store, async (reports) => {
        stop();
        const key = await createAnonymous(store);
        await written(store.destroy(key));
        await reports.have(`${key.handle} unknown`);
        assert.deepEqual(stopped.texts, ['resumed']);
      });
    },
  },
];
