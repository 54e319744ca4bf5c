import { expect, test } from 'vitest';
import { parseRedisUrl, type RedisAddress } from '../../../src/stores/redis/url.ts';

const NOTHING: RedisAddress = {
  host: null,
  port: null,
  db: null,
  username: null,
  password: null,
  unixSocketPath: null,
  tls: false,
};

test.each<[string, Partial<RedisAddress>]>([
  ['redis://localhost', { host: 'localhost' }],
  ['redis://', {}],
  ['redis:///3', { db: 3 }],
  ['REDIS://cache.example:6380/', { host: 'cache.example', port: 6380 }],
  ['redis://user:pass@host:6379/0', { host: 'host', port: 6379, db: 0, username: 'user', password: 'pass' }],
  ['redis://:pass@host', { host: 'host', password: 'pass' }],
  ['redis://user@host', { host: 'host', username: 'user' }],
  ['redis://:p%40ss%2Fw%25%23@host', { host: 'host', password: 'p@ss/w%#' }],
  ['redis://host?db=7', { host: 'host', db: 7 }],
  ['redis://[::1]:6379', { host: '::1', port: 6379 }],
  ['redis://my_host', { host: 'my_host' }],
  ['rediss://host', { host: 'host', tls: true }],
  ['unix:///run/redis.sock', { unixSocketPath: '/run/redis.sock' }],
  ['unix://:pass@/run/redis.sock?db=2', { unixSocketPath: '/run/redis.sock', password: 'pass', db: 2 }],
  ['unix://user:p%40ss@/a%20b.sock', { unixSocketPath: '/a b.sock', username: 'user', password: 'p@ss' }],
  ['unix://user@/run/a@b.sock', { unixSocketPath: '/run/a@b.sock', username: 'user' }],
])('reads %s', (url, address) => {
  expect(parseRedisUrl(url)).toEqual({ ...NOTHING, ...address });
});

test.each([
  ['', 'another scheme, or none'],
  ['localhost:6379', 'another scheme, or none'],
  ['user:s3cret@host', 'another scheme, or none'],
  ['http://:s3cret@host', 'another scheme, or none'],
  ['redis:host', 'another scheme, or none'],
  ['redis://:s3cret/@host:6379', 'text that is no URL. Percent-encode /, ?, #, @, : and % in user and password'],
  ['redis://user:123#s3cret@host', 'a URL with a #. Percent-encode it (%23) in user and password'],
  ['redis://:s3cret%@host', 'a stray %. Write %25 for a % in user and password'],
  ['redis://:s3cret@host:70000', 'text that is no URL. Percent-encode /, ?, #, @, : and % in user and password'],
  ['redis://:s3cret@host/sessions', 'a path that is no database number'],
  ['redis://user:123?s3cret@host', 'a URL with parameters other than db'],
  ['redis://:s3cret@host/1?ssl=1', 'a URL with parameters other than db'],
  ['redis://:s3cret@host/1?db=2', 'a URL with two databases'],
  ['redis://:s3cret@host/1/2', 'a path that is no database number'],
  ['redis://host?password=s3cret', 'a URL with parameters other than db'],
  ['redis://:s3cret@host?db=-1', 'a URL with parameters other than db'],
  ['unix://:s3cret@', 'a unix:// URL without an absolute path. Percent-encode user and password'],
  ['unix://relative.sock', 'a unix:// URL without an absolute path. Percent-encode user and password'],
  ['unix:///run/redis.sock?database=s3cret', 'a URL with parameters other than db'],
])('refuses %s, and repeats none of it', (url, got) => {
  let error: unknown;
  try {
    parseRedisUrl(url);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toEqual(
    new TypeError(
      'Expected `redis.url` to be redis://[user:password@]host[:port][/db], rediss://... ' +
        `or unix://[user:password@]/path[?db=n], got ${got}`,
    ),
  );
  expect((error as Error).cause).toBeUndefined();
  expect((error as Error).message).not.toContain('s3cret');
});
