import { Cluster, Redis } from 'ioredis';
import { createClient, createClientPool } from 'redis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SessionError } from '../../../src/errors.ts';
import { driverFor } from '../../../src/stores/redis/clients/detect.ts';
import type { RedisClient } from '../../../src/stores/redis/clients/shapes.ts';
import { ResilientDriver } from '../../../src/stores/redis/connection/resilient-driver.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { waitFor } from '../../support/wait-for.ts';
import { kinds, type Connected } from './clients.ts';
import { WRITE } from './own.ts';

/** Seconds. */
const TIMEOUT = 0.5;

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});

afterAll(async () => {
  await server?.stop();
});

function guard(client: RedisClient): ResilientDriver {
  return new ResilientDriver(driverFor(client), { timeout: TIMEOUT });
}

function failure(command: Promise<unknown>): Promise<SessionError> {
  return command.then(
    () => expect.unreachable('The command worked'),
    (error: unknown) => error as SessionError,
  );
}

describe.each(kinds.filter(({ cluster, name }) => !cluster && !name.includes('sentinel')))('$name', (kind) => {
  let given: Connected;
  let driver: ResilientDriver;

  beforeAll(async () => {
    given = await kind.connect(server);
    driver = guard(given.client);
    await driver.ping();
  });

  afterEach(async () => {
    if (!server.running) await server.restart();
    await server.cli('CONFIG', 'SET', 'maxmemory', '0');
    await waitFor('the connection', () => driver.ping().then(() => true));
  });

  afterAll(async () => {
    await driver?.close();
    await given?.end();
  });

  test("passes the server's errors on unchanged, without what was sent, and never opens the breaker for them", async () => {
    await server.cli('CONFIG', 'SET', 'maxmemory', '1');
    for (let i = 0; i < 12; i += 1) {
      const error = await failure(driver.evaluate(WRITE, ['full'], ['field', 'a secret'], false));
      expect(error).not.toBeInstanceOf(SessionError);
      expect(error.message).toMatch(/^OOM /);
      expect(JSON.stringify(Object.entries(error))).not.toContain('a secret');
    }
    expect(Object.keys(await driver.hgetall('absent', false))).toEqual([]);
  });

  test('a busy process is not mistaken for a slow server', async () => {
    const commands = Promise.all([driver.ping(), driver.hgetall('absent', false)]);
    // The commands are on their way before the process stops listening.
    await new Promise((resolve) => setImmediate(resolve));
    // Blocks the thread without using the processor.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TIMEOUT * 1000 + 200);
    await commands;
  });

  test('without its server it fails, and recovers when the server is back', async () => {
    await server.kill();
    const { code } = await failure(driver.ping());
    expect(code).toMatch(/^ERR_SESSION_STORE_(?:UNAVAILABLE|TIMEOUT)$/);
    await server.restart();
    await waitFor('the connection', () => driver.ping().then(() => true));
  });

  // A pool does not say whether it is connected.
  if (kind.name.includes('pool')) return;
  test('without its server it fails at once, and queues nothing for later', async () => {
    await server.kill();
    await waitFor('the client to notice', () => !given.isReady());
    const bare = driverFor(given.client);
    const start = performance.now();
    for (const command of [bare.evaluate(WRITE, ['queued'], ['a', 'b'], false), bare.hgetall('a', true), bare.ping()]) {
      await expect(command).rejects.toThrow('Redis cannot be reached: the client is not connected');
    }
    if (bare.library === 'ioredis') {
      const pages = bare.scan('*', 10)[Symbol.asyncIterator]();
      await expect(pages.next()).rejects.toThrow('Redis cannot be reached: the client is not connected');
    }
    expect(performance.now() - start).toBeLessThan(TIMEOUT * 1000);
    await server.restart();
    await waitFor('the connection', () => driver.ping().then(() => true));
    expect(await server.cli('EXISTS', 'queued')).toBe(0);
  });
});

describe('a client that cannot work', () => {
  test('is reported as not connected', async () => {
    for (const client of [createClient({ url: server.url }), createClientPool({ url: server.url })]) {
      const { code, message } = await failure(guard(client).ping());
      expect(code).toBe('ERR_SESSION_STORE_UNAVAILABLE');
      expect(message).toBe(
        "The Redis client is closed: call its connect() before the first request, and don't close it",
      );
    }
  });

  test.each([
    ['nothing', null, /^Expected `redis.client` to be a client of node-redis .* or of ioredis .*, got null$/],
    ['another object', { get: () => null }, /, got an object$/],
    [
      'node-redis 4',
      { hGetAll() {}, sendCommand() {}, ping() {}, evalSha() {} },
      /, got a client of node-redis 4 or older$/,
    ],
    [
      'a Sentinel client of node-redis 5 that does not show the clients of its masters',
      { hGetAll() {}, sendCommand() {}, withTypeMapping() {}, ping() {}, getMasterNode() {}, on() {} },
      /^Expected `redis.client` to be a Sentinel client of a known version of `redis`: update it$/,
    ],
    ['a callback client', { hgetall() {}, evalsha() {}, eval() {}, ping() {} }, /, got an object$/],
    ['keyPrefix of node-redis', createClient({ keyPrefix: 'a:' }), /without `keyPrefix`.*Use `redis.prefix`/],
    ['keyPrefix of a pool', createClientPool({ keyPrefix: 'a:' }), /without `keyPrefix`.*Use `redis.prefix`/],
    ['keyPrefix of ioredis', lazy({ keyPrefix: 'a:' }), /without `keyPrefix`.*Use `redis.prefix`/],
    ['numbers as text', lazy({ stringNumbers: true }), /without `stringNumbers`/],
    ['other replies', lazy({ replyMapping: 'resp3' }), /without `replyMapping: 'resp3'`/],
    ['reading from replicas', lazyCluster({ scaleReads: 'slave' }), /without `scaleReads`/],
    ['keyPrefix of a cluster', lazyCluster({ keyPrefix: 'a:' }), /without `keyPrefix`/],
    ['numbers of a cluster', lazyCluster({ redisOptions: { stringNumbers: true } }), /without `stringNumbers`/],
  ])('is refused: %s', (_, client, message) => {
    expect(() => driverFor(client as unknown as RedisClient)).toThrow(TypeError);
    expect(() => driverFor(client as unknown as RedisClient)).toThrow(message);
  });
});

function lazy(options: object): Redis {
  return new Redis({ lazyConnect: true, ...options });
}

function lazyCluster(options: object): Cluster {
  return new Cluster([{ host: '127.0.0.1' }], { lazyConnect: true, ...options });
}
