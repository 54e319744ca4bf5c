import { describe, expect, test } from 'vitest';
import type { RedisClient } from '../../../src/stores/redis/clients/shapes.ts';
import { normalizeRedisOptions, type RedisOptions } from '../../../src/stores/redis/options.ts';
import { createRedisStore } from '../../../src/stores/redis/provider.ts';

const client = { hGetAll() {}, sendCommand() {}, withTypeMapping() {}, ping() {} } as unknown as RedisClient;

function refusal(options: object): unknown {
  try {
    return normalizeRedisOptions(options);
  } catch (error) {
    return error;
  }
}

describe('normalizeRedisOptions', () => {
  test('fills in the defaults', () => {
    expect(normalizeRedisOptions({})).toEqual({
      host: 'localhost',
      port: 6379,
      db: 0,
      username: null,
      password: null,
      unixSocketPath: null,
      tls: false,
      socketTimeout: 2,
      pool: null,
      client: null,
      library: null,
      cache: null,
      encoding: 'utf-8',
      encodingErrors: 'strict',
      prefix: 'session:',
      publishEnds: false,
      subscriber: null,
    });
  });

  test('takes what is given', () => {
    const clientFor = (): RedisClient => client;
    const tls = { ca: 'PEM', servername: 's' };
    const given: Omit<RedisOptions, 'url'> = {
      host: 'h',
      port: 1,
      db: 2,
      username: 'u',
      password: 'p',
      unixSocketPath: null,
      tls,
      socketTimeout: 0.5,
      pool: { min: 2, max: 3 },
      client: clientFor,
      prefix: '',
      library: 'redis',
      encoding: 'latin1',
      encodingErrors: 'ignore',
      publishEnds: true,
      subscriber: client,
    };
    expect(normalizeRedisOptions({ url: null, ...given })).toEqual({ ...given, cache: null });
  });

  test('a cache has a size, and a connection of its own', () => {
    expect(normalizeRedisOptions({ cache: true }).cache).toEqual({ maxEntries: 10_000, maxBytes: 67_108_864 });
    expect(normalizeRedisOptions({ cache: { maxEntries: 5, maxBytes: 9 } }).cache).toEqual({
      maxEntries: 5,
      maxBytes: 9,
    });
    expect(() => normalizeRedisOptions({ cache: true, pool: {} })).toThrow('unset with `redis.pool`');
    expect(() => normalizeRedisOptions({ cache: true, client })).toThrow('unset with `redis.client`');
  });

  test('the URL wins over host, port and socket, and over what else it names', () => {
    const others = { host: 'h', port: 1, db: 2, username: 'u', password: 'p', unixSocketPath: '/s' };
    expect(normalizeRedisOptions({ ...others, url: 'redis://a:b@c:3/4' })).toMatchObject({
      host: 'c',
      port: 3,
      db: 4,
      username: 'a',
      password: 'b',
      unixSocketPath: null,
    });
    expect(normalizeRedisOptions({ ...others, url: 'redis://c' })).toMatchObject({
      host: 'c',
      port: 6379,
      db: 2,
      username: 'u',
      password: 'p',
      unixSocketPath: null,
    });
    expect(normalizeRedisOptions({ ...others, url: 'unix:///t' })).toMatchObject({ unixSocketPath: '/t', db: 2 });
  });

  test('TLS is on with rediss://, with true and with options', () => {
    expect(normalizeRedisOptions({ url: 'rediss://10.0.0.1' }).tls).toEqual({});
    expect(normalizeRedisOptions({ host: '::1', tls: true }).tls).toEqual({});
    expect(normalizeRedisOptions({ url: 'rediss://10.0.0.1', tls: { ca: 'PEM' } }).tls).toEqual({ ca: 'PEM' });
    expect(normalizeRedisOptions({ url: 'redis://h', tls: false }).tls).toBe(false);
  });

  test('TLS names the host to the server, unless the options do', () => {
    expect(normalizeRedisOptions({ tls: true }).tls).toEqual({ servername: 'localhost' });
    expect(normalizeRedisOptions({ url: 'rediss://h', tls: { ca: 'PEM' } }).tls).toEqual({
      servername: 'h',
      ca: 'PEM',
    });
    expect(normalizeRedisOptions({ url: 'rediss://h', tls: { servername: 'i' } }).tls).toEqual({ servername: 'i' });
  });

  test('a pool of the application is a client; sizes have defaults that fit each other', () => {
    expect(normalizeRedisOptions({ pool: client })).toMatchObject({ client, pool: null });
    expect(normalizeRedisOptions({ pool: {} }).pool).toEqual({ min: 1, max: 10 });
    expect(normalizeRedisOptions({ pool: { min: 20 } }).pool).toEqual({ min: 20, max: 20 });
  });

  test.each<[object, string]>([
    [{ hots: 'h' }, '`redis` to have known properties only, got `redis.hots`. Did you mean `redis.host`?'],
    [
      { socket_timeout: 1 },
      '`redis` to have known properties only, got `redis.socket_timeout`. Did you mean `redis.socketTimeout`?',
    ],
    [{ port: '6379' }, '`redis.port` to be an integer, between 1 and 65535, got a string'],
    [{ publishEnds: 'yes' }, '`redis.publishEnds` to be true or false, got a string'],
    [{ subscriber: {} }, '`redis.subscriber` to be a client of node-redis or ioredis, got an object'],
    [{ port: 0 }, '`redis.port` to be an integer, between 1 and 65535, got 0'],
    [{ url: 'redis://h:0' }, '`redis.url` to be an integer in its port, between 1 and 65535, got 0'],
    [{ db: -1 }, '`redis.db` to be an integer, 0 or more, got -1'],
    [{ host: '' }, '`redis.host` to be a host name or address, got an empty string'],
    [{ password: 17 }, '`redis.password` to be a password (or null), got 17'],
    [{ username: false }, '`redis.username` to be a user name (or null), got false'],
    [{ unixSocketPath: [] }, '`redis.unixSocketPath` to be the path of a Unix socket (or null), got an empty array'],
    [
      { url: undefined },
      '`redis.url` to be a URL, got undefined. Set the variable that it comes from, or leave `url` out for localhost',
    ],
    [{ url: 17 }, '`redis.url` to be a URL (or null), got 17'],
    [{ tls: 'yes' }, '`redis.tls` to be true, false or options for node:tls, got a string'],
    [{ tls: false, url: 'rediss://h' }, '`redis.tls` to be true or absent with a rediss:// URL, got false'],
    [{ tls: true, unixSocketPath: '/s' }, '`redis.tls` to be false with a Unix socket, got true'],
    [{ socketTimeout: 0 }, '`redis.socketTimeout` to be a number of seconds, between 0.001 and 86400, got 0'],
    [{ socketTimeout: null }, '`redis.socketTimeout` to be a number of seconds, between 0.001 and 86400, got null'],
    [{ pool: 5 }, '`redis.pool` to be { min, max } or a pool of node-redis, got 5'],
    [
      { pool: { maximum: 5 } },
      '`redis.pool` to have known properties only, got `redis.pool.maximum`. Known are min, max',
    ],
    [{ pool: { max: 0 } }, '`redis.pool.max` to be an integer, 1 or more, got 0'],
    [{ pool: { min: 3, max: 2 } }, '`redis.pool.max` to be 3 (`redis.pool.min`) or more, got 2'],
    [{ pool: client, client }, '`redis.pool` to be absent, or sizes, when there is a `redis.client`, got an object'],
    [
      { client: {} },
      '`redis.client` to be a client of node-redis or ioredis, 5 or newer, or a function that returns one, got an object',
    ],
    [{ library: 'memcached' }, "`redis.library` to be 'redis' or 'ioredis', got a string"],
    [{ cache: 1 }, '`redis.cache` to be true, false, or { maxEntries, maxBytes }, got 1'],
    [{ cache: { maxEntries: 0 } }, '`redis.cache.maxEntries` to be an integer of sessions, 1 or more, got 0'],
    [{ cache: { maxBytes: 0.5 } }, '`redis.cache.maxBytes` to be an integer of bytes, 1 or more, got 0.5'],
    [
      { encoding: 'utf8' },
      "`redis.encoding` to be 'utf-8', 'utf-16le' or 'latin1', got a string. Did you mean 'utf-8'?",
    ],
    [
      { encodingErrors: 'surrogateescape' },
      "`redis.encodingErrors` to be 'strict', 'replace' or 'ignore', got a string",
    ],
    [
      { prefix: 'a{b}' },
      '`redis.prefix` to be text without braces, which decide on the slot of a key in Redis Cluster, got a string',
    ],
  ])('refuses %o', (options, message) => {
    expect(refusal(options)).toEqual(new TypeError(`Expected ${message}`));
  });
});

test('a URL in place of options, and a function in place of a client, are refused with what to do', () => {
  expect(() => normalizeRedisOptions('redis://localhost' as never)).toThrow(/Pass a URL as `\{ url \}`/);
  expect(() => createRedisStore({ client: () => ({}) as never })).toThrow(
    /Expected `redis.client` to be a client, got/,
  );
});
