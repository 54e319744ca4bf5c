// What a session does in the course of one request: timeouts, logins that are refused, ends, and use after the response.
import { beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { interceptStore } from 'websauna-session/testing';
import { exchangeOf, Jar, MemoryHead, visit, Visit } from '../support/visit.ts';

type Data = Record<string, unknown>;
type Session = WebsaunaSession<Data>;

let now: number;
let store: MemoryStore;
let factory: SessionFactory<Data>;
let jar: Jar;
let events: string[];
beforeEach(() => {
  now = 1_750_000_000_000;
  store = new MemoryStore({ now: () => now });
  jar = new Jar();
  use({});
});

/** Makes a factory over the same store, as a deployment with other options does. */
function use(options: Partial<SessionOptions<Data>>): void {
  factory = createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store, ...options });
  events = [];
  factory.on('touched', () => events.push('touched'));
  factory.on('saved', ({ set, deleted }) => events.push(`saved ${set} ${deleted}`));
  factory.on('lateRead', ({ handle }) => events.push(`lateRead ${handle}`));
  for (const name of ['destroyed', 'discarded', 'rejected'] as const) {
    factory.on(name, ({ reason }) => events.push(`${name} ${reason}`));
  }
}

const next = <T>(act: (session: Session) => T | Promise<T>): Promise<T> => visit(factory, jar, act);
const start = (): Promise<unknown> => next((session) => session.set('a', 1));
/** Lets what a request does when its response is complete happen. */
const complete = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('adjustTimeout()', () => {
  test('is stored once, with an early save or with the response', async () => {
    await start();
    events = [];
    await next(async (session) => {
      session.adjustTimeout(60);
      await session.save();
      expect(session.timeout).toBe(60);
    });
    expect(events).toEqual(['touched']);
    await next((session) => session.adjustTimeout(90));
    expect(events).toEqual(['touched', 'touched']);
    expect(await next(({ timeout }) => timeout)).toBe(90);
  });

  test('is stored, too, while an earlier one is on its way', async () => {
    await start();
    await next(async (session) => {
      session.adjustTimeout(60);
      const saved = session.save();
      session.adjustTimeout(120);
      await saved;
      expect(session.timeout).toBe(120);
    });
    expect(await next(({ timeout }) => timeout)).toBe(120);
  });

  test('before a login holds for its session, unless the login sets another', async () => {
    await next((session) => (session.adjustTimeout(300), session.login('alice')));
    expect(await next(({ timeout }) => timeout)).toBe(300);
    await next((session) => (session.adjustTimeout(300), session.login('alice', { timeout: 600 })));
    expect(await next(({ timeout }) => timeout)).toBe(600);
    await next((session) => (session.adjustTimeout(300), session.login('bob')));
    expect(await next(({ owner, timeout }) => [owner, timeout])).toEqual(['bob', 300]);
  });
});

describe('beginLogin()', () => {
  test('kills the old id at once', async () => {
    await start();
    const old = new Jar(jar);
    await next((session) => session.beginLogin('alice'));
    expect(await next((session) => session.get('a'))).toBe(1);
    expect(await visit(factory, old, (session) => session.isNew)).toBe(true);
  });

  test('in a new session gives it one id, also where it is saved early', async () => {
    const id = await next(async (session) => {
      session.beginLogin('alice');
      await session.save();
      return session.set('a', 1).id;
    });
    expect(await next((session) => [session.id, session.pendingLogin?.owner])).toEqual([id, 'alice']);
  });

  test('begins a session again that was ended elsewhere', async () => {
    await start();
    await next(async (session) => {
      await factory.sessions.destroy(session.handle);
      await expect(session.set('b', 1).save()).rejects.toThrow(expect.objectContaining({ code: 'ERR_SESSION_ENDED' }));
      expect(session.isNew).toBe(true);
      session.beginLogin('alice');
    });
    expect(await next((session) => [session.pendingLogin?.owner, session.keys()])).toEqual(['alice', []]);
  });
});

test('a refused login as another owner leaves the session as it was', async () => {
  use({ maxSessionsPerOwner: 1, onSessionLimit: 'refuse' });
  await visit(factory, new Jar(), (session) => session.login('alice'));
  await next((session) => session.set('a', 1).login('bob'));
  const before = jar.header;
  await next(async (session) => {
    session.login('alice', { keep: true });
    expect([session.owner, session.isNew]).toEqual(['alice', true]);
    await expect(session.save()).rejects.toThrow(expect.objectContaining({ code: 'ERR_SESSION_FULL' }));
    expect([session.owner, session.isNew, session.get('a')]).toEqual(['bob', false, 1]);
    session.set('b', 2);
  });
  expect(jar.header).toBe(before);
  expect(await next((session) => [session.owner, session.entries()])).toEqual([
    'bob',
    [
      ['a', 1],
      ['b', 2],
    ],
  ]);
});

describe('an end that the request has not asked for', () => {
  test('of a session past a shortened timeout is stored, and the cookie stays as it is', async () => {
    await start();
    now += 400_000;
    use({ timeout: 300 });
    const request = await Visit.open(factory, jar);
    expect(request.session.isNew).toBe(true);
    expect((await request.end()).cookies).toEqual([]);
    expect(events).toContain('destroyed expired');
    use({});
    expect(await next((session) => session.isNew)).toBe(true);
  });

  test('of an invalidated owner leaves the cookie alone where the client has another session', async () => {
    const cookieOf = async (owner: string): Promise<string> => {
      const own = new Jar();
      await visit(factory, own, (session) => session.login(owner));
      return own.header!;
    };
    const [alice, bob] = [await cookieOf('alice'), await cookieOf('bob')];
    use({ invalidateBefore: (owner) => (owner === 'alice' ? new Date(now + 1) : null) });
    const ask = async (cookie: string): Promise<[string | null, readonly string[]]> => {
      const request = await Visit.open(factory, new Jar(), { headers: { cookie } });
      const { owner } = request.session;
      return [owner, (await request.end()).cookies];
    };
    expect(await ask(`${alice}; ${bob}`)).toEqual(['bob', []]);
    expect(events).toContain('destroyed authentication-changed');
  });
});

describe('after the response', () => {
  test('the first read is reported, with the handle, and later ones are not', async () => {
    await start();
    const { handle } = await next((session) => session);
    events = [];
    const request = await Visit.open(factory, jar);
    await request.end();
    expect(request.session.get('a')).toBe(1);
    request.session.get('a');
    expect(events).toEqual([`lateRead ${handle}`]);
    events = [];
    await next((session) => session.get('a'));
    expect(events).toEqual([]);
  });

  test('a change that nothing saves is reported, each time', async () => {
    await start();
    const { session, ...request } = await open();
    await request.end();
    events = [];
    for (const name of ['b', 'c']) {
      session.set(name, 1);
      session.set(`${name}2`, 1);
      await complete();
    }
    expect(events).toEqual(['discarded late', 'discarded late']);
    expect(await next((again) => again.keys())).toEqual(['a']);
  });

  test('a change that is saved is stored, and reported as such', async () => {
    await start();
    const { session, ...request } = await open();
    await request.end();
    events = [];
    await session.set('b', 1).save();
    await complete();
    expect(events).toEqual(['saved 1 0']);
    expect(await next((again) => again.keys())).toEqual(['a', 'b']);
  });

  test('a session that is not stored cannot be changed', async () => {
    const { session, ...request } = await open();
    expect(session.size).toBe(0);
    await request.end();
    expect(() => session.set('a', 1)).toThrow(expect.objectContaining({ code: 'ERR_SESSION_HEADERS_SENT' }));
  });

  async function open(): Promise<{ session: Session; end: () => Promise<MemoryHead> }> {
    const request = await Visit.open(factory, jar);
    request.session.get('a');
    return { session: request.session, end: () => request.end() };
  }
});

test('the response is intercepted once, however often the session is used', async () => {
  await start();
  let intercepted = 0;
  const session = await factory.load({ ...exchangeOf(jar), interceptResponse: () => void intercepted++ });
  session.get('a');
  session.set('b', 1);
  session.markPersonal();
  expect(intercepted).toBe(1);
  await factory.commit(session, new MemoryHead());
});

test('what a failed commit was to store is discarded, not stored with the response of the error', async () => {
  let isFailing = false;
  use({
    store: interceptStore(store, (operation) => {
      if (isFailing && operation === 'save') throw new Error('connection lost');
    }),
  });
  await start();
  const request = await Visit.open(factory, jar);
  request.session.set('b', 1);
  isFailing = true;
  await expect(request.end()).rejects.toThrow(expect.objectContaining({ code: 'ERR_SESSION_STORE' }));
  isFailing = false;
  events = [];
  await factory.commit(request.session, new MemoryHead());
  expect(events).toEqual(['discarded commit-failed']);
  expect(await next((session) => session.keys())).toEqual(['a']);
});

describe('a cache of the store', () => {
  test('is bypassed where `bypassCache` says so, and by reload()', async () => {
    const asked: unknown[] = [];
    class WatchedStore extends MemoryStore {
      override load(...args: Parameters<MemoryStore['load']>): ReturnType<MemoryStore['load']> {
        asked.push(args[1]);
        return super.load(...args);
      }
    }
    store = new WatchedStore({ now: () => now });
    use({ bypassCache: (request) => (request as { url: string }).url === '/fresh' });
    await start();
    await next((session) => session.get('a'));
    await visit(factory, jar, (session) => session.get('a'), { url: '/fresh' });
    await next((session) => session.reload());
    expect(asked.map(Boolean)).toEqual([false, true, false, true]);
  });
});
