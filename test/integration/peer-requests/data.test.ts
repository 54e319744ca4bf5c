// What users of other libraries have asked of the data of sessions and of their transport: docs/comparison.md lists it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { rich } from 'websauna-session/rich';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { addLogin, Clock, HOUR, make, SECRET, serve, Visitor } from './site.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  await server.stop();
});

// https://github.com/expressjs/session/pull/79
// https://github.com/expressjs/session/issues/161
// https://github.com/expressjs/session/issues/543
test('a client without cookies has its session by a header, next to browsers that have theirs by the cookie', async () => {
  const factory = make(new Clock(), { transport: 'both' });
  await serve(factory, addLogin, async (origin) => {
    const client = new Visitor(origin);
    let token = '';
    const call = async (path: string): Promise<string> => {
      const { headers, cookies, text } = await client.visit(path, {
        headers: { authorization: `Bearer ${token}`.trim() },
      });
      expect(cookies).toEqual([]);
      token = headers['x-session-token'] ?? token;
      return text;
    };
    expect(await call('/me')).toBe('nobody');
    await call('/login/ada');
    const loggedIn = token;
    expect([await call('/me'), token]).toEqual(['ada', loggedIn]);
    const browser = new Visitor(origin);
    expect((await browser.visit('/login/eve')).headers['x-session-token']).toBeUndefined();
    expect([await browser.read('/me'), await call('/me')]).toEqual(['eve', 'ada']);
    await call('/logout');
    expect(token).toBe('');
    token = loggedIn;
    expect([await call('/me'), await browser.read('/me')]).toEqual(['nobody', 'eve']);
  });
});

// https://github.com/laravel/ideas/issues/1245
test('neither the address nor the user agent of a client is stored where they are off', async () => {
  await server.cli('FLUSHALL');
  const redis = { url: server.url, socketTimeout: 20 };
  const factory = createSessionFactory({ secret: SECRET, redis, clientAddress: 'off', userAgent: 'off' });
  const byDefault = createSessionFactory({ secret: SECRET, redis });
  const headers = { 'user-agent': 'Netscape/4.0', 'x-forwarded-for': '203.0.113.77' };
  const stored = async (): Promise<string> => {
    const records = (await server.cli('KEYS', 'session:{*}:*')) as string[];
    const fields = records.filter((name) => !name.endsWith(':owner')).map((name) => server.cli('HGETALL', name));
    return JSON.stringify(await Promise.all(fields));
  };
  for (const [each, isKept] of [
    [factory, false],
    [byDefault, true],
  ] as const) {
    await serve(each, addLogin, async (origin) => {
      expect((await new Visitor(origin).visit('/login/ada', { headers })).status).toBe(200);
    });
    expect(await stored()).toContain('ada');
    for (const detail of ['Netscape', '203.0.113']) expect((await stored()).includes(detail)).toBe(isKept);
  }
  expect((await factory.owners.list('ada')).map(({ clientAddress, userAgent }) => [clientAddress, userAgent])).toEqual([
    [null, null],
    ['203.0.113.77', 'Netscape/4.0'],
  ]);
  for (const each of [factory, byDefault]) await each.close();
});

// https://github.com/vvo/iron-session/issues/951
test('a `Date` that JSON would change is refused where it is set, with its path, and kept by `rich()`', async () => {
  const clock = new Clock();
  const addDates: Parameters<typeof serve>[1] = (app) => {
    app.get('/set', (req, res) => {
      req.session.set('user', { devices: [{ lastSeen: new Date(0) }] });
      res.end();
    });
    app.get('/kind', (req, res) => {
      const { devices } = req.session.get('user') as { devices: { lastSeen: unknown }[] };
      res.send(devices[0]!.lastSeen instanceof Date ? 'a Date' : typeof devices[0]!.lastSeen);
    });
  };
  await serve(make(clock), addDates, async (origin) => {
    const { status, text } = await new Visitor(origin).visit('/set');
    expect(status).toBe(500);
    expect(text).toMatch(/ERR_SESSION_SERIALIZE: .*`user\.devices\[0\]\.lastSeen` is a Date.*toISOString\(\)/);
  });
  await serve(make(clock, { serializer: rich() }), addDates, async (origin) => {
    const visitor = new Visitor(origin);
    await visitor.visit('/set');
    expect(await visitor.read('/kind')).toBe('a Date');
  });
});

// https://github.com/magento/magento2/issues/33748
test('a session that would grow too large is an error that names the fields, and goes on as it was', async () => {
  const factory = make(new Clock(), { maxSize: 10_000 });
  await serve(
    factory,
    (app) => {
      addLogin(app);
      app.get('/grow/:bytes', (req, res) => {
        req.session.set('results', 'x'.repeat(Number(req.params.bytes))).set('page', 1);
        res.end();
      });
    },
    async (origin) => {
      const visitor = new Visitor(origin);
      await visitor.visit('/login/ada');
      await visitor.visit('/grow/100');
      const { status, text } = await visitor.visit('/grow/20000');
      expect(status).toBe(500);
      expect(text).toMatch(/ERR_SESSION_TOO_LARGE: .*`maxSize` allows 10000.*`results` \(20\d\d\d\)/);
      expect(await visitor.read('/me')).toBe('ada');
      expect(JSON.parse(await visitor.read('/fields'))).toEqual({ results: 'x'.repeat(100), page: 1 });
      expect((await visitor.visit('/grow/9000')).status).toBe(200);
    },
  );
});

// https://github.com/remix-run/remix/blob/main/packages/session/README.md
test('a client that never got the response with its new id goes on with the old one, until the new one is used', async () => {
  const clock = new Clock();
  await serve(
    make(clock, { timeout: HOUR, rotationGrace: 10 }),
    (app) => {
      addLogin(app);
      app.get('/rotate', (req, res) => {
        req.session.rotate();
        res.end();
      });
    },
    async (origin) => {
      const visitor = new Visitor(origin, clock);
      await visitor.visit('/login/ada');
      const old = new Map(visitor.cookies);
      await visitor.visit('/rotate');
      const withOldId = (): Visitor => {
        const again = new Visitor(origin, clock);
        for (const [key, cookie] of old) again.cookies.set(key, cookie);
        return again;
      };
      // The train was in a tunnel for a quarter of an hour.
      clock.pass(900);
      const lost = withOldId();
      expect(await lost.read('/me')).toBe('ada');
      expect(lost.cookies.get('session')!.value).toBe(visitor.cookies.get('session')!.value);
      expect(await lost.read('/me')).toBe('ada');
      expect(await withOldId().read('/me')).toBe('nobody');
    },
  );
});
