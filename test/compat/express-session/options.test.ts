import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { MemoryStore } from 'websauna-session/memory';
import session, { handleOf } from 'websauna-session/express-session';

describe('session()', () => {
  const redis = { url: 'redis://127.0.0.1:1' };
  test.each([
    [{ secret: [] }, /Expected `secret` to be a secret option array that is not empty, got an empty array/],
    [{ secret: 1 }, /Expected `secret` to be a string or bytes, got 1/],
    [{ secret: ['a', ''] }, /Expected `secret\[1\]` to be a string or bytes, got an empty string/],
    [{ name: '' }, /Expected `name` to be a cookie name, got an empty string/],
    [{ name: 'a b' }, /Expected `cookie.name` to be a cookie name/],
    [{ key: 1 }, /Expected `key` to be a cookie name, got 1/],
    [{ resave: 'yes' }, /Expected `resave` to be true or false, got a string/],
    [{ saveUninitialized: 1 }, /Expected `saveUninitialized` to be true or false, got 1/],
    [{ rolling: 1 }, /Expected `rolling` to be true or false, got 1/],
    [{ proxy: 1 }, /Expected `proxy` to be true or false, got 1/],
    [{ unset: 'remove' }, /Expected `unset` to be what must happen .*'destroy' or 'keep', got a string/],
    [{ genid: 'uuid' }, /Expected `genid` to be a function of the request, which must return an id, got a string/],
    [{ ttl: 0 }, /Expected `ttl` to be an integer of seconds, between 1 and/],
    [{ ttl: 86_400_000 }, /Is it in seconds, not milliseconds\?/],
    [{ owner: 'user' }, /Expected `owner` to be a function of the session that returns a user id, got a string/],
    [{ cookie: 1 }, /Expected `cookie` to be an object, or a function that returns one, got 1/],
    [{ cookie: { maxAge: '1d' } }, /Expected `cookie.maxAge` to be a number of milliseconds/],
    [{ cookie: { sameSite: 'laxx' } }, /Expected `cookie.sameSite`.*Did you mean 'lax'\?/],
    [{ cookie: { secure: 'yes' } }, /Expected `cookie.secure` to be true or false, got a string/],
    [{ cookie: { httpOnly: 1 } }, /Expected `cookie.httpOnly` to be true or false, got 1/],
    [{ cookie: { partitioned: 1 } }, /Expected `cookie.partitioned` to be true or false, got 1/],
    [{ cookie: { priority: 'urgent' } }, /Expected `cookie.priority` to be 'low', 'medium' or 'high', got a string/],
    [{ cookie: { path: 'here' } }, /Expected `cookie.path` to be a path that begins with `\/`/],
    [{ cookie: { domain: 'a b' } }, /Expected `cookie.domain` to be a domain/],
    [{ store: 1 }, /Expected `store` to be a session store, got 1/],
    [{ store: {} }, /Expected `store.get` to be a method, got undefined/],
    [{ store: { get() {}, set() {} } }, /Expected `store.destroy` to be a method, got undefined/],
    [{ store: new MemoryStore(), redis }, /Expected one of `store` and `redis`, got both/],
    [
      { store: new session.MemoryStore(), owner: () => 'ada' },
      /Expected `owner` to be absent, because a store of express-session/,
    ],
    [{ redis: { prot: 1 } }, /Did you mean `redis.port`\?/],
    [{ saveUninitialised: false }, /Did you mean `saveUninitialized`\?/],
    [null, /Expected `options` to be an object, got null/],
  ])('refuses %j', (options, message) => {
    const given = options === null ? null : { secret: 'keyboard cat', ...options };
    assert.throws(
      () => session(given as never),
      (error) => error instanceof TypeError && message.test(error.message),
    );
  });

  test('takes every option of express-session', () => {
    const middleware = session({
      secret: ['new', Buffer.from('old')],
      name: 'sid',
      resave: true,
      saveUninitialized: false,
      rolling: true,
      unset: 'keep',
      proxy: true,
      genid: () => 'a'.repeat(32),
      cookie: { maxAge: 1000, sameSite: 'auto', secure: 'auto', partitioned: true, priority: 'high', signed: true },
    });
    assert.equal(middleware.length, 3);
  });

  test('has a factory, but not before its secret is known', () => {
    assert.equal(session({ secret: 'a' }).factory.policy.timeout, 86_400);
    assert.equal(session({ secret: 'a', cookie: { maxAge: 60_000 } }).factory.policy.timeout, 60);
    assert.equal(session({ secret: 'a', cookie: { maxAge: null } as never }).factory.policy.timeout, 86_400);
    const inAMinute = new Date(Date.now() + 60_000);
    assert.equal(session({ secret: 'a', cookie: { maxAge: inAMinute } as never }).factory.policy.timeout, 60);
    assert.throws(() => session().factory, /secret option is required/);
  });
});

describe('createStore()', () => {
  test.each([
    [null, /Expected `options` to be an object, got null/],
    [{ ttl: -1 }, /Expected `ttl` to be an integer of seconds/],
    [{ store: {} }, /Expected `store` to be a store of this library, got an object/],
    [{ store: new MemoryStore(), redis: {} }, /Expected `store` to be absent where `redis` is given/],
    [{ url: '' }, /Expected `options` to have known properties only, got `options.url`/],
  ])('refuses %j', (options, message) => {
    assert.throws(() => session.createStore(options as never), message);
  });
});

test('handleOf() refuses a request that the middleware has not seen', () => {
  assert.throws(() => handleOf({}), /Expected `req` to be a request that has a session, got an object/);
});

describe('Methods of a session', () => {
  test('refuse callbacks that are none', () => {
    const lone = new (session.Session as unknown as new (req: object) => { save(callback: unknown): void })({});
    assert.throws(() => lone.save('later'), /Expected `callback` to be a function, got a string/);
  });
});
