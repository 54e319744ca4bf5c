// What docs/session.md says of the session's members, and docs/parity.md of Pyramid's.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { beforeEach, describe, test } from 'vitest';
import {
  createCreationTimeAwareSessionFactory,
  createSessionFactory,
  SESSION_INVALIDATED,
  WebsaunaSession,
  type SessionFactory,
} from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { Jar, visit } from '../support/visit.ts';

type Data = Record<string, unknown>;
type Act<T> = (session: WebsaunaSession<Data>) => T | Promise<T>;

let factory: SessionFactory<Data>;
let jar: Jar;
beforeEach(() => {
  factory = createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store: new MemoryStore() });
  jar = new Jar();
});

const next = <T>(act: Act<T>): Promise<T> => visit(factory, jar, act);
const stored = (): Promise<Data> => next((session) => ({ ...session.toJSON() }));
/** How often the store was written to, by the events. */
function writes(): { saved: number } {
  const count = { saved: 0 };
  factory.on('saved', () => count.saved++);
  return count;
}

describe('the dictionary', () => {
  beforeEach(() => next((session) => void session.assign({ a: 1, b: { c: [2] } })));

  test('get and has', async () => {
    await next((session) => {
      assert.equal(session.get('a'), 1);
      assert.equal(session.get('none'), undefined);
      assert.equal(session.get('none', 'fallback'), 'fallback');
      assert.equal(session.has('a'), true);
      assert.equal(session.has('none'), false);
      assert.throws(() => session.get(''), TypeError);
    });
  });

  test('keys, values, entries, size, iteration and toJSON', async () => {
    await next((session) => {
      assert.deepEqual(session.keys(), ['a', 'b']);
      assert.deepEqual(session.values(), [1, { c: [2] }]);
      assert.deepEqual(session.entries(), [
        ['a', 1],
        ['b', { c: [2] }],
      ]);
      assert.equal(session.size, 2);
      assert.deepEqual([...session], ['a', 'b']);
      assert.equal(JSON.stringify(session), '{"a":1,"b":{"c":[2]}}');
      assert.equal(Object.getPrototypeOf(session.toJSON()), null);
    });
  });

  test('setDefault', async () => {
    await next((session) => {
      assert.equal(session.setDefault('a', 9), 1);
      assert.equal(session.setDefault('d', 9), 9);
    });
    assert.deepEqual(await stored(), { a: 1, b: { c: [2] }, d: 9 });
  });

  test('pop and popItem', async () => {
    await next((session) => {
      assert.equal(session.pop('a'), 1);
      assert.equal(session.pop('a', 'fallback'), 'fallback');
      assert.deepEqual(session.popItem(), ['b', { c: [2] }]);
      assert.equal(session.popItem(), undefined);
    });
    assert.deepEqual(await stored(), {});
  });

  test('delete, and set to undefined', async () => {
    await next((session) => {
      assert.equal(session.delete('a'), true);
      assert.equal(session.delete('none'), false);
      session.set('b', undefined);
    });
    assert.deepEqual(await stored(), {});
  });

  test('clear leaves owner, flash messages and CSRF secret', async () => {
    const token = await next((session) => {
      session.login('alice');
      session.flash('kept');
      return session.newCsrfToken();
    });
    await next((session) => session.clear());
    await next((session) => {
      assert.equal(session.size, 0);
      assert.equal(session.owner, 'alice');
      assert.deepEqual(session.popFlash(), ['kept']);
      assert.equal(session.verifyCsrfToken(token), true);
    });
  });

  test('data is live, and notices what is nested', async () => {
    await next((session) => {
      session.data['d'] = 4;
      delete session.data['a'];
      (session.data['b'] as { c: number[] }).c.push(3);
      assert.deepEqual(Object.keys(session.data), session.keys());
      assert.equal('d' in session.data, true);
      assert.equal('toString' in session.data, false);
    });
    assert.deepEqual(await stored(), { b: { c: [2, 3] }, d: 4 });
  });

  test('reading everything writes nothing; setting what is there does', async () => {
    const count = writes();
    await next((session) => session.toJSON());
    assert.equal(count.saved, 0);
    await next((session) => session.set('a', 1));
    assert.equal(count.saved, 1);
  });

  test('changed writes what was used, or one field', async () => {
    const count = writes();
    const sets: number[] = [];
    factory.on('saved', ({ set }) => sets.push(set));
    await next((session) => {
      session.get('a');
      session.changed();
    });
    await next((session) => {
      session.get('a');
      session.get('b');
      session.changed('b');
    });
    assert.equal(count.saved, 2);
    assert.deepEqual(sets, [1, 1]);
  });

  test('names that begin with @ are ordinary', async () => {
    await next((session) => session.assign({ '@': 1, '@c': 2, '@@': 3 }));
    assert.deepEqual(await stored(), { a: 1, b: { c: [2] }, '@': 1, '@c': 2, '@@': 3 });
  });

  test('shows its fields in console.log, and never the id', async () => {
    await next((session) => {
      const { id } = session;
      for (const shown of [inspect(session), inspect({ session })]) {
        assert.match(shown, /a: 1/);
        assert.ok(!shown.includes(id));
      }
    });
  });
});

describe('what it is', () => {
  test('a new session: its times are unknown, and its id is kept', async () => {
    const handle = await next((session) => {
      assert.equal(session.isNew, true);
      assert.deepEqual(
        [session.createdAt, session.lastSeenAt, session.expiresAt, session.owner],
        [null, null, null, null],
      );
      assert.equal(session.timeout, 1200);
      session.set('a', 1);
      return session.handle;
    });
    await next((session) => {
      assert.equal(session.isNew, false);
      assert.equal(session.handle, handle);
      assert.ok(session.createdAt instanceof Date && session.lastSeenAt instanceof Date);
      assert.equal(session.expiresAt!.getTime() - session.createdAt.getTime(), 2_592_000_000);
      assert.equal(session.clientAddress, null);
    });
  });

  test('isNew stays true after an early commit', async () => {
    await next(async (session) => {
      session.set('a', 1);
      await session.save();
      assert.equal(session.isNew, true);
    });
  });

  test('url is what opened it, and is not stored', async () => {
    await visit(factory, jar, (session) => session.set('a', 1), { url: '/first?x=1' });
    const url = await visit(factory, jar, (session) => session.url, { url: '/second' });
    assert.equal(url, '/second');
  });

  test('adjustTimeout lasts until the next login', async () => {
    await next((session) => {
      session.set('a', 1);
      session.adjustTimeout(60);
    });
    assert.equal(await next((session) => session.timeout), 60);
    await next((session) => session.rotate());
    assert.equal(await next((session) => session.timeout), 60);
    await next((session) => session.login('alice'));
    assert.equal(await next((session) => session.timeout), 1200);
  });
});

describe('initial data', () => {
  beforeEach(() => {
    factory = createSessionFactory<Data>({
      secret: 'a secret of more than thirty-two bytes',
      initialData: (request) => ({ locale: 'en', from: (request as { url: string }).url, list: [] }),
    });
  });

  test('can be read at once, and stores nothing by itself', async () => {
    assert.equal(await next((session) => session.get('locale')), 'en');
    assert.equal(jar.header, undefined);
  });

  test('is stored with the first write, and never again', async () => {
    await visit(factory, jar, (session) => session.set('a', 1), { url: '/first' });
    await visit(factory, jar, (session) => session.delete('locale'), { url: '/second' });
    assert.deepEqual(await stored(), { from: '/first', list: [], a: 1 });
  });

  test('counts as content when it is changed in place', async () => {
    await next((session) => void (session.get('list') as unknown[]).push(1));
    assert.deepEqual(await next((session) => session.get('list')), [1]);
  });
});

describe('login, logout and invalidation', () => {
  test('until the commit id and handle are the old ones, and the owner is the new one', async () => {
    await next((session) => session.set('a', 1));
    await next(async (session) => {
      const { id, handle } = session;
      session.login('alice', { method: 'password' });
      assert.deepEqual([session.id, session.handle], [id, handle]);
      assert.deepEqual([session.owner, session.method], ['alice', 'password']);
      await session.save();
      assert.notEqual(session.id, id);
    });
    assert.deepEqual(await stored(), { a: 1 });
  });

  test.each(['invalidate', 'logout'] as const)('after %s the session is empty, anonymous and new', async (end) => {
    await next((session) => {
      session.set('a', 1);
      session.login('alice');
    });
    await next((session) => {
      session[end]();
      assert.deepEqual([session.isNew, session.owner, session.size, session.createdAt], [true, null, 0, null]);
    });
    assert.equal(jar.header, undefined);
  });

  test('what is written after a logout begins a fresh session', async () => {
    await next((session) => session.login('alice'));
    const before = jar.header;
    await next((session) => {
      session.logout();
      session.flash('Goodbye');
    });
    assert.ok(jar.header !== undefined && jar.header !== before);
    assert.deepEqual(await next((session) => [session.owner, session.popFlash()]), [null, ['Goodbye']]);
  });

  test('update is a plain change where no other request can know of the field', async () => {
    const count = writes();
    await next(async (session) => {
      assert.equal(await session.update('n', (n) => Number(n ?? 0) + 1), 1);
      assert.equal(await session.update('n', (n) => Number(n ?? 0) + 1), 2);
      assert.equal(await session.update('gone', () => undefined), undefined);
    });
    assert.equal(count.saved, 0);
    assert.deepEqual(await stored(), { n: 2 });
  });
});

describe('a session class of the application', () => {
  class ShopSession extends WebsaunaSession<{ cart: string[] }> {
    addToCart(item: string): void {
      this.set('cart', [...this.get('cart', []), item]);
    }
  }

  test('is what requests get', async () => {
    const shop = createSessionFactory({ secret: 'a secret of more than thirty-two bytes', sessionClass: ShopSession });
    await visit(shop, jar, (session) => session.addToCart('book'));
    await visit(shop, jar, (session) => session.addToCart('pen'));
    assert.deepEqual(await visit(shop, jar, (session) => session.get('cart')), ['book', 'pen']);
  });
});

describe('the factory that Websauna calls aware of the creation time', () => {
  const secret = 'a secret of more than thirty-two bytes';

  test('ends sessions from before a change, and reports that to the client', async () => {
    let changedAt: Date | null = null;
    const aware = createCreationTimeAwareSessionFactory<Data>({ secret, invalidateBefore: () => changedAt });
    await visit(aware, jar, (session) => session.login('alice'));
    assert.equal(await visit(aware, jar, (session) => session.owner), 'alice');
    changedAt = new Date(Date.now() + 1000);
    await visit(aware, jar, (session) => assert.equal(session.owner, null));
    assert.deepEqual(await visit(aware, jar, (session) => session.popFlash()), [SESSION_INVALIDATED]);
  });

  test('demands that changes are reported to it', () => {
    assert.throws(() => createCreationTimeAwareSessionFactory({ secret } as never), /`invalidateBefore`/);
  });
});
