import { createClient } from 'redis';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { createRedisStore, type RedisStore } from 'websauna-session/redis';
import { storeContract } from 'websauna-session/testing';
import { EVERY_CAPABILITY } from '../../support/capabilities.ts';
import { GIVEN_CLIENTS, type GivenClient } from '../../support/redis-clients.ts';
import { redisHarness } from '../../support/redis-harness.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';

const PREFIX = 'contract:';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

function testContract(storeOf: () => RedisStore): void {
  // Scans would go through what other clients have left.
  beforeAll(() => server.cli('FLUSHALL'));
  for (const { title, run } of storeContract(EVERY_CAPABILITY)) {
    test(title, () => run(redisHarness(storeOf(), PREFIX, (_, ...command) => server.cli(...command))));
  }
}

for (const [name, connect] of Object.entries(GIVEN_CLIENTS)) {
  describe(`store contract: ${name}`, () => {
    let given: GivenClient;
    let store: RedisStore;
    beforeAll(async () => {
      given = await connect(server.url);
      store = createRedisStore({
        client: given.client,
        prefix: PREFIX,
        socketTimeout: 20,
        publishEnds: true,
        // A pool cannot be duplicated.
        ...(name.includes('pool') && { subscriber: createClient({ url: server.url }) }),
      });
    });
    afterAll(async () => {
      await store.close();
      await given.close();
    });
    testContract(() => store);
  });
}

for (const library of ['redis', 'ioredis'] as const) {
  describe(`store contract: a connection of our own, ${library}`, () => {
    let store: RedisStore;
    beforeAll(() => {
      store = createRedisStore({ url: server.url, library, prefix: PREFIX, socketTimeout: 20, publishEnds: true });
    });
    afterAll(() => store.close());
    testContract(() => store);
  });
}
