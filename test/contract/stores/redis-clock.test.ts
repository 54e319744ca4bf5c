import assert from 'node:assert/strict';
import { afterAll, afterEach, beforeAll, describe, test, vi } from 'vitest';
import type { RecordKey } from 'websauna-session/store';
import { createRedisStore, RedisStore } from 'websauna-session/redis';
import { driverFor } from '../../../src/stores/redis/clients/detect.ts';
import type { RedisDriver, ScriptReply, Script } from '../../../src/stores/redis/driver.ts';
import { ValueEncoding } from '../../../src/stores/redis/encoding.ts';
import { scripts } from '../../../src/stores/redis/scripts.generated.ts';
import type { Stored } from '../../../src/stores/store.ts';
import {
  assertNear,
  change,
  createAnonymous,
  createOwned,
  found,
  newKey,
  newOwnerHash,
  rekey,
  ROTATED,
  written,
} from '../../../src/testing/store/fixtures.ts';
import { AGE } from '../../support/age-record.ts';
import { GIVEN_CLIENTS, type GivenClient } from '../../support/redis-clients.ts';
import { recordName } from '../../support/redis-harness.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { RelayingDriver } from '../../support/relaying-driver.ts';

// D1: stored times are compared with the clock of the server, and never with that of the process.

const PREFIX = 'clock:';
const SCRIPTS = new Map(Object.entries(scripts).map(([name, { sha }]) => [sha, name]));

let server: RedisServer;
let given: GivenClient;
beforeAll(async () => {
  server = await startRedis();
  given = await GIVEN_CLIENTS['node-redis 6']!(server.url);
});
afterAll(async () => {
  await given?.close();
  await server?.stop();
});
afterEach(() => vi.restoreAllMocks());

/** A driver that logs commands and answers. */
class WatchedDriver extends RelayingDriver {
  readonly log: string[] = [];

  override hgetall(key: string, bytes: boolean): Promise<Record<string, Stored>> {
    return this.#watch('hgetall', super.hgetall(key, bytes));
  }

  override evaluate(
    script: Script,
    keys: readonly string[],
    args: readonly Stored[],
    bytes: boolean,
  ): Promise<ScriptReply> {
    return this.#watch(SCRIPTS.get(script.sha)!, super.evaluate(script, keys, args, bytes));
  }

  async #watch<T>(command: string, running: Promise<T>): Promise<T> {
    this.log.push(command);
    const result = await running;
    this.log.push('answer');
    return result;
  }
}

function storeOver(driver: RedisDriver): RedisStore {
  return new RedisStore(driver, PREFIX, new ValueEncoding('utf-8', 'strict', false), 20);
}

/** A process that has just started. */
const newProcess = (): RedisStore => storeOver(driverFor(given.client));

async function serverTime(): Promise<number> {
  const [whole, micros] = (await server.cli('TIME')) as [string, string];
  return Number(whole) * 1000 + Number(micros) / 1000;
}

/** An old id whose grace of 10 s ended so many seconds ago. */
async function tombstone(ended: number): Promise<RecordKey> {
  const store = newProcess();
  const from = await createAnonymous(store);
  await written(store.rekey(from, newKey(), rekey({ tombstone: { ...ROTATED, grace: 10 } })));
  await server.cli('EVAL', AGE.source, '1', recordName(PREFIX, from), String((10 + ended) * 1000));
  return from;
}

describe.each([-3_600_000, -60_000, 0, 15_000, 3_600_000])('a process whose wall clock is %i ms ahead', (skew) => {
  const setClock = (): void => {
    const { now } = Date;
    vi.spyOn(Date, 'now').mockImplementation(() => now() + skew);
  };

  test('has the time of the server from its first question on', async () => {
    setClock();
    assertNear(await newProcess().now(), await serverTime(), 500);
  });

  test('opens no id past its grace, and each one within it, although it has written nothing yet', async () => {
    const [past, within] = [await tombstone(2), await tombstone(-8)];
    setClock();
    for (const [key, ended] of [
      [past, true],
      [within, false],
    ] as const) {
      const loaded = await newProcess().load(key);
      assert.ok(loaded?.status === 'tombstone');
      assert.equal(loaded.now >= loaded.graceUntil, ended);
    }
  });

  test('reads sessions with the time of the server', async () => {
    const key = await createAnonymous(newProcess());
    setClock();
    const loaded = await newProcess().load(key);
    assert.ok(loaded?.status === 'found');
    assertNear(loaded.now, await serverTime(), 500);
    assertNear(loaded.now, loaded.meta.createdAt, 5000);
  });

  test('writes in time, at once', async () => {
    setClock();
    const driver = new WatchedDriver(driverFor(given.client));
    const store = storeOver(driver);
    const key = await createOwned(store, newOwnerHash());
    await store.load(key);
    await written(store.save(key, change({ a: '1' })));
    // The first write of a process that has read nothing learns the time, and is sent again.
    assert.deepEqual(driver.log, 'create,answer,create,answer,hgetall,answer,save,answer'.split(','));
  });
});

describe('the time of the server', () => {
  test('is asked for after the first read, and not again', async () => {
    const key = await createAnonymous(newProcess());
    const driver = new WatchedDriver(driverFor(given.client));
    const store = storeOver(driver);
    await store.load(key);
    await store.load(key);
    await store.now();
    await written(store.save(key, change()));
    assert.deepEqual(driver.log, ['hgetall', 'answer', 'time', 'answer', 'hgetall', 'answer', 'save', 'answer']);
  });

  test('is asked for once by reads that begin at once', async () => {
    const keys = await Promise.all(Array.from({ length: 5 }, () => createAnonymous(newProcess())));
    const driver = new WatchedDriver(driverFor(given.client));
    const store = storeOver(driver);
    await Promise.all(keys.map((key) => store.load(key)));
    assert.equal(driver.log.filter((command) => command === 'time').length, 1);
  });

  test('is asked for again after a minute without an answer, and after the process was suspended', async () => {
    const key = await createAnonymous(newProcess());
    const driver = new WatchedDriver(driverFor(given.client));
    const store = storeOver(driver);
    await store.load(key);
    const asked = (): number => driver.log.filter((command) => command === 'time').length;
    const [monotonic, wall] = [performance.now.bind(performance), Date.now.bind(Date)];
    let [passed, suspended] = [0, 0];
    vi.spyOn(performance, 'now').mockImplementation(() => monotonic() + passed);
    vi.spyOn(Date, 'now').mockImplementation(() => wall() + passed + suspended);
    passed = 59_000;
    await store.load(key);
    assert.equal(asked(), 1);
    passed = 61_000;
    const loaded = await store.load(key);
    assert.equal(asked(), 2);
    assert.ok(loaded?.status === 'found');
    assertNear(loaded.now, await serverTime(), 500);
    suspended = 3_600_000;
    assertNear(await store.now(), await serverTime(), 500);
    assert.equal(asked(), 3);
  });

  test('is that of each read, also of a record in the client-side cache', async () => {
    const key = await createAnonymous(newProcess());
    const cached = createRedisStore({ url: server.url, library: 'redis', prefix: PREFIX, cache: true });
    try {
      // On a busy machine the cache may be too old to be used, once or more.
      for (let before = await found(cached, key); ;) {
        const again = await found(cached, key);
        assertNear(again.now, await serverTime(), 500);
        if (again.fields === before.fields && again.now > before.now) break;
        before = again;
      }
    } finally {
      await cached.close();
    }
  });

  test('that cannot be learned fails the read, rather than have a clock of the process decide', async () => {
    const key = await createAnonymous(newProcess());
    class Timeless extends RelayingDriver {
      override evaluate(): Promise<ScriptReply> {
        return Promise.reject(new Error("NOPERM this user has no permissions to run the 'evalsha' command"));
      }
    }
    const store = storeOver(new Timeless(driverFor(given.client)));
    await assert.rejects(store.load(key), { code: 'ERR_SESSION_STORE', message: /NOPERM/ });
    await assert.rejects(store.now(), { code: 'ERR_SESSION_STORE' });
  });
});
