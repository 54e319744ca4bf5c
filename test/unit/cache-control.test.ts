import { describe, expect, test } from 'vitest';
import { isSharedByTarget, isUnshared, makeUnshared } from '../../src/cookie/cache-control.ts';

describe('Cache-Control keeps a response out of shared caches', () => {
  test.each([
    'no-store',
    'No-Store',
    'private',
    'private, no-cache',
    'max-age=0, private',
    ' no-store ',
    'public="x", no-store',
    'foo="a, b", private',
    'foo="a \\" b", private',
    'max-age=60,private',
    'private;max-age=60',
  ])('by %s', (value) => {
    expect(isUnshared(value)).toBe(true);
  });

  test.each([
    undefined,
    '',
    'no-cache',
    'public',
    'max-age=60',
    'private="x"',
    'private="set-cookie"',
    'private = "x"',
    'private=',
    'no-cache="private"',
    'foo="private, no-store"',
    'foo="a \\", private"',
    'foo="private, no-store',
    'not-private',
    'privatex',
    'x-private',
    'private public',
    's-maxage=60, must-revalidate',
  ])('and not by %s', (value) => {
    expect(isUnshared(value)).toBe(false);
  });
});

const headers = (entries: Record<string, string>): Map<string, string> => new Map(Object.entries(entries));

describe('headers for some caches alone', () => {
  test.each([
    [{ 'cdn-cache-control': 'max-age=60' }, true],
    [{ 'cdn-cache-control': 'no-store' }, false],
    [{ 'surrogate-control': 'max-age=60, content="ESI/1.0"' }, true],
    [{ 'surrogate-control': 'no-store' }, false],
    [{ 'x-accel-expires': '60' }, true],
    [{ 'x-accel-expires': '@1700000000' }, true],
    [{ 'x-accel-expires': '0' }, false],
    [{ 'x-accel-expires': ' 0 ' }, false],
    [{ 'vercel-cdn-cache-control': 'public' }, true],
    [{ 'cloudflare-cdn-cache-control': 'private' }, false],
    [{ 'x-litespeed-cache-control': 'public,max-age=60' }, true],
    [{ 'x-litespeed-cache-control': 'max-age=60' }, true],
    [{ 'x-litespeed-cache-control': 'esi=on' }, true],
    [{ 'x-litespeed-cache-control': 'No-Cache' }, false],
    [{ 'x-litespeed-cache-control': 'private,max-age=60' }, false],
    [{ 'x-litespeed-cache-control': 'no-store' }, false],
    [{ 'cache-control': 'public' }, false],
    [{}, false],
  ])('%o', (given, shared) => {
    expect(isSharedByTarget(headers(given as Record<string, string>))).toBe(shared);
  });
});

test('caching is taken back in every header that allows it, and nothing else is touched', () => {
  const head = headers({
    'cache-control': 'public, max-age=60',
    'cdn-cache-control': 'max-age=60',
    'surrogate-control': 'no-store',
    'x-accel-expires': '60',
    'x-litespeed-cache-control': 'public,max-age=60',
    etag: '"1"',
  });
  makeUnshared(head);
  expect(Object.fromEntries(head)).toEqual({
    'cache-control': 'private, no-cache',
    'cdn-cache-control': 'no-store',
    'surrogate-control': 'no-store',
    'x-accel-expires': '0',
    'x-litespeed-cache-control': 'no-cache',
    etag: '"1"',
  });
  const kept = headers({ 'cache-control': 'no-store' });
  makeUnshared(kept);
  expect(Object.fromEntries(kept)).toEqual({ 'cache-control': 'no-store' });
});
