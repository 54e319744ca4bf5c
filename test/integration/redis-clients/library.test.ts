import { afterAll, beforeAll, expect, test } from 'vitest';
import { SessionError } from '../../../src/errors.ts';
import { connect, type Importers } from '../../../src/stores/redis/connection/connect.ts';
import { normalizeRedisOptions, type RedisOptions } from '../../../src/stores/redis/options.ts';
import type { ManagedConnection } from '../../../src/stores/redis/connection/managed-connection.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';

const NOT_INSTALLED = 'a-package-that-is-not-installed';
const missing = (): Promise<unknown> => import(/* @vite-ignore */ NOT_INSTALLED);
/** As a bundle of Vite that has taken in this package, but found no `redis`. */
const missingInBundle = (): Promise<unknown> =>
  Promise.reject(new Error('Could not resolve "redis" imported by "websauna-session".'));
const neither: Importers = { redis: missing, ioredis: missing };
const both: Importers = { redis: () => import('redis'), ioredis: () => import('ioredis') };

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});

afterAll(async () => {
  await server?.stop();
});

function connectFrom(importers: Importers, options: RedisOptions = {}): ManagedConnection {
  return connect(normalizeRedisOptions({ url: server.url, socketTimeout: 20, ...options }), { importers });
}

test.each([
  ['redis', {}],
  ['redis', { library: 'redis' }],
  ['ioredis', { library: 'ioredis' }],
] as const)('without a client library, the error says to install `%s` (%o)', async (name, options) => {
  const driver = connectFrom(neither, options);
  const errors = await Promise.all(
    [driver.ping(), driver.hgetall('key', false)].map((command) => command.catch((error: unknown) => error)),
  );
  for (const error of errors) {
    expect(error).toBeInstanceOf(SessionError);
    expect(error).toMatchObject({
      code: 'ERR_SESSION_CLIENT_MISSING',
      status: 500,
      message: `There is no Redis client: install \`${name}\`, for example with npm install ${name}`,
    });
  }
  await driver.close();
});

test('a missing library leaves nothing unhandled when the driver is not used', async () => {
  const driver = connectFrom(neither);
  await new Promise((resolve) => setImmediate(resolve));
  await driver.close();
});

test.each([
  ['node-redis', both, {}],
  ['ioredis', both, { library: 'ioredis' }],
  ['ioredis', { ...both, redis: missing }, {}],
  ['ioredis', { ...both, redis: missingInBundle }, {}],
] as const)('%s is taken when it is asked for, or installed alone', async (name, importers, options) => {
  const driver = connectFrom(importers, options);
  await driver.ping();
  expect(driver.library).toBe(name);
  await driver.close();
});

test('a library that is installed but broken is not called missing', async () => {
  const broken = new SyntaxError('Unexpected token');
  const driver = connectFrom({ ...both, redis: () => Promise.reject(broken) });
  await expect(driver.ping()).rejects.toBe(broken);
});

/** What of an old version is in the way: it lacks the export. */
const tooOld = async (): Promise<unknown> => ({ createClient() {} });

test.each([
  ['redis', { ...both, redis: tooOld, ioredis: missing }, {}],
  ['redis', { ...both, redis: tooOld }, { library: 'redis' }],
  ['redis', { ...both, redis: tooOld }, { pool: { max: 3 } }],
  ['redis', { redis: tooOld, ioredis: tooOld }, {}],
  ['ioredis', { ...both, ioredis: tooOld }, { library: 'ioredis' }],
  ['ioredis', { redis: missing, ioredis: tooOld }, {}],
] as const)('an old `%s` is named with what to do', async (name, importers, options) => {
  const driver = connectFrom(importers, options);
  await expect(driver.ping()).rejects.toMatchObject({
    code: 'ERR_SESSION_CLIENT_MISSING',
    message: `The \`${name}\` that is installed is too old: update it, for example with npm install ${name}@latest`,
  });
  await driver.close();
});

test('an old redis that the application has for itself does not keep ioredis from being used', async () => {
  const driver = connectFrom({ ...both, redis: tooOld });
  await driver.ping();
  expect(driver.library).toBe('ioredis');
  await driver.close();
});

test('a cache needs a version of redis that has client-side caching', async () => {
  const old: Importers = {
    ...both,
    redis: async () => ({ ...(await import('redis')), BasicClientSideCache: undefined }),
  };
  const driver = connectFrom(old, { cache: true });
  await expect(driver.ping()).rejects.toMatchObject({
    cause: {
      message: expect.stringContaining('Expected `redis.cache` to be unset with this version of `redis`') as unknown,
    },
  });
});

test('a pool needs redis, and says so also where only ioredis is installed', async () => {
  const driver = connectFrom({ ...both, redis: missing }, { pool: { max: 3 } });
  await expect(driver.ping()).rejects.toThrow(/^Expected `redis.pool` to be unset with ioredis/);
});

test('the libraries that are installed are found', async () => {
  const driver = connect(normalizeRedisOptions({ url: server.url, socketTimeout: 20 }));
  await driver.ping();
  expect(driver.library).toBe('node-redis');
  await driver.close();
});
