// What a session writes into the head of a response, and what it makes of the headers that are there.
import { beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { Jar, MemoryHead, visit, Visit } from '../support/visit.ts';

type Data = Record<string, unknown>;
type Session = WebsaunaSession<Data>;

let now: number;
let factory: SessionFactory<Data>;
let jar: Jar;
let events: unknown[];
beforeEach(() => {
  now = 1_750_000_000_000;
  use({});
});

function use(options: Partial<SessionOptions<Data>>): void {
  factory = createSessionFactory<Data>({
    secret: 'a secret of more than thirty-two bytes',
    store: new MemoryStore({ now: () => now }),
    ...options,
  });
  jar = new Jar();
  events = [];
  for (const name of ['cookieSuppressed', 'cacheControlOverridden', 'discarded'] as const) {
    factory.on(name, (event) => events.push([name, event]));
  }
}

/** One request whose application sets these headers before the session's are written. */
async function respond(
  act: (session: Session) => unknown,
  headers: Record<string, string> = {},
  status = 200,
): Promise<MemoryHead> {
  const request = await Visit.open(factory, jar);
  await act(request.session);
  for (const [name, value] of Object.entries(headers)) request.head.set(name, value);
  request.head.status = status;
  return await request.end();
}

const read = (session: Session): unknown => session.get('a');

describe('Vary', () => {
  test.each([
    [undefined, 'Cookie'],
    ['', 'Cookie'],
    [' ', 'Cookie'],
    ['Accept', 'Accept, Cookie'],
    ['Accept,Accept-Language', 'Accept,Accept-Language, Cookie'],
    ['cookie', 'cookie'],
    ['Accept , COOKIE', 'Accept , COOKIE'],
    ['*', '*'],
    ['Accept, *', 'Accept, *'],
    ['Set-Cookie', 'Set-Cookie, Cookie'],
  ])('of %j becomes %j', async (before, after) => {
    const head = await respond(read, before === undefined ? {} : { vary: before });
    expect(head.get('vary')).toBe(after);
  });

  test('names each header that can bring a session, once', async () => {
    use({ transport: 'both' });
    expect((await respond(read)).get('vary')).toBe('Authorization, Cookie');
    expect((await respond(read, { vary: 'authorization' })).get('vary')).toBe('authorization, Cookie');
  });
});

describe('Cache-Control', () => {
  test('is private where the session was used, and stays as the application has set it', async () => {
    expect((await respond(read)).get('cache-control')).toBe('private, no-cache');
    expect((await respond(read, { 'cache-control': 'max-age=1' })).get('cache-control')).toBe('max-age=1');
  });

  test('and Vary are left alone where the session was neither used nor sent', async () => {
    await respond((session) => session.set('a', 1));
    expect([...(await respond(() => {})).headers]).toEqual([]);
  });

  test('and Vary are written for a cookie that is renewed, although the session was not used', async () => {
    use({ cookie: { maxAge: 3600 } });
    await respond((session) => session.set('a', 1));
    now += 600_000;
    const head = await respond(() => {});
    expect(head.cookies).toHaveLength(1);
    expect([head.get('vary'), head.get('cache-control')]).toEqual(['Cookie', 'private, no-cache']);
  });

  test('that was widened after the cookie was written is taken back, and an event says so', async () => {
    const request = await Visit.open(factory, jar);
    const { handle } = request.session.set('a', 1);
    const head = await request.end();
    head.set('cache-control', 'public, max-age=60');
    head.set('vary', 'Accept');
    factory.finalize(request.session, head);
    expect([head.get('cache-control'), head.get('vary')]).toEqual(['private, no-cache', 'Accept, Cookie']);
    expect(events).toEqual([['cacheControlOverridden', { handle }]]);
  });

  test('may be widened after the head of a response without a cookie', async () => {
    await respond((session) => session.set('a', 1));
    const request = await Visit.open(factory, jar);
    read(request.session);
    const head = await request.end();
    head.set('cache-control', 'public, max-age=60');
    head.headers.delete('vary');
    factory.finalize(request.session, head);
    expect([head.get('cache-control'), head.get('vary')]).toEqual(['public, max-age=60', 'Cookie']);
    expect(events).toEqual([]);
  });
});

describe('a response that shared caches may store', () => {
  const cacheable = { 'cache-control': 'public, max-age=60' };

  test('does not delete the cookie of a session that it ends, and an event says so', async () => {
    await respond((session) => session.set('a', 1));
    const head = await respond((session) => session.logout(), cacheable);
    expect(head.cookies).toEqual([]);
    expect(events).toEqual([['cookieSuppressed', { handle: null, reason: 'cacheable' }]]);
    expect(await visit(factory, jar, (session) => session.isNew)).toBe(true);
  });

  test('does not get the cookie of a session that was stored early, and an event says so', async () => {
    let handle: string | undefined;
    const head = await respond(async (session) => {
      await session.set('a', 1).save();
      ({ handle } = session);
    }, cacheable);
    expect(head.cookies).toEqual([]);
    expect(events).toEqual([['cookieSuppressed', { handle, reason: 'cacheable' }]]);
  });

  test('discards what begins a session, and an event says why', async () => {
    const head = await respond((session) => session.set('a', 1), cacheable);
    expect(head.cookies).toEqual([]);
    expect(events).toEqual([
      ['cookieSuppressed', { handle: null, reason: 'cacheable' }],
      ['discarded', { handle: null, reason: 'cacheable' }],
    ]);
  });
});

describe('which responses may set a cookie', () => {
  const isSent = async (headers: Record<string, string>): Promise<boolean> => {
    jar = new Jar();
    return (await respond((session) => session.set('a', 1), headers)).cookies.length > 0;
  };

  test('an application decides by a function in `cookielessHeaders`', async () => {
    use({ cookielessHeaders: (head) => head.get('x-static') === '1' });
    expect([await isSent({}), await isSent({ 'cache-control': 'public' })]).toEqual([true, true]);
    expect(await isSent({ 'x-static': '1' })).toBe(false);
  });

  test('a head that takes none gets none', async () => {
    const request = await Visit.open(factory, jar);
    Object.assign(request.head, { takesCookies: false });
    request.session.set('a', 1);
    expect((await request.end()).cookies).toEqual([]);
  });
});

test('a response is written to once, also when it is committed twice', async () => {
  const request = await Visit.open(factory, jar);
  request.session.set('a', 1);
  await request.end();
  const head = new MemoryHead();
  await factory.commit(request.session, head);
  expect([head.cookies, [...head.headers]]).toEqual([[], []]);
});

test('a URL that has no sessions gets no header, also after its session was read and written', async () => {
  use({ ignore: () => true });
  const request = await Visit.open(factory, jar);
  request.session.set('a', request.session.get('a'));
  const head = await request.end();
  factory.finalize(request.session, head);
  expect([...head.headers]).toEqual([]);
});

describe('a response of a failed server', () => {
  test.each([
    [499, true],
    [500, false],
    [503, false],
  ])('of status %i sends the cookie of a new session: %j, with `cookie.onException: false`', async (status, isSent) => {
    use({ cookie: { onException: false } });
    expect((await respond((session) => session.set('a', 1), {}, status)).cookies).toHaveLength(isSent ? 1 : 0);
  });

  test('of status 500 keeps the id of a session that was stored early, and an event says so', async () => {
    use({ cookie: { onException: false } });
    const head = await respond((session) => session.set('a', 1).save(), {}, 500);
    expect(head.cookies).toEqual([]);
    expect(events).toEqual([['cookieSuppressed', expect.objectContaining({ reason: 'exception' })]]);
  });

  test('of status 500 deletes the cookie of a session that it ends', async () => {
    use({ cookie: { onException: false } });
    await respond((session) => session.set('a', 1));
    expect((await respond((session) => session.logout(), {}, 500)).cookies).toEqual([
      expect.stringMatching(/^session=; Max-Age=0;/),
    ]);
  });
});

describe('Max-Age', () => {
  const maxAge = (head: MemoryHead): number => Number(/Max-Age=(\d+)/.exec(head.cookies[0]!)?.[1]);

  test('is that of `cookie.maxAge`, and never longer than the session can last', async () => {
    use({ cookie: { maxAge: 3600 }, absoluteTimeout: 7200 });
    expect(maxAge(await respond((session) => session.set('a', 1)))).toBe(3600);
    now += 1000_000;
    expect(maxAge(await respond(read))).toBe(3600);
    for (let at = 1000; at < 6500; at += 1000) {
      now += 1000_000;
      await respond(read);
    }
    const left = maxAge(await respond((session) => session.rotate()));
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(200);
  });
});

test('attributes that have changed send the new cookie, and delete the one of another path', async () => {
  const store = new MemoryStore({ now: () => now });
  use({ store, cookie: { path: '/app' } });
  await respond((session) => session.set('a', 1));
  const { cookies } = jar;
  use({ store });
  for (const [name, value] of cookies) jar.cookies.set(name, value);
  const head = await respond(read);
  expect(head.cookies).toHaveLength(2);
  expect(head.cookies[0]).toMatch(/^session=; Max-Age=0;.*; Path=\/app;/);
  expect(head.cookies[1]).toContain('; Path=/;');
});
