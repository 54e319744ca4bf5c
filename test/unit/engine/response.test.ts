import { beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { decideCookie, suppressionOf } from '../../../src/engine/response.ts';
import { exchangeOf, Jar, MemoryHead, startSession, Visit } from '../../support/visit.ts';

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

describe('the response of a request', () => {
  type Session = WebsaunaSession<Record<string, unknown>>;
  let store: MemoryStore;
  let factory: SessionFactory<Record<string, unknown>>;
  const open = (options: Partial<SessionOptions<Record<string, unknown>>> = {}): typeof factory =>
    createSessionFactory({ secret: 'a secret of more than thirty-two bytes', store, ...options });
  beforeEach(() => {
    store = new MemoryStore();
    factory = open();
  });

  const started = (act?: (session: Session) => unknown): Promise<Jar> => startSession(factory, act);

  /** A head that keeps what it is told of cookies besides their text. */
  class DescribedHead extends MemoryHead {
    readonly described: unknown[] = [];

    override appendCookie(value: string, description?: unknown): void {
      super.appendCookie(value);
      this.described.push(description);
    }
  }

  test('describes the cookie that it deletes, and that of the attributes from before', async () => {
    const jar = await started();
    factory = open({ cookie: { path: '/shop' } });
    const session = await factory.load({ ...exchangeOf(jar), secure: true });
    session.invalidate();
    const head = new DescribedHead();
    await factory.commit(session, head);
    expect(head.cookies).toMatchObject([
      expect.stringMatching(/^session=;.*Max-Age=0.*Path=\/;/),
      expect.stringMatching(/^session=;.*Max-Age=0.*Path=\/shop;/),
    ]);
    expect(head.described).toMatchObject([
      { name: 'session', value: '', maxAge: 0, secure: true, path: '/' },
      { name: 'session', value: '', maxAge: 0, secure: true, path: '/shop' },
    ]);
  });

  test.each([
    ['sets', (session: Session) => session.set('b', 1).rotate()],
    ['deletes', (session: Session) => session.invalidate()],
  ])('that %s the cookie is not stored by shared caches, also after headers that follow the commit', async (_, act) => {
    const request = await Visit.open(factory, await started());
    act(request.session);
    await request.end();
    request.head.set('cache-control', 'public, max-age=60');
    const overridden: unknown[] = [];
    factory.on('cacheControlOverridden', (event) => overridden.push(event));
    factory.finalize(request.session, request.head);
    expect(request.head.get('cache-control')).not.toContain('public');
    expect([overridden.length, request.head.get('vary')]).toEqual([1, 'Cookie']);
  });

  test('has a cookie that lasts as long as the session at most', async () => {
    const maxAge = async (absoluteTimeout: number | null): Promise<string | undefined> => {
      factory = open({ absoluteTimeout, timeout: 60, cookie: { maxAge: 600 } });
      const request = await Visit.open(factory, new Jar());
      request.session.set('a', 1);
      return /Max-Age=(\d+)/.exec((await request.end()).cookies[0]!)?.[1];
    };
    expect([await maxAge(null), await maxAge(6000), await maxAge(60)]).toEqual(['600', '600', '60']);
  });
});
