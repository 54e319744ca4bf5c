import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { driverFor } from '../../../src/stores/redis/clients/detect.ts';
import { ResilientDriver } from '../../../src/stores/redis/connection/resilient-driver.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { script } from '../../support/script.ts';
import { startProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { waitFor } from '../../support/wait-for.ts';
import { kinds } from './clients.ts';
import { connectWith, libraries } from './own.ts';

// A reply that is one to another command must never be taken for success.

const COUNT = script("return {redis.call('HINCRBY', KEYS[1], 'counter', 1)}");
/** Seconds. */
const TIMEOUT = 20;
/** Replies that neither a script nor HGETALL has, as the protocol writes them, over RESP2 and RESP3. */
const REPLIES: readonly [string, string][] = [
  ['a status', '+OK\r\n'],
  ['a number', ':1\r\n'],
  ['text', '$5\r\nvalue\r\n'],
  ['nothing', '$-1\r\n'],
];
/** Replies to scripts, which are none to HGETALL. */
const ARRAYS: readonly [string, string][] = [
  ['a number of a time', '*2\r\n:1\r\n:1700000000000\r\n'],
  ['an odd number of texts', '*1\r\n$5\r\nvalue\r\n'],
];

let server: RedisServer;
let proxy: TcpProxy;
let endings: (() => unknown)[];

beforeAll(async () => {
  server = await startRedis();
  proxy = await startProxy(server);
  await server.cli('HSET', 'session', 'field', 'value');
});
beforeEach(() => {
  endings = [];
});
afterEach(async () => {
  proxy.prepend('');
  for (const end of endings.toReversed()) await end();
});
afterAll(async () => {
  await proxy?.close();
  await server?.stop();
});

const UNAVAILABLE = {
  code: 'ERR_SESSION_STORE_UNAVAILABLE',
  message: 'Redis sent a reply that is not one to the command, so it is not known what the command did',
};

describe.each(libraries)('a connection of our own with $name', (library) => {
  async function connect(): Promise<ResilientDriver> {
    const own = connectWith(library, { url: proxy.url, socketTimeout: TIMEOUT });
    const driver = new ResilientDriver(own, { timeout: TIMEOUT });
    endings.push(() => driver.close());
    await driver.ping();
    // The server knows the script, so that it is sent once.
    await driver.evaluate(COUNT, ['counted'], [], false);
    return driver;
  }

  test.each(REPLIES)(
    'a write that is answered with %s has failed, and the connection is replaced',
    async (_, reply) => {
      const driver = await connect();
      proxy.prepend(reply);
      await expect(driver.evaluate(COUNT, ['counted'], [], false)).rejects.toMatchObject(UNAVAILABLE);
      await waitFor('another connection', () => driver.ping().then(() => true));
      expect({ ...(await driver.hgetall('session', false)) }).toEqual({ field: 'value' });
      expect(await driver.evaluate(COUNT, ['counted'], [], false)).toEqual([expect.any(Number)]);
    },
  );

  test.each([...REPLIES, ...ARRAYS])(
    'a read that is answered with %s gets its reply over another connection',
    async (_, reply) => {
      const driver = await connect();
      proxy.prepend(reply);
      const before = proxy.accepted;
      // On a busy machine, the connection can take longer than a read waits for it.
      const fields = await waitFor('an answer', () => driver.hgetall('session', false));
      expect({ ...fields }).toEqual({ field: 'value' });
      expect(proxy.accepted).toBe(before + 1);
    },
  );
});

describe.each(kinds.filter(({ cluster, name }) => !cluster && !name.includes('sentinel')))('$name', (kind) => {
  test.each(REPLIES)("a command that is answered with %s has failed, on the application's client", async (_, reply) => {
    for (const run of [
      (driver: ResilientDriver) => driver.hgetall('session', false),
      (driver: ResilientDriver) => driver.evaluate(COUNT, ['counted'], [], false),
    ]) {
      const given = await kind.connect(proxy);
      endings.push(given.end);
      const driver = new ResilientDriver(driverFor(given.client), { timeout: TIMEOUT });
      await driver.evaluate(COUNT, ['counted'], [], false);
      proxy.prepend(reply);
      await expect(run(driver)).rejects.toMatchObject(UNAVAILABLE);
    }
  });
});
