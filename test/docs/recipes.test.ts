// What the recipes, docs/nextjs.md and docs/frameworks.md say, where no other test shows it.
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
  const options = { timeout: HOUR, maxTimeout: MONTH, absoluteTimeout: MONTH, cookie: { maxAge: HOUR } };
  const logIn = async (factory: SessionFactory<Data>, remember: boolean): Promise<string> => {
    const request = await Visit.open(factory, jar);
    request.session.login('alice');
    if (remember) request.session.adjustTimeout(MONTH);
    return (await request.end()).cookies[0]!;
  };

  test.each([
    [true, MONTH],
    [false, HOUR],
  ])('remembered %s: session and cookie live for %i seconds', async (remember, seconds) => {
    const factory = make(options);
    const maxAge = Number(/Max-Age=(\d+)/.exec(await logIn(factory, remember))?.[1]);
    expect([seconds - 1, seconds]).toContain(maxAge);
    now += (seconds - 2) * 1000;
    expect(await visit(factory, new Jar(jar), (session) => session.owner)).toBe('alice');
    now += MONTH * 1000;
    expect(await visit(factory, new Jar(jar), (session) => session.owner)).toBeNull();
  });

  test('a later login sets the timeout back', async () => {
    const factory = make(options);
    await logIn(factory, true);
    await visit(factory, jar, (session) => session.login('alice'));
    expect(await visit(factory, jar, (session) => session.timeout)).toBe(HOUR);
  });
});

describe('docs/nextjs.md', () => {
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

describe('docs/options.md: encryption is turned on with live sessions', () => {
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
