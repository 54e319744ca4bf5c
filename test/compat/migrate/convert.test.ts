import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { Browser } from '../express-session/site.ts';
import { Deployment, during, useRedis } from './sites.ts';

const redis = useRedis();

/** A user who has logged in at a server of express-session. */
async function user(all: Deployment, options = {}): Promise<Browser> {
  let browser!: Browser;
  await during({ old: all.old(options) }, async ({ old }) => {
    browser = new Browser(old.port);
    await browser.visit('/login/ada');
    await browser.visit('/write/1');
  });
  return browser;
}

const owner = ({ passport }: { passport?: { user?: string } }): string | undefined => passport?.user;

describe('Converting sessions of express-session', () => {
  test('moves a session when it is used, once, under the same cookie, and goes on after the migration', async () => {
    const all = new Deployment(redis.client);
    const { cookies } = await user(all);
    await during({ fresh: all.new('convert') }, async ({ fresh }) => {
      const browser = new Browser(fresh.port, cookies);
      const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => browser.clone().text(`/write/${n}`)));
      assert.deepEqual(new Set(answers), new Set(['ada']));
      assert.deepEqual(browser.cookies, cookies);
      assert.deepEqual(await all.oldSessions(), new Map());
      assert.equal((await all.records()).length, 1);
    });
    await during({ last: all.final() }, async ({ last }) => {
      const found = JSON.parse(await new Browser(last.port, cookies).text('/show')) as object;
      assert.equal(Object.keys(found).length, 21);
    });
  });

  test('mixes with servers of the phase before', async () => {
    const all = new Deployment(redis.client);
    const { cookies } = await user(all);
    const phases = { a: all.new('beside'), b: all.new('convert'), c: all.new('beside'), d: all.new('convert') };
    await during(phases, async (sites) => {
      const ports = Object.values(sites).map(({ port }) => port);
      const visits = Array.from({ length: 40 }, (_, n) => new Browser(ports[n % 4]!, cookies).text(`/write/${n}`));
      assert.deepEqual(new Set(await Promise.all(visits)), new Set(['ada']));
      for (const port of ports) {
        const found = JSON.parse(await new Browser(port, cookies).text('/show')) as object;
        assert.equal(Object.keys(found).length, 41);
      }
      // A logout at a server of the phase before ends what was converted.
      await new Browser(ports[0]!, cookies).visit('/logout');
      for (const port of ports) assert.equal(await new Browser(port, cookies).text('/show'), '{}');
    });
  });

  test('a session gets its owner, and is found and ended by it', async () => {
    const all = new Deployment(redis.client);
    const { cookies } = await user(all);
    await during({ fresh: all.new('convert', { owner }) }, async ({ fresh }) => {
      const { factory } = fresh.middleware!;
      const browser = new Browser(fresh.port, cookies);
      assert.equal(await browser.text('/write/2'), 'ada');
      assert.equal((await factory.owners.list('ada')).length, 1);
      assert.equal(await new Browser(fresh.port, cookies).text('/write/3'), 'ada', 'the old id leads on for a while');
      assert.equal(await factory.owners.revoke('ada'), 1);
      assert.equal(await browser.text('/write/4'), 'nobody');
      assert.equal(await new Browser(fresh.port, cookies).text('/write/4'), 'nobody');
    });
  });

  test('the phase before has no owners, and says so', async () => {
    const all = new Deployment(redis.client);
    const { cookies } = await user(all);
    await during({ fresh: all.new('beside', { owner }), old: all.old() }, async ({ fresh, old }) => {
      assert.equal(await new Browser(fresh.port, cookies).text('/write/2'), 'ada');
      const another = new Browser(fresh.port);
      await another.visit('/login/eve');
      assert.equal(await new Browser(old.port, another.cookies).text('/write/1'), 'eve');
      await assert.rejects(fresh.middleware!.factory.owners.revoke('ada'), { code: 'ERR_SESSION_UNSUPPORTED' });
    });
  });

  test.each(['beside', 'convert'] as const)('%s: attributes and time of a session stay', async (phase) => {
    const all = new Deployment(redis.client);
    let cookies!: Browser['cookies'];
    const cookie = { maxAge: 60_000 };
    await during({ old: all.old({ cookie }) }, async ({ old }) => {
      const browser = new Browser(old.port);
      await browser.visit('/login/ada');
      await browser.visit('/remember');
      ({ cookies } = browser);
    });
    await during({ fresh: all.new(phase, { cookie }) }, async ({ fresh }) => {
      const browser = new Browser(fresh.port, cookies);
      const { originalMaxAge, httpOnly, path } = JSON.parse(await browser.text('/cookie')) as Record<string, unknown>;
      assert.deepEqual({ originalMaxAge, httpOnly, path }, { originalMaxAge: 3_600_000, httpOnly: true, path: '/' });
      await browser.visit('/write/1');
      const prefix = phase === 'beside' ? all.oldPrefix : all.prefix;
      const [key] = await redis.client.keys(`${prefix}*`);
      const left = await redis.client.ttl(key!);
      assert.ok(left > 3590 && left <= 3600, `${left} s`);
    });
    if (phase === 'convert') return;
    await during({ old: all.old({ cookie }) }, async ({ old }) => {
      const browser = new Browser(old.port, cookies);
      const { originalMaxAge } = JSON.parse(await browser.text('/cookie')) as Record<string, unknown>;
      assert.equal(originalMaxAge, 3_600_000);
      assert.deepEqual(JSON.parse(await browser.text('/show')), { passport: { user: 'ada' }, f0: 1, f1: 1 });
    });
  });

  test('what cannot be read is left alone, and reported', async () => {
    const all = new Deployment(redis.client);
    const { cookies } = await user(all);
    const [sid] = (await all.oldSessions()).keys();
    for (const text of ['{"passport":', '[]', 'null', '"text"', '']) {
      await redis.client.set(all.oldPrefix + sid, text);
      for (const phase of ['beside', 'convert'] as const) {
        await during({ fresh: all.new(phase) }, async ({ fresh }) => {
          const reasons: unknown[] = [];
          fresh.middleware!.factory.on('rejected', ({ reason, detail }) => reasons.push([reason, detail]));
          assert.equal(await new Browser(fresh.port, cookies).text('/show'), '{}');
          assert.deepEqual(reasons, [['corrupt', 'unparsable']]);
        });
        assert.equal(await redis.client.get(all.oldPrefix + sid), text);
      }
    }
  });

  test('a record without a cookie, and one with a cookie without times, go on', async () => {
    const all = new Deployment(redis.client);
    const { cookies } = await user(all);
    const [sid] = (await all.oldSessions()).keys();
    for (const phase of ['beside', 'convert'] as const) {
      for (const cookie of [{}, { cookie: {} }, { cookie: { path: '/' } }, { cookie: null }, { cookie: 1 }]) {
        await redis.client.set(all.oldPrefix + sid, JSON.stringify({ ...cookie, passport: { user: 'ada' } }), {
          EX: 100,
        });
        await during({ fresh: all.new(phase) }, async ({ fresh }) => {
          assert.equal(await new Browser(fresh.port, cookies).text('/write/7'), 'ada');
        });
        for (const key of await all.records()) await redis.client.del(key);
      }
    }
  });

  test('ids of another form go on, with their own names', async () => {
    const all = new Deployment(redis.client);
    let cookies!: Browser['cookies'];
    let count = 0;
    await during({ old: all.old({ genid: () => `odd/id ${++count}` }) }, async ({ old }) => {
      const browser = new Browser(old.port);
      await browser.visit('/login/ada');
      ({ cookies } = browser);
    });
    for (const phase of ['beside', 'convert'] as const) {
      await during({ fresh: all.new(phase) }, async ({ fresh }) => {
        const browser = new Browser(fresh.port, cookies);
        assert.equal(await browser.text('/write/1'), 'ada');
        assert.deepEqual(browser.cookies, cookies);
      });
      assert.equal((await all.oldSessions()).size, phase === 'beside' ? 1 : 0);
    }
  });

  test('with disableTouch, a session ends when it would have ended', async () => {
    const all = new Deployment(redis.client);
    const { cookies } = await user(all);
    const [sid] = (await all.oldSessions()).keys();
    await redis.client.expire(all.oldPrefix + sid, 100);
    await during({ fresh: all.new('convert', {}, { disableTouch: true }) }, async ({ fresh }) => {
      assert.equal(await new Browser(fresh.port, cookies).text('/write/2'), 'ada');
      const [key] = await all.records();
      const left = await redis.client.ttl(key!);
      assert.ok(left > 90 && left <= 100, `${left} s`);
    });
  });
});
