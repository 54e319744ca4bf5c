import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { beforeEach, describe, test } from 'vitest';
import type { RekeyOutcome, NewRecord, RecordKey, RecordRekey, Stored } from 'websauna-session';
import type { RedisStore } from 'websauna-session/redis';
import { ValueEncoding } from '../../src/stores/redis/encoding.ts';
import { Crash, type SteppedDriver } from '../support/stepped-driver.ts';
import { SteppedCluster, storeOver } from './stepped-cluster.ts';

// A login of an anonymous session, and its rotation, on a cluster: two keys that no one script reaches.

const PREFIX = 'across:';
const DETAILS = { owner: 'alice', method: null, address: null, agent: null, indexKeys: [] };
const TRACE = { nonce: 'nonce', grace: 10, keep: 600 };
const TIMEOUT = 1200;

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

function random(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

function newKey(ownerHash: string | null = null): RecordKey {
  return { handle: random(32), ownerHash };
}

function nameOf({ handle, ownerHash }: RecordKey): string {
  return ownerHash === null ? PREFIX + handle : `${PREFIX}{${ownerHash}}:${handle}`;
}

function record(fields: Record<string, Stored>, extra: Partial<NewRecord> = {}): NewRecord {
  const details = { ...DETAILS, owner: null };
  return { details, timeout: TIMEOUT, absoluteTimeout: 0, fields: mapOf(fields), login: null, ...extra };
}

function mapOf(fields: Record<string, Stored>): Map<string, Stored> {
  return new Map(Object.entries(fields));
}

function rotation(extra: Partial<RecordRekey> = {}): RecordRekey {
  const nothing = { set: new Map(), delete: new Set<string>(), timeout: null, expect: null, exact: false };
  return { ...nothing, login: null, trace: TRACE, ...extra };
}

function login(max = 0, extra: Partial<RecordRekey> = {}): RecordRekey {
  const change = { age: 0, max, onSessionLimit: 'refuse' as const, details: DETAILS, absoluteTimeout: 0 };
  return rotation({ trace: { nonce: '', grace: 10, keep: 10 }, login: change, ...extra });
}

/** With room for one session. */
function evicting(): RecordRekey {
  const limited = login(1);
  return { ...limited, login: { ...limited.login!, onSessionLimit: 'evict-oldest' } };
}

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

/** Tries again with another key while others are faster, as a request does; gives the outcomes, and the last key. */
async function persist(from: RecordKey, first: RecordKey, move: RecordRekey): Promise<[RekeyOutcome[], RecordKey]> {
  const outcomes: RekeyOutcome[] = [];
  for (let to = first; ; to = newKey(first.ownerHash)) {
    const outcome = await store.rekey(from, to, move);
    outcomes.push(outcome);
    if (outcome.status !== 'interrupted') return [outcomes, to];
    assert.equal(await dataOf(to), undefined);
  }
}

function statuses(outcomes: readonly RekeyOutcome[]): string[] {
  return outcomes.map(({ status }) => status);
}

const crashed = (error: unknown): boolean => error instanceof Error && error.cause instanceof Crash;
const touch = { set: new Map(), delete: new Set<string>(), timeout: null, expect: null };

describe('a crash', () => {
  test('C6: after the new record was written: the client is where it was, and the orphan soon counts no more', async () => {
    const [from, to] = [await anonymous(), newKey(random(12))];
    driver.crashBefore('deleteRotated');
    await assert.rejects(store.rekey(from, to, login()), crashed);
    assert.deepEqual(await dataOf(from), { a: '1' });
    const left = await liveFor(to);
    assert.ok(left > 0 && left <= 60_000, `the orphan lives for ${left} ms`);
    assert.equal(await cluster.cli(nameOf(to), 'PEXPIRE', nameOf(to), '0'), 1);
    assert.deepEqual(await handlesOf(to.ownerHash!), []);
    const again = newKey(to.ownerHash);
    assert.equal((await store.rekey(from, again, login(1))).status, 'ok');
    assert.deepEqual(await dataOf(again), { a: '1' });
  });

  test('C6: after the old record was retired by a rotation: its trace leads to a session that lives on', async () => {
    const [from, to] = [await anonymous(), newKey()];
    driver.crashBefore('save');
    await store.rekey(from, to, rotation());
    const trace = await other.load(from);
    assert.ok(trace?.status === 'tombstone');
    assert.equal(trace.successor, to.handle);
    assert.ok((await liveFor(to)) > (TIMEOUT - 10) * 1000);
  });

  test('a login that comes through lives as long as any session', async () => {
    const [from, to] = [await anonymous(), newKey(random(12))];
    assert.equal((await store.rekey(from, to, login())).status, 'ok');
    assert.ok((await liveFor(to)) > (TIMEOUT - 10) * 1000);
    assert.deepEqual(await handlesOf(to.ownerHash!), [to.handle]);
  });

  test('C1: a login that found no time to finish before its record ended begins anew', async () => {
    const [from, to] = [await anonymous(), newKey(random(12))];
    driver.before('save', () => cluster.cli(nameOf(to), 'PEXPIRE', nameOf(to), '0'));
    assert.equal((await store.rekey(from, to, login())).status, 'gone');
    assert.equal(await dataOf(to), undefined);
  });
});

describe.each([
  ['login', () => newKey(random(12)), () => login()],
  ['rotation', () => newKey(), () => rotation()],
] as const)('a %s', (_, target, makeMove) => {
  test('C1: does not revive a session that a logout ends meanwhile, whenever that is', async () => {
    for (const step of ['create', 'deleteRotated'] as const) {
      const [from, to] = [await anonymous(), target()];
      driver.before(step, () => other.destroy(from));
      assert.equal((await store.rekey(from, to, makeMove())).status, 'gone', step);
      assert.equal(await dataOf(to), undefined);
      if (to.ownerHash !== null) assert.deepEqual(await handlesOf(to.ownerHash), []);
    }
  });

  test('C2: takes along what other requests write meanwhile, whenever that is', async () => {
    const [from, to] = [await anonymous({ a: '1', gone: 'x' }), target()];
    driver.before('create', () => other.save(from, { ...touch, set: mapOf({ b: '2' }) }));
    driver.before('create', () => other.save(from, { ...touch, delete: new Set(['gone']) }));
    driver.before('deleteRotated', () => other.save(from, { ...touch, set: mapOf({ a: '3' }) }));
    driver.before('deleteRotated', () => other.save(from, { ...touch, set: mapOf({ c: '4' }) }));
    const [outcomes, key] = await persist(from, to, makeMove());
    assert.ok(outcomes.length > 1);
    assert.equal(outcomes.at(-1)!.status, 'ok');
    assert.deepEqual(await dataOf(key), { a: '3', b: '2', c: '4' });
    assert.equal(await dataOf(from), undefined);
  });

  test('is not held up by readers that renew the idle timeout', async () => {
    const [from, to] = [await anonymous(), target()];
    let runs = 0;
    driver.before('create', () => (runs += 1));
    driver.before('create', () => (runs += 1));
    driver.before('deleteRotated', () => other.save(from, touch));
    assert.equal((await store.rekey(from, to, makeMove())).status, 'ok');
    assert.equal(runs, 1);
  });

  test('C6: of two that race, at every point of each other, one wins', async () => {
    for (const step of ['create', 'deleteRotated'] as const) {
      const [from, mine, yours] = [await anonymous(), target(), target()];
      const outcomes: string[] = [];
      driver.before(step, async () => outcomes.push((await other.rekey(from, yours, makeMove())).status));
      outcomes.push((await store.rekey(from, mine, makeMove())).status);
      assert.deepEqual(outcomes, ['ok', 'tombstone'], step);
      assert.equal(await dataOf(mine), undefined);
      assert.deepEqual(await dataOf(yours), { a: '1' });
      if (mine.ownerHash !== null) assert.deepEqual(await handlesOf(mine.ownerHash), []);
    }
  });

  test('with values that are bound to the id: one that missed a write is a conflict, and changes nothing', async () => {
    for (const step of ['create', 'deleteRotated'] as const) {
      const [from, to] = [await anonymous(), target()];
      driver.before(step, () => other.save(from, { ...touch, set: mapOf({ b: '2' }) }));
      const exact = { ...makeMove(), exact: true, expect: mapOf({ a: '1' }), set: mapOf({ a: 'A' }) };
      const [outcomes] = await persist(from, to, exact);
      const outcome = outcomes.at(-1)!;
      assert.ok(outcome.status === 'conflict', step);
      assert.equal(outcome.fields['b'], '2');
      assert.deepEqual(await dataOf(from), { a: '1', b: '2' });
      assert.equal(await dataOf(to), undefined);
    }
  });

  test('copies bytes as they are, also those that are no text', async () => {
    const [from, to] = [newKey(), target()];
    const binary = storeOver(driver, PREFIX, new ValueEncoding('utf-8', 'strict', true));
    const bytes = Buffer.from([0xff, 0x00, 0xc3, 0x28]);
    await binary.create(from, record({ raw: bytes, text: 'ключ' }));
    const replacing = storeOver(driver, PREFIX, new ValueEncoding('utf-8', 'replace', false));
    assert.equal((await replacing.rekey(from, to, makeMove())).status, 'ok');
    const loaded = await binary.load(to);
    assert.ok(loaded?.status === 'found');
    assert.equal(Buffer.compare(loaded.fields['raw'] as Buffer, bytes), 0);
    assert.equal(String(loaded.fields['text']), 'ключ');
  });
});

test('C2: a rotation takes along an idle timeout that another request sets meanwhile', async () => {
  const [from, to] = [await anonymous(), newKey()];
  driver.before('deleteRotated', () => other.save(from, { ...touch, timeout: 77 }));
  const [outcomes, key] = await persist(from, to, rotation());
  assert.deepEqual(statuses(outcomes), ['interrupted', 'ok']);
  const loaded = await other.load(key);
  assert.ok(loaded?.status === 'found');
  assert.equal(loaded.meta.timeout, 77);
});

test('C7: a revocation during a login leaves nothing of it, whenever that is', async () => {
  for (const step of ['deleteRotated', 'save'] as const) {
    const [from, to] = [await anonymous(), newKey(random(12))];
    driver.before(step, async () => assert.deepEqual(await other.revokeOwned(to.ownerHash!, null, null), [to.handle]));
    await store.rekey(from, to, login());
    assert.equal(await dataOf(to), undefined);
    assert.deepEqual(await handlesOf(to.ownerHash!), []);
  }
});

test('C1: what a revocation has ended of a login does not come again under the same name', async () => {
  const [from, to] = [await anonymous(), newKey(random(12))];
  driver.before('deleteRotated', async () => {
    await other.save(from, { ...touch, set: mapOf({ b: '2' }) });
    assert.deepEqual(await other.revokeOwned(to.ownerHash!, null, null), [to.handle]);
  });
  const [outcomes, key] = await persist(from, to, login());
  assert.deepEqual(statuses(outcomes), ['interrupted', 'ok']);
  assert.deepEqual(await dataOf(key), { a: '1', b: '2' });
  assert.deepEqual(await handlesOf(to.ownerHash!), [key.handle]);
});

test('C8: logins that race with a limit never exceed it, and each is admitted or told that it is not', async () => {
  const ownerHash = random(12);
  const visitors = await Promise.all(Array.from({ length: 30 }, () => anonymous()));
  let most = 0;
  const watch = async (): Promise<void> => {
    most = Math.max(most, (await handlesOf(ownerHash)).length);
  };
  const admitted: string[] = [];
  const steps = visitors.map(async (from) => {
    const to = newKey(ownerHash);
    const limited = login(3);
    const { status } = await store.rekey(from, to, {
      ...limited,
      login: { ...limited.login!, onSessionLimit: 'evict-oldest' },
    });
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

test('C8: a login that is refused, or fails, takes no place, and says whom it has ended', async () => {
  const ownerHash = random(12);
  const [first, second] = [newKey(ownerHash), newKey(ownerHash)];
  assert.equal((await store.rekey(await anonymous(), first, login(1))).status, 'ok');
  const from = await anonymous();
  assert.equal((await store.rekey(from, second, login(1))).status, 'full');
  assert.deepEqual(await dataOf(from), { a: '1' });
  driver.before('deleteRotated', () => other.save(from, { ...touch, set: mapOf({ b: '2' }) }));
  const [outcomes, key] = await persist(from, second, evicting());
  assert.deepEqual(statuses(outcomes), ['interrupted', 'ok']);
  assert.deepEqual(
    outcomes.map((outcome) => ('evicted' in outcome ? outcome.evicted : undefined)),
    [[first.handle], []],
  );
  assert.deepEqual(await handlesOf(ownerHash), [key.handle]);
});

test.each(['logout', 'rotation', 'revocation'])(
  'C8: a login that a %s outruns says whom it has ended',
  async (what) => {
    const first = newKey(random(12));
    const ownerHash = first.ownerHash!;
    assert.equal((await store.rekey(await anonymous(), first, evicting())).status, 'ok');
    const from = await anonymous();
    if (what === 'logout') driver.before('deleteRotated', () => other.destroy(from));
    else if (what === 'rotation') driver.before('deleteRotated', () => other.rekey(from, newKey(), rotation()));
    else driver.before('save', () => other.revokeOwned(ownerHash, null, null));
    const outcome = await store.rekey(from, newKey(ownerHash), evicting());
    assert.ok(outcome.status === (what === 'rotation' ? 'tombstone' : 'gone'));
    assert.deepEqual(outcome.evicted, [first.handle]);
    assert.deepEqual(await handlesOf(ownerHash), []);
  },
);
