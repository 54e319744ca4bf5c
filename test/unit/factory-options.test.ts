import assert from 'node:assert/strict';
import { describe, expect, test, vi } from 'vitest';
import { createSessionFactory, sharedFactory, type SessionFactory, type SessionOptions } from 'websauna-session';
import { withSession } from 'websauna-session/fetch';

const OPTIONS: SessionOptions = { secret: 'nothing that a site may use, but long enough' };

describe('createSessionFactory(() => options)', () => {
  test('reads the options when the factory is first used, and once', async () => {
    const options = vi.fn<() => SessionOptions>(() => OPTIONS);
    const factory = createSessionFactory(options);
    const created = vi.fn<() => void>();
    factory.on('created', created);
    expect(options).not.toHaveBeenCalled();
    const handler = withSession(factory, (_request, session) => {
      session.set('a', 1);
      return new Response();
    });
    for (let visit = 0; visit < 2; visit++) await handler(new Request('https://shop.example/'));
    expect(options).toHaveBeenCalledTimes(1);
    expect(created).toHaveBeenCalledTimes(2);
  });

  test('adapters take such a function, too', async () => {
    const options = vi.fn<() => SessionOptions>(() => OPTIONS);
    const handler = withSession(options, (_request, session) => Response.json(session.isNew));
    assert.equal(await (await handler(new Request('https://shop.example/'))).json(), true);
    expect(options).toHaveBeenCalledTimes(1);
  });

  test('wrong options are refused at each use until they are right', () => {
    let secret = '';
    const factory = createSessionFactory(() => ({ secret }));
    for (let use = 0; use < 2; use++) expect(() => factory.policy).toThrow(/`secret`/);
    ({ secret } = OPTIONS as { secret: string });
    expect(factory.policy.timeout).toBe(1200);
  });

  test('refuses a function that does not return options', () => {
    const factory = createSessionFactory((async () => OPTIONS) as unknown as () => SessionOptions);
    expect(() => factory.owners).toThrow(TypeError);
  });

  test('can be closed without having been used', async () => {
    const options = vi.fn<() => SessionOptions>(() => OPTIONS);
    await createSessionFactory(options).close();
    expect(options).not.toHaveBeenCalled();
  });
});

describe('factory.on()', () => {
  test.each([
    ['an event that there is not', 'created ', () => {}, /one of created, loaded, .*got "created "/],
    ['a listener that is no function', 'created', {}, /Expected `listener` to be a function of the event/],
  ])('refuses %s', (_what, name, listener, message) => {
    const on = createSessionFactory(OPTIONS).on as (name: unknown, listener: unknown) => unknown;
    expect(() => Reflect.apply(on, createSessionFactory(OPTIONS), [name, listener])).toThrow(message);
  });
});

describe('sharedFactory()', () => {
  test('makes one factory of each name', () => {
    const make = vi.fn<() => SessionFactory>(() => createSessionFactory(OPTIONS));
    const first = sharedFactory('one of its name', make);
    expect(sharedFactory('one of its name', make)).toBe(first);
    expect(make).toHaveBeenCalledTimes(1);
    expect(sharedFactory('another', make)).not.toBe(first);
  });

  test('tries again after a failure', () => {
    const fail = (): never => createSessionFactory({ secret: '' }) as never;
    expect(() => sharedFactory('failed', fail)).toThrow(TypeError);
    const factory = createSessionFactory(OPTIONS);
    expect(sharedFactory('failed', () => factory)).toBe(factory);
  });

  test('is shared by copies of the package', async () => {
    const factory = sharedFactory('copied', () => createSessionFactory(OPTIONS));
    vi.resetModules();
    const copy = await import('websauna-session');
    expect(copy.sharedFactory).not.toBe(sharedFactory);
    expect(copy.sharedFactory('copied', () => copy.createSessionFactory(OPTIONS))).toBe(factory);
  });

  test.each([
    [1, () => createSessionFactory(OPTIONS), /Expected `name` to be a string, got 1/],
    ['app', createSessionFactory(OPTIONS), /Expected `make` to be a function that returns a factory/],
  ])('refuses %s and %s', (name, make, message) => {
    expect(() => sharedFactory(name as string, make as () => never)).toThrow(message);
  });
});
