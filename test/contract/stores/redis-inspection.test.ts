import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { createRedisStore, RedisStore } from 'websauna-session/redis';
import type { RecordKey } from 'websauna-session/store';
import { driverFor } from '../../../src/stores/redis/clients/detect.ts';
import { ValueEncoding } from '../../../src/stores/redis/encoding.ts';
import {
  createAnonymous,
  createOwned,
  newKey,
  newOwnerHash,
  ownedRecord,
} from '../../../src/testing/store/fixtures.ts';
import { GIVEN_CLIENTS, type GivenClient } from '../../support/redis-clients.ts';
import { recordName } from '../../support/redis-harness.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { RelayingDriver } from '../../support/relaying-driver.ts';

const PREFIX = 'tools:';

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

const open = (options: object = {}): RedisStore =>
  createRedisStore({ client: given.client, prefix: PREFIX, socketTimeout: 20, ...options });

describe('what tools are told of a store', () => {
  test.each([
    [false, null],
    [true, `${PREFIX}ends`],
  ])('prefix, servers, and the channels of ends and events (published: %s)', async (publishEnds, endChannel) => {
    const { servers, ...rest } = await open({ publishEnds }).inspect();
    assert.deepEqual(rest, { prefix: PREFIX, cluster: false, endChannel, eventChannel: `${PREFIX}events` });
    assert.equal(await servers[0]!.send(['PING']), 'PONG');
  });

  test('no servers where the driver shows none', async () => {
    const driver = new RelayingDriver(driverFor(given.client));
    const store = new RedisStore(driver, PREFIX, new ValueEncoding('utf-8', 'strict', false), 20);
    assert.deepEqual((await store.inspect()).servers, []);
  });

  test('the whole audit trail, by a process that keeps none', async () => {
    const writer = open();
    writer.startAudit({ maxEntries: 10, maxAge: 1000 });
    const ownerHash = newOwnerHash();
    const key = await createOwned(writer, ownerHash);
    const entries = await open().readAudit(ownerHash, { since: 0, until: null, limit: 10 });
    assert.deepEqual(
      entries.map(({ event, handle }) => [event, handle]),
      [['login', key.handle]],
    );
  });
});

describe('the first question of a process', () => {
  async function createExplained(): Promise<RecordKey> {
    const key = newKey(newOwnerHash());
    assert.equal((await open().create(key, { ...ownedRecord(), explainEnds: 60 })).status, 'ok');
    return key;
  }

  test('may be why a session has ended, whose server it does not know yet', async () => {
    const key = await createExplained();
    await open().destroy(key, null, { reason: 'logout', keep: 60 });
    const ended = await open().load(key, false, 60);
    assert.deepEqual(ended?.status === 'ended' && ended.reason, 'logout');
  });

  test('is not answered with an expiry that is still to come', async () => {
    const key = await createExplained();
    await server.cli('DEL', recordName(PREFIX, key));
    assert.equal(await open().load(key, false, 60), undefined);
  });
});

test('fields that are taken, and are not text in the encoding, are an error', async () => {
  const store = open({ encoding: 'utf-16le' });
  const key = await createAnonymous(store, { flash: '"text"' });
  assert.equal((await store.take(key, 'flash')).status, 'ok');
  // Half of a character.
  await server.cli('HSET', recordName(PREFIX, key), 'flash', 'odd');
  await assert.rejects(store.take(key, 'flash'), { code: 'ERR_SESSION_STORE', message: /take/ });
});

test('a record that ends while its bytes are read again has ended', async () => {
  const replacement = '"\u{FFFD}"';
  class EndingDriver extends RelayingDriver {
    override async hgetall(key: string, bytes: boolean): ReturnType<RelayingDriver['hgetall']> {
      if (bytes) await server.cli('DEL', key);
      return await super.hgetall(key, bytes);
    }
  }
  const driver = new EndingDriver(driverFor(given.client));
  const store = new RedisStore(driver, PREFIX, new ValueEncoding('utf-8', 'strict', false), 20);
  const key = await createAnonymous(store, { a: replacement });
  assert.equal(await store.load(key), undefined);
});
