import assert from 'node:assert/strict';
import type { StoreCheck } from './check.ts';
import { change, dataOf, DETAILS, found, login, move, newOwnerHash, newKey, record, TRACE } from './fixtures.ts';

/** Rotation and login. */
export const MOVES: readonly StoreCheck[] = [
  {
    title: 'C6: a rotation leaves the new record and a trace that leads to it',
    async run({ store }) {
      const [from, to] = [newKey(), newKey()];
      await store.create(from, record({ a: '1', b: '2' }));
      const before = await found(store, from);
      const set = new Map([['c', '3']]);
      const outcome = await store.rekey(from, to, move({ set, delete: new Set(['b']), trace: TRACE }));
      assert.ok(outcome.status === 'ok');
      const after = await found(store, to);
      assert.deepEqual(dataOf(after), { a: '1', c: '3' });
      assert.deepEqual(after.meta, before.meta);
      const trace = await store.load(from);
      assert.ok(trace?.status === 'tombstone');
      assert.equal(trace.nonce, 'nonce_-1');
      assert.equal(trace.successor, to.handle);
      assert.ok(Math.abs(trace.graceUntil - (outcome.now + 10_000)) < 1000);
      assert.ok(trace.now <= trace.graceUntil);
    },
  },
  {
    title: 'C6: every operation on the old key is led to the new one',
    async run({ store }) {
      const [from, to] = [newKey(), newKey()];
      await store.create(from, record({ a: '1' }));
      await store.rekey(from, to, move({ trace: TRACE }));
      for (const outcome of [
        await store.save(from, change({ a: '2' })),
        await store.take(from, 'a'),
        await store.destroy(from),
        await store.rekey(from, newKey(), move()),
      ]) {
        assert.ok(outcome.status === 'tombstone');
        assert.equal(outcome.nonce, 'nonce_-1');
      }
      assert.equal((await store.create(from, record())).status, 'exists');
      assert.deepEqual(dataOf(await store.load(to)), { a: '1' });
    },
  },
  {
    title: 'C6: of two rotations that race one wins, and nothing is lost',
    async run({ store }) {
      const [from, a, b] = [newKey(), newKey(), newKey()];
      await store.create(from, record({ x: '1' }));
      const outcomes = await Promise.all([a, b].map((to) => store.rekey(from, to, move({ trace: TRACE }))));
      assert.deepEqual(outcomes.map(({ status }) => status).toSorted(), ['ok', 'tombstone']);
      const loaded = await Promise.all([a, b].map((key) => store.load(key)));
      assert.equal(loaded.filter((result) => result?.status === 'found').length, 1);
    },
  },
  {
    title: 'a move to a key that is taken changes nothing',
    async run({ store }) {
      const [from, to] = [newKey(), newKey()];
      await store.create(from, record({ a: '1' }));
      await store.create(to, record({ b: '2' }));
      assert.equal((await store.rekey(from, to, move())).status, 'exists');
      assert.deepEqual(dataOf(await store.load(from)), { a: '1' });
      assert.deepEqual(dataOf(await store.load(to)), { b: '2' });
    },
  },
  {
    title: 'an exact move is made only if no other field has come or changed',
    async run({ store }) {
      const [from, to] = [newKey(), newKey()];
      await store.create(from, record({ a: '1', b: '2' }));
      const some = move({ exact: true, expect: new Map([['a', '1']]) });
      const outcome = await store.rekey(from, to, some);
      assert.ok(outcome.status === 'conflict');
      assert.equal(outcome.fields['b'], '2');
      const all = new Map([
        ['a', '1'],
        ['b', '2'],
      ]);
      assert.equal((await store.rekey(from, to, { ...some, expect: all, set: new Map([['a', 'A']]) })).status, 'ok');
      assert.deepEqual(dataOf(await store.load(to)), { a: 'A', b: '2' });
      assert.equal(await store.load(from), undefined);
    },
  },
  {
    title: 'C6: a login begins the times anew, stamps the owner, and kills the old key',
    async run({ store, assertEndsIn }) {
      const ownerHash = newOwnerHash();
      const [from, to] = [newKey(), newKey(ownerHash)];
      await store.create(from, record({ cart: '1' }, { timeout: 50, absoluteTimeout: 60 }));
      const owned = { ...login({ age: 250 }), details: DETAILS, absoluteTimeout: 5000 };
      const outcome = await store.rekey(from, to, move({ login: owned, timeout: 400 }));
      assert.ok(outcome.status === 'ok');
      const after = await found(store, to);
      assert.deepEqual(dataOf(after), { cart: '1' });
      assert.deepEqual(
        { ...after.meta },
        {
          ...DETAILS,
          createdAt: outcome.now,
          timeout: 400,
          expiresAt: outcome.now + 5_000_000,
          authenticatedAt: outcome.now - 250,
        },
      );
      assert.equal(await store.load(from), undefined);
      await assertEndsIn(to, 400);
    },
  },
  {
    title: 'a trace that leads nowhere says that the session moved on, and for how long it is told',
    async run({ store }) {
      const [from, to] = [newKey(), newKey()];
      await store.create(from, record());
      await store.rekey(from, to, move({ trace: { nonce: '', grace: 5, keep: 5 } }));
      const trace = await store.load(from);
      assert.ok(trace?.status === 'tombstone');
      assert.equal(trace.nonce, '');
      assert.equal(trace.successor, '');
    },
  },
];
