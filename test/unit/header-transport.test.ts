// Sessions of native clients and APIs, by `Authorization: Bearer` in place of the cookie.
import { beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { Jar, Visit, visit, type MemoryHead, type VisitOptions } from '../support/visit.ts';

type Data = Record<string, unknown>;
type Factory = SessionFactory<Data>;

const SECRET = 'a secret of more than thirty-two bytes';
const OTHER_SECRET = 'another secret of thirty-two bytes and more';
const HEADER = 'x-session-token';
/** Of the length of ours, and with a signature of its length, as HS256 makes it. */
const JWT = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.${'s'.repeat(43)}`;

let store: MemoryStore;
let now: number;
let emitted: string[];
beforeEach(() => {
  now = 1_750_000_000_000;
  store = new MemoryStore({ now: () => now });
});

function make(options: Partial<SessionOptions<Data>>): Factory {
  const made = createSessionFactory<Data>({ secret: SECRET, store, ...options });
  emitted = [];
  for (const name of ['rejected', 'refused', 'discarded', 'cookieSuppressed', 'cookieWarning'] as const) {
    made.on(name, (event) => void emitted.push(`${name} ${event.reason}`));
  }
  return made;
}

/** A client that sends back the token that it was sent last. */
class NativeClient {
  token: string | null = null;

  get credentials(): string {
    return this.token === null ? 'Bearer' : `Bearer ${this.token}`;
  }

  async ask(
    factory: Factory,
    act: (session: Awaited<ReturnType<Factory['load']>>) => unknown,
    { headers, ...options }: VisitOptions = {},
    prepare: (head: MemoryHead) => void = () => {},
  ): Promise<MemoryHead> {
    const init = { ...options, headers: { authorization: this.credentials, ...headers } };
    const request = await Visit.open(factory, new Jar(), init);
    await act(request.session);
    prepare(request.head);
    const head = await request.end();
    const sent = head.get(HEADER);
    if (sent !== undefined) this.token = sent === '' ? null : sent;
    if (head.cookies.length > 0) throw new Error('A response to a token sets a cookie');
    return head;
  }
}

describe.each(['header', 'both'] as const)('transport: %s', (transport) => {
  const factoryOf = (options: Partial<SessionOptions<Data>> = {}): Factory => make({ transport, ...options });

  test('sends the token of a new session once, and no cookie', async () => {
    const factory = factoryOf();
    const client = new NativeClient();
    const head = await client.ask(factory, (session) => session.set('a', 1));
    expect(client.token).toMatch(/^[\w-]{43}\.[\w-]{43}$/);
    expect(head.get('vary')).toBe(transport === 'both' ? 'Authorization, Cookie' : 'Authorization');
    expect(head.get('cache-control')).toBe('private, no-cache');
    const again = await client.ask(factory, (session) => expect(session.get('a')).toBe(1));
    expect(again.get(HEADER)).toBeUndefined();
    expect(emitted).toEqual([]);
  });

  test('takes the scheme in any case, and blanks before the token', async () => {
    const factory = factoryOf();
    const client = new NativeClient();
    await client.ask(factory, (session) => session.set('a', 1));
    for (const scheme of ['bearer', 'BEARER', 'Bearer  ']) {
      const headers = { authorization: `${scheme} ${client.token}` };
      await client.ask(factory, (session) => expect(session.get('a')).toBe(1), { headers });
    }
  });

  test('sends the new token of a login and a rotation, and none of an early save alone', async () => {
    const factory = factoryOf();
    const client = new NativeClient();
    await client.ask(factory, (session) => session.set('a', 1));
    for (const act of ['login', 'rotate'] as const) {
      const before = client.token;
      await client.ask(factory, (session) => (act === 'login' ? session.login('alice') : session.rotate()));
      expect(client.token).not.toBe(before);
      await client.ask(factory, (session) => expect(session.owner).toBe('alice'));
    }
    const saved = await client.ask(factory, async (session) => await session.set('b', 2).save());
    expect(saved.get(HEADER)).toBeUndefined();
  });

  test('sends an empty token when the request has ended the session, and not when another one has', async () => {
    const factory = factoryOf();
    const client = new NativeClient();
    await client.ask(factory, (session) => session.login('alice'));
    const token = client.token;
    const head = await client.ask(factory, (session) => session.logout());
    expect([head.get(HEADER), client.token]).toEqual(['', null]);
    client.token = token;
    const late = await client.ask(factory, (session) => expect(session.owner).toBe(null));
    expect([late.get(HEADER), client.token]).toEqual([undefined, token]);
    expect(emitted).toEqual(['rejected not-found']);
  });

  test('sends the token again when an older secret has signed it', async () => {
    const client = new NativeClient();
    await client.ask(factoryOf({ secret: OTHER_SECRET }), (session) => session.set('a', 1));
    const before = client.token!;
    const factory = factoryOf({ secret: [SECRET, OTHER_SECRET] });
    await client.ask(factory, (session) => expect(session.get('a')).toBe(1));
    expect(client.token!.slice(0, 43)).toBe(before.slice(0, 43));
    expect(client.token).not.toBe(before);
    const again = await client.ask(factory, (session) => expect(session.get('a')).toBe(1));
    expect(again.get(HEADER)).toBeUndefined();
  });

  test('sends no token because of attributes or lifetimes of the cookie', async () => {
    const client = new NativeClient();
    await client.ask(factoryOf({ cookie: { maxAge: 600 } }), (session) => session.set('a', 1));
    const factory = factoryOf({ cookie: { maxAge: 600, path: '/app', domain: 'example.com' } });
    now += 300_000;
    const reading = await client.ask(factory, (session) => session.get('a'));
    const changing = await client.ask(factory, (session) => session.set('a', 2).adjustTimeout(300));
    expect([reading.get(HEADER), changing.get(HEADER)]).toEqual([undefined, undefined]);
    const rotated = await client.ask(factory, (session) => session.rotate());
    expect(rotated.get(HEADER)).toBe(client.token);
  });

  test('adopts no token that it has not signed, or that is over', async () => {
    const factory = factoryOf();
    const client = new NativeClient();
    await client.ask(factory, (session) => session.set('a', 1));
    const forged = `${client.token!.slice(0, 43)}.${'A'.repeat(43)}`;
    client.token = forged;
    await client.ask(factory, (session) => session.set('b', 1));
    expect(emitted).toEqual(['rejected signature']);
    expect(client.token.slice(0, 43)).not.toBe(forged.slice(0, 43));
  });

  test('neither reads nor sets a cookie', async () => {
    const factory = factoryOf();
    const jar = new Jar();
    const cookies = createSessionFactory<Data>({ secret: SECRET, store });
    await visit(cookies, jar, (session) => session.login('bob'));
    const headers = { cookie: jar.header! };
    const client = new NativeClient();
    await client.ask(factory, (session) => expect(session.owner).toBe(null), { headers });
    await client.ask(factory, (session) => session.login('alice'), { headers });
    await client.ask(factory, (session) => expect(session.owner).toBe('alice'), { headers });
    await client.ask(factory, (session) => session.logout(), { headers });
    await visit(cookies, jar, (session) => expect(session.owner).toBe('bob'));
    expect(emitted).toEqual([]);
  });

  test('puts no token into a response that shared caches may store', async () => {
    const factory = factoryOf();
    const client = new NativeClient();
    const share = (head: MemoryHead): void => head.set('cache-control', 'public, max-age=60');
    const head = await client.ask(factory, (session) => session.set('a', 1), {}, share);
    expect([head.get(HEADER), store.size]).toEqual([undefined, 0]);
    expect(emitted).toEqual(['cookieSuppressed cacheable', 'discarded cacheable']);
    await client.ask(factory, (session) => session.set('a', 1));
    await expect(client.ask(factory, (session) => session.login('alice'), {}, share)).rejects.toMatchObject({
      code: 'ERR_SESSION_COOKIE_WITHHELD',
      message: expect.stringContaining('its token cannot be sent') as string,
    });
  });

  test('takes caching back that is allowed after the commit', async () => {
    const factory = factoryOf();
    const request = await Visit.open(factory, new Jar(), { headers: { authorization: 'Bearer' } });
    request.session.set('a', 1);
    const head = await request.end();
    head.set('cache-control', 'public, max-age=60');
    head.set('vary', 'Origin');
    factory.finalize(request.session, head);
    expect(head.get('cache-control')).toBe('private, no-cache');
    expect(head.get('vary')).toBe(transport === 'both' ? 'Origin, Authorization, Cookie' : 'Origin, Authorization');
  });

  test('leaves the token alone when the commit has failed', async () => {
    const factory = factoryOf({ maxSessionsPerOwner: 1, onSessionLimit: 'refuse' });
    await new NativeClient().ask(factory, (session) => session.login('alice'));
    const request = await Visit.open(factory, new Jar(), { headers: { authorization: 'Bearer' } });
    request.session.login('alice');
    await expect((async () => await request.end())()).rejects.toMatchObject({ code: 'ERR_SESSION_FULL' });
    const head = await request.end();
    expect(head.get(HEADER)).toBeUndefined();
  });

  test('keeps to `cookie.onException`', async () => {
    const factory = factoryOf({ cookie: { onException: false } });
    const client = new NativeClient();
    const fail = (head: MemoryHead): void => void (head.status = 500);
    const head = await client.ask(factory, (session) => session.set('a', 1), {}, fail);
    expect([head.get(HEADER), store.size, emitted]).toEqual([undefined, 0, ['discarded exception']]);
  });

  test('with `cookie.secure: true`, reads and sends no token over plain HTTP, except within one machine', async () => {
    const factory = factoryOf({ cookie: { secure: true } });
    const https = { secure: true, headers: { host: 'example.com' } };
    const http = { secure: false, headers: { host: 'example.com' } };
    const client = new NativeClient();
    const head = await client.ask(factory, (session) => session.set('a', 1), http);
    expect([head.get(HEADER), store.size]).toEqual([undefined, 0]);
    expect(emitted).toEqual(['cookieWarning secure-over-http', 'cookieSuppressed insecure', 'discarded insecure']);
    await expect(client.ask(factory, (session) => session.login('alice'), http)).rejects.toMatchObject({
      message: expect.stringContaining('`cookie.secure` forbids the token') as string,
    });
    await client.ask(factory, (session) => session.set('a', 1), https);
    emitted = [];
    await client.ask(factory, (session) => expect(session.get('a')).toBe(undefined), http);
    expect(emitted).toEqual(['rejected insecure', 'cookieWarning secure-over-http']);
    await client.ask(factory, (session) => expect(session.get('a')).toBe(1), { headers: { host: 'localhost:8080' } });
  });

  test('`load: lazy` reads the token', async () => {
    const client = new NativeClient();
    await client.ask(factoryOf(), (session) => session.set('a', 1));
    await client.ask(factoryOf({ load: 'lazy' }), async (session) => {
      await session.load();
      expect(session.get('a')).toBe(1);
    });
  });

  test('begins a session also for a page of another site, whose browser has kept no cookie from it', async () => {
    const client = new NativeClient();
    const headers = { 'sec-fetch-site': 'cross-site' };
    const head = await client.ask(factoryOf(), (session) => session.set('a', 1), { method: 'POST', headers });
    expect(head.get(HEADER)).toBe(client.token);
    expect(emitted).toEqual([]);
  });

  test('`requireCsrfToken` accepts a request with a token or the scheme alone, also of another site', async () => {
    const factory = factoryOf();
    const client = new NativeClient();
    const from = { method: 'POST', headers: { 'sec-fetch-site': 'cross-site', origin: 'https://other.example' } };
    await client.ask(factory, (session) => session.requireCsrfToken(undefined), from);
    await client.ask(factory, (session) => session.set('a', 1));
    await client.ask(factory, (session) => session.requireCsrfToken(undefined), from);
  });
});

describe('a bearer token that cannot be ours', () => {
  const FOREIGN = ['anything', JWT, `${'a'.repeat(42)}.${'b'.repeat(42)}`, `${'a'.repeat(43)}.${'b'.repeat(43)}!`];

  test.each(FOREIGN)('leaves the request to the cookie with both: %s', async (token) => {
    const factory = make({ transport: 'both' });
    const jar = new Jar();
    const options = { headers: { authorization: `Bearer ${token}` } };
    await visit(factory, jar, (session) => session.set('a', 1), options);
    const request = await Visit.open(factory, jar, options);
    expect(request.session.get('a')).toBe(1);
    const head = await request.end();
    expect([head.get(HEADER), head.get('vary')]).toEqual([undefined, 'Authorization, Cookie']);
    expect([jar.cookies.size, emitted]).toEqual([1, []]);
    const post = await Visit.open(factory, jar, { ...options, method: 'POST' });
    expect(() => post.session.requireCsrfToken(undefined)).toThrow(/CSRF token/);
  });

  test.each(FOREIGN)('opens nothing with header alone, and an event says so: %s', async (token) => {
    const factory = make({ transport: 'header' });
    const client = new NativeClient();
    client.token = token;
    const head = await client.ask(factory, (session) => session.set('a', 1));
    expect(head.get(HEADER)).toMatch(/^[\w-]{43}\.[\w-]{43}$/);
    expect(emitted).toEqual(['rejected malformed']);
  });
});

describe('a request without a bearer token', () => {
  const OTHERS = [undefined, '', 'Basic YWxpY2U6c2VjcmV0', 'Bearerx', 'Token abc'];

  test.each(OTHERS)('uses the cookie with both: %j', async (authorization) => {
    const factory = make({ transport: 'both' });
    const jar = new Jar();
    const headers = authorization === undefined ? {} : { authorization };
    const request = await Visit.open(factory, jar, { headers });
    request.session.set('a', 1);
    const head = await request.end();
    expect([head.cookies.length, head.get(HEADER)]).toEqual([1, undefined]);
  });

  test.each(OTHERS)('begins a session by the header alone: %j', async (authorization) => {
    const factory = make({ transport: 'header' });
    const headers = authorization === undefined ? {} : { authorization };
    const request = await Visit.open(factory, new Jar(), { headers });
    request.session.set('a', 1);
    const head = await request.end();
    expect(head.cookies).toEqual([]);
    expect(head.get(HEADER)).toMatch(/^[\w-]{43}\.[\w-]{43}$/);
    expect(emitted).toEqual([]);
  });

  test.each([undefined, `Bearer ${JWT}`])(
    'must not come from another site where `requireCsrfToken` asks: %j',
    async (authorization) => {
      const factory = make({ transport: 'header' });
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      const post = async (more: Record<string, string>): Promise<void> => {
        const request = await Visit.open(factory, new Jar(), { method: 'POST', headers: { ...headers, ...more } });
        request.session.requireCsrfToken(undefined);
      };
      await post({});
      await post({ 'sec-fetch-site': 'same-origin' });
      await expect(post({ 'sec-fetch-site': 'cross-site' })).rejects.toMatchObject({ code: 'ERR_SESSION_CSRF' });
      await expect(post({ origin: 'https://other.example' })).rejects.toMatchObject({ code: 'ERR_SESSION_CSRF' });
    },
  );
});

test('the default reads no `Authorization` header', async () => {
  const factory = make({});
  const jar = new Jar();
  await visit(factory, jar, (session) => session.set('a', 1));
  const token = jar.cookies.get('session')!;
  const request = await Visit.open(factory, new Jar(), { headers: { authorization: `Bearer ${token}` } });
  expect(request.session.get('a')).toBe(undefined);
  request.session.set('b', 1);
  const head = await request.end();
  expect([head.cookies.length, head.get(HEADER), head.get('vary')]).toEqual([1, undefined, 'Cookie']);
});

test('a request by the header leaves the attributes of the cookie in the record as they are', async () => {
  const jar = new Jar();
  await visit(make({ transport: 'both' }), jar, (session) => session.set('a', 1));
  const factory = make({ transport: 'both', cookie: { path: '/app' } });
  const client = new NativeClient();
  client.token = jar.cookies.get('session')!;
  await client.ask(factory, (session) => session.set('a', 2));
  await client.ask(factory, (session) => session.rotate());
  const request = await Visit.open(factory, jar, { url: '/app' });
  expect(request.session.get('a')).toBe(2);
  const { cookies } = await request.end();
  expect(cookies.map((text) => /Path=[^;]+/.exec(text)?.[0])).toEqual(['Path=/', 'Path=/app']);
});

test('the header of tokens has the name that the application chooses', async () => {
  const factory = make({ transport: 'header', tokenHeader: 'X-Auth-Token' });
  const request = await Visit.open(factory, new Jar());
  request.session.set('a', 1);
  const head = await request.end();
  expect(head.get('x-auth-token')).toMatch(/^[\w-]{43}\.[\w-]{43}$/);
  expect(head.get(HEADER)).toBeUndefined();
});

describe('wrong options', () => {
  test.each([
    [{ transport: 'bearer' }, /^Expected `transport` to be .*'cookie', 'header'.*'both'/],
    [{ transport: null }, /^Expected `transport`/],
    [{ transport: 'header', tokenHeader: 1 }, /^Expected `tokenHeader` to be the name of a response header/],
    [{ transport: 'header', tokenHeader: '' }, /^Expected `tokenHeader`/],
    [{ transport: 'header', tokenHeader: 'x session' }, /^Expected `tokenHeader`/],
    [{ transport: 'header', tokenHeader: 'x-session:' }, /^Expected `tokenHeader`/],
    [{ transport: 'header', tokenHeader: 'x\r\nset-cookie' }, /^Expected `tokenHeader`/],
    [{ transport: 'both', tokenHeader: 'Set-Cookie' }, /^Expected `tokenHeader`/],
    [{ transport: 'both', tokenHeader: 'content-type' }, /^Expected `tokenHeader`/],
    [{ transport: 'both', tokenHeader: 'Cache-Control' }, /^Expected `tokenHeader`/],
    [
      { tokenHeader: 'x-session' },
      /^Expected `tokenHeader` to be undefined with `transport: 'cookie'`.*Set `transport`/,
    ],
    [{ transport: 'cookie', tokenHeader: 'x-session' }, /^Expected `tokenHeader`/],
  ])('%j', (options, message) => {
    const attempt = (): unknown => make(options as never);
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow(message);
  });

  test('have a known name', () => {
    expect(() => make({ transports: 'header' } as never)).toThrow('Did you mean `transport`?');
    expect(() => make({ tokenheader: 'x' } as never)).toThrow('Did you mean `tokenHeader`?');
  });
});
