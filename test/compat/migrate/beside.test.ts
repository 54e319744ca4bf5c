import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { Browser } from '../express-session/site.ts';
import { Deployment, during, useRedis } from './sites.ts';

const redis = useRedis();

describe('Beside servers of express-session', () => {
  test('a session goes on there and back under the same cookie, in the same place', async () => {
    const all = new Deployment(redis.client);
    await during({ old: all.old(), fresh: all.new('beside') }, async ({ old, fresh }) => {
      const browser = new Browser(old.port);
      await browser.visit('/login/ada');
      const before = browser.cookies.get('connect.sid');
      for (const [n, { port }] of [fresh, old, fresh, old].entries()) {
        const turn = new Browser(port, browser.cookies);
        assert.equal(await turn.text(`/write/${n}`), 'ada');
        assert.equal(turn.cookies.get('connect.sid'), before);
      }
      assert.deepEqual(JSON.parse(await browser.text('/show')), {
        passport: { user: 'ada' },
        f0: 1,
        f1: 1,
        f2: 1,
        f3: 1,
      });
      assert.equal((await all.oldSessions()).size, 1);
      assert.deepEqual(await all.records(), []);
    });
  });

  test('a session that begins here goes on there, and ends there and here', async () => {
    const all = new Deployment(redis.client);
    await during({ old: all.old(), fresh: all.new('beside') }, async ({ old, fresh }) => {
      const browser = new Browser(fresh.port);
      await browser.visit('/login/ada');
      const there = new Browser(old.port, browser.cookies);
      assert.equal(await there.text('/write/1'), 'ada');
      await there.clone().visit('/logout');
      assert.deepEqual(JSON.parse(await browser.text('/show')), {});
      await there.visit('/login/eve');
      const here = new Browser(fresh.port, there.cookies);
      await here.clone().visit('/logout');
      assert.deepEqual(JSON.parse(await there.text('/show')), {});
      assert.deepEqual(JSON.parse(await here.text('/show')), {});
    });
  });

  test('C2: forty parallel writers keep forty', async () => {
    const all = new Deployment(redis.client);
    await during({ a: all.new('beside'), b: all.new('beside') }, async ({ a, b }) => {
      const browser = new Browser(a.port);
      await browser.visit('/login/ada');
      const writers = Array.from({ length: 40 }, (_, n) =>
        new Browser(n % 2 ? a.port : b.port, browser.cookies).text(`/write/${n}`),
      );
      assert.deepEqual(new Set(await Promise.all(writers)), new Set(['ada']));
      assert.equal(Object.keys(JSON.parse(await browser.text('/show')) as object).length, 41);
    });
  });
});
