// Records that cannot be read: the request goes on with a new session, and a logout ends what is stored.
import { beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import type { LoadResult } from 'websauna-session/store';
import { Jar, visit, Visit } from '../support/visit.ts';

type Data = Record<string, unknown>;

/** A store whose records can become unreadable as a whole. */
class DamagedStore extends MemoryStore {
  isDamaged = false;
  readonly destroyed: string[] = [];

  override async load(...args: Parameters<MemoryStore['load']>): Promise<LoadResult | undefined> {
    return this.isDamaged ? { status: 'corrupt', reason: 'unparsable' } : await super.load(...args);
  }

  override destroy(...args: Parameters<MemoryStore['destroy']>): ReturnType<MemoryStore['destroy']> {
    this.destroyed.push(args[0].handle);
    return super.destroy(...args);
  }
}

let store: DamagedStore;
let factory: SessionFactory<Data>;
let jar: Jar;
let events: unknown[];
beforeEach(() => {
  store = new DamagedStore();
  jar = new Jar();
  use({});
});

function use(options: Partial<SessionOptions<Data>>): void {
  factory = createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store, ...options });
  events = [];
  factory.on('rejected', ({ handle, reason, detail }) => events.push([handle, reason, detail]));
}

async function started(): Promise<string> {
  return await visit(factory, jar, async (session) => {
    await session.set('a', 1).save();
    return session.handle;
  });
}

describe('a record that cannot be read', () => {
  test('is a new session and an event, and is left alone', async () => {
    const handle = await started();
    store.isDamaged = true;
    expect(await visit(factory, jar, (session) => [session.isNew, session.size])).toEqual([true, 0]);
    expect(events).toEqual([[handle, 'corrupt', 'unparsable']]);
    expect(store.destroyed).toEqual([]);
    store.isDamaged = false;
    expect(await visit(factory, jar, (session) => session.get('a'))).toBe(1);
  });

  test('is ended by a logout, which deletes the cookie', async () => {
    const handle = await started();
    store.isDamaged = true;
    await visit(factory, jar, (session) => session.logout());
    expect(store.destroyed).toEqual([handle]);
    expect(jar.header).toBeUndefined();
  });

  test('is ended once, however often the request logs out', async () => {
    const handle = await started();
    store.isDamaged = true;
    await visit(factory, jar, async (session) => {
      session.logout();
      session.logout();
      await session.save();
      session.invalidate();
    });
    expect(store.destroyed).toEqual([handle]);
  });
});

describe('a field that cannot be read', () => {
  let handle: string;
  beforeEach(async () => {
    handle = await started();
    use({
      serialize: (value) => JSON.stringify(value),
      deserialize: (text) => {
        if (text === '1') throw new SyntaxError('not what was written');
        return JSON.parse(String(text)) as unknown;
      },
    });
  });

  test('begins the session again when it is read, with what the request has written', async () => {
    await visit(factory, jar, (session) => {
      session.set('b', 2);
      expect(session.isNew).toBe(false);
      expect(session.get('a')).toBeUndefined();
      expect([session.isNew, session.get('b'), session.keys()]).toEqual([true, 2, ['b']]);
    });
    expect(events).toEqual([[handle, 'corrupt', 'unparsable']]);
    expect(await visit(factory, jar, (session) => [session.handle === handle, session.entries()])).toEqual([
      false,
      [['b', 2]],
    ]);
  });

  test('keeps a login and a timeout that the request has asked for', async () => {
    await visit(factory, jar, (session) => {
      session.login('alice', { timeout: 600 });
      expect(session.get('a')).toBeUndefined();
    });
    expect(await visit(factory, jar, ({ owner, timeout }) => [owner, timeout])).toEqual(['alice', 600]);
    await visit(factory, jar, (session) => session.logout());
    await visit(factory, jar, (session) => session.set('a', 1));
    await visit(factory, jar, (session) => {
      session.adjustTimeout(300);
      expect(session.get('a')).toBeUndefined();
      session.set('b', 2);
    });
    expect(await visit(factory, jar, ({ timeout }) => timeout)).toBe(300);
  });

  test('keeps a first factor that the request has begun', async () => {
    await visit(factory, jar, (session) => {
      session.beginLogin('alice');
      expect(session.get('a')).toBeUndefined();
    });
    expect(await visit(factory, jar, (session) => session.pendingLogin?.owner)).toBe('alice');
  });

  test('ends the stored session at a logout', async () => {
    const request = await Visit.open(factory, jar);
    expect(request.session.get('a')).toBeUndefined();
    request.session.logout();
    await request.end();
    expect(store.destroyed).toEqual([handle]);
    expect(jar.header).toBeUndefined();
  });

  test('does not reach the session of a login as another owner', async () => {
    await visit(factory, jar, (session) => {
      session.login('bob', { keep: ['a'] });
    });
    await visit(factory, jar, (session) => session.set('a', 1));
    await visit(factory, jar, (session) => session.login('alice', { keep: ['a'] }));
    expect(await visit(factory, jar, ({ owner }) => owner)).toBe('alice');
  });
});
