import { describe, expect, test } from 'vitest';
import { diagnoseCookie, findInsecurity, type CookieRequest } from '../../src/cookie/diagnostics.ts';
import { CookieTemplate, type CookieAttributes } from '../../src/cookie/set-cookie.ts';

function cookie(attributes: Partial<CookieAttributes> = {}): CookieTemplate {
  return new CookieTemplate({
    name: 'session',
    path: '/',
    domain: null,
    secure: 'auto',
    httpOnly: true,
    sameSite: 'lax',
    partitioned: false,
    priority: null,
    ...attributes,
  });
}

function request(given: Partial<CookieRequest> = {}): CookieRequest {
  return { url: '/', host: 'www.example.com', secure: false, forwardedProto: undefined, ...given };
}

describe('a cookie with a path', () => {
  test.each(['/app', '/app/', '/app/cart', '/app?next=/', '/app#top', 'https://www.example.com/app/cart?a=b'])(
    'is for %s',
    (url) => {
      expect(diagnoseCookie(cookie({ path: '/app' }), request({ url }))).toEqual([]);
    },
  );

  test.each(['/', '/apple', '/other/app', '/APP', '*', 'https://www.example.com/', '/?/app', '/x\n?/app'])(
    'is not for %j',
    (url) => {
      expect(diagnoseCookie(cookie({ path: '/app' }), request({ url }))).toEqual(['path']);
    },
  );

  test('that ends with a slash is for what is below it alone', () => {
    expect(diagnoseCookie(cookie({ path: '/app/' }), request({ url: '/app/cart' }))).toEqual([]);
    expect(diagnoseCookie(cookie({ path: '/app/' }), request({ url: '/app' }))).toEqual(['path']);
  });

  test('of / is for every URL, one that is no path included', () => {
    for (const url of ['/', '/a/b', '*', 'https://www.example.com']) {
      expect(diagnoseCookie(cookie(), request({ url }))).toEqual([]);
    }
  });
});

describe('a cookie with a domain', () => {
  test.each(['example.com', 'www.example.com', 'a.b.example.com', 'WWW.Example.COM', 'example.com:8080'])(
    'is for the host %s',
    (host) => {
      for (const domain of ['example.com', '.example.com', 'Example.com']) {
        expect(diagnoseCookie(cookie({ domain }), request({ host }))).toEqual([]);
      }
    },
  );

  test.each(['badexample.com', 'com', 'example.com.evil.test', 'other.test', 'example.com:80a', '', undefined])(
    'is not for the host %j',
    (host) => {
      expect(diagnoseCookie(cookie({ domain: 'example.com' }), request({ host }))).toEqual(['domain']);
    },
  );

  test('null is for any host, and for none', () => {
    expect(diagnoseCookie(cookie(), request({ host: 'other.test' }))).toEqual([]);
    expect(diagnoseCookie(cookie(), request({ host: undefined }))).toEqual([]);
  });
});

test('a proxy that says HTTPS, and that the application does not trust, is a problem of its own', () => {
  const forwarded = request({ forwardedProto: 'https' });
  expect(diagnoseCookie(cookie(), forwarded)).toEqual(['untrusted-proxy']);
  expect(diagnoseCookie(cookie(), { ...forwarded, secure: true })).toEqual([]);
  expect(diagnoseCookie(cookie(), request({ forwardedProto: 'http' }))).toEqual([]);
  const everything = cookie({ path: '/app', domain: 'example.com' });
  expect(diagnoseCookie(everything, { ...forwarded, host: 'other.test' })).toEqual([
    'untrusted-proxy',
    'path',
    'domain',
  ]);
});

describe('a cookie that is always Secure', () => {
  const always = cookie({ secure: true });

  test('is used over HTTPS, and one that follows the connection over any', () => {
    expect(findInsecurity(always, request({ secure: true }))).toBeNull();
    expect(findInsecurity(cookie(), request())).toBeNull();
    expect(findInsecurity(cookie({ secure: false }), request())).toBeNull();
  });

  test('is not used over plain HTTP, and the reason says whether a proxy is not trusted', () => {
    expect(findInsecurity(always, request())).toBe('secure-over-http');
    expect(findInsecurity(always, request({ forwardedProto: 'http' }))).toBe('secure-over-http');
    expect(findInsecurity(always, request({ forwardedProto: 'https' }))).toBe('untrusted-proxy');
    expect(findInsecurity(always, request({ forwardedProto: 'https', host: 'localhost' }))).toBe('untrusted-proxy');
    expect(findInsecurity(always, request({ forwardedProto: 'https', secure: true }))).toBeNull();
  });

  test.each([
    'localhost',
    'localhost:3000',
    'LocalHost',
    'app.localhost:3000',
    '127.0.0.1:3000',
    '[::1]',
    '[::1]:3000',
  ])('is used over plain HTTP within the machine, at %s', (host) => {
    expect(findInsecurity(always, request({ host }))).toBeNull();
  });

  test.each(['notlocalhost', 'localhost.example.com', '127.0.0.2', '::1', '[::1]x', '', undefined])(
    'is not used over plain HTTP at %j',
    (host) => {
      expect(findInsecurity(always, request({ host }))).toBe('secure-over-http');
    },
  );
});
