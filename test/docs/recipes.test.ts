// What the recipes, docs/frameworks/next.md and docs/frameworks.md say, where no other test shows it.
import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions } from 'websauna-session';
import { serve } from 'websauna-session/context';
import { encrypted } from 'websauna-session/encrypted';
import { MemoryStore } from 'websauna-session/memory';
import { interceptStore } from 'websauna-session/testing';
import { Jar, Visit, visit } from '../support/visit.ts';

type Data = Record<string, unknown>;

let now: number;
let jar: Jar;
beforeEach(() => {
  now = Date.now();
  jar = new Jar();
});

function make(options: Partial<SessionOptions<Data>> = {}): SessionFactory<Data> {
  const store = new MemoryStore({ now: () => now });
  return createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store, ...options });
}

describe('docs/recipes/reused-id.md', () => {
  const stale = (factory: SessionFactory<Data>): { handle: string; successor: string | null }[] => {
    const events: { handle: string; successor: string | null }[] = [];
    factory.on('staleId', (event) => void events.push(event));
    return events;
  };

  test('after a rotation, the successor leads to the owner', async () => {
    const factory = make();
    const events = stale(factory);
    await visit(factory, jar, (session) => session.login('alice'));
    const old = new Jar(jar);
    const handle = await visit(factory, jar, (session) => session.handle);
    await visit(factory, jar, (session) => session.rotate());
    await visit(factory, jar, () => {});
    now += 11_000;
    await visit(factory, old, (session) => expect(session.isNew).toBe(true));
    expect(events).toEqual([{ handle, successor: expect.any(String) }]);
    expect((await factory.sessions.get(events[0]!.successor!))?.owner).toBe('alice');
  });

  test('after the first login of a session there is no successor', async () => {
    const factory = make();
    const events = stale(factory);
    await visit(factory, jar, (session) => session.set('a', 1));
    const old = new Jar(jar);
    await visit(factory, jar, (session) => session.login('alice'));
    now += 11_000;
    await visit(factory, old, () => {});
    expect(events).toEqual([{ handle: expect.any(String), successor: null }]);
  });

  test('the old id is known for `timeout` seconds after the rotation', async () => {
    const factory = make({ timeout: 600, touchInterval: 60 });
    const reasons: string[] = [];
    factory.on('rejected', ({ reason }) => void reasons.push(reason));
    await visit(factory, jar, (session) => session.set('a', 1));
    const old = new Jar(jar);
    await visit(factory, jar, (session) => session.rotate());
    await visit(factory, jar, () => {});
    now += 599_000;
    await visit(factory, new Jar(old), () => {});
    now += 2_000;
    await visit(factory, new Jar(old), () => {});
    expect(reasons).toEqual(['rotated', 'not-found']);
  });
});

describe('docs/recipes/remember-me.md', () => {
  const HOUR = 3600;
  const MONTH = 30 * 86_400;
  const logIn = async (factory: SessionFactory<Data>, remember: boolean): Promise<string> => {
    const request = await Visit.open(factory, jar);
    const remembered = { remember: true, timeout: MONTH, absoluteTimeout: 3 * MONTH };
    request.session.login('alice', remember ? remembered : { remember: false });
    return (await request.end()).cookies[0]!;
  };
  const ownerOf = (factory: SessionFactory<Data>): Promise<string | null> =>
    visit(factory, new Jar(jar), (session) => session.owner);

  test.each([
    [true, MONTH],
    [false, HOUR],
  ])(
    'remembered %s: the session lives for %i seconds, and the cookie as long or until the browser ends',
    async (remember, seconds) => {
      const factory = make({ timeout: HOUR, absoluteTimeout: 12 * HOUR });
      const cookie = await logIn(factory, remember);
      if (remember) expect(cookie).toContain(`Max-Age=${MONTH};`);
      else expect(cookie).not.toContain('Max-Age');
      now += (seconds - 2) * 1000;
      expect(await ownerOf(factory)).toBe('alice');
      now += seconds * 1000 + 4000;
      expect(await ownerOf(factory)).toBeNull();
    },
  );

  test('the absolute limits are three months and twelve hours', async () => {
    const factory = make({ timeout: HOUR, absoluteTimeout: 12 * HOUR });
    for (const [remember, step, count] of [
      [true, MONTH - 60, 3],
      [false, HOUR - 60, 12],
    ] as const) {
      jar = new Jar();
      await logIn(factory, remember);
      for (let i = 0; i < count; i++) {
        now += step * 1000;
        await visit(factory, jar, (session) => session.set('a', i));
      }
      expect(await ownerOf(factory)).toBe('alice');
      now += (60 * count + 1) * 1000;
      expect(await ownerOf(factory)).toBeNull();
    }
  });

  test('the choice stays with a login of the same owner again', async () => {
    const factory = make({ timeout: HOUR, absoluteTimeout: 12 * HOUR });
    await logIn(factory, true);
    await visit(factory, jar, (session) => session.login('alice'));
    expect(await visit(factory, jar, ({ timeout, remember }) => [timeout, remember])).toEqual([MONTH, true]);
  });
});

describe('docs/frameworks/next.md', () => {
  test('a component reads the owner, and its read renews the idle timeout', async () => {
    const factory = make({ timeout: 600, touchInterval: 60, cookie: { secure: true } });
    let touched = 0;
    factory.on('touched', () => touched++);
    await visit(factory, jar, (session) => session.login('alice'), { secure: true });
    const read = async (): Promise<string | null> => {
      let owner: string | null = null;
      const request = new Request('https://localhost/', { headers: { cookie: jar.header! } });
      const response = await serve(factory, request, (session) => {
        owner = session.owner;
        return new Response(null);
      });
      expect(response.ok).toBe(true);
      return owner;
    };
    expect(await read()).toBe('alice');
    now += 100_000;
    expect(await read()).toBe('alice');
    expect(touched).toBe(1);
  });
});

describe('docs/session.md: a store that is down', () => {
  test('a degraded session refuses logins and logouts; without a cookie a login fails at the commit', async () => {
    let down = false;
    const store = interceptStore(new MemoryStore({ now: () => now }), () => {
      if (down) throw new Error('connection lost');
    });
    const factory = make({ store, onStoreError: 'anonymous' });
    await visit(factory, jar, (session) => session.login('alice'));
    down = true;
    await visit(factory, new Jar(jar), (session) => {
      expect([session.degraded, session.owner]).toEqual([true, null]);
      for (const act of [() => session.login('alice'), () => session.logout(), () => session.set('a', 1)]) {
        expect(act).toThrow(expect.objectContaining({ code: 'ERR_SESSION_DEGRADED', status: 503 }));
      }
    });
    const login = visit(factory, new Jar(), (session) => {
      expect(session.degraded).toBe(false);
      session.login('bob');
    });
    await expect(login).rejects.toMatchObject({ status: 503 });
  });

  test('a logout that fails leaves the cookie, and can be tried again', async () => {
    let down = false;
    const store = interceptStore(new MemoryStore({ now: () => now }), (operation) => {
      if (down && operation === 'destroy') throw new Error('connection lost');
    });
    const factory = make({ store });
    await visit(factory, jar, (session) => session.login('alice'));
    const before = jar.header;
    down = true;
    await expect(visit(factory, jar, (session) => session.logout())).rejects.toMatchObject({ status: 503 });
    expect(jar.header).toBe(before);
    down = false;
    await visit(factory, jar, (session) => session.logout());
    expect(jar.header).toBeUndefined();
  });
});

describe('docs/cryptography.md: encryption is turned on with live sessions', () => {
  test('an old field makes the record corrupt where it is used; a serializer that reads both forms does not', async () => {
    const store = new MemoryStore({ now: () => now });
    await visit(make({ store }), jar, (session) => {
      session.set('a', 1);
      session.login('alice');
    });
    const serializer = encrypted({ key: randomBytes(32) });
    const read = async (factory: SessionFactory<Data>): Promise<unknown[]> => {
      const reasons: string[] = [];
      factory.on('rejected', ({ reason }) => void reasons.push(reason));
      return await visit(factory, new Jar(jar), (session) => [session.get('a'), session.owner, ...reasons]);
    };
    expect(await read(make({ store, serializer }))).toEqual([undefined, null, 'corrupt']);
    const both = make({
      store,
      serializer: {
        ...serializer,
        deserialize: (stored, context) =>
          String(stored).startsWith('e1.') ? serializer.deserialize(stored, context) : JSON.parse(String(stored)),
      },
    });
    expect(await read(both)).toEqual([1, 'alice']);
    await visit(both, jar, (session) => session.set('a', 2));
    expect(await read(make({ store, serializer }))).toEqual([2, 'alice']);
  });
});

describe('docs/frameworks.md: long pages', () => {
  test('a request whose handler does not use the session renews the idle timeout', async () => {
    const factory = make({ timeout: 600, touchInterval: 60 });
    await visit(factory, jar, (session) => session.set('a', 1));
    for (let i = 0; i < 10; i++) {
      now += 500_000;
      await visit(factory, jar, () => {});
    }
    expect(await visit(factory, jar, (session) => session.get('a'))).toBe(1);
  });
});
