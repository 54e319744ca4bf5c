// Loading and reloading: what others did to the session meanwhile, and what the application says of its owner.
import { beforeEach, describe, expect, test } from 'vitest';
import {
  createSessionFactory,
  SESSION_INVALIDATED,
  type SessionFactory,
  type SessionOptions,
  type WebsaunaSession,
} from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import type { LoadResult } from 'websauna-session/store';
import { Jar, visit, Visit } from '../support/visit.ts';

type Data = Record<string, unknown>;
type Session = WebsaunaSession<Data>;

class WatchedStore extends MemoryStore {
  isDamaged = false;
  loads: boolean[] = [];

  override async load(...args: Parameters<MemoryStore['load']>): Promise<LoadResult | undefined> {
    this.loads.push(args[1] === true);
    return this.isDamaged ? { status: 'corrupt', reason: 'unparsable' } : await super.load(...args);
  }
}

let now: number;
let store: WatchedStore;
let factory: SessionFactory<Data>;
let jar: Jar;
let events: string[];
beforeEach(() => {
  now = 1_750_000_000_000;
  store = new WatchedStore({ now: () => now });
  jar = new Jar();
  use({});
});

function use(options: Partial<SessionOptions<Data>>): void {
  factory = createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store, ...options });
  events = [];
  for (const name of ['rejected', 'discarded', 'destroyed', 'refused'] as const) {
    factory.on(name, ({ reason }) => events.push(`${name} ${reason}`));
  }
}

const next = <T>(act: (session: Session) => T | Promise<T>): Promise<T> => visit(factory, jar, act);
const elsewhere = <T>(act: (session: Session) => T | Promise<T>): Promise<T> => visit(factory, new Jar(jar), act);
const start = (): Promise<unknown> => next((session) => session.assign({ a: 1, b: 1 }));

describe('reload()', () => {
  test('shows what others have stored, and keeps what this request has changed', async () => {
    await start();
    await next(async (session) => {
      session.set('b', 2);
      await elsewhere((other) => other.assign({ a: 3, b: 3, c: 3 }));
      expect(session.get('a')).toBe(1);
      await session.reload();
      expect({ ...session.toJSON() }).toEqual({ a: 3, b: 2, c: 3 });
    });
    expect({ ...(await next((session) => session.toJSON())) }).toEqual({ a: 3, b: 2, c: 3 });
    expect(store.loads).toContain(true);
  });

  test('follows a rotation, and the session stays that of its client', async () => {
    await start();
    await next(async (session) => {
      const { id } = session;
      await elsewhere((other) => other.set('a', 2).rotate());
      await session.reload();
      expect([session.get('a'), session.isNew]).toEqual([2, false]);
      expect(session.id).not.toBe(id);
    });
    expect(events).toEqual([]);
    expect(await next((session) => session.get('a'))).toBe(2);
  });

  test('finds that the session was ended, and discards what is written', async () => {
    await start();
    await next(async (session) => {
      session.set('b', 2);
      await factory.sessions.destroy(session.handle);
      await session.reload();
      expect([session.isNew, session.size, session.createdAt]).toEqual([true, 0, null]);
      session.set('c', 1);
    });
    expect(events).toContain('discarded gone');
    expect(await next((session) => session.keys())).toEqual([]);
  });

  test('begins the session again when it cannot be read any longer', async () => {
    await start();
    await next(async (session) => {
      session.set('c', 1);
      store.isDamaged = true;
      await session.reload();
      expect([session.isNew, session.keys()]).toEqual([true, ['c']]);
      store.isDamaged = false;
    });
    expect(events).toEqual(['rejected corrupt']);
    expect(await next((session) => session.keys())).toEqual(['c']);
  });

  test('asks nothing of a session that is not stored, or was ended by the request', async () => {
    await next(async (session) => {
      await session.set('a', 1).reload();
      expect([store.loads, session.get('a')]).toEqual([[], 1]);
    });
    store.loads = [];
    await next(async (session) => {
      session.logout();
      await session.reload();
      expect([store.loads, session.isNew]).toEqual([[false], true]);
    });
  });

  test('loads a lazy session, past the cache', async () => {
    await start();
    use({ load: 'lazy' });
    store.loads = [];
    await next(async (session) => {
      await session.reload();
      expect(session.get('a')).toBe(1);
      await session.load();
    });
    expect(store.loads).toEqual([true]);
  });

  test('does not bring back what the request ends while the answer is on its way', async () => {
    await start();
    await next(async (session) => {
      const reloaded = session.reload();
      session.logout();
      await reloaded;
      expect([session.isNew, session.size]).toEqual([true, 0]);
    });
    expect(jar.header).toBeUndefined();
  });
});

describe('invalidateBefore', () => {
  let changedAt: Date | null;
  let asked: string[];
  beforeEach(() => {
    changedAt = null;
    asked = [];
    use({
      invalidateBefore: (owner) => {
        asked.push(owner);
        return changedAt;
      },
    });
  });

  test('is asked for the owner of each request, and for no other session', async () => {
    await start();
    await next((session) => session.get('a'));
    expect(asked).toEqual([]);
    await next((session) => session.login('alice'));
    await next((session) => session.get('a'));
    expect(asked).toEqual(['alice']);
  });

  test('is not asked for a session that is over anyway', async () => {
    await next((session) => session.login('alice'));
    now += 400_000;
    asked = [];
    use({ timeout: 300, invalidateBefore: (owner) => (asked.push(owner), null) });
    expect(await next((session) => session.isNew)).toBe(true);
    expect([asked, events]).toEqual([[], ['rejected expired', 'destroyed expired']]);
  });

  test('ends a session in the middle of a request, with what it has asked for, and leaves a message', async () => {
    await next((session) => session.set('a', 1).login('alice'));
    await next(async (session) => {
      session.set('b', 2);
      changedAt = new Date(now + 1000);
      await session.reload();
      expect([session.owner, session.isNew, session.keys()]).toEqual([null, true, []]);
      session.set('c', 3);
    });
    expect(events).toEqual(['rejected authentication-changed', 'discarded gone', 'destroyed authentication-changed']);
    changedAt = null;
    expect(await next((session) => [session.owner, session.keys(), session.popFlash()])).toEqual([
      null,
      ['c'],
      [SESSION_INVALIDATED],
    ]);
  });

  test.each([
    ['before it', -1, 'alice', []],
    ['a minute after it', 60_000, undefined, ['refused login-expired']],
  ])('forgets a first factor by a change of authentication %s: %d ms', async (_, after, owner, expected) => {
    await next((session) => session.beginLogin('alice'));
    const begun = await next((session) => session.pendingLogin!.startedAt.getTime());
    changedAt = new Date(begun + after);
    events = [];
    expect(await next((session) => session.pendingLogin?.owner)).toBe(owner);
    expect(events).toEqual(expected);
    changedAt = null;
    expect(await next((session) => session.pendingLogin?.owner)).toBe(owner);
  });
});

describe('endedBefore', () => {
  test('explains a session that is past a shortened timeout, of owners alone', async () => {
    await next((session) => session.login('alice'));
    const [anonymous, owned] = [new Jar(), jar];
    await visit(factory, anonymous, (session) => session.set('a', 1));
    now += 400_000;
    use({ timeout: 300, explainEnds: 3600 });
    const explained = (of: Jar): Promise<unknown> => visit(factory, new Jar(of), (session) => session.endedBefore);
    expect(await explained(anonymous)).toBeNull();
    expect(await explained(owned)).toMatchObject({ reason: 'expired' });
    use({ timeout: 300, explainEnds: 0 });
    expect(await explained(owned)).toBeNull();
  });

  test('is null where the client has another session that goes on', async () => {
    use({ explainEnds: 3600 });
    const ended = new Jar();
    await visit(factory, ended, (session) => session.login('alice'));
    const before = ended.header!;
    await visit(factory, ended, (session) => session.logout());
    await start();
    const ask = async (cookie: string): Promise<unknown> => {
      const request = await Visit.open(factory, new Jar(), { headers: { cookie } });
      return request.session.endedBefore;
    };
    expect(await ask(before)).toMatchObject({ reason: 'logout' });
    expect(await ask(`${before}; ${jar.header}`)).toBeNull();
  });
});
