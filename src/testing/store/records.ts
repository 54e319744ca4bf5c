import assert from 'node:assert/strict';
import type { StoreCheck } from './check.ts';
import { change, dataOf, found, move, newKey, record } from './fixtures.ts';

/** Records and their fields: what every store must do. */
export const RECORDS: readonly StoreCheck[] = [
  {
    title: 'an unknown record is undefined, not an error',
    async run({ store }) {
      assert.equal(await store.load(newKey()), undefined);
      assert.equal((await store.save(newKey(), change({ a: '1' }))).status, 'gone');
      assert.equal((await store.destroy(newKey())).status, 'gone');
      assert.equal((await store.take(newKey(), 'a')).status, 'gone');
      assert.equal((await store.rekey(newKey(), newKey(), move())).status, 'gone');
    },
  },
  {
    title: 'a record is read as it was created, with times by the clock of the store',
    async run({ store }) {
      const key = newKey();
      const fields = { a: '1', 'with space': '"\u20ac\u0000"', '@@at': 'x', __proto__x: 'y' };
      const outcome = await store.create(key, record(fields));
      assert.ok(outcome.status === 'ok');
      const loaded = await found(store, key);
      assert.deepEqual(dataOf(loaded), fields);
      assert.equal(loaded.meta.createdAt, outcome.now);
      assert.equal(loaded.meta.expiresAt, outcome.now + 86_400_000);
      assert.equal(loaded.meta.timeout, 1200);
      assert.equal(loaded.meta.authenticatedAt, 0);
      assert.equal(loaded.meta.owner, null);
      assert.equal(loaded.meta.address, '192.0.2.7');
      assert.equal(loaded.meta.agent, 'Contract "1.0" \u20ac');
      assert.ok(Math.abs(loaded.lastSeen - outcome.now) < 1000);
    },
  },
  {
    title: 'names of Object.prototype are fields like any other',
    async run({ store }) {
      const key = newKey();
      const fields = new Map([
        ['__proto__', '1'],
        ['constructor', '2'],
        ['toString', '3'],
      ]);
      await store.create(key, record({}, { fields }));
      const loaded = await found(store, key);
      for (const [name, value] of fields)
        assert.equal(Object.getOwnPropertyDescriptor(loaded.fields, name)?.value, value);
    },
  },
  {
    title: 'creating fails, and changes nothing, where there is a record',
    async run({ store }) {
      const key = newKey();
      await store.create(key, record({ a: '1' }));
      assert.equal((await store.create(key, record({ b: '2' }))).status, 'exists');
      assert.deepEqual(dataOf(await store.load(key)), { a: '1' });
    },
  },
  {
    title: 'C1: no write makes a record that was destroyed',
    async run({ store }) {
      const key = newKey();
      await store.create(key, record({ a: '1' }));
      assert.equal((await store.destroy(key)).status, 'ok');
      assert.equal((await store.save(key, change({ a: '2' }))).status, 'gone');
      assert.equal((await store.save(key, change())).status, 'gone');
      assert.equal((await store.rekey(key, newKey(), move({ set: new Map([['a', '2']]) }))).status, 'gone');
      assert.equal((await store.take(key, '')).status, 'gone');
      assert.equal(await store.load(key), undefined);
    },
  },
  {
    title: 'C1: no write makes a record that has expired',
    async run({ store, expire }) {
      const key = newKey();
      await store.create(key, record({ a: '1' }));
      await expire(key);
      assert.equal(await store.load(key), undefined);
      assert.equal((await store.save(key, change({ a: '2' }))).status, 'gone');
      assert.equal(await store.load(key), undefined);
    },
  },
  {
    title: 'C2: changes of different fields all take effect',
    async run({ store }) {
      const key = newKey();
      await store.create(key, record({ a: '1', gone: 'x' }));
      const writes = Array.from({ length: 20 }, (_, i) => store.save(key, change({ [`f${i}`]: String(i) })));
      writes.push(store.save(key, change({}, { delete: new Set(['gone', 'never was']) })));
      await Promise.all(writes);
      const expected: Record<string, string> = { a: '1' };
      for (let i = 0; i < 20; i++) expected[`f${i}`] = String(i);
      assert.deepEqual(dataOf(await store.load(key)), expected);
    },
  },
  {
    title: 'C3: a change with expectations is made only if they hold, and else shows what is there',
    async run({ store }) {
      const key = newKey();
      await store.create(key, record({ a: '1' }));
      const refused = await store.save(key, change({ a: '3' }, { expect: new Map([['a', '2']]) }));
      assert.ok(refused.status === 'conflict');
      assert.equal(refused.fields['a'], '1');
      assert.equal(
        (await store.save(key, change({ a: '3' }, { expect: new Map([['a', undefined]]) }))).status,
        'conflict',
      );
      assert.equal((await store.save(key, change({ a: '3' }, { expect: new Map([['a', '1']]) }))).status, 'ok');
      const absent = new Map([['b', undefined]]);
      assert.equal((await store.save(key, change({ b: '1' }, { expect: absent }))).status, 'ok');
      assert.deepEqual(dataOf(await store.load(key)), { a: '3', b: '1' });
    },
  },
  {
    title: 'C3: of concurrent takers each field is given to one',
    async run({ store }) {
      const key = newKey();
      await store.create(key, record({ '@f:1': 'a', '@f:2': 'b', other: 'c' }));
      const taken = await Promise.all(Array.from({ length: 5 }, () => store.take(key, '@f:')));
      const names = taken.flatMap((outcome) => (outcome.status === 'ok' ? Object.keys(outcome.fields) : []));
      assert.deepEqual(names.toSorted(), ['@f:1', '@f:2']);
      assert.deepEqual(dataOf(await store.load(key)), { other: 'c' });
    },
  },
  {
    title: 'large values and many fields survive',
    async run({ store }) {
      const key = newKey();
      const fields: Record<string, string> = { big: 'x'.repeat(300_000) };
      for (let i = 0; i < 2500; i++) fields[`field${i}`] = `${i}`;
      await store.create(key, record(fields));
      await store.save(key, change(Object.fromEntries(Object.keys(fields).map((name) => [name, `${name}!`]))));
      const loaded = dataOf(await store.load(key));
      assert.equal(Object.keys(loaded).length, 2501);
      assert.equal(loaded['field2499'], 'field2499!');
    },
  },
];

/** When records end. */
export const LIFETIMES: readonly StoreCheck[] = [
  {
    title: 'a record ends after its idle timeout',
    async run({ store, assertEndsIn }) {
      const key = newKey();
      await store.create(key, record({}, { timeout: 300 }));
      await assertEndsIn(key, 300);
    },
  },
  {
    title: 'a record ends at its absolute expiry at the latest',
    async run({ store, assertEndsIn }) {
      const key = newKey();
      await store.create(key, record({}, { timeout: 1200, absoluteTimeout: 600 }));
      await assertEndsIn(key, 600);
    },
  },
  {
    title: 'C4: neither a write, nor a longer timeout, nor a rotation moves the absolute expiry',
    async run({ store, assertEndsIn }) {
      const key = newKey();
      await store.create(key, record({}, { timeout: 500, absoluteTimeout: 600 }));
      await store.save(key, change({ a: '1' }, { timeout: 5000 }));
      const next = newKey();
      assert.equal((await store.rekey(key, next, move({ timeout: 9000 }))).status, 'ok');
      await store.save(next, change());
      await assertEndsIn(next, 600);
    },
  },
  {
    title: 'an absolute timeout of 0 is none, and a changed idle timeout stays',
    async run({ store, assertEndsIn }) {
      const key = newKey();
      await store.create(key, record({}, { timeout: 100, absoluteTimeout: 0 }));
      await store.save(key, change({}, { timeout: 777 }));
      await store.save(key, change({ a: '1' }));
      assert.equal((await found(store, key)).meta.timeout, 777);
      assert.equal((await found(store, key)).meta.expiresAt, 0);
      await assertEndsIn(key, 777);
    },
  },
];
