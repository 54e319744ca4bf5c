import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { createSessionFactory, type RecordKey } from 'websauna-session';
import { createRedisStore, type RedisStore } from 'websauna-session/redis';
import { storeContract, type StoreHarness } from 'websauna-session/testing';
import { loginSuite } from '../contract/consistency/login-suite.ts';
import { cookieSuite } from '../contract/consistency/cookie-suite.ts';
import { requestSuite } from '../contract/consistency/request-suite.ts';
import { sessionsSuite } from '../contract/consistency/sessions-suite.ts';
import { consistencySuite, SECRET, type MakeFactory } from '../contract/consistency/suite.ts';
import type { GivenClient } from '../support/redis-clients.ts';
import { startSentinel, type RedisSentinel } from '../support/redis-sentinel.ts';
import { SENTINEL_CLIENTS } from '../support/topology-clients.ts';

const PREFIX = 'contract:';

function nameOf({ handle, ownerHash }: RecordKey): string {
  return ownerHash === null ? `${PREFIX}${handle}` : `${PREFIX}{${ownerHash}}:${handle}`;
}

async function harness(store: RedisStore, sentinel: RedisSentinel): Promise<StoreHarness> {
  const master = await sentinel.master();
  return {
    store,
    async assertEndsIn(key, seconds) {
      const left = Number(await master.cli('PTTL', nameOf(key)));
      assert.ok(left > seconds * 1000 - 5000 && left <= seconds * 1000, `ends in ${left} ms, not in ${seconds} s`);
    },
    async expire(key) {
      assert.equal(await master.cli('PEXPIRE', nameOf(key), '0'), 1);
    },
  };
}

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
    beforeAll(() => {
      store = createRedisStore({ client: clients.get(name)![0]!.client, prefix: PREFIX });
    });
    for (const { title, run } of storeContract({ owners: true, scan: true })) {
      test(title, async () => run(await harness(store, sentinel)));
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
