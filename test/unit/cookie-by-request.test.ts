// The `cookie` option as a function of the request.
import { beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type CookieOptions, type SessionFactory } from 'websauna-session';
import { normalizeOptions } from '../../src/options/normalize.ts';
import type { Exchange } from '../../src/exchange.ts';
import type { CookieConfig } from '../../src/engine/config.ts';
import { exchangeOf, Jar, visit, Visit } from '../support/visit.ts';

type Data = Record<string, unknown>;
const SECRET = 'a secret of more than thirty-two bytes';

let jar: Jar;
beforeEach(() => {
  jar = new Jar();
});

function make(cookie: (exchange: Exchange) => CookieOptions, options: object = {}): SessionFactory<Data> {
  return createSessionFactory<Data>({ secret: SECRET, cookie, ...options });
}

async function cookiesOf(
  factory: SessionFactory<Data>,
  url: string,
  act: (session: Visit<Data, never>['session']) => void = () => {},
  secure = false,
): Promise<string[]> {
  const request = await Visit.open(factory, jar, { url, secure });
  act(request.session as never);
  return (await request.end()).cookies;
}

/** The first part of the path is the tenant's. */
const byTenant = (tenants: Readonly<Record<string, CookieOptions>>) => (exchange: Exchange) =>
  tenants[exchange.url.split('/')[1]!]!;

test('the name, `Secure` and `onException` follow the request, too, and cookies are read by that name', async () => {
  const factory = make(byTenant({ a: { name: 'a' }, b: { secure: true }, c: { onException: false } }));
  const write = (url: string, secure = false): Promise<string> =>
    visit(factory, jar, (session) => session.set('a', url).id, { url, secure });
  await write('/a');
  expect([...jar.cookies.keys()]).toEqual(['a']);
  expect(await visit(factory, jar, (session) => session.get('a'), { url: '/a' })).toBe('/a');
  expect(await visit(factory, jar, (session) => session.get('a'), { url: '/b', secure: true })).toBe(undefined);
  await write('/b', true);
  expect([...jar.cookies.keys()]).toEqual(['a', '__Host-session']);
  await expect(visit(factory, jar, (session) => session.login('alice'), { url: '/b' })).rejects.toMatchObject({
    code: 'ERR_SESSION_COOKIE_WITHHELD',
  });
  const failing = await Visit.open(factory, new Jar(), { url: '/c' });
  failing.head.status = 500;
  failing.session.set('a', 1);
  expect((await failing.end()).cookies).toEqual([]);
});

test('it is asked once for each request, with what the request is', async () => {
  const asked: unknown[] = [];
  const factory = make((exchange) => {
    asked.push([exchange.url, exchange.secure, exchange.header('x-tenant'), exchange.request]);
    return {};
  });
  const headers = { 'x-tenant': 'one' };
  const options = { url: '/a?b', secure: true, headers };
  await visit(factory, jar, (session) => session.login('alice'), options);
  await visit(factory, jar, (session) => (session.rotate(), session.set('a', 1)), options);
  await visit(factory, jar, (session) => session.has('a'), { url: '/logo.png' });
  expect(asked).toEqual(Array.from({ length: 2 }, () => ['/a?b', true, 'one', { url: '/a?b' }]));
});

test('a function that changes its mind about a client sends the cookie again, and once', async () => {
  const factory = make(byTenant({ a: {}, b: { path: '/b', domain: 'example.com' } }));
  await cookiesOf(factory, '/a', (session) => (session as { set(key: string, value: number): void }).set('x', 1));
  const value = jar.cookies.get('session')!;
  const changed = await cookiesOf(factory, '/b');
  expect(changed).toEqual([
    'session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; SameSite=Lax',
    `session=${value}; Domain=example.com; Path=/b; HttpOnly; SameSite=Lax`,
  ]);
  expect(await cookiesOf(factory, '/b')).toEqual([]);
});

test('a login decides about the cookie of every tenant', async () => {
  const factory = make(byTenant({ a: { maxAge: 600 }, b: {} }));
  const login = (remember: boolean) => (session: { login(owner: string, options: object): void }) =>
    session.login('alice', { remember });
  expect((await cookiesOf(factory, '/a', login(false)))[0]).not.toContain('Max-Age');
  expect((await cookiesOf(factory, '/b', login(true)))[0]).toContain('Max-Age=1200');
});

describe('what it returns', () => {
  const cookieOf = (result: unknown): CookieConfig => {
    const { cookie } = normalizeOptions({ secret: SECRET, cookie: () => result as CookieOptions });
    return (cookie as (exchange: Exchange) => CookieConfig)(exchangeOf(new Jar()));
  };

  test.each<[unknown, RegExp]>([
    [undefined, /`cookie` to be a function that returns an object of cookie options, got undefined/],
    [null, /got null/],
    ['lax', /got a string/],
    [[], /got an empty array/],
    [Promise.resolve({}), /got a promise. It is called for each request, and has to return them at once/],
    [{ samesite: 'lax' }, /`cookie.sameSite`/],
    [{ sameSite: 'none' }, /`cookie.secure` to be true, which `cookie.sameSite: 'none'` demands/],
    [{ domain: ['example.com'] }, /`cookie.domain` to be a domain/],
    [{ path: Object.create(null) }, /`cookie.path` to be a path/],
    [{ secure: () => true }, /`cookie.secure`/],
    [{ maxAge: '5' }, /`cookie.maxAge` to be an integer/],
    [{ maxAge: Symbol('5') }, /`cookie.maxAge` to be an integer/],
    [{ name: 'a;b' }, /`cookie.name`/],
  ])('%o is refused, each time', (result, message) => {
    for (let i = 0; i < 2; i++) expect(() => cookieOf(result)).toThrow(message);
  });

  test('is checked once, and known again by its content', () => {
    const options: Record<string, unknown>[] = [];
    const { cookie } = normalizeOptions({ secret: SECRET, cookie: () => options.at(-1)! });
    const ask = (next: Record<string, unknown>): CookieConfig => {
      options.push(next);
      return (cookie as (exchange: Exchange) => CookieConfig)(exchangeOf(new Jar()));
    };
    const first = ask({ domain: 'example.com', maxAge: 5 });
    expect(ask({ domain: 'example.com', maxAge: 5, path: undefined })).toBe(first);
    // A text with the separators of others.
    expect(ask({ domain: 'example.com', maxAge: 6 })).not.toBe(first);
    expect(() => ask({ domain: 'example.com";maxAge=5' })).toThrow('cookie.domain');
    expect(() => ask({ domain: 'example.com', maxAge: '5' })).toThrow('cookie.maxAge');
    const same: Record<string, unknown> = { sameSite: 'lax' };
    expect(ask(same).template.attributes.sameSite).toBe('lax');
    same['sameSite'] = 'strict';
    expect(ask(same).template.attributes.sameSite).toBe('strict');
  });
});

test("a form of another site is judged by the request's `SameSite`", async () => {
  const factory = make(byTenant({ a: { sameSite: 'none', secure: true }, b: { sameSite: 'strict' } }));
  const post = { method: 'POST', secure: true, headers: { 'sec-fetch-site': 'cross-site' } };
  for (const [url, cookies] of [
    ['/a', 1],
    ['/b', 0],
  ] as const) {
    const request = await Visit.open(factory, new Jar(), { ...post, url });
    request.session.set('a', 1);
    expect((await request.end()).cookies).toHaveLength(cookies);
  }
});

test('what it throws is how the load of the session is rejected, and so is what `ignore` throws', async () => {
  const fails = (): never => {
    throw new Error('there is no such tenant');
  };
  for (const factory of [make(fails), make(() => ({}), { ignore: fails })]) {
    const loading = factory.load(exchangeOf(jar));
    expect(loading).toBeInstanceOf(Promise);
    await expect(loading).rejects.toThrow('there is no such tenant');
  }
});

test('`policy` says that the age of the cookie depends on the request', () => {
  expect(make(() => ({ maxAge: 60 })).policy.cookieMaxAge).toBe('by-request');
});
