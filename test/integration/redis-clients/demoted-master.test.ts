import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ResilientDriver } from '../../../src/stores/redis/connection/resilient-driver.ts';
import { replicated, startRedis, startReplica, type RedisServer } from '../../support/redis-server.ts';
import { startProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { waitFor } from '../../support/wait-for.ts';
import { connectWith, librariesAndPools, WRITE } from './own.ts';

// An address that always leads to the master, as of a load balancer or in DNS: connections that are open stay with the old one.

/** Seconds. */
const TIMEOUT = 5;

/** How long a replica is written to. */
const SECONDS = 2;

let old: RedisServer;
let successor: RedisServer;
let proxy: TcpProxy;
let driver: ResilientDriver | undefined;

beforeEach(async () => {
  old = await startRedis();
  successor = await startReplica(old);
  proxy = await startProxy(old);
});
afterEach(async () => {
  await driver?.close();
  await proxy.close();
  await Promise.all([old.stop(), successor.stop()]);
});

/** The old master follows the new one, and goes on answering those that are connected to it. */
async function demote(): Promise<void> {
  await replicated(old);
  await successor.cli('REPLICAOF', 'NO', 'ONE');
  await old.cli('REPLICAOF', successor.host, String(successor.port));
  await waitFor('the old master to follow', async () =>
    String(await old.cli('INFO', 'replication')).includes('master_link_status:up'),
  );
}

describe.each(librariesAndPools)('with $name', ({ pool, ...library }) => {
  test('a master that was demoted behind its address is left', async () => {
    driver = new ResilientDriver(connectWith(library, { url: proxy.url, socketTimeout: TIMEOUT, pool }), {
      timeout: TIMEOUT,
    });
    await driver.evaluate(WRITE, ['key'], ['field', '1'], false);
    await demote();
    proxy.redirect(successor);
    await expect(driver.evaluate(WRITE, ['key'], ['field', '2'], false)).rejects.toThrow(/^READONLY /);
    await waitFor('a write', () => driver!.evaluate(WRITE, ['key'], ['field', '3'], false));
    expect(await successor.cli('HGET', 'key', 'field')).toBe('3');
    expect({ ...(await driver.hgetall('key', false)) }).toEqual({ field: '3' });
  });

  test('a replica that stays behind the address is not reconnected to all the time, and is read from', async () => {
    driver = new ResilientDriver(connectWith(library, { url: proxy.url, socketTimeout: TIMEOUT, pool }), {
      timeout: TIMEOUT,
    });
    await driver.evaluate(WRITE, ['key'], ['field', '1'], false);
    await demote();
    const before = proxy.accepted;
    let reads = 0;
    const end = performance.now() + SECONDS * 1000;
    while (performance.now() < end) {
      await driver.evaluate(WRITE, ['key'], ['field', '2'], false).catch(() => {});
      // On a busy machine, a connection can take longer than a read waits for it.
      const fields = await driver.hgetall('key', false).catch(() => undefined);
      if (fields === undefined) continue;
      reads += 1;
      expect({ ...fields }).toEqual({ field: '1' });
    }
    expect(reads).toBeGreaterThan(20);
    const reconnections = (proxy.accepted - before) / (pool?.max ?? 1);
    expect(reconnections).toBeGreaterThanOrEqual(1);
    expect(reconnections).toBeLessThanOrEqual(SECONDS + 1);
  });
});
