import { describe, expect, test } from 'vitest';
import { ResilientDriver } from '../../../src/stores/redis/connection/resilient-driver.ts';
import { replicated, startRedis, startReplica, type RedisServer } from '../../support/redis-server.ts';
import { startProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { waitFor } from '../../support/wait-for.ts';
import { connectWith, librariesAndPools, WRITE } from './own.ts';

// An address that always leads to the master, as of a load balancer or in DNS: connections that are open stay with the old one.

/** Seconds, more than a busy machine takes to connect. */
const TIMEOUT = 20;

/** Milliseconds between the attempts of a test to write, which leave the others time. */
const PACE = 5;

interface Setup {
  readonly successor: RedisServer;
  readonly proxy: TcpProxy;
  readonly driver: ResilientDriver;
  /** Has the old master follow the new one, and go on answering those that are connected to it. */
  demote(): Promise<void>;
}

type Finished = (end: () => Promise<void>) => void;

/** Starts a master and a replica, and connects to the master by an address of its own. */
async function start({ pool, ...library }: (typeof librariesAndPools)[number], finished: Finished): Promise<Setup> {
  const old = await startRedis();
  finished(() => old.stop());
  const successor = await startReplica(old);
  finished(() => successor.stop());
  const proxy = await startProxy(old);
  finished(() => proxy.close());
  const own = connectWith(library, { url: proxy.url, socketTimeout: TIMEOUT, pool });
  const driver = new ResilientDriver(own, { timeout: TIMEOUT });
  finished(() => driver.close());
  await driver.evaluate(WRITE, ['key'], ['field', '1'], false);
  const demote = async (): Promise<void> => {
    await replicated(old);
    await successor.cli('REPLICAOF', 'NO', 'ONE');
    await old.cli('REPLICAOF', successor.host, String(successor.port));
    await waitFor('the old master to follow', async () =>
      String(await old.cli('INFO', 'replication')).includes('master_link_status:up'),
    );
  };
  return { successor, proxy, driver, demote };
}

describe.concurrent.each(librariesAndPools)('with $name', (library) => {
  test('a master that was demoted behind its address is left', async ({ onTestFinished }) => {
    const { successor, proxy, driver, demote } = await start(library, onTestFinished);
    await demote();
    proxy.redirect(successor);
    await expect(driver.evaluate(WRITE, ['key'], ['field', '2'], false)).rejects.toThrow(/^READONLY /);
    await waitFor('a write', () => driver.evaluate(WRITE, ['key'], ['field', '3'], false));
    expect(await successor.cli('HGET', 'key', 'field')).toBe('3');
    expect({ ...(await driver.hgetall('key', false)) }).toEqual({ field: '3' });
  });

  test('a replica that stays behind the address is not reconnected to all the time, and is read from', async ({
    onTestFinished,
  }) => {
    const { proxy, driver, demote } = await start(library, onTestFinished);
    await demote();
    const before = proxy.accepted;
    const begun = performance.now();
    const reconnections = (): number => (proxy.accepted - before) / (library.pool?.max ?? 1);
    for (let reads = 0; reads <= 20 || reconnections() < 2;) {
      await driver.evaluate(WRITE, ['key'], ['field', '2'], false).catch(() => {});
      // On a busy machine, a connection can take longer than a read waits for it.
      const fields = await driver.hgetall('key', false).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, PACE));
      if (fields === undefined) continue;
      reads += 1;
      expect({ ...fields }).toEqual({ field: '1' });
    }
    // One for each second, and one for the connection that was there before.
    expect(reconnections()).toBeLessThanOrEqual((performance.now() - begun) / 1000 + 1);
  });
});
