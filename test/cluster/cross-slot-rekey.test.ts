import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { beforeEach, describe, test } from 'vitest';
import type { LoginChange, RecordKey, RecordRekey, RekeyOutcome, Stored } from 'websauna-session/store';
import type { RedisStore } from 'websauna-session/redis';
import { ValueEncoding } from '../../src/stores/redis/encoding.ts';
import { change, loginRekey, newKey, record, rekey, REPLACED, ROTATED } from '../../src/testing/store/fixtures.ts';
import { recordName } from '../support/redis-harness.ts';
import { Crash, type SteppedDriver } from '../support/stepped-driver.ts';
import { SteppedCluster, storeOver } from './stepped-cluster.ts';

// A login of an anonymous session, and its rotation, on a cluster: two keys that one script cannot reach.

const PREFIX = 'across:';
const KEEP = 3600;
/** The idle timeout of the records, in milliseconds. */
const TIMEOUT = 1_200_000;

const cluster = new SteppedCluster();
let driver: SteppedDriver;
let store: RedisStore;
/** The same sessions, in another process. */
let other: RedisStore;

beforeEach(() => {
  driver = cluster.driver();
  store = storeOver(driver, PREFIX);
  other = storeOver(cluster.driver(), PREFIX);
});

function newOwnedKey(ownerHash: string = randomBytes(12).toString('base64url')): RecordKey & { ownerHash: string } {
  return { ...newKey(), ownerHash };
}

function nameOf(key: RecordKey): string {
  return recordName(PREFIX, key);
}

const mapOf = (fields: Record<string, Stored>): Map<string, Stored> => new Map(Object.entries(fields));
const rotation = (): RecordRekey => rekey({ tombstone: ROTATED });
const login = (limit: Partial<LoginChange> = {}): RecordRekey =>
  loginRekey({ onSessionLimit: 'refuse', ...limit }, { tombstone: REPLACED });
/** With room for one session. */
const evicting = (): RecordRekey => login({ max: 1, onSessionLimit: 'evict-oldest' });
const write = (key: RecordKey, set: Record<string, Stored>): Promise<unknown> => other.save(key, change(set));

async function anonymous(fields: Record<string, Stored> = { a: '1' }): Promise<RecordKey> {
  const key = newKey();
  assert.equal((await other.create(key, record(fields))).status, 'ok');
  return key;
}

async function dataOf(key: RecordKey): Promise<Record<string, Stored> | undefined> {
  const loaded = await other.load(key);
  if (loaded?.status !== 'found') return undefined;
  return Object.fromEntries(Object.entries(loaded.fields).filter(([name]) => !/^@[a-z]?$/.test(name)));
}

async function liveFor(key: RecordKey): Promise<number> {
  return Number(await cluster.cli(nameOf(key), 'PTTL', nameOf(key)));
}

async function handlesOf(ownerHash: string): Promise<string[]> {
  return (await other.listOwned(ownerHash)).map(({ handle }) => handle);
}

/** Tries again with another key while others are faster, as a request does; returns the outcomes and the last key. */
async function persist<Key extends RecordKey>(
  from: RecordKey,
  first: Key,
  request: RecordRekey,
): Promise<[RekeyOutcome[], Key]> {
  const outcomes: RekeyOutcome[] = [];
  for (let to = first; ; to = { ...first, ...newKey(first.ownerHash) }) {
    const outcome = await store.rekey(from, to, request);
    outcomes.push(outcome);
    if (outcome.status !== 'interrupted') return [outcomes, to];
    assert.equal(await dataOf(to), undefined);
  }
}

function statuses(outcomes: readonly RekeyOutcome[]): string[] {
  return outcomes.map(({ status }) => status);
}

const crashed = (error: unknown): boolean => error instanceof Error && error.cause instanceof Crash;

describe('a crash', () => {
  test('C6: after the new record was written: the client keeps its session, and the orphan soon expires', async () => {
    const [from, to] = [await anonymous(), newOwnedKey()];
    driver.crashBefore('deleteRotated');
    await assert.rejects(store.rekey(from, to, login()), crashed);
    assert.deepEqual(await dataOf(from), { a: '1' });
    const left = await liveFor(to);
    assert.ok(left > 0 && left <= 60_000, `the orphan lives for ${left} ms`);
    assert.equal(await cluster.cli(nameOf(to), 'PEXPIRE', nameOf(to), '0'), 1);
    assert.deepEqual(await handlesOf(to.ownerHash), []);
    const again = newOwnedKey(to.ownerHash);
    assert.equal((await store.rekey(from, again, login({ max: 1 }))).status, 'ok');
    assert.deepEqual(await dataOf(again), { a: '1' });
  });

  test('C6: after a rotation has deleted the old record: its tombstone leads to a session that goes on', async () => {
    const [from, to] = [await anonymous(), newKey()];
    driver.crashBefore('confirm');
    await store.rekey(from, to, rotation());
    const tombstone = await other.load(from);
    assert.ok(tombstone?.status === 'tombstone');
    assert.equal(tombstone.successor, to.handle);
    assert.ok((await liveFor(to)) > TIMEOUT - 10_000);
  });

  test('a login that comes through lives as long as any session', async () => {
    const [from, to] = [await anonymous(), newOwnedKey()];
    assert.equal((await store.rekey(from, to, login())).status, 'ok');
    assert.ok((await liveFor(to)) > TIMEOUT - 10_000);
    assert.deepEqual(await handlesOf(to.ownerHash), [to.handle]);
  });

  test('C1: a login whose new record expires before it is confirmed is gone', async () => {
    const [from, to] = [await anonymous(), newOwnedKey()];
    driver.before('confirm', () => cluster.cli(nameOf(to), 'PEXPIRE', nameOf(to), '0'));
    assert.equal((await store.rekey(from, to, login())).status, 'gone');
    assert.equal(await dataOf(to), undefined);
  });
});

describe.each([
  ['login', () => newOwnedKey(), () => login()],
  ['rotation', () => newKey(), () => rotation()],
] as const)('a %s', (_, target, makeRekey) => {
  test('C1: does not revive a session that a logout ends between two of its steps', async () => {
    for (const step of ['create', 'deleteRotated'] as const) {
      const [from, to] = [await anonymous(), target()];
      driver.before(step, () => other.destroy(from));
      assert.equal((await store.rekey(from, to, makeRekey())).status, 'gone', step);
      assert.equal(await dataOf(to), undefined);
      if (to.ownerHash !== null) assert.deepEqual(await handlesOf(to.ownerHash), []);
    }
  });

  test('C2: keeps what other requests write between two of its steps', async () => {
    const [from, to] = [await anonymous({ a: '1', gone: 'x' }), target()];
    driver.before('create', () => write(from, { b: '2' }));
    driver.before('create', () => other.save(from, change({}, { delete: new Set(['gone']) })));
    driver.before('deleteRotated', () => write(from, { a: '3' }));
    driver.before('deleteRotated', () => write(from, { c: '4' }));
    const [outcomes, key] = await persist(from, to, makeRekey());
    assert.ok(outcomes.length > 1);
    assert.equal(outcomes.at(-1)!.status, 'ok');
    assert.deepEqual(await dataOf(key), { a: '3', b: '2', c: '4' });
    assert.equal(await dataOf(from), undefined);
  });

  test('is not interrupted by touches', async () => {
    const [from, to] = [await anonymous(), target()];
    let runs = 0;
    driver.before('create', () => (runs += 1));
    driver.before('create', () => (runs += 1));
    driver.before('deleteRotated', () => other.save(from, change()));
    assert.equal((await store.rekey(from, to, makeRekey())).status, 'ok');
    assert.equal(runs, 1);
  });

  test('C6: of two that race, at every point of each other, one wins', async () => {
    for (const step of ['create', 'deleteRotated'] as const) {
      const [from, mine, yours] = [await anonymous(), target(), target()];
      const outcomes: string[] = [];
      driver.before(step, async () => outcomes.push((await other.rekey(from, yours, makeRekey())).status));
      outcomes.push((await store.rekey(from, mine, makeRekey())).status);
      assert.deepEqual(outcomes, ['ok', 'tombstone'], step);
      assert.equal(await dataOf(mine), undefined);
      assert.deepEqual(await dataOf(yours), { a: '1' });
      if (mine.ownerHash !== null) assert.deepEqual(await handlesOf(mine.ownerHash), []);
    }
  });

  test('with values that are bound to the id: one that missed a write is a conflict, and changes nothing', async () => {
    for (const step of ['create', 'deleteRotated'] as const) {
      const [from, to] = [await anonymous(), target()];
      driver.before(step, () => write(from, { b: '2' }));
      const exact = { ...makeRekey(), exact: true, expect: mapOf({ a: '1' }), set: mapOf({ a: 'A' }) };
      const [outcomes] = await persist(from, to, exact);
      const outcome = outcomes.at(-1)!;
      assert.ok(outcome.status === 'conflict', step);
      assert.equal(outcome.fields['b'], '2');
      assert.deepEqual(await dataOf(from), { a: '1', b: '2' });
      assert.equal(await dataOf(to), undefined);
    }
  });

  test('with a value that another request has changed is a conflict, unless the session has ended since', async () => {
    const expecting = { ...makeRekey(), expect: mapOf({ a: '1' }), set: mapOf({ a: 'A' }) };
    const [changed, ended] = [await anonymous({ a: '2' }), await anonymous({ a: '2' })];
    const outcome = await store.rekey(changed, target(), expecting);
    assert.equal(outcome.status === 'conflict' && outcome.fields['a'], '2');
    const read = driver.hgetall.bind(driver);
    driver.hgetall = async (...args) => {
      const fields = await read(...args);
      await other.destroy(ended);
      return fields;
    };
    assert.equal((await store.rekey(ended, target(), expecting)).status, 'interrupted');
    assert.equal(await other.load(ended), undefined);
  });

  test('copies bytes as they are, also those that are no text', async () => {
    const [from, to] = [newKey(), target()];
    const binary = storeOver(driver, PREFIX, new ValueEncoding('utf-8', 'strict', true));
    const bytes = Buffer.from([0xff, 0x00, 0xc3, 0x28]);
    await binary.create(from, record({ raw: bytes, text: 'ключ' }));
    const replacing = storeOver(driver, PREFIX, new ValueEncoding('utf-8', 'replace', false));
    assert.equal((await replacing.rekey(from, to, makeRekey())).status, 'ok');
    const loaded = await binary.load(to);
    assert.ok(loaded?.status === 'found');
    assert.equal(Buffer.compare(loaded.fields['raw'] as Buffer, bytes), 0);
    assert.equal(String(loaded.fields['text']), 'ключ');
  });
});

test('C2: a rotation keeps an idle timeout that another request sets meanwhile', async () => {
  const [from, to] = [await anonymous(), newKey()];
  driver.before('deleteRotated', () => other.save(from, change({}, { timeout: { seconds: 77, adjusted: true } })));
  const [outcomes, key] = await persist(from, to, rotation());
  assert.deepEqual(statuses(outcomes), ['interrupted', 'ok']);
  const loaded = await other.load(key);
  assert.ok(loaded?.status === 'found');
  assert.deepEqual(loaded.meta.timeout, { seconds: 77, adjusted: true });
});

test('C7: a revocation between two steps of a login leaves nothing of it', async () => {
  for (const step of ['deleteRotated', 'confirm'] as const) {
    const [from, to] = [await anonymous(), newOwnedKey()];
    driver.before(step, async () =>
      assert.deepEqual(await other.revokeOwned(to.ownerHash, null, null, KEEP), [to.handle]),
    );
    await store.rekey(from, to, login());
    assert.equal(await dataOf(to), undefined);
    assert.deepEqual(await handlesOf(to.ownerHash), []);
  }
});

test('C1: a login does not use a key again that a revocation has ended', async () => {
  const [from, to] = [await anonymous(), newOwnedKey()];
  driver.before('deleteRotated', async () => {
    await write(from, { b: '2' });
    assert.deepEqual(await other.revokeOwned(to.ownerHash, null, null, KEEP), [to.handle]);
  });
  const [outcomes, key] = await persist(from, to, login());
  assert.deepEqual(statuses(outcomes), ['interrupted', 'ok']);
  assert.deepEqual(await dataOf(key), { a: '1', b: '2' });
  assert.deepEqual(await handlesOf(to.ownerHash), [key.handle]);
});

test('C8: logins that race with a limit never exceed it, and each is admitted or gone', async () => {
  const { ownerHash } = newOwnedKey();
  const visitors = await Promise.all(Array.from({ length: 30 }, () => anonymous()));
  let most = 0;
  const watch = async (): Promise<void> => {
    most = Math.max(most, (await handlesOf(ownerHash)).length);
  };
  const admitted: string[] = [];
  const steps = visitors.map(async (from) => {
    const to = newOwnedKey(ownerHash);
    const { status } = await store.rekey(from, to, login({ max: 3, onSessionLimit: 'evict-oldest' }));
    assert.ok(status === 'ok' || status === 'gone', status);
    if (status === 'ok') admitted.push(to.handle);
    await watch();
  });
  await Promise.all(steps);
  assert.ok(most <= 3, `${most} sessions at once`);
  const left = await handlesOf(ownerHash);
  assert.equal(left.length, 3);
  assert.ok(left.every((handle) => admitted.includes(handle)));
});

test('C8: a login that is refused or interrupted takes no place, and reports the sessions that it ended', async () => {
  const { ownerHash } = newOwnedKey();
  const [first, second] = [newOwnedKey(ownerHash), newOwnedKey(ownerHash)];
  assert.equal((await store.rekey(await anonymous(), first, login({ max: 1 }))).status, 'ok');
  const from = await anonymous();
  assert.equal((await store.rekey(from, second, login({ max: 1 }))).status, 'full');
  assert.deepEqual(await dataOf(from), { a: '1' });
  driver.before('deleteRotated', () => write(from, { b: '2' }));
  const [outcomes, key] = await persist(from, second, evicting());
  assert.deepEqual(statuses(outcomes), ['interrupted', 'ok']);
  assert.deepEqual(
    outcomes.map((outcome) => ('evicted' in outcome ? outcome.evicted : undefined)),
    [[first.handle], []],
  );
  assert.deepEqual(await handlesOf(ownerHash), [key.handle]);
});

test.each(['logout', 'rotation', 'revocation'])(
  'C8: a login that a %s overtakes reports the sessions that it ended',
  async (what) => {
    const first = newOwnedKey();
    const { ownerHash } = first;
    assert.equal((await store.rekey(await anonymous(), first, evicting())).status, 'ok');
    const from = await anonymous();
    if (what === 'logout') driver.before('deleteRotated', () => other.destroy(from));
    else if (what === 'rotation') driver.before('deleteRotated', () => other.rekey(from, newKey(), rotation()));
    else driver.before('confirm', () => other.revokeOwned(ownerHash, null, null, KEEP));
    const outcome = await store.rekey(from, newOwnedKey(ownerHash), evicting());
    assert.ok(outcome.status === (what === 'rotation' ? 'tombstone' : 'gone'));
    assert.deepEqual(outcome.evicted, [first.handle]);
    assert.deepEqual(await handlesOf(ownerHash), []);
  },
);
