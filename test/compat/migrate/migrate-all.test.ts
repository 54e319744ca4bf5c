import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { beforeEach, describe, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { connectRedis, migrateAll, type MigrationCounts } from 'websauna-session/migrate';
import { Browser } from '../express-session/site.ts';
import { Deployment, during, SECRET, useRedis } from './sites.ts';

const NONE: MigrationCounts = { found: 0, converted: 0, known: 0, expiring: 0, unreadable: 0, failed: 0 };

const redis = useRedis();
let all: Deployment;
beforeEach(() => {
  all = new Deployment(redis.client);
});

function sidOf(n: number): string {
  return `${'s'.repeat(32 - String(n).length)}${n}`;
}

function cookiesOf(n: number): Map<string, string> {
  const sid = sidOf(n);
  const signature = createHmac('sha256', SECRET).update(sid).digest('base64').replace(/=+$/, '');
  return new Map([['connect.sid', encodeURIComponent(`s:${sid}.${signature}`)]]);
}

/** Stores sessions as connect-redis does. */
async function seed(count: number, seconds = 5000): Promise<void> {
  for (let n = 0; n < count; n++) {
    const session = {
      cookie: { originalMaxAge: null, expires: null, httpOnly: true, path: '/' },
      passport: { user: `u${n}` },
    };
    await redis.client.set(all.oldPrefix + sidOf(n), JSON.stringify(session), { EX: seconds });
  }
}

describe('migrateAll', () => {
  test('converts every session once, with the time that it has left, and they go on', async () => {
    await seed(300);
    await during({ fresh: all.new('convert') }, async ({ fresh }) => {
      const steps: MigrationCounts[] = [];
      const middleware = fresh.middleware!;
      const dry = await migrateAll(middleware, { dryRun: true });
      assert.deepEqual(dry, { ...NONE, found: 300, converted: 300 });
      assert.equal((await all.oldSessions()).size, 300);
      const done = await migrateAll(middleware, { pageSize: 50, onProgress: (counts) => steps.push(counts) });
      assert.deepEqual(done, { ...NONE, found: 300, converted: 300 });
      assert.ok(steps.length > 1);
      assert.deepEqual(steps.at(-1), done);
      assert.equal((await all.oldSessions()).size, 0);
      for (const key of await all.records()) {
        const left = await redis.client.ttl(key);
        assert.ok(left > 4900 && left <= 5000, `${left} s`);
      }
      for (const n of [0, 150, 299]) {
        assert.equal(await new Browser(fresh.port, cookiesOf(n)).text('/write/1'), `u${n}`);
      }
      // The time begins again with the next use.
      const times = await Promise.all((await all.records()).map(async (key) => await redis.client.ttl(key)));
      assert.equal(times.filter((left) => left > 80_000).length, 3);
      assert.deepEqual(await migrateAll(middleware), NONE);
    });
  });

  test('goes on where it was stopped, and finishes what a crash has left', async () => {
    await seed(200);
    const [sid, stored] = [...(await all.oldSessions())][0]!;
    await redis.client.set(all.oldPrefix + sid, JSON.stringify({ ...stored, 'websauna-session:claimed': 1 }), {
      EX: 5000,
    });
    await during({ fresh: all.new('convert') }, async ({ fresh }) => {
      const stop = new AbortController();
      const first = await migrateAll(fresh.middleware!, {
        pageSize: 20,
        signal: stop.signal,
        onProgress: ({ converted }) => converted >= 60 && stop.abort(),
      });
      assert.ok(first.converted >= 60 && first.converted < 200);
      const second = await migrateAll(fresh.middleware!);
      assert.equal(first.converted + second.converted, 200);
      assert.equal((await all.records()).length, 200);
    });
  });

  test('while the application is used, nothing is lost and no user is logged out', async () => {
    await seed(100);
    await during({ a: all.new('convert'), b: all.new('beside') }, async ({ a, b }) => {
      const using = Array.from({ length: 100 }, async (_, n) => {
        for (let turn = 0; turn < 4; turn++) {
          const port = (n + turn) % 2 ? a.port : b.port;
          assert.equal(await new Browser(port, cookiesOf(n)).text(`/write/${turn}`), `u${n}`);
        }
      });
      const [counts] = await Promise.all([migrateAll(a.middleware!, { concurrency: 4 }), ...using]);
      assert.equal(counts.failed, 0);
      assert.equal((await all.oldSessions()).size, 0);
      for (let n = 0; n < 100; n++) {
        const show = JSON.parse(await new Browser(a.port, cookiesOf(n)).text('/show')) as object;
        assert.deepEqual(show, { passport: { user: `u${n}` }, f0: 1, f1: 1, f2: 1, f3: 1 });
      }
    });
  });

  test('leaves alone what ends soon, what cannot be read, and what is no string', async () => {
    await seed(1, 60);
    await redis.client.set(`${all.oldPrefix}broken`, '{"a":');
    await redis.client.hSet(`${all.oldPrefix}hash`, 'a', 'b');
    await redis.client.set(`${all.oldPrefix}endless`, '{"passport":{"user":"ada"}}');
    await during({ fresh: all.new('convert') }, async ({ fresh }) => {
      const expected = { ...NONE, found: 4, converted: 1, expiring: 1, unreadable: 2 };
      assert.deepEqual(await migrateAll(fresh.middleware!, { dryRun: true }), expected);
      assert.deepEqual(await migrateAll(fresh.middleware!), expected);
      assert.equal((await redis.client.keys(`${all.oldPrefix}*`)).length, 3);
    });
  });

  test('does not bring a session back that has ended', async () => {
    await seed(1);
    await during({ fresh: all.new('convert') }, async ({ fresh }) => {
      await new Browser(fresh.port, cookiesOf(0)).visit('/logout');
      await seed(1);
      assert.deepEqual(await migrateAll(fresh.middleware!), { ...NONE, found: 1, known: 1 });
      assert.equal(await new Browser(fresh.port, cookiesOf(0)).text('/show'), '{}');
      assert.equal((await all.oldSessions()).size, 0);
    });
  });

  test('stops within a step', async () => {
    await seed(20);
    const stop = new AbortController();
    const parse = (text: string): unknown => {
      stop.abort();
      return JSON.parse(text) as unknown;
    };
    const fresh = all.new('convert', {}, { serializer: { parse, stringify: JSON.stringify } });
    await during({ fresh }, async (sites) => {
      const options = { concurrency: 1, signal: stop.signal };
      assert.deepEqual(await migrateAll(sites.fresh.middleware!, options), { ...NONE, found: 1, converted: 1 });
    });
  });

  test('in a dry run, knows what was converted before', async () => {
    await seed(1);
    await during({ fresh: all.new('convert') }, async ({ fresh }) => {
      await new Browser(fresh.port, cookiesOf(0)).visit('/write/1');
      await seed(1);
      assert.deepEqual(await migrateAll(fresh.middleware!, { dryRun: true }), { ...NONE, found: 1, known: 1 });
    });
  });

  test('converts what another server has written meanwhile', async () => {
    await seed(1);
    let isFirst = true;
    const parse = async (text: string): Promise<unknown> => {
      if (isFirst) await redis.client.set(all.oldPrefix + sidOf(0), text.replace('u0', 'u1'), { EX: 5000 });
      isFirst = false;
      return JSON.parse(text) as unknown;
    };
    const fresh = all.new('convert', {}, { serializer: { parse, stringify: JSON.stringify } });
    await during({ fresh }, async (sites) => {
      assert.deepEqual(await migrateAll(sites.fresh.middleware!), { ...NONE, found: 1, converted: 1 });
      assert.equal(await new Browser(sites.fresh.port, cookiesOf(0)).text('/write/1'), 'u1');
    });
  });

  test('keeps all attributes of the cookies where the configured ones depend on the request', async () => {
    await seed(1);
    await during({ fresh: all.new('convert', { cookie: () => ({ sameSite: 'lax' }) }) }, async ({ fresh }) => {
      await migrateAll(fresh.middleware!);
      const [key] = await all.records();
      assert.match(String(await redis.client.hGet(key!, 'cookie')), /"httpOnly":true,"path":"\/"/);
      const { sameSite, httpOnly } = JSON.parse(await new Browser(fresh.port, cookiesOf(0)).text('/cookie')) as Record<
        string,
        unknown
      >;
      assert.deepEqual([sameSite, httpOnly], ['lax', true]);
    });
  });

  test('counts sessions that cannot be stored, and says why', async () => {
    await seed(1);
    await redis.client.set(`${all.oldPrefix}date`, '{"at":1}');
    const serializer = {
      parse: (text: string): unknown => JSON.parse(text, (key, value: unknown) => (key === 'at' ? new Date(0) : value)),
      stringify: JSON.stringify,
    };
    const factory = createSessionFactory({
      secret: 'a secret that is as long as it has to be',
      redis: { client: redis.client, prefix: all.prefix },
      migrateFrom: connectRedis({
        client: redis.client,
        prefix: all.oldPrefix,
        secret: SECRET,
        phase: 'convert',
        serializer,
      }),
    });
    const errors: unknown[] = [];
    const counts = await migrateAll(factory, { onError: (error) => errors.push(error) });
    assert.deepEqual(counts, { ...NONE, found: 2, converted: 1, failed: 1 });
    assert.match(String(errors[0]), /Date/);
    assert.equal(await redis.client.get(`${all.oldPrefix}date`), '{"at":1}');
  });

  test('says what is wrong with its arguments', async () => {
    const factory = createSessionFactory({ secret: 'a secret that is as long as it has to be' });
    await assert.rejects(migrateAll(factory), /Expected the factory to have `migrateFrom`/);
    await assert.rejects(migrateAll({}), /Expected `target` to be a factory/);
    const wrongLater = createSessionFactory(() => ({ secret: 'short' }));
    await assert.rejects(migrateAll(wrongLater), /Expected `secret`/);
    await assert.rejects(migrateAll(undefined as never), TypeError);
    await during({ fresh: all.new('beside') }, async ({ fresh }) => {
      await assert.rejects(migrateAll(fresh.middleware!), /Expected `migrateFrom.phase` to be 'convert'/);
    });
    for (const wrong of [
      { concurrency: 0 },
      { pageSize: 1.5 },
      { dryRun: 1 },
      { signal: 1 },
      { onProgress: 1 },
      { page: 1 },
    ]) {
      await assert.rejects(migrateAll(factory, wrong as never), TypeError);
    }
  });
});
