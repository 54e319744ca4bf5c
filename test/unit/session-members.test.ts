// What the session's own members do in one request: ids, logins, ends, CSRF checks and flash messages.
import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { interceptStore } from 'websauna-session/testing';
import { Jar, visit, Visit, type VisitOptions } from '../support/visit.ts';

type Data = Record<string, unknown>;
type Session = WebsaunaSession<Data>;

const SECRET = 'a secret of more than thirty-two bytes';
/** The store's clock, which stands still. */
let now: number;
let factory: SessionFactory<Data>;
let jar: Jar;
beforeEach(() => {
  now = 1_750_000_000_000;
  use({});
});

function use(options: Partial<SessionOptions<Data>>): void {
  factory = createSessionFactory<Data>({ secret: SECRET, store: new MemoryStore({ now: () => now }), ...options });
  jar = new Jar();
}

const next = <T>(act: (session: Session) => T | Promise<T>, options?: VisitOptions): Promise<T> =>
  visit(factory, jar, act, options);
const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');
const withCode = (code: string, message = ''): object =>
  expect.objectContaining({ code, message: expect.stringContaining(message) as string }) as object;

describe('the id of a new session', () => {
  test('is one and the same, is what its handle is of, and is what the session is stored under', async () => {
    const id = await next((session) => {
      expect(session.id).toBe(session.id);
      expect(session.handle).toBe(sha256(session.id));
      return session.set('a', 1).id;
    });
    expect(jar.header).toContain(id);
    expect(await next((session) => [session.id, session.handle])).toEqual([id, sha256(id)]);
  });

  test.each<[string, (session: Session) => void]>([
    ['a rotation', (session) => session.rotate()],
    ['a first factor', (session) => session.beginLogin('alice')],
    ['a login', (session) => session.login('alice')],
  ])('is given up for %s, so that who has seen it does not know the next', async (_, act) => {
    const before = await next((session) => {
      const { id } = session;
      act(session.set('a', 1));
      return id;
    });
    expect(await next((session) => session.id)).not.toBe(before);
  });
});

test('a new session has no owner, no method and no authentication', async () => {
  await next((session) => {
    expect([session.owner, session.method, session.authenticatedAt, session.remember]).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });
});

test('reload() returns the session, and a failing one is reported as a load', async () => {
  let isFailing = false;
  const store = interceptStore(new MemoryStore(), () => {
    if (isFailing) throw new Error('connection lost');
  });
  use({ store });
  const operations: string[] = [];
  factory.on('storeError', ({ operation }) => operations.push(operation));
  await next((session) => session.set('a', 1));
  const { session } = await Visit.open(factory, jar);
  expect(await session.reload()).toBe(session);
  isFailing = true;
  await expect(session.reload()).rejects.toThrow(withCode('ERR_SESSION_STORE'));
  expect(operations).toEqual(['load']);
});

describe('after the headers have left', () => {
  test.each<[string, (session: Session) => void]>([
    ['login', (session) => session.login('alice')],
    ['beginLogin', (session) => session.beginLogin('alice')],
    ['logout', (session) => session.logout()],
    ['invalidate', (session) => session.invalidate()],
    ['rotate', (session) => session.rotate()],
  ])('%s() throws and names itself', async (name, act) => {
    await next((session) => session.set('a', 1));
    const request = await Visit.open(factory, jar);
    expect(request.session.get('a')).toBe(1);
    await request.end();
    expect(() => act(request.session)).toThrow(withCode('ERR_SESSION_HEADERS_SENT', `\`session.${name}()\``));
    expect(await next((session) => session.owner)).toBeNull();
  });
});

describe('a session that was ended elsewhere', () => {
  test('refuses what is saved early, again and again, and discards the rest with an event', async () => {
    await next((session) => session.set('a', 1));
    const discarded: unknown[] = [];
    factory.on('discarded', ({ reason }) => discarded.push(reason));
    const request = await Visit.open(factory, jar);
    await factory.sessions.destroy(request.session.handle);
    for (const name of ['b', 'c']) {
      await expect(request.session.set(name, 1).save()).rejects.toThrow(withCode('ERR_SESSION_ENDED'));
    }
    request.session.set('d', 1);
    await request.end();
    expect(discarded).toEqual(['gone', 'gone', 'gone']);
    expect(await next((session) => [session.isNew, session.size])).toEqual([true, 0]);
  });

  test('is lost, not degraded, and begins again by a logout', async () => {
    await next((session) => session.set('a', 1));
    await next(async (session) => {
      await factory.sessions.destroy(session.handle);
      await expect(session.set('b', 1).save()).rejects.toThrow(withCode('ERR_SESSION_ENDED'));
      session.logout();
      await session.set('c', 1).save();
    });
    expect(await next((session) => session.entries())).toEqual([['c', 1]]);
  });
});

describe('an end', () => {
  test.each([
    ['logout', ['logout alice', 'destroyed logout']],
    ['invalidate', ['destroyed invalidated']],
  ] as const)('by %s() is reported by its events, once the store has it', async (end, expected) => {
    await next((session) => session.login('alice'));
    const events: string[] = [];
    const handle = await next((session) => session.handle);
    factory.on('logout', (event) => {
      expect(event.handle).toBe(handle);
      events.push(`logout ${event.owner}`);
    });
    factory.on('destroyed', (event) => {
      expect(event.handle).toBe(handle);
      events.push(`destroyed ${event.reason}`);
    });
    const request = await Visit.open(factory, jar);
    request.session[end]();
    expect(events).toEqual([]);
    await request.end();
    expect(events).toEqual(expected);
  });
});

describe('rotate()', () => {
  const open = (cookie: Jar): Promise<unknown> => visit(factory, new Jar(cookie), (session) => session.get('a'));

  test.each([
    ['lets the old id lead to the new one for a while', undefined, 1],
    ['does so with `grace: true`', { grace: true }, 1],
    ['kills the old id at once with `grace: false`', { grace: false }, undefined],
  ])('%s', async (_, options, underOldId) => {
    await next((session) => session.set('a', 1));
    const old = new Jar(jar);
    await next((session) => session.rotate(options));
    expect(jar.header).not.toBe(old.header);
    expect([await open(jar), await open(old)]).toEqual([1, underOldId]);
  });

  test('kills the old id at once when one of several calls asks for it', async () => {
    await next((session) => session.set('a', 1));
    const old = new Jar(jar);
    await next((session) => (session.rotate({ grace: false }), session.rotate()));
    expect([await open(jar), await open(old)]).toEqual([1, undefined]);
  });

  test('of a session that is not stored stores nothing, and does not rotate it once it is', async () => {
    await next((session) => session.rotate());
    expect(jar.header).toBeUndefined();
    const id = await next(async (session) => {
      session.rotate();
      await session.set('a', 1).save();
      return session.set('b', 1).id;
    });
    expect(await next((session) => session.id)).toBe(id);
  });
});

describe('login()', () => {
  test('has the time of the authentication from its options, before it is stored and after', async () => {
    const authenticatedAt = new Date(now - 60_000);
    await next((session) => {
      session.login('alice', { authenticatedAt });
      expect(session.authenticatedAt).toEqual(authenticatedAt);
    });
    expect(await next((session) => session.authenticatedAt)).toEqual(authenticatedAt);
  });

  test('shows what it will keep of the client before it is stored', async () => {
    use({ clientAddress: { anonymous: 'off', owned: 'full' } });
    await next((session) => {
      expect(session.clientAddress).toBeNull();
      session.login('alice');
      expect(session.clientAddress).toBe('192.0.2.1');
    });
  });

  test('of another owner in the same request begins with its own options', async () => {
    await next((session) => {
      session.login('bob', { timeout: 60, absoluteTimeout: 120, remember: false, index: { sid: 's1' } });
      session.login('alice');
    });
    expect(await next(({ owner, timeout, remember }) => [owner, timeout, remember])).toEqual(['alice', 1200, null]);
    expect(await factory.owners.listBy('sid', 's1')).toEqual([]);
  });

  test('of the same owner in the same request keeps what an earlier one has said', async () => {
    await next((session) => {
      session.login('alice', { absoluteTimeout: 7200 });
      session.login('alice', { method: 'otp' });
    });
    expect(await next(({ expiresAt, createdAt }) => Number(expiresAt) - Number(createdAt))).toBe(7_200_000);
  });

  test('as another owner leaves all fields behind, unless `keep` names them', async () => {
    await next((session) => session.assign({ a: 1, b: 2 }).login('bob'));
    await next((session) => session.login('alice', { keep: ['a'] }));
    expect(await next((session) => session.entries())).toEqual([['a', 1]]);
    await next((session) => session.login('bob'));
    expect(await next((session) => session.entries())).toEqual([]);
  });

  test('refuses a date that would stand for no login', async () => {
    await next((session) => {
      expect(() => session.login('alice', { authenticatedAt: new Date(0) })).toThrow('`options.authenticatedAt`');
      session.login('alice', { authenticatedAt: new Date(1) });
    });
  });

  test.each<[string, (session: Session) => void]>([
    ['login', (session) => session.login('alice')],
    ['beginLogin', (session) => session.beginLogin('alice')],
  ])('where the URL has no sessions, %s is refused', async (_, act) => {
    use({ ignore: (url) => url.startsWith('/static') });
    await next((session) => expect(() => act(session)).toThrow(withCode('ERR_SESSION_UNSUPPORTED', '`ignore`')), {
      url: '/static/a.png',
    });
  });
});

describe('requireFresh()', () => {
  test('accepts a login that is young enough, and no older one', async () => {
    await next((session) => session.login('alice', { authenticatedAt: new Date(now) }));
    now += 60_000;
    await next((session) => {
      session.requireFresh(61);
      expect(() => session.requireFresh(59)).toThrow(withCode('ERR_SESSION_NOT_FRESH'));
    });
  });

  test('accepts no session without a login, even by a clock that begins at 0', async () => {
    now = 5000;
    await next((session) => session.set('a', 1));
    await next((session) => expect(() => session.requireFresh(60)).toThrow(withCode('ERR_SESSION_NOT_FRESH')));
  });
});

describe('logout()', () => {
  test('makes the browser delete its data with `clearSiteData: true`, and only then', async () => {
    for (const options of [undefined, {}, { clearSiteData: false }, { clearSiteData: true }]) {
      await next((session) => session.login('alice'));
      const request = await Visit.open(factory, jar);
      request.session.logout(options);
      const head = await request.end();
      const isAsked = options?.clearSiteData === true;
      expect(head.get('clear-site-data')).toBe(isAsked ? '"cache", "storage"' : undefined);
    }
  });
});

test('markPersonal() makes the response depend on the cookie, although nothing was read', async () => {
  await next((session) => session.set('a', 1));
  for (const isMarked of [false, true]) {
    const request = await Visit.open(factory, jar);
    if (isMarked) request.session.markPersonal();
    const head = await request.end();
    expect([head.get('vary'), head.get('cache-control')]).toEqual(
      isMarked ? ['Cookie', 'private, no-cache'] : [undefined, undefined],
    );
  }
});

describe('requireCsrfToken()', () => {
  const check = (options: VisitOptions, token?: unknown, checked = {}): Promise<string> =>
    visit(
      factory,
      new Jar(jar),
      (session) => {
        try {
          session.requireCsrfToken(token, checked);
          return 'passed';
        } catch (error) {
          return (error as { code?: string }).code ?? (error as Error).message;
        }
      },
      options,
    );

  test.each(['GET', 'HEAD', 'OPTIONS'])('lets %s pass without a token', async (method) => {
    await next((session) => session.set('a', 1));
    expect(await check({ method })).toBe('passed');
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'get'])('asks %s for a token', async (method) => {
    const token = await next((session) => session.set('a', 1).getCsrfToken());
    expect(await check({ method })).toBe('ERR_SESSION_CSRF');
    expect(await check({ method }, token)).toBe('passed');
  });

  test('compares `Origin` with `Host`, where the browser sends no `Sec-Fetch-Site`', async () => {
    const token = await next((session) => session.set('a', 1).getCsrfToken());
    const post = (headers: Record<string, string>, trusted = {}): Promise<string> =>
      check({ method: 'POST', headers }, token, trusted);
    const origin = 'https://example.com';
    expect(await post({ origin, host: 'example.com' })).toBe('passed');
    expect(await post({ origin, host: 'example.org' })).toBe('ERR_SESSION_CSRF');
    expect(await post({ origin, host: 'example.org' }, { trustedOrigins: [origin] })).toBe('passed');
    expect(await post({ origin: 'https://undefined' })).toBe('ERR_SESSION_CSRF');
    expect(await post({ 'sec-fetch-site': 'cross-site' })).toBe('ERR_SESSION_CSRF');
    expect(await post({ 'sec-fetch-site': 'same-origin' })).toBe('passed');
  });

  test('refuses every token of a session that has none', async () => {
    const token = await next((session) => session.set('a', 1).getCsrfToken());
    jar = new Jar();
    for (const given of [token, '', undefined, 'Stryker was here']) {
      expect(await check({ method: 'POST' }, given)).toBe('ERR_SESSION_CSRF');
    }
  });

  test('refuses trusted origins that are none, and options that it does not know', async () => {
    expect(await check({}, '', { trustedOrigins: ['example.com'] })).toContain(
      '`options.trustedOrigins[0]` to be one of origins such as',
    );
    expect(await check({}, '', { trusted: [] })).toContain('`options.trusted`');
  });
});

describe('arguments', () => {
  test('onEnd() asks for its callback by name', async () => {
    await next((session) => session.set('a', 1));
    await next((session) => {
      for (const callback of [undefined, 1]) {
        expect(() => session.onEnd(callback as never)).toThrow('Expected `callback` to be a function of the reason');
      }
    });
  });

  test('save() says whether it was given a callback', async () => {
    await next((session) => {
      const save = session.save.bind(session) as (given: unknown) => unknown;
      expect(() => save(() => {})).toThrow('got a callback');
      expect(() => save(1)).toThrow('got 1');
    });
  });
});

describe('flash messages', () => {
  test('come in the order in which they were left, also within a millisecond and when the clock goes back', async () => {
    const messages = Array.from({ length: 30 }, (_, i) => i);
    for (const message of messages) {
      if (message === 20) now -= 3_600_000;
      await next((session) => session.flash(message));
    }
    expect(await next((session) => session.peekFlash())).toEqual(messages);
    expect(await next((session) => session.popFlash())).toEqual(messages);
    expect(await next((session) => session.popFlash())).toEqual([]);
  });

  test('that must not come twice are recognised among those that may', async () => {
    await next((session) => session.flash({ text: 'Saved' }));
    await next((session) => {
      session.flash({ text: 'Saved' }, '', false);
      session.flash({ text: 'Sent' }, '', false);
    });
    await next((session) => session.flash({ text: 'Sent' }, '', false));
    expect(await next((session) => session.popFlash())).toEqual([{ text: 'Saved' }, { text: 'Sent' }]);
  });

  test('are taken once, those of this request with them, and not what it has popped before', async () => {
    await next((session) => {
      session.flash('stored');
      session.flash('other', 'queue');
    });
    await next(async (session) => {
      session.flash('own');
      expect(await session.takeFlash()).toEqual(['stored', 'own']);
      expect(await session.takeFlash()).toEqual([]);
      expect(session.peekFlash()).toEqual([]);
      session.flash('later');
      expect(session.popFlash('queue')).toEqual(['other']);
      expect(await session.takeFlash('queue')).toEqual([]);
    });
    expect(await next((session) => [session.popFlash(), session.popFlash('queue')])).toEqual([['later'], []]);
  });

  test('are left alone by a request that ends its session before it comes to them', async () => {
    await next((session) => session.flash('stored'));
    await next(async (session) => {
      session.set('a', 1);
      const saved = session.save();
      const taken = session.takeFlash();
      session.logout();
      await saved;
      session.flash('of the next session');
      expect(await taken).toEqual([]);
    });
    expect(await next((session) => session.popFlash())).toEqual(['of the next session']);
  });

  test('are not taken by a request whose session was ended elsewhere', async () => {
    await next((session) => session.flash('stored'));
    await next(async (session) => {
      await factory.sessions.destroy(session.handle);
      expect(await session.takeFlash()).toEqual([]);
      session.flash('lost');
      expect(await session.takeFlash()).toEqual(['lost']);
    });
  });

  test('stay where a failing store cannot give them out, and an event names the operation', async () => {
    let isFailing = false;
    const store = interceptStore(new MemoryStore(), (operation) => {
      if (isFailing && operation === 'take') throw new Error('connection lost');
    });
    use({ store });
    const operations: string[] = [];
    factory.on('storeError', ({ operation }) => operations.push(operation));
    await next((session) => session.flash('stored'));
    isFailing = true;
    await next(async (session) => {
      await expect(session.takeFlash()).rejects.toThrow(withCode('ERR_SESSION_STORE'));
    });
    isFailing = false;
    expect(operations).toEqual(['take']);
    expect(await next((session) => session.takeFlash())).toEqual(['stored']);
  });
});
