// With `secure: true` no session cookie leaves over plain HTTP, and none is accepted there (NIST SP 800-63B-4 5.1).
import { beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { Jar, Visit, visit, type VisitOptions } from '../support/visit.ts';

type Data = Record<string, unknown>;
type Factory = SessionFactory<Data>;

const HOST = { host: 'example.com' };
const HTTPS: VisitOptions = { secure: true, headers: HOST };
const HTTP: VisitOptions = { secure: false, headers: HOST };
const UNTRUSTED: VisitOptions = { secure: false, headers: { ...HOST, 'x-forwarded-proto': 'https' } };

let factory: Factory;
let store: MemoryStore;
let emitted: string[];
beforeEach(() => {
  store = new MemoryStore();
  factory = make({ cookie: { secure: true } });
});

function make(options: Partial<SessionOptions<Data>>): Factory {
  const made = createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store, ...options });
  emitted = [];
  for (const name of ['created', 'rejected', 'discarded', 'cookieSuppressed', 'cookieWarning', 'loaded'] as const) {
    made.on(name, (event) => void emitted.push([name, 'reason' in event ? event.reason : ''].join(' ').trim()));
  }
  return made;
}

describe.each([
  ['plain HTTP', HTTP, 'secure-over-http', 'HTTPS'],
  ['HTTPS up to an untrusted proxy', UNTRUSTED, 'untrusted-proxy', '`trustProxy`'],
])('over %s', (_, options, reason, advice) => {
  test('a new session gets no cookie, is not stored, and events say why', async () => {
    const request = await Visit.open(factory, new Jar(), options);
    request.session.set('a', 1);
    expect((await request.end()).cookies).toEqual([]);
    expect(store.size).toBe(0);
    expect(emitted).toEqual([`cookieWarning ${reason}`, 'cookieSuppressed insecure', 'discarded insecure']);
  });

  test('a cookie is not read, and stays as it is', async () => {
    const jar = new Jar();
    await visit(factory, jar, (session) => session.set('a', 1), HTTPS);
    const before = jar.header;
    emitted = [];
    const request = await Visit.open(factory, jar, options);
    expect([request.session.isNew, request.session.get('a')]).toEqual([true, undefined]);
    expect((await request.end()).cookies).toEqual([]);
    expect(jar.header).toBe(before);
    expect(emitted).toEqual(['rejected insecure', `cookieWarning ${reason}`]);
    expect(await visit(factory, jar, (session) => session.get('a'), HTTPS)).toBe(1);
  });

  test.each(['login', 'beginLogin'] as const)(
    '%s fails at the commit and at save(), and says what to do',
    async (act) => {
      const request = await Visit.open(factory, new Jar(), options);
      request.session[act]('alice');
      if (act === 'beginLogin') request.session.set('a', 1);
      const refusal = {
        code: 'ERR_SESSION_COOKIE_WITHHELD',
        message: expect.stringContaining(advice) as string,
      };
      await expect(request.session.save()).rejects.toMatchObject(refusal);
      await expect((async () => await request.end())()).rejects.toMatchObject(refusal);
      expect([request.head.cookies, store.size, emitted]).toEqual([[], 0, [`cookieWarning ${reason}`]]);
      expect(await factory.owners.list('alice')).toEqual([]);
    },
  );

  test('save() of a new session fails, since nothing would be stored', async () => {
    const request = await Visit.open(factory, new Jar(), options);
    request.session.set('a', 1);
    await expect(request.session.save()).rejects.toMatchObject({ code: 'ERR_SESSION_COOKIE_WITHHELD' });
  });

  test('`load: lazy` reads no cookie either', async () => {
    const jar = new Jar();
    await visit(factory, jar, (session) => session.set('a', 1), HTTPS);
    factory = make({ cookie: { secure: true }, load: 'lazy' });
    const request = await Visit.open(factory, jar, options);
    await request.session.load();
    expect(request.session.get('a')).toBeUndefined();
    expect(emitted).toEqual(['rejected insecure', `cookieWarning ${reason}`]);
  });
});

describe('where the cookie may travel', () => {
  test('over HTTPS, and to this machine, which browsers treat alike', async () => {
    for (const options of [HTTPS, ...['localhost:3000', '127.0.0.1', '[::1]:80', 'app.localhost'].map(localVisit)]) {
      const jar = new Jar();
      await visit(factory, jar, (session) => session.set('a', 1), options);
      expect(jar.header).toMatch(/^__Host-session=/);
      expect(await visit(factory, jar, (session) => session.get('a'), options)).toBe(1);
    }
    expect(emitted.filter((event) => !/created|loaded/.test(event))).toEqual([]);
  });

  test("with secure: 'auto' and false over plain HTTP, too", async () => {
    for (const secure of ['auto', false] as const) {
      factory = make({ cookie: { secure } });
      const jar = new Jar();
      await visit(factory, jar, (session) => session.set('a', 1), HTTP);
      expect(await visit(factory, jar, (session) => session.get('a'), HTTP)).toBe(1);
    }
  });

  test('a name with a prefix implies `secure: true`', async () => {
    factory = make({ cookie: { name: '__Secure-sid' } });
    const jar = new Jar();
    await visit(factory, jar, (session) => session.set('a', 1), HTTP);
    expect(jar.header).toBeUndefined();
  });
});

function localVisit(host: string): VisitOptions {
  return { secure: false, headers: { host } };
}
