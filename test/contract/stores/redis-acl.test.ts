import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { createRedisStore, type RedisStore } from 'websauna-session/redis';
import { storeContract } from 'websauna-session/testing';
import { scripts } from '../../../src/stores/redis/scripts.generated.ts';
import { redisHarness } from '../../support/redis-harness.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';

const text = readFileSync(new URL('../../../docs/deployment.md', import.meta.url), 'utf8');
/** What the documentation has an administrator type. */
const documented = /^ACL SETUSER [^`]+/m.exec(text)![0].trim().split(/\s+/);
/** The prefix that the documentation grants. */
const PREFIX = 'session:';

test('the documented ACL has every command of the scripts, and no other of their kind', () => {
  const used = new Set(
    Object.values(scripts).flatMap(({ source }) => [...source.matchAll(/redis\.p?call\('(\w+)'/g)].map((m) => m[1]!)),
  );
  const granted = documented.filter((word) => /^\+[hz]?\w+$/.test(word)).map((word) => word.slice(1).toUpperCase());
  const others = ['EVAL', 'EVALSHA', 'PING', 'HGETALL'];
  assert.deepEqual(new Set(granted), new Set([...used, ...others]));
});

const capabilities = { owners: true, index: true, scan: true, explains: true };
const checks = storeContract(capabilities);
const titles = new Set(checks.map(({ title }) => title));
const checksOfEnds = storeContract({ ...capabilities, watches: true }).filter(({ title }) => !titles.has(title));

function testUnderAcl(
  what: string,
  library: 'redis' | 'ioredis',
  words: readonly string[],
  publishEnds: boolean,
): void {
  describe(`store contract under the documented ACL, and ${what}: ${library}`, () => {
    let server: RedisServer;
    let store: RedisStore;
    beforeAll(async () => {
      server = await startRedis();
      for (const word of words) assert.ok(text.includes(`\`${word}\``), `the documentation does not name ${word}`);
      await server.cli(...documented, ...words);
      const { host, port } = server;
      const [username, password] = [documented[2]!, documented[4]!.slice(1)];
      const login = { host, port, username, password, library };
      store = createRedisStore({ ...login, prefix: PREFIX, socketTimeout: 20, publishEnds });
    });
    afterAll(async () => {
      await store?.close();
      await server?.stop();
    });
    for (const { title, run } of publishEnds ? checksOfEnds : checks)
      test(title, () => run(redisHarness(store, PREFIX, (_, ...command) => server.cli(...command))));
  });
}

for (const library of ['redis', 'ioredis'] as const) {
  testUnderAcl('+scan', library, ['+scan'], false);
  testUnderAcl('what publishing ends needs', library, ['+publish', '+subscribe', '&session:ends'], true);
}
