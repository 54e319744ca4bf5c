import assert from 'node:assert/strict';
import { test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { interceptStore } from 'websauna-session/testing';
import { createAnonymous, createOwned, newOwnerHash } from '../../src/testing/store/fixtures.ts';

test('an intercepted store has every capability, and reports each operation before it begins', async () => {
  const operations: string[] = [];
  const store = interceptStore(new MemoryStore(), (operation) => void operations.push(operation));
  const key = await createAnonymous(store);
  const handles = [];
  for await (const { key: scanned } of store.scan()) handles.push(scanned.handle);
  assert.deepEqual([handles, operations], [[key.handle], ['create', 'scan']]);
  const ended: string[] = [];
  const stop = store.watchEnds({ ended: (some) => ended.push(...some), rekeyed() {}, resumed() {}, failed() {} });
  const ownerHash = newOwnerHash();
  const owned = await createOwned(store, ownerHash);
  await store.destroy(owned);
  assert.deepEqual(ended, [owned.handle]);
  stop();
});

test('a scan fails, or waits, as every other operation does', async () => {
  let down = true;
  const store = interceptStore(new MemoryStore(), async () => {
    if (down) throw new Error('connection lost');
  });
  const factory = createSessionFactory({ secret: 'a secret of more than thirty-two bytes', store });
  const scan = async (): Promise<unknown[]> => {
    const found = [];
    for await (const each of factory.sessions.scan()) found.push(each);
    return found;
  };
  await assert.rejects(scan(), { code: 'ERR_SESSION_STORE' });
  down = false;
  assert.deepEqual(await scan(), []);
});
