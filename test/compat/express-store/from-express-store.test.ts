import assert from 'node:assert/strict';
import session from 'express-session';
import { describe, test, vi } from 'vitest';
import { createSessionFactory, type SessionFactory } from 'websauna-session';
import { fromExpressStore } from 'websauna-session/express-store';
import { Jar, visit } from '../../support/visit.ts';

const secret = 'a secret of more than thirty-two bytes';
const open = (store: session.Store): SessionFactory => createSessionFactory({ secret, store: fromExpressStore(store) });

describe('fromExpressStore', () => {
  test('keeps the sessions of a factory, by names that open nothing', async () => {
    const store = new session.MemoryStore();
    const factory = open(store);
    const jar = new Jar();
    await visit(factory, jar, (each) => each.set('cart', ['book']));
    assert.deepEqual(await visit(factory, jar, (each) => each.get('cart')), ['book']);
    const all = await new Promise<object>((resolve) => store.all((_error, found) => resolve(found!)));
    const cookie = jar.cookies.get('session')!;
    assert.deepEqual(
      Object.keys(all).filter((sid) => cookie.includes(sid)),
      [],
    );
    await visit(factory, jar, (each) => each.logout());
    assert.equal(await visit(factory, jar, (each) => each.get('cart')), undefined);
  });

  test('C2, C3: merges what parallel requests of one process write', async () => {
    const factory = open(new session.MemoryStore());
    const jar = new Jar();
    await visit(factory, jar, (each) => each.set('n', 0));
    const write = (i: number) =>
      visit(factory, new Jar(jar), async (each) => {
        each.set(`f${i}`, i);
        await each.update('n', (n) => Number(n) + 1);
      });
    await Promise.all(Array.from({ length: 40 }, (_, i) => write(i)));
    assert.deepEqual(await visit(factory, jar, (each) => [each.size, each.get('n')]), [41, 40]);
  });

  test('keeps values that are bytes', async () => {
    const store = new session.MemoryStore();
    const serializer = {
      serialize: (value: unknown) => new TextEncoder().encode(JSON.stringify(value)),
      deserialize: (stored: string | Uint8Array) => JSON.parse(Buffer.from(stored as Uint8Array).toString()) as unknown,
    };
    const factory = createSessionFactory({ secret, serializer, store: fromExpressStore(store) });
    const jar = new Jar();
    await visit(factory, jar, (each) => each.set('name', 'Ada \u{1F642}'));
    assert.equal(await visit(factory, jar, (each) => each.get('name')), 'Ada \u{1F642}');
  });

  test.each([{}, { meta: 1, fields: {} }, { meta: {}, fields: null }])(
    'takes %j in the store for no session',
    async (other) => {
      const store = new session.MemoryStore();
      const factory = open(store);
      const jar = new Jar();
      await visit(factory, jar, (each) => each.set('a', 1));
      const all = await new Promise<object>((resolve) => store.all((_error, found) => resolve(found!)));
      for (const name of Object.keys(all)) store.set(name, { cookie: {}, ...other } as never);
      assert.equal(await visit(factory, jar, (each) => each.get('a')), undefined);
    },
  );

  test('has no owners to list, and says so', async () => {
    const factory = open(new session.MemoryStore());
    await assert.rejects(factory.owners.list('ada'), { code: 'ERR_SESSION_UNSUPPORTED' });
  });

  test.each([
    [null, /Expected `store` to be a store for express-session, got null/],
    [{}, /Expected `store.get` to be a method, got undefined/],
    [{ get() {}, set() {}, destroy: 1 }, /Expected `store.destroy` to be a method, got 1/],
  ])('refuses %j', (store, message) => {
    assert.throws(() => fromExpressStore(store as never), message);
  });

  test.each<[unknown, RegExp]>([
    [
      { ttl: 60 },
      /got `options.ttl`. Pass it to the store itself. The factory's `timeout` says how long sessions live/,
    ],
    [{ prefix: 'a:' }, /got `options.prefix`. Pass it to the store itself/],
    [{ secret: 's' }, /got `options.secret`. Known are now/],
    [{ Now: () => 1 }, /Did you mean `options.now`\?/],
    [{ now: 5 }, /Expected `options.now` to be a function that returns milliseconds, got 5/],
    [session, /Expected `options` to be an object, got a function/],
    ['a:', /Expected `options` to be an object, got a string/],
    [null, /Expected `options` to be an object, got null/],
  ])('refuses %j as options, which it would otherwise ignore', (options, message) => {
    assert.throws(() => fromExpressStore(new session.MemoryStore(), options as never), { name: 'TypeError', message });
  });

  test('warns once of what such a store cannot promise', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    vi.resetModules();
    const { fromExpressStore: fresh } = await import('websauna-session/express-store');
    fresh(new session.MemoryStore());
    fresh(new session.MemoryStore());
    assert.equal(warn.mock.calls.length, 1);
    assert.match(String(warn.mock.calls[0]![0]), /with several processes, concurrent requests overwrite each other/);
    warn.mockRestore();
  });
});
