import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { createRedisStore, type RedisStore } from 'websauna-session/redis';
import { storeContract } from 'websauna-session/testing';
import { auditWriters, scripts } from '../../../src/stores/redis/scripts.generated.ts';
import { EVERY_CAPABILITY } from '../../support/capabilities.ts';
import { redisHarness } from '../../support/redis-harness.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';

const text = readFileSync(new URL('../../../docs/deployment.md', import.meta.url), 'utf8');
/** What the documentation has an administrator type. */
const documented = /^ACL SETUSER [^`]+/m.exec(text)![0].trim().split(/\s+/);
/** The prefix that the documentation grants. */
const PREFIX = 'session:';

/** Scripts that only options use, and what else those run. */
const BY_OPTION = {
  audit: [scripts.readAudit.source, scripts.reportReuse.source, ...Object.values(auditWriters)],
  stats: [scripts.addStats.source, scripts.readStats.source],
};

function commandsIn(sources: readonly string[]): string[] {
  return sources.flatMap((source) => [...source.matchAll(/redis\.p?call\('(\w+)'/g)].map((m) => m[1]!));
}

test('the documented ACL has every command of the scripts, and no other of their kind', () => {
  const optional = new Set(Object.values(BY_OPTION).flat());
  const used = commandsIn(Object.values(scripts).flatMap(({ source }) => (optional.has(source) ? [] : source)));
  const granted = documented.filter((word) => /^\+[hz]?\w+$/.test(word)).map((word) => word.slice(1).toUpperCase());
  const others = ['EVAL', 'EVALSHA', 'PING', 'HGETALL'];
  assert.deepEqual(new Set(granted), new Set([...used, ...others]));
});

test.each(['audit', 'stats'] as const)('the documentation names what %s needs beside it, and no more', (option) => {
  const granted = new Set([...documented, ...ADDED[option], '+publish'].map((word) => word.slice(1).toUpperCase()));
  assert.deepEqual(
    commandsIn(BY_OPTION[option]).filter((command) => !granted.has(command)),
    [],
  );
  assert.deepEqual(
    ADDED[option].filter((word) => !commandsIn(BY_OPTION[option]).includes(word.slice(1).toUpperCase())),
    [],
  );
});

/** What the documentation adds for an option. */
const ADDED = {
  audit: ['+xadd', '+xtrim', '+xlen', '+xrevrange'],
  // And PUBLISH, with a further option.
  stats: ['+hincrby', '+pfadd', '+pfcount'],
};

const NOTHING_BY_OPTION = { ...EVERY_CAPABILITY, watches: false, audit: false, stats: false, events: false };
const checks = storeContract(NOTHING_BY_OPTION);
const titles = new Set(checks.map(({ title }) => title));
const checksOf = (option: 'watches' | 'audit' | 'stats'): typeof checks =>
  storeContract({ ...NOTHING_BY_OPTION, [option]: true }).filter(({ title }) => !titles.has(title));

const checksOfEvents = storeContract({ ...NOTHING_BY_OPTION, stats: true, events: true }).filter(({ title }) =>
  title.startsWith('events: '),
);

function testUnderAcl(
  what: string,
  library: 'redis' | 'ioredis',
  words: readonly string[],
  only: typeof checks,
  publishEnds = false,
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
    for (const { title, run } of only)
      test(title, () => run(redisHarness(store, PREFIX, (_, ...command) => server.cli(...command))));
  });
}

for (const library of ['redis', 'ioredis'] as const) {
  testUnderAcl('+scan', library, ['+scan'], checks);
  testUnderAcl(
    'what publishing ends needs',
    library,
    ['+publish', '+subscribe', '&session:ends'],
    checksOf('watches'),
    true,
  );
  testUnderAcl('what the audit trail needs', library, ADDED.audit, checksOf('audit'));
  testUnderAcl('what counting needs', library, ADDED.stats, checksOf('stats'));
  testUnderAcl(
    'what publishing events needs',
    library,
    [...ADDED.stats, '+publish', '+subscribe', '&session:events'],
    checksOfEvents,
  );
}
