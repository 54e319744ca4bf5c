import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ResilientDriver } from '../../../src/stores/redis/connection/resilient-driver.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { waitFor } from '../../support/wait-for.ts';
import { connectWith, librariesAndPools, WRITE } from './own.ts';

/** Seconds. */
const TIMEOUT = 5;
/** Milliseconds, less than a read waits for a connection. */
const READ_GRACE = 80;
const READERS = 8;
const DROPS = 10;
/** Enough that a connection has lasted longer than it took to make it, as connections do. */
const READS_BETWEEN = 2_000;

let server: RedisServer;
const open: ResilientDriver[] = [];

beforeAll(async () => {
  server = await startRedis();
  await server.cli('HSET', 'session', 'field', 'value');
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((driver) => driver.close()));
});
afterAll(() => server?.stop());

/** The numbers of the connections of clients. */
async function connections(): Promise<Set<string>> {
  const list = String(await server.cli('CLIENT', 'LIST', 'TYPE', 'normal'));
  return new Set(list.split('\n').flatMap((line) => /^id=(\d+) .* db=1 /.exec(line)?.[1] ?? []));
}

/** Ends every connection of clients, and waits until as many others are there. Returns how long that took. */
async function drop(): Promise<number> {
  const before = await connections();
  const start = performance.now();
  for (const id of before) await server.cli('CLIENT', 'KILL', 'ID', id);
  await waitFor('other connections', async () => {
    const now = await connections();
    return now.size === before.size && [...now].every((id) => !before.has(id));
  });
  return performance.now() - start;
}

describe.each(librariesAndPools)('with $name', ({ pool, ...library }) => {
  async function connect(): Promise<ResilientDriver> {
    const own = connectWith(library, { url: server.url, db: 1, socketTimeout: TIMEOUT, pool });
    const driver = new ResilientDriver(own, { timeout: TIMEOUT });
    open.push(driver);
    await driver.ping();
    return driver;
  }

  test('no read of two processes fails when their connections are dropped', async () => {
    const drivers = [await connect(), await connect()];
    await drivers[0]!.evaluate(WRITE, ['session'], ['field', 'value'], false);
    const end = new AbortController();
    let reads = 0;
    const failures: unknown[] = [];
    const reader = async (driver: ResilientDriver): Promise<void> => {
      while (!end.signal.aborted) {
        try {
          expect({ ...(await driver.hgetall('session', false)) }).toEqual({ field: 'value' });
          reads += 1;
        } catch (error) {
          failures.push(error);
          // What fails at once would leave no time for the connection to be made.
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
    };
    const reading = drivers.flatMap((driver) => Array.from({ length: READERS }, () => reader(driver)));
    for (let drops = 0; drops < DROPS;) {
      const target = reads + READS_BETWEEN;
      await waitFor('reads', () => reads >= target);
      const before = failures.length;
      // On a busy machine it can take longer than a read waits.
      if ((await drop()) < READ_GRACE) drops += 1;
      else failures.length = before;
    }
    end.abort();
    await Promise.all(reading);
    expect(failures.slice(0, 3)).toEqual([]);
  });
});
