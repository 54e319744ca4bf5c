import { describe, expect, test } from 'vitest';
import { decideCookie, suppressionOf } from '../../../src/engine/response.ts';

test.each([
  ['an id that is acknowledged is set', { id: 'id', ended: false }, true, 'set'],
  ['also after the end of another session', { id: 'id', ended: true }, true, 'set'],
  ['an end deletes the cookie', { id: null, ended: true }, false, 'delete'],
  ['unless another session is stored', { id: null, ended: true }, true, 'keep'],
  ['without evidence, the cookie stays', { id: null, ended: false }, false, 'keep'],
  ['without evidence, the cookie stays, of a stored session too', { id: null, ended: false }, true, 'keep'],
] as const)("a client's cookie: %s", (_, evidence, stored, decision) => {
  expect(decideCookie(evidence, stored)).toBe(decision);
});

describe('a response that takes no cookie', () => {
  test.each([
    ['an error whose response the framework makes later', { takesCookies: false, status: 500 }, 'exception'],
    ['a refusal whose response the framework makes later', { takesCookies: false, status: 499 }, 'cacheable'],
    ['an error that shared caches may store', { takesCookies: true, status: 500 }, 'cacheable'],
    ['an error of a head that says nothing of it', { status: 500 }, 'cacheable'],
    ['a page that shared caches may store', { status: 200 }, 'cacheable'],
  ] as const)('is %s', (_, head, reason) => {
    expect(suppressionOf(head)).toBe(reason);
  });
});
