import assert from 'node:assert/strict';
import type { RecordKey } from 'websauna-session/store';
import type { RedisStore } from 'websauna-session/redis';
import type { StoreHarness } from 'websauna-session/testing';
import { AGE } from './age-record.ts';

/** The name of a record's key in Redis. */
export function recordName(prefix: string, { handle, ownerHash }: RecordKey): string {
  return ownerHash === null ? `${prefix}${handle}` : `${prefix}{${ownerHash}}:${handle}`;
}

/**
 * What the store contract needs of a store in Redis.
 * @param cli runs a command on the server that has the key
 */
export function redisHarness(
  store: RedisStore,
  prefix: string,
  cli: (key: string, ...command: string[]) => Promise<unknown>,
): StoreHarness {
  const run = (key: RecordKey, command: string, ...args: string[]): Promise<unknown> => {
    const name = recordName(prefix, key);
    return cli(name, command, name, ...args);
  };
  return {
    store,
    async assertEndsIn(key, seconds) {
      const left = Number(await run(key, 'PTTL'));
      assert.ok(left > seconds * 1000 - 5000 && left <= seconds * 1000, `ends in ${left} ms, not in ${seconds} s`);
    },
    async expire(key) {
      assert.equal(await run(key, 'PEXPIRE', '0'), 1);
    },
    async pass(key, seconds) {
      const names = [recordName(prefix, key)];
      if (key.ownerHash !== null) names.push(`${prefix}{${key.ownerHash}}:owner`, `${names[0]}:end`);
      await cli(names[0]!, 'EVAL', AGE.source, String(names.length), ...names, String(seconds * 1000));
    },
  };
}
