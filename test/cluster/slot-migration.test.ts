import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from 'vitest';
import type { NewRecord, RecordKey } from 'websauna-session/store';
import { createRedisStore, type RedisStore } from 'websauna-session/redis';
import { scripts } from '../../src/stores/redis/scripts.generated.ts';
import { change, ownedRecord, rekey, REPLACED } from '../../src/testing/store/fixtures.ts';
import { startCluster, type Migration, type RedisCluster } from '../support/redis-cluster.ts';
import type { GivenClient } from '../support/redis-clients.ts';
import { CLUSTER_CLIENTS } from '../support/topology-clients.ts';
import { waitFor } from '../support/wait-for.ts';

// While a slot moves, its keys are in two places, and a script sees those of its own node alone.

const PREFIX = 'moving:';
const KEEP = 3600;

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startCluster({ replicas: 0 });
});
afterAll(() => cluster?.stop());

function random(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

const owned = (max = 0): NewRecord => ownedRecord({ a: '1' }, { max });

const indexOf = (ownerHash: string): string => `${PREFIX}{${ownerHash}}:owner`;

interface Moving {
  readonly ownerHash: string;
  readonly sessions: RecordKey[];
  readonly migration: Migration;
}

/** Makes an owner with three sessions, and begins to move their slot. */
async function beginMove(store: RedisStore): Promise<Moving> {
  const ownerHash = random(12);
  const sessions = [1, 2, 3].map(() => ({ handle: random(32), ownerHash }));
  for (const key of sessions) assert.equal((await store.create(key, owned())).status, 'ok');
  const slot = await cluster.slotOf(indexOf(ownerHash));
  const from = await cluster.masterOf(slot);
  const to = (await cluster.masters()).find((node) => node !== from)!;
  return { ownerHash, sessions, migration: await cluster.openMigration(slot, to) };
}

// These take as long as a command may take, so they run at the same time.
describe.concurrent.each(Object.entries(CLUSTER_CLIENTS))('a slot that no node serves: %s', (_, connect) => {
  // Time for the tries that ioredis makes by itself, which take 0.7 to 1.2 seconds, on a machine that is busy.
  const withStore = async (act: (store: RedisStore) => Promise<void>): Promise<void> => {
    const { client, close } = await connect(cluster);
    try {
      await act(createRedisStore({ client, prefix: PREFIX, socketTimeout: 4 }));
    } finally {
      await close();
    }
  };

  test('a command that waits too long reports that Redis refused it, not that Redis cannot be reached', () =>
    withStore(async (store) => {
      const { ownerHash, migration } = await beginMove(store);
      await migration.move([indexOf(ownerHash)]);
      await assert.rejects(store.create({ handle: random(32), ownerHash }, owned()), {
        code: 'ERR_SESSION_STORE',
        message: /\((?:TRYAGAIN|ASK|MOVED)\)$/,
      });
      await migration.finish();
    }));

  test('a session is read as soon as two nodes agree on the owner of its slot, without an outage', () =>
    withStore(async (store) => {
      const { sessions, migration } = await beginMove(store);
      const { slot, from, to } = migration;
      await migration.finish();
      const ids = await Promise.all([from, to].map(async (node) => String(await node.cli('CLUSTER', 'MYID'))));
      for (const key of sessions) assert.equal((await store.destroy(key)).status, 'ok');
      await to.cli('CLUSTER', 'SETSLOT', String(slot), 'NODE', ids[0]!);
      // On a busy machine, node-redis takes longer than that for its first redirects.
      await assert.rejects(store.load(sessions[0]!), { message: /\(MOVED\)$|did not answer/ });
      const loading = store.load(sessions[0]!);
      await to.cli('CLUSTER', 'SETSLOT', String(slot), 'NODE', ids[1]!);
      assert.equal(await loading, undefined);
    }));
});

describe.each(Object.entries(CLUSTER_CLIENTS))('a slot on its way: %s', (name, connect) => {
  let given: GivenClient;
  let store: RedisStore;
  let ownerHash: string;
  let sessions: RecordKey[];
  let migration: Migration;

  beforeAll(async () => {
    given = await connect(cluster);
    store = createRedisStore({ client: given.client, prefix: PREFIX });
  });
  afterAll(() => given?.close());

  const nameOf = ({ handle }: RecordKey): string => `${PREFIX}{${ownerHash}}:${handle}`;
  const index = (): string => indexOf(ownerHash);
  const newKey = (): RecordKey => ({ handle: random(32), ownerHash });
  const handles = (): string[] => sessions.map(({ handle }) => handle);

  beforeEach(async () => {
    ({ ownerHash, sessions, migration } = await beginMove(store));
  });
  afterEach(() => migration.finish());

  /** How often the two nodes have refused a command because a key is elsewhere, or may be. */
  async function refusals(): Promise<number> {
    const counts = await Promise.all([migration.from, migration.to].map((node) => node.cli('INFO', 'stats')));
    return counts.reduce<number>((sum, info) => sum + Number(/total_error_replies:(\d+)/.exec(String(info))?.[1]), 0);
  }

  /** Runs an operation, and ends the migration when the operation is through, or was sent away so often. */
  async function meanwhile<T>(operation: () => Promise<T>, often = 3): Promise<T> {
    const before = await refusals();
    let done = false;
    const running = operation().finally(() => (done = true));
    await Promise.race([
      running.catch(() => {}),
      waitFor('the operation to meet the migration', async () => done || (await refusals()) >= before + often),
    ]);
    await migration.finish();
    return await running;
  }

  test('a login waits for longer than ioredis does by itself, which is 16 refusals', async () => {
    const longTimeout = createRedisStore({ client: given.client, prefix: PREFIX, socketTimeout: 4 });
    await migration.move([index()]);
    const key = newKey();
    assert.equal((await meanwhile(() => longTimeout.create(key, owned()), 20)).status, 'ok');
    assert.equal((await store.load(key))?.status, 'found');
  });

  test('what needs no new key does not wait, as long as its keys have not moved', async () => {
    for (const { source } of Object.values(scripts)) await migration.from.cli('SCRIPT', 'LOAD', source);
    const before = await refusals();
    assert.equal((await store.save(sessions[0]!, change({ b: '2' }))).status, 'ok');
    assert.equal((await store.take(sessions[0]!, 'b')).status, 'ok');
    assert.deepEqual(await store.revokeOwned(ownerHash, sessions[0]!.handle, null, KEEP), handles().slice(1));
    assert.equal((await store.save(sessions[0]!, change({ b: '3' }))).status, 'ok');
    assert.equal((await store.destroy(sessions[0]!, REPLACED)).status, 'ok');
    assert.equal(await refusals(), before);
  });

  test('what met its deadline is not carried out when the slot has moved, though ioredis still tries', async () => {
    const shortTimeout = createRedisStore({ client: given.client, prefix: PREFIX, socketTimeout: 0.2 });
    const elsewhere = { handle: random(32), ownerHash: random(12) };
    await waitFor('what the clock says to be known', () => shortTimeout.create(elsewhere, owned()));
    await migration.to.cli('SCRIPT', 'LOAD', scripts.save.source);
    await migration.move([index()]);
    await assert.rejects(shortTimeout.save(sessions[0]!, change({ b: '2' })));
    const failed = Date.now();
    await waitFor('its timeout to be over', () => Date.now() > failed + 200);
    const calls = async (): Promise<number> => (await migration.to.commandCounts()).get('evalsha') ?? 0;
    const before = await calls();
    await migration.finish();
    if (!name.startsWith('node-redis')) await waitFor('the next try', async () => (await calls()) > before);
    const found = await store.load(sessions[0]!);
    assert.ok(found?.status === 'found');
    assert.equal(found.fields['b'], undefined);
  });

  describe.each([
    ['the index has gone ahead', () => [index()]],
    ['a session has gone ahead', () => [nameOf(sessions[1]!)]],
    ['the index and a session have gone ahead', () => [index(), nameOf(sessions[1]!)]],
    ['nothing has moved yet', () => []],
    ['all has moved', () => [index(), ...sessions.map(nameOf)]],
  ])('%s', (__, ahead) => {
    beforeEach(() => migration.move(ahead()));

    test('C7: a revocation ends all sessions, or says that it failed', async () => {
      const ended = await meanwhile(() => store.revokeOwned(ownerHash, null, null, KEEP));
      assert.deepEqual(ended.toSorted(), handles().toSorted());
      for (const key of sessions) assert.equal(await store.load(key), undefined);
    });

    test('a list has all sessions, and forgets none', async () => {
      assert.deepEqual(
        (await meanwhile(() => store.listOwned(ownerHash))).map(({ handle }) => handle),
        handles(),
      );
      assert.deepEqual(
        (await store.listOwned(ownerHash)).map(({ handle }) => handle),
        handles(),
      );
    });

    test('C8: a login counts all sessions', async () => {
      const key = newKey();
      const created = await meanwhile(() => store.create(key, owned(3)));
      assert.ok(created.status === 'ok');
      assert.deepEqual(created.evicted, [handles()[0]]);
      assert.deepEqual(
        (await store.listOwned(ownerHash)).map(({ handle }) => handle),
        [...handles().slice(1), key.handle],
      );
    });

    test('C2: sessions are read, written, rotated and ended', async () => {
      for (const key of sessions) assert.equal((await store.load(key))?.status, 'found');
      const next = newKey();
      const [saved, moved, destroyed] = await meanwhile(() =>
        Promise.all([
          store.save(sessions[0]!, change({ b: '2' })),
          store.rekey(sessions[1]!, next, rekey()),
          store.destroy(sessions[2]!),
        ]),
      );
      assert.deepEqual([saved.status, moved.status, destroyed.status], ['ok', 'ok', 'ok']);
      const found = await store.load(sessions[0]!);
      assert.ok(found?.status === 'found');
      assert.equal(found.fields['b'], '2');
      assert.deepEqual(
        (await store.listOwned(ownerHash)).map(({ handle }) => handle),
        [handles()[0], next.handle],
      );
    });
  });
});
