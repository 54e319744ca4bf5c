import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions } from 'websauna-session';
import { withSession } from 'websauna-session/fetch';
import { nextSessions } from 'websauna-session/next';
import { NextRequestScope, NextResponse } from './support/next-request.ts';

// Next's own `headers()`, `cookies()` and `NextResponse`. The whole framework is tried in examples/next.

interface Data {
  n: number;
}

function newFactory(options: Partial<SessionOptions<Data>> = {}): SessionFactory<Data> {
  return createSessionFactory<Data>({ secret: 'nothing that a site may use, but long enough', ...options });
}

/** Begins a session with an owner; returns the `Cookie` header of its client. */
async function begin(factory: SessionFactory<Data>): Promise<string> {
  const handler = withSession(factory, (_request, session) => {
    session.login('ada');
    return new Response();
  });
  return pairOf((await handler(new Request('http://localhost/'))).headers.getSetCookie()[0]);
}

function pairOf(setCookie: string | undefined): string {
  assert.ok(setCookie !== undefined, 'a cookie is set');
  return setCookie.split(';')[0]!;
}

describe('getSession() while Next renders a page', () => {
  test('is the visitor, one session for everything that renders, and cannot be changed', async () => {
    const factory = newFactory();
    const { getSession } = nextSessions(factory);
    const scope = new NextRequestScope({ cookie: await begin(factory) });
    await scope.render(async () => {
      const [first, second] = await Promise.all([getSession(), getSession()]);
      assert.equal(first, second);
      assert.equal(first.owner, 'ada');
      assert.throws(() => first.set('n', 1), { name: 'TypeError', message: /got a change while a page renders/ });
    });
  });

  test('renews the idle timeout of a stored session, and begins none for a stranger', async () => {
    const factory = newFactory({ touchInterval: 0 });
    const { getSession } = nextSessions(factory);
    const seen: string[] = [];
    factory.on('touched', () => seen.push('touched'));
    factory.on('created', () => seen.push('created'));
    const stranger = await new NextRequestScope({}).render(getSession);
    assert.equal(stranger.isNew, true);
    assert.throws(() => stranger.set('n', 1), { name: 'TypeError', message: /got a change while a page renders/ });
    assert.deepEqual(seen, []);
    const cookie = await begin(factory);
    await new NextRequestScope({ cookie }).render(getSession);
    assert.deepEqual(seen, ['created', 'touched']);
  });

  test('outside of a request, Next says that there is none', async () => {
    await assert.rejects(nextSessions(newFactory()).getSession(), /outside a request scope/);
  });
});

describe('action()', () => {
  test('sets the cookie of a login, and the page of the same answer has its session', async () => {
    const factory = newFactory();
    const { action, getSession } = nextSessions(factory);
    const scope = new NextRequestScope({ cookie: 'theme=dark' });
    const logIn = action(async (owner: string) => {
      (await getSession()).login(owner);
      return 'done';
    });
    let rendered: string | null = null;
    const answer = await scope.act(
      () => logIn('bea'),
      async () => {
        rendered = (await getSession()).owner;
      },
    );
    assert.deepEqual([answer, rendered], ['done', 'bea']);
    const cookie = pairOf(scope.setCookies[0]);
    assert.equal(await new NextRequestScope({ cookie }).render(async () => (await getSession()).owner), 'bea');
  });

  test('an action inside another one shares its session, which is committed once', async () => {
    const factory = newFactory();
    const { action, getSession } = nextSessions(factory);
    let created = 0;
    factory.on('created', () => (created += 1));
    const part = action(async () => (await getSession()).set('n', 1));
    const whole = action(async () => {
      await part();
      assert.equal(created, 0);
      return (await getSession()).get('n');
    });
    const scope = new NextRequestScope({});
    assert.equal(await scope.act(whole), 1);
    assert.deepEqual([created, scope.setCookies.length], [1, 1]);
  });

  test('an action that only reads sets no cookie, and what renders after it reads the same session', async () => {
    const factory = newFactory();
    const { action, getSession } = nextSessions(factory);
    const scope = new NextRequestScope({ cookie: await begin(factory) });
    let rendered: string | null = null;
    const read = action(async () => (await getSession()).owner);
    const owner = await scope.act(read, async () => {
      rendered = (await getSession()).owner;
    });
    assert.deepEqual([owner, rendered, scope.setCookies], ['ada', 'ada', []]);
  });

  test('is refused while a page renders, before it has run', async () => {
    const act = nextSessions(newFactory()).action(() => assert.fail('ran'));
    await assert.rejects(new NextRequestScope({}).render(act), {
      name: 'TypeError',
      message: /Expected an action to be called by a form or an event of the page/,
    });
  });
});

describe('proxy()', () => {
  /** The headers with which the request goes on, as Next reads them from the response. */
  function forwarded(response: Response): Record<string, string> | null {
    const names = response.headers.get('x-middleware-override-headers');
    if (names === null) return null;
    const entries = names.split(',').map((name) => [name, response.headers.get(`x-middleware-request-${name}`)]);
    return Object.fromEntries(entries) as Record<string, string>;
  }

  function visit(headers: Record<string, string> = {}): Request {
    return new Request('http://localhost/page', { headers });
  }

  const DYNAMIC = 'private, no-cache, no-store, max-age=0, must-revalidate';

  test('lets a request go on, with the cookie that it sets among those that the page gets', async () => {
    const factory = newFactory();
    const proxy = nextSessions(factory).proxy((_request, session) => void session.set('n', 1));
    const response = await proxy(visit({ cookie: 'theme=dark', accept: 'text/html' }));
    const cookie = pairOf(response.headers.getSetCookie()[0]);
    assert.equal(response.headers.get('x-middleware-next'), '1');
    assert.deepEqual(forwarded(response), { accept: 'text/html', cookie: `theme=dark; ${cookie}` });
    assert.equal(response.headers.get('cache-control'), DYNAMIC);
  });

  test('hands on no cookie where it has deleted the only one', async () => {
    const factory = newFactory();
    const proxy = nextSessions(factory).proxy((_request, session) => session.logout());
    const response = await proxy(visit({ cookie: await begin(factory), accept: 'text/html' }));
    assert.match(response.headers.getSetCookie()[0]!, /^session=;/);
    assert.deepEqual(forwarded(response), { accept: 'text/html' });
  });

  test('hands on nothing where it sets no cookie, and leaves caching alone where the session is not used', async () => {
    const response = await nextSessions(newFactory()).proxy()(visit({ accept: 'text/html' }));
    assert.deepEqual([response.headers.get('x-middleware-next'), forwarded(response)], ['1', null]);
    assert.equal(response.headers.get('cache-control'), null);
  });

  test('keeps headers that the handler has put in the place of those of the request, also in a rewrite', async () => {
    const proxy = nextSessions(newFactory()).proxy((_request, session) => {
      session.set('n', 1);
      const headers = new Headers({ 'x-tenant': 'birch' });
      return NextResponse.rewrite('http://localhost/birch', { request: { headers } });
    });
    const response = await proxy(visit({ accept: 'text/html' }));
    const cookie = pairOf(response.headers.getSetCookie()[0]);
    assert.equal(response.headers.get('x-middleware-rewrite'), 'http://localhost/birch');
    assert.deepEqual(forwarded(response), { cookie, 'x-tenant': 'birch' });
  });

  test('keeps the caching that the handler has asked for, where a shared cache may not have it', async () => {
    const proxy = nextSessions(newFactory()).proxy((_request, session) => {
      session.set('n', 1);
      return NextResponse.next({ headers: { 'cache-control': 'private, max-age=5' } });
    });
    const caching = (await proxy(visit())).headers.get('cache-control')!;
    assert.match(caching, /private, max-age=5/);
    assert.doesNotMatch(caching, /must-revalidate/);
  });

  test('answers itself by a redirect, with the cookie, and hands nothing on', async () => {
    const proxy = nextSessions(newFactory()).proxy((_request, session) => {
      session.set('n', 1);
      return NextResponse.redirect('http://localhost/log-in');
    });
    const response = await proxy(visit());
    assert.equal(response.headers.get('location'), 'http://localhost/log-in');
    pairOf(response.headers.getSetCookie()[0]);
    assert.equal(forwarded(response), null);
    assert.notEqual(response.headers.get('cache-control'), DYNAMIC);
  });
});
