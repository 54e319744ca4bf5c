import { afterAll, beforeAll, describe, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { createRedisStore, type RedisStore } from 'websauna-session/redis';
import { storeContract } from 'websauna-session/testing';
import { loginSuite } from '../contract/consistency/login-suite.ts';
import { cookieSuite } from '../contract/consistency/cookie-suite.ts';
import { requestSuite } from '../contract/consistency/request-suite.ts';
import { sessionsSuite } from '../contract/consistency/sessions-suite.ts';
import { SECRET, type MakeFactory } from '../contract/consistency/factories.ts';
import { consistencySuite } from '../contract/consistency/suite.ts';
import { EVERY_CAPABILITY } from '../support/capabilities.ts';
import type { GivenClient } from '../support/redis-clients.ts';
import { redisHarness } from '../support/redis-harness.ts';
import { startSentinel, type RedisSentinel } from '../support/redis-sentinel.ts';
import { SENTINEL_CLIENTS } from '../support/topology-clients.ts';

const PREFIX = 'contract:';

let sentinel: RedisSentinel;
/** Two clients of each kind, as two processes have; factories take them in turn. */
const clients = new Map<string, GivenClient[]>();

beforeAll(async () => {
  sentinel = await startSentinel();
  for (const [name, connect] of Object.entries(SENTINEL_CLIENTS)) {
    clients.set(name, [await connect(sentinel), await connect(sentinel)]);
  }
});
afterAll(async () => {
  for (const given of [...clients.values()].flat()) await given.close();
  await sentinel?.stop();
});

for (const name of Object.keys(SENTINEL_CLIENTS)) {
  describe(`store contract: Sentinel, ${name}`, () => {
    let store: RedisStore;
    beforeAll(async () => {
      // Scans would go through what other clients have left.
      await (await sentinel.master()).cli('FLUSHALL');
      const { client } = clients.get(name)![0]!;
      // That of node-redis 5 cannot be duplicated.
      const subscriber = name === 'node-redis 5' ? clients.get('node-redis 6')![0]!.client : null;
      store = createRedisStore({ client, prefix: PREFIX, socketTimeout: 20, publishEnds: true, subscriber });
    });
    afterAll(() => store.close());
    for (const { title, run } of storeContract(EVERY_CAPABILITY)) {
      test(title, async () => {
        const master = await sentinel.master();
        await run(redisHarness(store, PREFIX, (_, ...command) => master.cli(...command)));
      });
    }
  });

  let made = 0;
  const make: MakeFactory = (options) =>
    createSessionFactory({ secret: SECRET, redis: { client: clients.get(name)![made++ % 2]!.client }, ...options });
  consistencySuite(`Sentinel, ${name}`, make);
  loginSuite(`Sentinel, ${name}`, make);
  sessionsSuite(`Sentinel, ${name}`, make);
  requestSuite(`Sentinel, ${name}`, make);
  cookieSuite(`Sentinel, ${name}`, make);
}
