import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RecordKey } from 'websauna-session/store';
import { createRedisStore, RedisStore, type RedisOptions } from 'websauna-session/redis';
import { driverFor } from '../../../src/stores/redis/clients/detect.ts';
import type { Reply, Script, ScriptReply } from '../../../src/stores/redis/driver.ts';
import { ValueEncoding } from '../../../src/stores/redis/encoding.ts';
import { scripts } from '../../../src/stores/redis/scripts.generated.ts';
import type { Stored } from '../../../src/stores/store.ts';
import { change, ownedRecord, rekey, REPLACED, ROTATED } from '../../../src/testing/store/fixtures.ts';
import { GIVEN_CLIENTS, type GivenClient } from '../../support/redis-clients.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { RelayingDriver } from '../../support/relaying-driver.ts';
import { waitFor } from '../../support/wait-for.ts';

// A change whose deadline has passed is carried out before it, or never.

const PREFIX = 'in-time:';
/** Seconds. */
const TIMEOUT = 0.2;
/** Milliseconds, more than an answer takes: what the server's clock says is not known better than that. */
const LATE = 200;
const KEEP = 3600;
const written = change({ a: '2' });

const ownerHash = randomBytes(12).toString('base64url');
const newKey = (): RecordKey => ({ handle: randomBytes(32).toString('base64url'), ownerHash });

let server: RedisServer;
const endings: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  server = await startRedis();
});
afterEach(async () => {
  server.resume();
  for (const end of endings.splice(0)) await end();
  await server.stop();
});

function given(connect: (url: string) => Promise<GivenClient>) {
  return async (): Promise<RedisOptions> => {
    const { client, close } = await connect(server.url);
    endings.push(close);
    return { client };
  };
}

const CLIENTS: Readonly<Record<string, () => Promise<RedisOptions>>> = {
  ...Object.fromEntries(Object.entries(GIVEN_CLIENTS).map(([name, connect]) => [name, given(connect)])),
  'a connection of our own, node-redis': async () => ({ url: server.url, library: 'redis' }),
  'a connection of our own, ioredis': async () => ({ url: server.url, library: 'ioredis' }),
};

/** All that is stored. */
async function contents(): Promise<unknown> {
  const keys = ((await server.cli('KEYS', '*')) as string[]).toSorted();
  return await Promise.all(
    keys.map(async (key) => {
      const type = String(await server.cli('TYPE', key));
      const value = type === 'hash' ? ['HGETALL', key] : ['ZRANGE', key, '0', '-1'];
      return [key, await server.cli(...value)];
    }),
  );
}

async function codeOf(running: Promise<unknown>): Promise<unknown> {
  return await running.then(
    () => 'done',
    ({ code }: { code: unknown }) => code,
  );
}

test.each(Object.entries(CLIENTS))('Redis hangs until commands have met their deadline: %s', async (_, options) => {
  const store = createRedisStore({ ...(await options()), prefix: PREFIX, socketTimeout: TIMEOUT });
  endings.unshift(() => store.close());
  const [saved, taken, moved, destroyed] = [newKey(), newKey(), newKey(), newKey()] as const;
  for (const key of [saved, taken, moved, destroyed])
    await waitFor('a session', () => store.create(key, ownedRecord({ a: '1' })));
  // A script that the server does not know would be sent once more.
  for (const { source } of Object.values(scripts)) await server.cli('SCRIPT', 'LOAD', source);
  const before = await contents();
  await server.resetStats();
  server.pause();
  const running = [
    store.create(newKey(), ownedRecord({ a: '1' })),
    store.save(saved, written),
    store.take(taken, ''),
    store.rekey(moved, newKey(), rekey({ tombstone: ROTATED })),
    store.destroy(destroyed, REPLACED),
    store.revokeOwned(ownerHash, null, null, KEEP),
  ];
  expect(await Promise.all(running.map(codeOf))).toEqual(running.map(() => 'ERR_SESSION_STORE_TIMEOUT'));
  const failed = Date.now();
  await waitFor('them to be late by any clock', () => Date.now() > failed + LATE);
  server.resume();
  await waitFor('them to reach Redis', async () => (await server.commandCounts()).get('evalsha') === running.length);
  expect(await contents()).toEqual(before);
  await waitFor('Redis to be used again', () => store.save(saved, written));
  expect(await contents()).not.toEqual(before);
});

/** A server whose clock differs from ours, in milliseconds. */
class SkewedDriver extends RelayingDriver {
  skew = 0;
  runs = 0;

  override async evaluate(
    script: Script,
    keys: readonly string[],
    args: readonly Stored[],
    bytes: boolean,
  ): Promise<ScriptReply> {
    this.runs += 1;
    const deadline = String(Number(args.at(-1)) - this.skew);
    const reply = await super.evaluate(script, keys, [...args.slice(0, -1), deadline], bytes);
    const [code, now, ...rest] = reply as Reply[];
    return [code!, Number(now) + this.skew, ...rest];
  }
}

describe('the clock of Redis', () => {
  const HOUR = 3_600_000;
  let driver: SkewedDriver;
  let store: RedisStore;
  let key: RecordKey;
  beforeEach(async () => {
    const { client, close } = await GIVEN_CLIENTS['node-redis 6']!(server.url);
    endings.push(close);
    driver = new SkewedDriver(driverFor(client));
    store = new RedisStore(driver, PREFIX, new ValueEncoding('utf-8', 'strict', false), 60);
    key = newKey();
    assert.equal((await store.create(key, ownedRecord({ a: '1' }))).status, 'ok');
  });

  async function runsOf(operation: () => Promise<unknown>): Promise<number> {
    driver.runs = 0;
    expect(await operation()).toMatchObject({ status: 'ok' });
    return driver.runs;
  }

  test('is asked once, by the first command', async () => {
    expect(driver.runs).toBe(2);
    expect(await runsOf(() => store.save(key, written))).toBe(1);
  });

  test.each([HOUR, -HOUR])(
    'is another by %i ms after a failover: nothing fails, and it is asked once again at most',
    async (skew) => {
      driver.skew = skew;
      expect(await runsOf(() => store.save(key, written))).toBe(skew > 0 ? 2 : 1);
      expect(await runsOf(() => store.save(key, written))).toBe(1);
      expect(Math.abs((await store.now()) - Date.now() - skew)).toBeLessThan(HOUR / 2);
    },
  );

  test('differs between two servers by more than the deadline: nothing fails', async () => {
    for (const skew of [HOUR, 0, HOUR, 0]) {
      driver.skew = skew;
      expect(await runsOf(() => store.save(key, written))).toBeLessThanOrEqual(2);
    }
  });
});
