// What a session object does with what other session libraries have taught.
import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createSessionFactory, WebsaunaSession, type SessionFactory } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { Jar, visit } from '../support/visit.ts';

type Data = Record<string, unknown>;
type Loose = Record<string, unknown>;

const require = createRequire(import.meta.url);
const connectFlash = require('./fixtures/connect-flash.cjs') as (this: object, ...args: string[]) => unknown;
const assignSloppy = require('./fixtures/assign-sloppy.cjs') as (object: object, name: string, value: unknown) => void;
const assignStrict = (object: Loose, name: string, value: unknown): void => {
  object[name] = value;
};

const SECRET = 'a secret of more than thirty-two bytes';
let factory: SessionFactory<Data>;
beforeEach(() => {
  factory = createSessionFactory<Data>({ secret: SECRET, store: new MemoryStore() });
});

/** Calls back with a session, and returns the message of the TypeError that the callback throws; `''` for none. */
async function complaint(act: (session: Loose) => unknown, of: SessionFactory<Data> = factory): Promise<string> {
  return await visit(of, new Jar(), async (session) => {
    try {
      await act(session as unknown as Loose);
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError);
      return (error as Error).message;
    }
    return '';
  });
}

const members = [WebsaunaSession.prototype, Object.getPrototypeOf(WebsaunaSession.prototype) as object].flatMap(
  (prototype) => Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor'),
);

describe.each([
  ['strict', assignStrict],
  ['sloppy', assignSloppy],
])('an assignment to the session in %s mode', (_, assign) => {
  test('of a new name throws, and names `set` and `data`', async () => {
    const message = await complaint((session) => assign(session, 'views', 1));
    expect(message).toContain("`session.set('views', ...)`");
    expect(message).toContain('`session.data.views = ...`');
    expect(await complaint((session) => assign(session, 'last seen', 1))).toContain(
      "`session.data['last seen'] = ...`",
    );
    expect(await complaint((session) => assign(session, '__proto__', {}))).toContain('__proto__');
  });

  test('of a member throws and changes nothing', async () => {
    for (const name of members) {
      const message = await complaint((session) => assign(session, name, {}));
      expect(message).toContain(`\`session.set('${name}', ...)\``);
      expect(message).toContain(`\`session.data.${name} = ...\``);
      expect(message).toContain(`\`session.${name}\``);
      expect(message).not.toContain('undefined');
    }
  });
});

describe('connect-flash', () => {
  test('cannot hang the messages of one visitor on what all sessions share', async () => {
    const show = (session: object, ...args: string[]): unknown => connectFlash.call({ session }, ...args);
    const alice = await complaint((session) => show(session, 'info', 'the code of alice is 4711'));
    expect(alice).toContain('connect-flash');
    expect(alice).toContain('`session.flash(message, queue)`');
    const seen: unknown[] = [];
    await complaint((session) => seen.push(show(session, 'info')));
    expect(seen).toEqual([]);
    expect(inspect(WebsaunaSession.prototype.flash, { showHidden: true })).not.toContain('4711');
  });

  test('nothing can be hung on a method', async () => {
    for (const name of ['flash', 'get', 'set', 'login', 'save'] as const) {
      expect([name, Object.isFrozen(WebsaunaSession.prototype[name])]).toEqual([name, true]);
    }
  });
});

describe('a session class of the application', () => {
  class Shop extends WebsaunaSession<Data> {
    readonly #started = Date.now();
    declared = 'field';
    counter = 0;
    assigned: string;
    override get(key: string, fallback?: unknown): never {
      return (super.get(key, fallback) ?? 'from the subclass') as never;
    }
    constructor(state: ConstructorParameters<typeof WebsaunaSession>[0]) {
      super(state);
      // As TypeScript and Babel compile class fields for older targets.
      this.assigned = 'in the constructor';
      (this as unknown as Loose)['save'] = () => 'of its own';
    }
    count(): number {
      return ++this.counter;
    }
    get age(): number {
      return Date.now() - this.#started;
    }
  }

  test('has fields of its own, and can change them later', async () => {
    const shop = createSessionFactory<Data, Shop>({ secret: SECRET, sessionClass: Shop });
    await visit(shop, new Jar(), (session) => {
      expect([session.declared, session.assigned, session.count(), session.count()]).toEqual([
        'field',
        'in the constructor',
        1,
        2,
      ]);
      expect(session.age).toBeGreaterThanOrEqual(0);
      // As without the guard: ordinary fields.
      expect(Object.getOwnPropertyDescriptor(session, 'save')).toMatchObject({
        writable: true,
        enumerable: true,
        configurable: true,
      });
      expect(session.get('none')).toBe('from the subclass');
      expect(session.save()).toBe('of its own');
    });
  });

  test('refuses other names after the constructor', async () => {
    const shop = createSessionFactory<Data, Shop>({ secret: SECRET, sessionClass: Shop });
    const assign = (session: Loose): void => assignSloppy(session, 'views', 1);
    expect(await complaint(assign, shop as unknown as SessionFactory<Data>)).toContain("`session.set('views', ...)`");
  });
});

describe('tools', () => {
  test('may replace a member by a definition, and mark a session with a symbol', async () => {
    const mark = Symbol('seen');
    await visit(factory, new Jar(), (session) => {
      Object.defineProperty(session, 'save', { value: () => 'replaced' });
      expect(session.save()).toBe('replaced');
      Object.assign(session, { [mark]: true });
      expect((session as unknown as Record<symbol, unknown>)[mark]).toBe(true);
      const spy = vi.spyOn(session, 'rotate').mockImplementation(() => {});
      session.rotate();
      expect(spy).toHaveBeenCalledOnce();
    });
  });

  test('look at a session without harm', async () => {
    await visit(factory, new Jar(), (session) => {
      session.set('a', 1);
      expect(inspect(session)).toMatch(/a: 1/);
      expect(inspect(session, { customInspect: false, getters: true, showHidden: true, depth: 5 })).toBeTypeOf(
        'string',
      );
      expect(Object.keys(session)).toEqual([]);
      expect(JSON.stringify(session)).toBe('{"a":1}');
      expect(structuredClone(session)).toEqual({});
      expect(Object.assign({}, session)).toEqual({});
      const names: string[] = [];
      for (const name in session) names.push(name);
      expect(names).toEqual([]);
      expect(session instanceof WebsaunaSession && session instanceof Object).toBe(true);
      expect(Object.prototype.toString.call(session)).toBe('[object Object]');
      expect('get' in session && !('nothing' in session)).toBe(true);
      expect((session as unknown as Loose)['nothing']).toBeUndefined();
    });
  });
});

describe('names of other session libraries', () => {
  test.each([
    ['destroy', ['`session.logout()`', '`session.invalidate()`']],
    ['regenerate', ['`session.login(owner)`', '`session.rotate()`']],
    ['touch', ['by itself']],
    ['resetMaxAge', ['by itself']],
    ['commit', ['`await session.save()`']],
    ['manuallyCommit', ['`await session.save()`']],
    ['reset', ['`session.logout()`', '`session.clear()`']],
    ['setDuration', ['`session.adjustTimeout(seconds)`']],
    ['updateConfig', ['`session.adjustTimeout(seconds)`']],
    ['unset', ['`session.delete(key)`']],
  ])('`%s()` is a method that says what to call instead', async (name, advice) => {
    const message = await complaint((session) => (session[name] as () => void)());
    expect(message).toContain(`session.${name}`);
    for (const each of advice) expect(message).toContain(each);
  });

  test.each([
    ['cookie', ['`cookie` option', '`session.adjustTimeout(seconds)`']],
    ['maxAge', ['`timeout`', '`session.adjustTimeout(seconds)`']],
    ['isPopulated', ['`session.size > 0`']],
    ['populated', ['`session.size > 0`']],
    ['isChanged', ['need not ask']],
    ['encryptedSessionId', ['`session.handle`']],
    ['sessionID', ['`session.id`', '`session.handle`']],
    ['sessionId', ['`session.id`', '`session.handle`']],
  ])('reading or assigning `%s` says what to use instead', async (name, advice) => {
    const message = await complaint((session) => session[name]);
    expect(message).toContain(`session.${name}`);
    for (const each of advice) expect(message).toContain(each);
    const onAssignment = await complaint((session) => assignSloppy(session, name, 1));
    for (const each of advice) expect(onAssignment).toContain(each);
    expect(await complaint((session) => name in session)).toBe('');
  });

  test.each(['save', 'load', 'reload'])('`%s` refuses a callback at once, which it would never call', async (name) => {
    const message = await complaint((session) => {
      void (session[name] as (callback: () => void) => unknown)(() => {});
    });
    expect(message).toContain('callback');
    expect(message).toContain(`\`await session.${name}()\``);
    expect(await complaint((session) => (session[name] as (given: object) => unknown)({}))).toContain('no arguments');
    expect(await complaint((session) => (session[name] as (given: undefined) => unknown)(undefined))).toBe('');
  });
});
