import assert from 'node:assert/strict';
import type { RecordChange } from '../../stores/store.ts';
import type { StoreCheck } from './check.ts';
import {
  assertNear,
  change,
  createAnonymous,
  dataOf,
  found,
  newKey,
  record,
  rekey,
  ROTATED,
  written,
} from './fixtures.ts';

/**
 * So many that their names and values are more than 65,536 parameters, which some servers and engines take at most, and more
 * than fit on the stack as arguments of one call where a change has each of them twice.
 */
const MANY = 33_000;

/** Records and their fields: what every store must do. */
export const RECORDS: readonly StoreCheck[] = [
  {
    title: 'an unknown record is undefined, not an error',
    async run({ store }) {
      assert.equal(await store.load(newKey()), undefined);
      assert.equal((await store.save(newKey(), change({ a: '1' }))).status, 'gone');
      assert.equal((await store.destroy(newKey())).status, 'gone');
      assert.equal((await store.take(newKey(), 'a')).status, 'gone');
      assert.equal((await store.rekey(newKey(), newKey(), rekey())).status, 'gone');
    },
  },
  {
    title: 'a record is read as it was created, with times by the clock of the store',
    async run({ store }) {
      const key = newKey();
      const fields = { a: '1', 'with space': '"\u20ac\u0000"', '@@at': 'x', __proto__x: 'y' };
      const outcome = await written(store.create(key, record(fields)));
      const loaded = await found(store, key);
      assert.deepEqual(dataOf(loaded), fields);
      assert.deepEqual(
        { ...loaded.meta },
        {
          owner: null,
          method: null,
          address: '192.0.2.7',
          agent: 'Contract "1.0" \u20ac',
          indexKeys: [],
          createdAt: outcome.now,
          timeout: { seconds: 1200, adjusted: false },
          expiresAt: outcome.now + 86_400_000,
          ownExpiry: false,
          authenticatedAt: 0,
          cookie: { sentAt: Math.floor(outcome.now / 1000) * 1000, attributes: 'first~cookie', confirmed: true },
          remember: null,
        },
      );
      assert.equal(loaded.lastSeen, Math.floor(outcome.now / 1000) * 1000);
      assert.ok(loaded.now >= outcome.now);
      assertNear(loaded.now, outcome.now);
      assertNear(await store.now(), outcome.now);
    },
  },
  {
    title: 'the length of the fields, where a store reports it, is at least that of names and values',
    async run({ store }) {
      const key = newKey();
      await store.create(key, record({ a: '\u20ac'.repeat(50), 'with space': '' }));
      await written(store.save(key, change({ b: 'x'.repeat(1000), a: '1' })));
      const { fieldsLength } = await found(store, key);
      assert.ok(fieldsLength === undefined || fieldsLength >= 1013, `got ${fieldsLength}`);
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
    title: 'names and expectations are compared exactly',
    async run({ store }) {
      const names = ['a', 'A', 'a ', 'a\u0000', '\ufffd', '\u00e9', 'e\u0301', '\ud83d\ude00', '\ud83d\ude01'];
      const key = await createAnonymous(store, Object.fromEntries(names.map((name, i) => [name, `${i}`])));
      const loaded = dataOf(await store.load(key));
      assert.deepEqual(Object.keys(loaded).toSorted(), names.toSorted());
      for (const [i, name] of names.entries()) assert.equal(loaded[name], `${i}`);
      await written(store.save(key, change({ v: '\u00e9' })));
      const likely = change({ v: 'changed' }, { expect: new Map([['v', 'e\u0301']]) });
      assert.equal((await store.save(key, likely)).status, 'conflict');
    },
  },
  {
    title: 'creating fails, and changes nothing, where there is a record',
    async run({ store }) {
      const key = await createAnonymous(store, { a: '1' });
      assert.equal((await store.create(key, record({ b: '2' }))).status, 'exists');
      assert.deepEqual(dataOf(await store.load(key)), { a: '1' });
    },
  },
  {
    title: 'C1: no write makes a record that was destroyed',
    async run({ store }) {
      const key = await createAnonymous(store, { a: '1' });
      assert.equal((await store.destroy(key)).status, 'ok');
      assert.equal((await store.save(key, change({ a: '2' }))).status, 'gone');
      assert.equal((await store.save(key, change())).status, 'gone');
      assert.equal((await store.rekey(key, newKey(), rekey({ set: new Map([['a', '2']]) }))).status, 'gone');
      assert.equal((await store.take(key, '')).status, 'gone');
      assert.equal(await store.load(key), undefined);
    },
  },
  {
    title: 'a save that makes a record larger than its maximum writes nothing, also after saves of others',
    async run({ store }) {
      const key = await createAnonymous(store, { a: 'x'.repeat(10), gone: 'x'.repeat(26) });
      // 11 and 30 bytes are there, `b` would be 61 in UTF-8.
      const large = (maxSize: number, extra: Partial<RecordChange> = {}) =>
        store.save(key, change({ b: '\u20ac'.repeat(20) }, { maxSize, ...extra }));
      assert.deepEqual(await large(101), { status: 'too-large', size: 102 });
      assert.deepEqual(dataOf(await store.load(key)), { a: 'x'.repeat(10), gone: 'x'.repeat(26) });
      await written(large(72, { delete: new Set(['gone', 'unknown']) }));
      await written(large(72));
      await written(store.save(key, change({ c: 'another request' })));
      assert.equal((await large(72, { set: new Map([['b', '\u20ac'.repeat(21)]]) })).status, 'too-large');
      // What shrinks, or stays as large as it is, is written although it is too much.
      await written(large(10));
      await written(large(10, { set: new Map([['c', 'less']]) }));
      assert.deepEqual(Object.keys(dataOf(await store.load(key))).toSorted(), ['a', 'b', 'c']);
    },
  },
  {
    title: 'C2: changes of different fields all take effect',
    async run({ store }) {
      const key = await createAnonymous(store, { a: '1', gone: 'x' });
      const writes = Array.from({ length: 20 }, (_, i) => store.save(key, change({ [`f${i}`]: String(i) })));
      writes.push(store.save(key, change({}, { delete: new Set(['gone', 'never was']) })));
      await Promise.all(writes);
      const expected: Record<string, string> = { a: '1' };
      for (let i = 0; i < 20; i++) expected[`f${i}`] = String(i);
      assert.deepEqual(dataOf(await store.load(key)), expected);
    },
  },
  {
    title: 'C3: a change with expectations is made only if they hold, and otherwise shows what is there',
    async run({ store }) {
      const key = await createAnonymous(store, { a: '1' });
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
    title: 'C3: fields are taken by their prefix, once, with the time by the clock of the store',
    async run({ store }) {
      const key = await createAnonymous(store, { '@f:1': 'a', '@f:2': 'b', '@fx': 'c', other: 'd' });
      const taken = await store.take(key, '@f:');
      assert.ok(taken.status === 'ok');
      assert.deepEqual({ ...taken.fields }, { '@f:1': 'a', '@f:2': 'b' });
      assertNear(taken.now, await store.now());
      const again = await store.take(key, '@f:');
      assert.ok(again.status === 'ok');
      assert.deepEqual({ ...again.fields }, {});
      assert.deepEqual(dataOf(await store.load(key)), { '@fx': 'c', other: 'd' });
    },
  },
  {
    title: 'the cookie that was last sent is remembered with its time, and other writes leave it as it is',
    async run({ store, pass }) {
      const key = await createAnonymous(store);
      await pass(key, 100);
      const touched = await written(store.save(key, change({ a: '1' })));
      const { cookie } = (await found(store, key)).meta;
      assert.equal(cookie.attributes, 'first~cookie');
      assertNear(cookie.sentAt, touched.now - 100_000);
      const sent = await written(store.save(key, change({}, { cookieAttributes: 'second' })));
      const second = { sentAt: Math.floor(sent.now / 1000) * 1000, attributes: 'second', confirmed: true };
      assert.deepEqual((await found(store, key)).meta.cookie, second);
    },
  },
  {
    title: "whether the timeout is the session's own is remembered, and other writes leave both as they are",
    async run({ store }) {
      const key = await createAnonymous(store);
      await store.save(key, change({}, { timeout: { seconds: 77, adjusted: true } }));
      await store.save(key, change({ a: '1' }));
      assert.deepEqual((await found(store, key)).meta.timeout, { seconds: 77, adjusted: true });
      await store.save(key, change({}, { timeout: { seconds: 77, adjusted: false } }));
      assert.deepEqual((await found(store, key)).meta.timeout, { seconds: 77, adjusted: false });
    },
  },
  {
    title: 'text that is not well-formed, as an emoji that was cut in two, leaves a record readable',
    async run({ store }) {
      const key = newKey();
      const details = { owner: null, method: 'half \ud83d', address: '\ude00', agent: 'Browser \ud83d', indexKeys: [] };
      await written(store.create(key, record({ a: '1' }, { details })));
      const { meta, fields } = await found(store, key);
      assert.deepEqual([meta.method, meta.address, meta.agent], ['half \ufffd', '\ufffd', 'Browser \ufffd']);
      assert.equal(fields['a'], '1');
    },
  },
  {
    title: `large values and ${MANY} fields survive, in every operation`,
    async run({ store }) {
      const [key, next] = [newKey(), newKey()];
      const fields = new Map([['big', 'x'.repeat(300_000)]]);
      for (let i = 1; i < MANY; i++) fields.set(`field${i}`, `${i}`);
      await written(store.create(key, record({}, { fields })));
      const changed = new Map([...fields.keys()].map((name) => [name, `${name}!`]));
      await written(store.save(key, change({}, { set: changed, expect: fields })));
      const refused = await store.save(key, change({}, { expect: new Map([['big', 'no longer']]) }));
      assert.ok(refused.status === 'conflict');
      assert.equal(refused.fields['field2499'], 'field2499!');
      const exact = { exact: true, expect: changed, set: fields };
      await written(store.rekey(key, next, rekey({ ...exact, tombstone: ROTATED })));
      const taken = await store.take(next, 'field');
      assert.ok(taken.status === 'ok');
      assert.equal(Object.keys(taken.fields).length, MANY - 1);
      await written(store.save(next, change(taken.fields)));
      await written(store.save(next, change({}, { delete: new Set(Object.keys(taken.fields)) })));
      assert.deepEqual(dataOf(await store.load(next)), { big: fields.get('big') });
    },
  },
];
