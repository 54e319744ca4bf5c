import assert from 'node:assert/strict';
import original from 'express-session';
import { describe, test } from 'vitest';
import session from 'websauna-session/express-session';

/** What applications and stores do with the class, beyond its types. */
interface Cookie {
  maxAge: unknown;
  expires: unknown;
  originalMaxAge: unknown;
  serialize(name: string, value: string): string;
}
type CookieClass = new (attributes?: unknown) => Cookie;

describe.each([
  ['express-session', original.Cookie as unknown as CookieClass],
  ['websauna-session', session.Cookie as unknown as CookieClass],
])('Cookie of %s', (_, CookieOf) => {
  test('refuses attributes that are no object, and a `maxAge` that is no time', () => {
    assert.throws(() => new CookieOf('Path=/'), { name: 'TypeError', message: 'argument options must be a object' });
    const cookie = new CookieOf();
    assert.throws(() => (cookie.maxAge = '1d'), { name: 'TypeError', message: 'maxAge must be a number or Date' });
  });

  test('takes a date as `maxAge`, and leaves out a path that is `null`', () => {
    const cookie = new CookieOf({ path: null });
    assert.equal(cookie.serialize('sid', 'x'), 'sid=x; HttpOnly');
    const date = new Date(Date.now() + 60_000);
    cookie.maxAge = date;
    assert.equal(Number(cookie.expires), Number(date));
    assert.ok(Number(cookie.maxAge) > 59_000 && Number(cookie.originalMaxAge) > 59_000);
    cookie.maxAge = null;
    assert.equal(cookie.serialize('sid', 'x'), 'sid=x; HttpOnly');
  });
});

// Stores that keep JSON return it as text, which express-session cannot serialise.
test('an `expires` that is text is the date that it names', () => {
  const cookie = new (session.Cookie as unknown as CookieClass)({ expires: '2100-01-01T00:00:00.000Z' });
  assert.equal(Number(cookie.expires), Date.UTC(2100, 0));
  assert.equal(cookie.serialize('sid', 'x'), 'sid=x; Path=/; Expires=Fri, 01 Jan 2100 00:00:00 GMT; HttpOnly');
});
