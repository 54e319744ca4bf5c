import { describe, expect, test } from 'vitest';
import { isCookieWithheldBySite, isPrefetchRequest } from '../../../src/engine/request-kind.ts';
import type { CookieConfig } from '../../../src/engine/config.ts';
import type { Exchange } from '../../../src/exchange.ts';

function exchange(headers: Readonly<Record<string, string>>, method = 'GET'): Exchange {
  return { method, header: (name: string) => headers[name] } as Exchange;
}

describe('a page that a browser fetches ahead of a visit', () => {
  test.each([
    ['sec-purpose', 'prefetch', true],
    ['sec-purpose', 'prefetch;prerender', true],
    ['sec-purpose', '  Prefetch; anonymous-client-ip', true],
    ['purpose', 'prefetch', true],
    ['x-moz', 'prefetch', true],
    ['next-router-prefetch', '1', true],
    ['sec-purpose', '', false],
    ['sec-purpose', 'no prefetch', false],
    ['purpose', 'noprefetch', false],
    ['x-moz', 'prefetched', false],
    ['accept', 'prefetch', false],
  ])('is known by %s: %j (%s)', (name, value, is) => {
    expect(isPrefetchRequest(exchange({ [name]: value }))).toBe(is);
  });
});

describe('a cookie that `SameSite` may have kept from a request of another site', () => {
  const COOKIE = `session=${'a'.repeat(43)}.${'b'.repeat(43)}`;
  const isWithheld = (sameSite: string, method: string, headers: Readonly<Record<string, string>> = {}): boolean => {
    const cookie = { template: { attributes: { sameSite, name: 'session' } } } as unknown as CookieConfig;
    return isCookieWithheldBySite(cookie, exchange({ 'sec-fetch-site': 'cross-site', ...headers }, method));
  };

  test.each([
    ['strict', 'GET', true],
    ['strict', 'POST', true],
    ['lax', 'GET', false],
    ['lax', 'HEAD', false],
    ['lax', 'POST', true],
    ['none', 'POST', false],
  ])('with `%s` and %s: %s', (sameSite, method, is) => {
    expect(isWithheld(sameSite, method)).toBe(is);
  });

  test('is not, where the request has it or comes from the site itself', () => {
    expect(isWithheld('strict', 'POST', { cookie: COOKIE })).toBe(false);
    expect(isWithheld('strict', 'POST', { cookie: 'session=none' })).toBe(false);
    expect(isWithheld('strict', 'POST', { cookie: 'other=1' })).toBe(true);
    for (const site of ['same-origin', 'same-site', 'none']) {
      expect(isWithheld('strict', 'POST', { 'sec-fetch-site': site })).toBe(false);
    }
  });
});
