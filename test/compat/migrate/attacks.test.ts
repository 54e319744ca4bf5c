import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'vitest';
import session from 'websauna-session/express-session';
import { connectRedis } from 'websauna-session/migrate';
import { createRedisStore } from '../../../src/stores/redis/provider.ts';
import type { SessionStore } from 'websauna-session/store';
import { Browser, Gate } from '../express-session/site.ts';
import { addRoutes, Deployment, during, SECRET, start, useRedis, type Site } from './sites.ts';

const redis = useRedis();
let all: Deployment;
beforeEach(() => {
  all = new Deployment(redis.client);
});

const PHASES = ['beside', 'convert'] as const;

/** Opened by the test for `/slow`, which tells by `arrived` that it has its session. */
let [gate, arrived] = [new Gate(), new Gate()];

function addSlowRoute(app: Parameters<typeof addRoutes>[0]): void {
  app.get('/slow/:n', async (req, res) => {
    const user = req.session.passport?.user ?? 'nobody';
    arrived.open();
    await gate.opened;
    req.session[`f${Number(req.params.n)}`] = 1;
    res.send(user);
  });
  addRoutes(app);
}

/** A server of ours whose store is another one for a part of the test. */
function withStore(phase: 'beside' | 'convert', wrap: (store: SessionStore) => SessionStore): Promise<Site> {
  const store = wrap(createRedisStore({ client: redis.client, prefix: all.prefix }));
  const migrateFrom = connectRedis({ client: redis.client, prefix: all.oldPrefix, phase });
  return start(session({ secret: SECRET, resave: false, saveUninitialized: false, store, migrateFrom }));
}

/** Lets the first call of a method wait. */
function stalled(method: 'create' | 'destroy', waits: Gate, reached: Gate): (store: SessionStore) => SessionStore {
  let isFirst = true;
  return (store) =>
    new Proxy(store, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          if (name === method && isFirst) {
            isFirst = false;
            reached.open();
            await waits.opened;
          }
          return (await Reflect.apply(member, target, args)) as unknown;
        };
      },
    });
}

async function login(user = 'ada'): Promise<Browser['cookies']> {
  let cookies!: Browser['cookies'];
  await during({ old: all.old() }, async ({ old }) => {
    const browser = new Browser(old.port);
    await browser.visit(`/login/${user}`);
    ({ cookies } = browser);
  });
  return cookies;
}

async function assertLoggedOut(cookies: Browser['cookies'], sites: readonly Site[]): Promise<void> {
  for (const { port } of sites) assert.equal(await new Browser(port, cookies).text('/show'), '{}');
}

describe('C1: a session that has ended stays ended', () => {
  test.each(PHASES)('%s: a conversion that was late does not make it again', async (phase) => {
    const cookies = await login();
    const [waits, reached] = [new Gate(), new Gate()];
    const sites = { slow: withStore('convert', stalled('create', waits, reached)), other: all.new(phase) };
    await during(sites, async ({ slow, other }) => {
      const late = new Browser(slow.port, cookies).text('/write/1');
      await reached.opened;
      // The other server meets the claim, and finishes what was begun.
      assert.equal(await new Browser(other.port, cookies).text('/write/2'), 'ada');
      await new Browser(other.port, cookies).visit('/logout');
      waits.open();
      assert.equal(await late, 'nobody');
      await assertLoggedOut(cookies, [slow, other]);
      assert.equal((await all.oldSessions()).size, 0);
    });
  });

  test.each(PHASES)('%s: a logout between claim and conversion ends it', async (phase) => {
    const cookies = await login();
    const [waits, reached] = [new Gate(), new Gate()];
    const sites = { slow: withStore('convert', stalled('create', waits, reached)), other: all.new(phase) };
    await during(sites, async ({ slow, other }) => {
      const late = new Browser(slow.port, cookies).text('/write/1');
      await reached.opened;
      await new Browser(other.port, cookies).visit('/logout');
      waits.open();
      assert.equal(await late, 'nobody');
      await assertLoggedOut(cookies, [slow, other]);
    });
  });

  test.each(PHASES)('%s: a request that was running stores nothing after a logout at an old server', async (phase) => {
    const cookies = await login();
    [gate, arrived] = [new Gate(), new Gate()];
    const slowSite = start(
      session({
        secret: SECRET,
        saveUninitialized: false,
        redis: { client: redis.client, prefix: all.prefix },
        migrateFrom: connectRedis({ client: redis.client, prefix: all.oldPrefix, phase: 'beside' }),
      }),
      addSlowRoute,
    );
    await during({ slow: slowSite, old: all.old(), other: all.new(phase) }, async ({ slow, old, other }) => {
      const running = new Browser(slow.port, cookies).text('/slow/1');
      await arrived.opened;
      await new Browser(old.port, cookies).visit('/logout');
      gate.open();
      assert.equal(await running, 'ada');
      assert.equal((await all.oldSessions()).size, 0);
      await assertLoggedOut(cookies, [slow, old, other]);
    });
  });

  test.each(PHASES)('%s: what an old server writes after a logout is not believed, and deleted', async (phase) => {
    const cookies = await login();
    [gate, arrived] = [new Gate(), new Gate()];
    const { default: original } = await import('express-session');
    const { RedisStore } = await import('connect-redis');
    const store = new RedisStore({ client: redis.client, prefix: all.oldPrefix });
    const options = { secret: SECRET, resave: false, saveUninitialized: false, store };
    const sites = { old: start(original(options), addSlowRoute), fresh: all.new(phase), last: all.final() };
    await during(sites, async ({ old, fresh, last }) => {
      const running = new Browser(old.port, cookies).text('/slow/1');
      await arrived.opened;
      await new Browser(fresh.port, cookies).visit('/logout');
      gate.open();
      await running;
      assert.equal((await all.oldSessions()).size, 1, 'the old server has written it again');
      await assertLoggedOut(cookies, [fresh, last]);
      assert.equal((await all.oldSessions()).size, 0);
      await assertLoggedOut(cookies, [old]);
      // What could come back is remembered for longer than it could live.
      const [key] = await all.records();
      assert.ok((await redis.client.ttl(key!)) > 86_400);
    });
  });

  test.each(PHASES)('%s: a thief of the cookie has nothing after the logout', async (phase) => {
    const cookies = await login();
    await during({ old: all.old(), fresh: all.new(phase), last: all.final() }, async ({ old, fresh, last }) => {
      const thief = new Browser(fresh.port, cookies);
      assert.equal(await new Browser(fresh.port, cookies).text('/write/1'), 'ada');
      await new Browser(fresh.port, cookies).visit('/logout');
      await thief.visit('/write/2');
      await assertLoggedOut(cookies, [fresh, old, last]);
    });
  });

  test.each(PHASES)('%s: a session that has expired is none', async (phase) => {
    const cookies = await login();
    const [sid] = (await all.oldSessions()).keys();
    await during({ fresh: all.new(phase) }, async ({ fresh }) => {
      await redis.client.pExpire(all.oldPrefix + sid, 0);
      await assertLoggedOut(cookies, [fresh]);
      assert.deepEqual(await all.records(), []);
    });
  });
});

describe('A session is converted once, in spite of crashes and failures', () => {
  test.each(PHASES)('%s: a claim of a server that has crashed is finished', async (phase) => {
    const cookies = await login();
    const [sid, stored] = [...(await all.oldSessions())][0]!;
    const claimed = JSON.stringify({ ...stored, 'websauna-session:claimed': 1 });
    await redis.client.set(all.oldPrefix + sid, claimed, { EX: 1000 });
    await during({ old: all.old(), fresh: all.new(phase) }, async ({ old, fresh }) => {
      // A server of express-session has it still.
      assert.equal(await new Browser(old.port, cookies).text('/write/1'), 'ada');
      assert.equal(await new Browser(fresh.port, cookies).text('/write/2'), 'ada');
      assert.equal((await all.oldSessions()).size, 0);
      const show = JSON.parse(await new Browser(fresh.port, cookies).text('/show')) as object;
      assert.deepEqual(show, { passport: { user: 'ada' }, f1: 1, f2: 1 });
    });
  });

  test('C2: a change of a server of the phase before, which was running, is not lost', async () => {
    const cookies = await login();
    [gate, arrived] = [new Gate(), new Gate()];
    const slow = start(
      session({
        secret: SECRET,
        saveUninitialized: false,
        redis: { client: redis.client, prefix: all.prefix },
        migrateFrom: connectRedis({ client: redis.client, prefix: all.oldPrefix, phase: 'beside' }),
      }),
      addSlowRoute,
    );
    await during({ slow, fresh: all.new('convert') }, async (sites) => {
      const running = new Browser(sites.slow.port, cookies).text('/slow/1');
      await arrived.opened;
      assert.equal(await new Browser(sites.fresh.port, cookies).text('/write/2'), 'ada');
      assert.equal((await all.oldSessions()).size, 0);
      gate.open();
      assert.equal(await running, 'ada');
      const show = JSON.parse(await new Browser(sites.fresh.port, cookies).text('/show')) as object;
      assert.deepEqual(show, { passport: { user: 'ada' }, f2: 1, f1: 1 });
    });
  });

  test('a key that holds something else is left alone', async () => {
    const cookies = await login();
    const [sid] = (await all.oldSessions()).keys();
    await redis.client.del(all.oldPrefix + sid);
    await redis.client.hSet(all.oldPrefix + sid, 'a', 'b');
    for (const phase of PHASES) {
      await during({ fresh: all.new(phase) }, async ({ fresh }) => {
        assert.equal(await new Browser(fresh.port, cookies).text('/write/1'), 'nobody');
        await new Browser(fresh.port, cookies).visit('/logout');
      });
    }
    assert.deepEqual({ ...(await redis.client.hGetAll(all.oldPrefix + sid)) }, { a: 'b' });
  });

  test.each(PHASES)('%s: a cookie with another signature asks Redis for nothing', async (phase) => {
    const cookies = await login();
    const value = decodeURIComponent(cookies.get('connect.sid')!);
    const at = value.lastIndexOf('.') + 1;
    const forged = [
      value.slice(0, at) + (value[at] === 'A' ? 'B' : 'A') + value.slice(at + 1),
      value.slice(0, at),
      value.slice(0, -1),
      `${value}A`,
      value.slice(2),
      `s:${value}`,
      's:',
      's:.',
      `s:x${value.slice(2)}`,
    ];
    await during({ fresh: all.new(phase) }, async ({ fresh }) => {
      await redis.server.resetStats();
      for (const each of forged) {
        const stranger = new Browser(fresh.port, new Map([['connect.sid', encodeURIComponent(each)]]));
        assert.equal(await stranger.text('/show'), '{}');
      }
      const counts = await redis.server.commandCounts();
      assert.deepEqual(
        [counts.get('hgetall'), counts.get('get'), counts.get('evalsha')],
        [undefined, undefined, undefined],
      );
    });
  });

  test('a store that fails in the middle loses nothing', async () => {
    const cookies = await login();
    let fails = true;
    const failing = (store: SessionStore): SessionStore =>
      new Proxy(store, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name, target);
          if (typeof member !== 'function') return member;
          return async (...args: unknown[]) => {
            if (name === 'create' && fails) throw new Error('the store is full');
            return (await Reflect.apply(member, target, args)) as unknown;
          };
        },
      });
    await during({ fresh: withStore('convert', failing), old: all.old() }, async ({ fresh, old }) => {
      assert.equal((await new Browser(fresh.port, cookies).visit('/write/1')).status, 503);
      assert.equal(await new Browser(old.port, cookies).text('/write/2'), 'ada');
      fails = false;
      assert.equal(await new Browser(fresh.port, cookies).text('/write/3'), 'ada');
    });
  });
});

test.each(PHASES)('%s: `req.sessionStore` reads, writes and ends sessions that are not converted', async (phase) => {
  const cookies = await login();
  const [sid] = (await all.oldSessions()).keys();
  await during({ fresh: all.new(phase), old: all.old() }, async ({ fresh, old }) => {
    const { middleware } = fresh;
    assert.ok(middleware);
    const site = await start(middleware, (app) => {
      app.get('/get/:sid', (req, res, next) =>
        req.sessionStore.get(req.params.sid, (error, found) =>
          error ? next(error) : res.json(found?.passport ?? null),
        ),
      );
      app.get('/set/:sid', (req, res, next) =>
        req.sessionStore.set(req.params.sid, { cookie: {}, passport: { user: 'eve' } } as never, (error) =>
          error ? next(error) : res.end(),
        ),
      );
      app.get('/destroy/:sid', (req, res, next) =>
        req.sessionStore.destroy(req.params.sid, (error) => (error ? next(error) : res.end())),
      );
    });
    const tool = new Browser(site.port);
    assert.equal(await tool.text(`/get/${sid}`), '{"user":"ada"}');
    assert.equal((await tool.visit(`/set/${sid}`)).status, 200);
    assert.equal(await new Browser(fresh.port, cookies).text('/write/1'), 'eve');
    if (phase === 'beside') assert.equal(await new Browser(old.port, cookies).text('/write/1'), 'eve');
    assert.equal((await tool.visit(`/destroy/${sid}`)).status, 200);
    assert.equal(await tool.text(`/get/${sid}`), 'null');
    await assertLoggedOut(cookies, [fresh, old]);
    await site.close();
  });
});
