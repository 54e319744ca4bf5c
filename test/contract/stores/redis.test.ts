import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { createRedisStore, type RedisStore } from 'websauna-session/redis';
import { storeContract, type StoreHarness } from 'websauna-session/testing';
import type { RecordKey } from 'websauna-session';
import { GIVEN_CLIENTS, type GivenClient } from '../../support/redis-clients.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';

const PREFIX = 'contract:';

function nameOf({ handle, ownerHash }: RecordKey): string {
  return ownerHash === null ? `${PREFIX}${handle}` : `${PREFIX}{${ownerHash}}:${handle}`;
}

function harness(store: RedisStore, server: RedisServer): StoreHarness {
  return {
    store,
    async assertEndsIn(key, seconds) {
      const left = Number(await server.cli('PTTL', nameOf(key)));
      assert.ok(left > seconds * 1000 - 5000 && left <= seconds * 1000, `ends in ${left} ms, not in ${seconds} s`);
    },
    async expire(key) {
      assert.equal(await server.cli('PEXPIRE', nameOf(key), '0'), 1);
    },
  };
}

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

for (const [name, connect] of Object.entries(GIVEN_CLIENTS)) {
  describe(`store contract: ${name}`, () => {
    let given: GivenClient;
    let store: RedisStore;
    beforeAll(async () => {
      given = await connect(server.url);
      store = createRedisStore({ client: given.client, prefix: PREFIX });
    });
    afterAll(() => given.close());
    for (const { title, run } of storeContract({ owners: true, scan: true }))
      test(title, () => run(harness(store, server)));
  });
}

for (const library of ['redis', 'ioredis'] as const) {
  describe(`store contract: a connection of our own, ${library}`, () => {
    let store: RedisStore;
    beforeAll(() => {
      store = createRedisStore({ url: server.url, library, prefix: PREFIX });
    });
    afterAll(() => store.close());
    for (const { title, run } of storeContract({ owners: true, scan: true }))
      test(title, () => run(harness(store, server)));
  });
}
