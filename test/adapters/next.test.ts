import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, test } from 'vitest';
import {
  createSessionFactory,
  type ResponseCookie,
  type SessionFactory,
  type SessionOptions,
  type WebsaunaSession,
} from 'websauna-session';
import { withSession } from 'websauna-session/fetch';
import { MemoryStore } from 'websauna-session/memory';
import { nextSessions } from 'websauna-session/next';
import { AbsentHead } from '../../src/adapters/absent-head.ts';
import { runAction } from '../../src/adapters/next/action.ts';
import { HeadersExchange } from '../../src/adapters/next/headers-exchange.ts';
import { withCookie } from '../../src/adapters/next/request-cookie.ts';
import { sessionsOf } from '../../src/adapters/next/requests.ts';

// What needs a request of Next itself is checked in examples/next.

const SECRET = 'nothing that a site may use, but long enough';

interface Data {
  n: number;
  list: number[];
}

function newFactory(options: Partial<SessionOptions<Data>> = {}): SessionFactory<Data> {
  return createSessionFactory<Data>({ secret: SECRET, ...options });
}

/** Begins a session; returns the `Cookie` header of its client. */
async function begin(factory: SessionFactory<Data>, change: (session: WebsaunaSession<Data>) => void): Promise<string> {
  const handler = withSession(factory, (_request, session) => {
    change(session);
    return new Response();
  });
  const response = await handler(new Request('http://localhost/'));
  return response.headers.getSetCookie()[0]!.split(';')[0]!;
}

function exchange(cookie: string, isAction: boolean, others: Record<string, string> = {}): HeadersExchange {
  const headers = new Headers({ host: 'shop.example', cookie, ...others });
  return new HeadersExchange({ headers, cookie: undefined, hops: 0, peer: null, isAction });
}

/** The session as a page reads it. */
async function pageSession(factory: SessionFactory<Data>, cookie: string): Promise<WebsaunaSession<Data>> {
  const session = await factory.load(exchange(cookie, false));
  if (!session.isNew) await factory.commit(session, new AbsentHead());
  return session;
}

type Change = (session: WebsaunaSession<Data>) => unknown;

describe('The session of a page', () => {
  test.each<[string, Change]>([
    ['set', (session) => session.set('n', 2)],
    ['delete', (session) => session.delete('n')],
    ['an assignment to data', (session) => Object.assign(session.data, { n: 2 })],
    ['clear', (session) => session.clear()],
    ['update', (session) => session.update('n', () => 2)],
    ['flash', (session) => session.flash('hello')],
    ['popFlash', (session) => session.popFlash()],
    ['login', (session) => session.login('bob')],
    ['logout', (session) => session.logout()],
    ['invalidate', (session) => session.invalidate()],
    ['rotate', (session) => session.rotate()],
    ['adjustTimeout', (session) => session.adjustTimeout(60)],
    ['newCsrfToken', (session) => session.newCsrfToken()],
    ['save', (session) => session.save()],
  ])('refuses %s with advice, for a stored session and a new one', async (_name, change) => {
    const factory = newFactory();
    const cookie = await begin(factory, (session) => {
      session.set('n', 1);
      session.flash('kept');
    });
    for (const each of [cookie, '']) {
      const session = await pageSession(factory, each);
      await assert.rejects(async () => await change(session), {
        name: 'TypeError',
        message: /in a server action inside `action\(\)`, in a route handler inside `route\(\)`/,
      });
    }
    const after = await pageSession(factory, cookie);
    assert.deepEqual([after.get('n'), after.peekFlash(), after.owner], [1, ['kept'], null]);
  });

  test('shows flash messages by peekFlash() as often as wanted, and by takeFlash() once', async () => {
    const factory = newFactory();
    const cookie = await begin(factory, (session) => session.flash('hello'));
    const first = await pageSession(factory, cookie);
    assert.deepEqual([first.peekFlash(), first.peekFlash()], [['hello'], ['hello']]);
    assert.deepEqual(await first.takeFlash(), ['hello']);
    const second = await pageSession(factory, cookie);
    assert.deepEqual([second.peekFlash(), await second.takeFlash()], [[], []]);
  });

  test('renders CSRF tokens of a session that is stored, and refuses to begin one for them', async () => {
    const factory = newFactory();
    const cookie = await begin(factory, (session) => session.set('n', 1));
    const token = (await pageSession(factory, cookie)).getCsrfToken();
    const action = await factory.load(exchange(cookie, true, { 'sec-fetch-site': 'same-origin' }));
    action.requireCsrfToken(token);
    const stranger = await pageSession(factory, '');
    assert.throws(() => stranger.getCsrfToken(), TypeError);
  });

  test('renders a CSRF token to a first visitor whose session the proxy has begun by getting one', async () => {
    const factory = newFactory();
    const cookie = await begin(factory, (session) => session.getCsrfToken());
    const token = (await pageSession(factory, cookie)).getCsrfToken();
    const action = await factory.load(exchange(cookie, true, { 'sec-fetch-site': 'same-origin' }));
    action.requireCsrfToken(token);
  });

  test('C12: reports a change inside a value, which nothing stores', async () => {
    const factory = newFactory();
    const discarded: string[] = [];
    factory.on('discarded', ({ reason }) => discarded.push(reason));
    const cookie = await begin(factory, (session) => session.set('list', [1]));
    (await pageSession(factory, cookie)).get('list')!.push(2);
    await nextTurn();
    assert.deepEqual(discarded, ['late']);
    assert.deepEqual((await pageSession(factory, cookie)).get('list'), [1]);
  });
});

describe('A request of which the headers alone are known', () => {
  test('is HTTPS where Next takes it for that, or the trusted proxy', () => {
    const https = (proto: string, hops: number): boolean => {
      const headers = new Headers({ 'x-forwarded-proto': proto });
      return new HeadersExchange({ headers, cookie: undefined, hops, peer: null, isAction: false }).secure;
    };
    assert.deepEqual([https('https', 0), https('http', 0)], [true, false]);
    assert.deepEqual([https('https, http', 1), https('http, https', 1)], [false, true]);
  });

  test('is a GET for a page and a POST for an action, as forms send them', () => {
    assert.deepEqual([exchange('', false).method, exchange('', true).method], ['GET', 'POST']);
  });

  test('has the URL of the page that sent an action, where it is of this site', () => {
    const urlOf = (referer: string, isAction = true): string => exchange('', isAction, { referer }).url;
    assert.equal(urlOf('https://shop.example/cart?a=1'), '/cart?a=1');
    assert.equal(urlOf('https://other.example/cart'), '/');
    assert.equal(urlOf('nonsense'), '/');
    assert.equal(urlOf('https://shop.example/cart', false), '/');
  });
});

/** A cookie jar as `cookies()` of Next returns one. */
class Jar {
  readonly given: object[] = [];

  set(cookie: object): void {
    this.given.push(cookie);
  }

  delete(): void {}
}

describe('A server action', () => {
  async function act<R>(
    factory: SessionFactory<Data>,
    cookie: string,
    action: (session: WebsaunaSession<Data>) => R | Promise<R>,
  ): Promise<{ jar: Jar; outcome: unknown; cookie: ResponseCookie | null }> {
    const jar = new Jar();
    const session = await factory.load(exchange(cookie, true));
    const { head, deliver } = await runAction(factory, session, jar, () => action(session));
    try {
      return { jar, outcome: deliver(), cookie: head.cookie };
    } catch (error) {
      return { jar, outcome: error, cookie: head.cookie };
    }
  }

  /** What a client with this cookie has. */
  async function stored(factory: SessionFactory<Data>, cookie: ResponseCookie | null, before = ''): Promise<unknown[]> {
    const session = await factory.load(exchange(cookie === null ? before : withCookie(before, cookie), false));
    return [session.get('n'), session.owner];
  }

  test('sets a cookie with its attributes, once', async () => {
    const factory = newFactory({ cookie: { name: 'sid', maxAge: 600, domain: 'shop.example', priority: 'high' } });
    const { jar, outcome, cookie } = await act(factory, '', (session) => {
      session.set('n', 1);
      return 'answer';
    });
    assert.equal(outcome, 'answer');
    assert.deepEqual(jar.given, [
      {
        name: 'sid',
        value: cookie!.value,
        maxAge: 600,
        path: '/',
        domain: 'shop.example',
        secure: false,
        httpOnly: true,
        sameSite: 'lax',
        partitioned: false,
        priority: 'high',
      },
    ]);
    assert.deepEqual(await stored(factory, cookie), [1, null]);
  });

  test('leaves absent what browsers take for a default', async () => {
    const { jar } = await act(newFactory(), '', (session) => void session.set('n', 1));
    assert.deepEqual(Object.keys(jar.given[0]!).toSorted(), [
      'httpOnly',
      'name',
      'partitioned',
      'path',
      'sameSite',
      'secure',
      'value',
    ]);
  });

  test.each<[string, object]>([
    ["Next's redirect()", { digest: 'NEXT_REDIRECT;push;/a;307;' }],
    ["Next's notFound()", { digest: 'NEXT_HTTP_ERROR_FALLBACK;404' }],
    ['an error', {}],
  ])('that throws %s has its login stored first, and throws it on', async (_name, members) => {
    const factory = newFactory();
    const error = Object.assign(new Error('thrown'), members);
    const { outcome, cookie } = await act(factory, '', (session) => {
      session.login('alice');
      throw error;
    });
    assert.equal(outcome, error);
    assert.deepEqual(await stored(factory, cookie), [undefined, 'alice']);
  });

  test.each([{}, { digest: '1234567890;404' }])(
    'that fails with %j stores nothing with `cookie.onException: false`',
    async (members) => {
      const factory = newFactory({ cookie: { onException: false } });
      const { cookie } = await act(factory, '', (session) => {
        session.set('n', 1);
        throw Object.assign(new Error('thrown'), members);
      });
      assert.equal(cookie, null);
    },
  );

  test.each([
    [303, true],
    [500, false],
  ])('that throws a response of status %i with `cookie.onException: false` stores: %s', async (status, isStored) => {
    const response = new Response(null, { status });
    const { outcome, cookie } = await act(newFactory({ cookie: { onException: false } }), '', (session) => {
      session.set('n', 1);
      // oxlint-disable-next-line typescript/only-throw-error -- as some frameworks do
      throw response;
    });
    assert.equal(outcome, response);
    assert.equal(cookie !== null, isStored);
  });

  test('C5: fails when the store does, and sets no cookie', async () => {
    class Broken extends MemoryStore {
      override create(): Promise<never> {
        return Promise.reject(new Error('down'));
      }
    }
    const { jar, outcome } = await act(newFactory({ store: new Broken() }), '', (session) => {
      session.set('n', 1);
      return 'answer';
    });
    assert.equal((outcome as { code: string }).code, 'ERR_SESSION_STORE');
    assert.deepEqual(jar.given, []);
  });

  test('deletes the cookie of a logout, and what comes after it finds none', async () => {
    const factory = newFactory();
    const before = await begin(factory, (session) => session.login('alice'));
    const { jar, cookie } = await act(factory, before, (session) => session.logout());
    assert.deepEqual(jar.given.length, 1);
    assert.equal(cookie!.maxAge, 0);
    assert.equal(withCookie(`theme=dark; ${before}`, cookie!), 'theme=dark');
    assert.deepEqual(await stored(factory, null, before), [undefined, null]);
  });

  test('says so when it cannot send Clear-Site-Data', async () => {
    const factory = newFactory();
    const before = await begin(factory, (session) => session.login('alice'));
    const { outcome } = await act(factory, before, (session) => session.logout({ clearSiteData: true }));
    assert.match(String(outcome), /Expected `logout\({ clearSiteData: true }\)` to be called in a route handler/);
    assert.deepEqual(await stored(factory, null, before), [undefined, null]);
  });
});

describe('What a request of Next remembers', () => {
  test('is one session for all its pages, and another one after an action', async () => {
    const [factory, headers] = [newFactory(), new Headers({ cookie: 'session=a; theme=dark' })];
    const open = (value: string) => () => Promise.resolve(value);
    assert.equal(await sessionsOf(headers).openOnce(factory, open('first')), 'first');
    assert.equal(await sessionsOf(headers).openOnce(factory, open('second')), 'first');
    assert.equal(await sessionsOf(new Headers(headers)).openOnce(factory, open('another')), 'another');
    const cookie = { name: 'session', value: 'b' } as ResponseCookie;
    sessionsOf(headers).acted(factory, cookie, headers);
    assert.equal(await sessionsOf(headers).openOnce(factory, open('third')), 'third');
    assert.equal(sessionsOf(headers).cookie, 'theme=dark; session=b');
  });
});

describe('nextSessions', () => {
  test('reads no options before a request, so that a build needs no secret', () => {
    const { action, route, proxy } = nextSessions(() => assert.fail('read'));
    action(() => {});
    route(() => new Response());
    proxy();
  });

  test('getSession() is the session of the route handler that runs, and loads a lazy one', async () => {
    const factory = newFactory({ load: 'lazy' });
    const cookie = await begin(factory, (session) => session.set('n', 1));
    const { getSession, route } = nextSessions(factory);
    const handler = route(async (_request, session, ...rest: [{ id: number }]) => {
      const same = await getSession();
      return Response.json([same === session, same.get('n'), rest]);
    });
    const response = await handler(new Request('http://localhost/', { headers: { cookie } }), { id: 7 });
    assert.deepEqual(await response.json(), [true, 1, [{ id: 7 }]]);
  });

  test('route() answers by a response that is thrown, with the cookie', async () => {
    const handler = nextSessions(newFactory()).route((_request, session) => {
      session.set('n', 1);
      // oxlint-disable-next-line typescript/only-throw-error -- as some frameworks do
      throw new Response('Not now', { status: 409 });
    });
    const response = await handler(new Request('http://localhost/'));
    assert.equal(response.status, 409);
    assert.match(response.headers.getSetCookie().join(), /^session=/);
  });

  test.each([
    ['an unknown option', () => nextSessions(newFactory(), { clientAdress: () => null } as object), /clientAdress/],
    ['no action', () => nextSessions(newFactory()).action(undefined as never), /Expected `fn` to be a server action/],
    [
      'no handler',
      () => nextSessions(newFactory()).route(undefined as never),
      /Expected `handler` to be a route handler/,
    ],
    ['a proxy that is a response', () => nextSessions(newFactory()).proxy(new Response() as never), /`handler` to be/],
  ])('refuses %s', (_name, call, message) => {
    assert.throws(call, { name: 'TypeError', message });
  });
});
