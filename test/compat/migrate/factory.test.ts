import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import fastifyCookie from '@fastify/cookie';
import originalFastifySession from '@fastify/session';
import { RedisStore } from 'connect-redis';
import express from 'express';
import fastify, { type FastifyInstance } from 'fastify';
import { beforeEach, describe, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { sessions } from 'websauna-session/express';
import { sessions as fastifySessions } from 'websauna-session/fastify';
import { connectRedis, fastifySession, type ConnectRedisOptions } from 'websauna-session/migrate';
import { rich } from 'websauna-session/rich';
import { Browser } from '../express-session/site.ts';
import { Deployment, during, SECRET, start, useRedis, type Site } from './sites.ts';

const OLD_SECRET = 'an old secret that is as long as it has to be';
const NEW_SECRET = 'a new secret that is as long as it has to be';

interface Data {
  user?: string;
  passport?: { user?: string };
  [field: `f${number}`]: number;
}

const redis = useRedis();
let all: Deployment;
beforeEach(() => {
  all = new Deployment(redis.client);
});

/** In this program, `req.session` has the types of express-session. */
function of(req: { session: unknown }): WebsaunaSession<Data> {
  return req.session as WebsaunaSession<Data>;
}

interface FactorySite extends Site {
  readonly factory: SessionFactory<Data>;
}

/** A server of a factory. */
async function site(
  options: Partial<SessionOptions<Data>> = {},
  migration: Partial<ConnectRedisOptions> = {},
): Promise<FactorySite> {
  const factory = createSessionFactory<Data>({
    secret: NEW_SECRET,
    redis: { client: redis.client, prefix: all.prefix },
    migrateFrom: connectRedis({
      client: redis.client,
      prefix: all.oldPrefix,
      secret: SECRET,
      phase: 'convert',
      ...migration,
    }),
    ...options,
  });
  const app = express();
  app.use(sessions(factory));
  app.get('/write/:n', (req, res) => {
    const session = of(req);
    const user = session.get('passport')?.user ?? 'nobody';
    if (user !== 'nobody') session.set(`f${Number(req.params.n)}`, 1);
    res.send(`${user} ${session.owner ?? '-'}`);
  });
  app.get('/read', (req, res) => res.json(of(req).toJSON()));
  app.get('/cached', (req, res) => {
    res.set('cache-control', 'public, max-age=60').json(of(req).toJSON());
  });
  app.get('/logout', (req, res) => {
    of(req).logout();
    res.send('bye');
  });
  app.get('/rotate', (req, res) => {
    of(req).rotate();
    res.end();
  });
  const http = createServer(app).listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    factory,
    port: (http.address() as AddressInfo).port,
    async close() {
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
}

async function login(options = {}): Promise<Browser['cookies']> {
  let cookies!: Browser['cookies'];
  await during({ old: all.old(options) }, async ({ old }) => {
    const browser = new Browser(old.port);
    await browser.visit('/login/ada');
    await browser.visit('/write/1');
    ({ cookies } = browser);
  });
  return cookies;
}

const owner = ({ passport }: { passport?: { user?: string } }): string | undefined => passport?.user;

describe('A factory that goes on with sessions of express-session', () => {
  test('converts a session whose cookie comes, and gives it a cookie of its own', async () => {
    const cookies = await login();
    await during({ fresh: site() }, async ({ fresh }) => {
      const browser = new Browser(fresh.port, cookies);
      assert.equal(await browser.text('/write/2'), 'ada -');
      assert.deepEqual([...browser.cookies.keys()], ['connect.sid', 'session']);
      assert.equal((await all.oldSessions()).size, 0);
      // Either of the cookies is enough.
      for (const name of browser.cookies.keys()) {
        const one = new Browser(fresh.port, new Map([[name, browser.cookies.get(name)!]]));
        assert.deepEqual(JSON.parse(await one.text('/read')), { passport: { user: 'ada' }, f1: 1, f2: 1 });
      }
      const [key] = await all.records();
      const left = await redis.client.ttl(key!);
      assert.ok(left > 86_300 && left <= 86_400, `as long as it would have lived, not ${left} s`);
    });
  });

  test('parallel requests with the old cookie have the session, and lose nothing', async () => {
    const cookies = await login();
    await during({ a: site({}, { owner }), b: site({}, { owner }) }, async ({ a, b }) => {
      const tabs = Array.from({ length: 20 }, (_, n) => new Browser(n % 2 ? a.port : b.port, cookies));
      const answers = await Promise.all(tabs.map(async (tab, n) => await tab.text(`/write/${n}`)));
      assert.deepEqual(new Set(answers), new Set(['ada ada']));
      const found = JSON.parse(await tabs[0]!.text('/read')) as object;
      assert.equal(Object.keys(found).length, 21);
      assert.equal(new Set(tabs.map((tab) => tab.cookies.get('session'))).size, 1, 'all have the same new id');
    });
  });

  test('a session gets its owner, with the time that it has, and ends with all of the owner', async () => {
    const cookies = await login({ cookie: { maxAge: 7_200_000 } });
    await during({ fresh: site({}, { owner }) }, async ({ fresh }) => {
      const { factory } = fresh as FactorySite;
      const browser = new Browser(fresh.port, cookies);
      assert.equal(await browser.text('/write/2'), 'ada ada');
      const [device] = await factory.owners.list('ada');
      assert.equal(device!.timeout, 7200);
      // The login was a moment ago, which is not known: it does not count as fresh.
      assert.ok(Date.now() - device!.authenticatedAt!.getTime() >= 7_199_000);
      assert.equal(await factory.owners.revoke('ada'), 1);
      for (const jar of [browser.cookies, cookies]) {
        assert.equal(await new Browser(fresh.port, jar).text('/write/3'), 'nobody -');
      }
    });
  });

  test('a session of an owner, without an absolute end, rotates as any other', async () => {
    const cookies = await login();
    const rotating = site({ absoluteTimeout: null }, { owner });
    await during({ fresh: rotating }, async ({ fresh }) => {
      const { factory } = fresh as FactorySite;
      const browser = new Browser(fresh.port, cookies);
      assert.equal(await browser.text('/write/2'), 'ada ada');
      const [before] = await factory.owners.list('ada');
      await browser.visit('/rotate');
      const [after, ...others] = await factory.owners.list('ada');
      assert.deepEqual([after!.expiresAt, others], [null, []]);
      assert.notEqual(after!.handle, before!.handle);
      assert.equal(await browser.text('/write/3'), 'ada ada');
    });
  });

  test('an end is remembered where the time that sessions live is a function', async () => {
    const cookies = await login();
    await during({ fresh: site({}, { ttl: () => 60 }) }, async ({ fresh }) => {
      const browser = new Browser(fresh.port, cookies);
      await browser.visit('/write/2');
      await browser.visit('/logout');
      const [tombstone] = await all.records();
      assert.ok((await redis.client.ttl(tombstone!)) > 3500);
    });
  });

  test('C1: neither cookie opens anything after the logout, nor what an old server writes late', async () => {
    const cookies = await login();
    const [sid, stored] = [...(await all.oldSessions())][0]!;
    for (const migration of [{}, { owner }]) {
      await redis.client.set(all.oldPrefix + sid, JSON.stringify(stored), { EX: 1000 });
      await during({ fresh: site({}, migration), last: site({ migrateFrom: undefined }) }, async ({ fresh, last }) => {
        const browser = new Browser(fresh.port, cookies);
        await browser.visit('/write/2');
        const { cookies: both } = browser.clone();
        await browser.visit('/logout');
        await redis.client.set(all.oldPrefix + sid, JSON.stringify(stored), { EX: 1000 });
        for (const jar of [both, cookies]) {
          assert.equal(await new Browser(fresh.port, jar).text('/read'), '{}');
          assert.equal(await new Browser(last.port, jar).text('/read'), '{}');
        }
      });
      for (const key of await all.records()) await redis.client.del(key);
    }
  });

  test('our own cookie goes before the old one, unless it is dead', async () => {
    const cookies = await login();
    await during({ fresh: site() }, async ({ fresh }) => {
      const browser = new Browser(fresh.port, cookies);
      await browser.visit('/write/2');
      const later = await login();
      const mixed = new Browser(fresh.port, new Map([...browser.cookies, ...later]));
      assert.equal(Object.keys(JSON.parse(await mixed.text('/read')) as object).length, 3, 'the session of our cookie');
      await browser.visit('/logout');
      assert.equal(await mixed.text('/write/9'), 'ada -');
      assert.equal((await all.oldSessions()).size, 0);
    });
  });

  test('a response that may be cached gets no cookie, and the old one opens the session again', async () => {
    const cookies = await login();
    await during({ fresh: site({}, { owner }) }, async ({ fresh }) => {
      const browser = new Browser(fresh.port, cookies);
      assert.deepEqual(JSON.parse(await browser.text('/cached')), { passport: { user: 'ada' }, f1: 1 });
      assert.deepEqual([...browser.cookies.keys()], ['connect.sid']);
      assert.equal(await browser.text('/write/2'), 'ada ada');
      assert.deepEqual([...browser.cookies.keys()], ['connect.sid', 'session']);
    });
  });

  test('the fields are written by the serializer of the factory', async () => {
    const cookies = await login();
    await during({ fresh: site({ serializer: rich() }) }, async ({ fresh }) => {
      assert.equal(await new Browser(fresh.port, cookies).text('/write/2'), 'ada -');
      assert.deepEqual(JSON.parse(await new Browser(fresh.port, cookies).text('/read')), {
        passport: { user: 'ada' },
        f1: 1,
        f2: 1,
      });
    });
  });

  test('a session that is loaded when it is asked for', async () => {
    const cookies = await login();
    const factory = createSessionFactory<Data>({
      secret: NEW_SECRET,
      load: 'lazy',
      redis: { client: redis.client, prefix: all.prefix },
      migrateFrom: connectRedis({ client: redis.client, prefix: all.oldPrefix, secret: SECRET, phase: 'convert' }),
    });
    const rejected: unknown[] = [];
    factory.on('rejected', (event) => rejected.push(event));
    const lazy = start(sessions(factory), (app) => {
      app.get('/:load', async (req, res) => {
        if (req.params.load === 'load') await of(req).load();
        res.send(req.params.load === 'load' ? of(req).get('passport')?.user : '');
      });
    });
    await during({ fresh: lazy }, async ({ fresh }) => {
      const browser = new Browser(fresh.port, cookies);
      await browser.visit('/not');
      assert.equal((await all.oldSessions()).size, 1);
      assert.equal(await browser.text('/load'), 'ada');
      assert.equal((await all.oldSessions()).size, 0);
      assert.deepEqual(rejected, []);
    });
  });

  test('several secrets: each of them opens sessions', async () => {
    const cookies = await login();
    const migration = { secret: ['another', SECRET] };
    await during({ fresh: site({}, migration), other: site({}, { secret: 'another' }) }, async ({ fresh, other }) => {
      assert.equal(await new Browser(other.port, cookies).text('/write/2'), 'nobody -');
      assert.equal(await new Browser(fresh.port, cookies).text('/write/2'), 'ada -');
    });
  });

  test('`policy` says that a migration is under way', () => {
    const make = (options: object): SessionFactory => createSessionFactory({ secret: NEW_SECRET, ...options });
    const migrateFrom = connectRedis({ client: redis.client, secret: SECRET, phase: 'convert' });
    assert.deepEqual(make({ migrateFrom }).policy.migrateFrom, { from: 'express-session', phase: 'convert' });
    assert.equal(make({}).policy.migrateFrom, null);
  });
});

describe('A factory that goes on with sessions of @fastify/session', () => {
  const prefix = (): string => `${all.name}-sess:`;

  async function oldSite(options = {}): Promise<Site> {
    const app = fastify();
    await app.register(fastifyCookie);
    const store = new RedisStore({ client: redis.client, prefix: prefix() });
    await app.register(originalFastifySession, {
      secret: OLD_SECRET,
      store: store as never,
      cookie: { secure: false },
      ...options,
    });
    app.get('/login', async (request) => {
      request.session.set('user' as never, 'ada' as never);
      return 'ada';
    });
    app.get('/read', async (request) => request.session.get('user' as never) ?? 'nobody');
    return await listen(app);
  }

  async function newSite(migration = {}): Promise<Site> {
    const factory = createSessionFactory<Data>({
      secret: NEW_SECRET,
      redis: { client: redis.client, prefix: all.prefix },
      migrateFrom: fastifySession({
        client: redis.client,
        prefix: prefix(),
        secret: OLD_SECRET,
        phase: 'convert',
        ...migration,
      }),
    });
    const app = fastify();
    await app.register(fastifySessions(factory));
    app.get('/read', async (request) => of(request).get('user') ?? 'nobody');
    app.get('/logout', async (request) => {
      of(request).logout();
      return 'bye';
    });
    return await listen(app);
  }

  async function listen(app: FastifyInstance): Promise<Site> {
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    return {
      port,
      async close() {
        await app.close();
      },
    };
  }

  test.each([
    ['as it is by default', {}, {}],
    [
      'with a prefix and a name of the cookie',
      { cookiePrefix: 's:', cookieName: 'sid' },
      { cookiePrefix: 's:', cookieName: 'sid' },
    ],
  ])('converts a session, %s', async (_title, oldOptions, newOptions) => {
    await during({ old: oldSite(oldOptions), fresh: newSite(newOptions) }, async ({ old, fresh }) => {
      const browser = new Browser(old.port);
      await browser.visit('/login');
      assert.equal(await browser.text('/read'), 'ada');
      const { cookies } = browser;
      const moved = new Browser(fresh.port, cookies);
      const tabs = Array.from({ length: 10 }, () => new Browser(fresh.port, cookies).text('/read'));
      assert.deepEqual(new Set(await Promise.all(tabs)), new Set(['ada']));
      assert.equal(await moved.text('/read'), 'ada');
      assert.equal((await redis.client.keys(`${prefix()}*`)).length, 0);
      await moved.clone().visit('/logout');
      assert.equal(await moved.text('/read'), 'nobody');
      assert.equal(await new Browser(fresh.port, cookies).text('/read'), 'nobody');
    });
  });
});
