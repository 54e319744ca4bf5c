// Live migration on a Redis Cluster, where the sessions of both libraries are in any slots: each step touches one key.
import assert from 'node:assert/strict';
import { createCluster } from 'redis';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { Browser } from '../express-session/site.ts';
import { Deployment, during, type Client } from './sites.ts';
import { startCluster, type RedisCluster } from '../../support/redis-cluster.ts';

const TABS = 20;

let cluster: RedisCluster;
let client: ReturnType<typeof createCluster>;
let all: Deployment;
beforeAll(async () => {
  cluster = await startCluster({ replicas: 0 });
  client = createCluster({ rootNodes: cluster.urls.map((url) => ({ url })) });
  await client.connect();
  all = new Deployment(client as unknown as Client);
}, 60_000);
afterAll(async () => {
  client?.destroy();
  await cluster?.stop();
});

/** Writes in many tabs at once, each to a field of its own, at one server or the other. */
async function writeInTabs(cookies: Browser['cookies'], ports: readonly number[]): Promise<Browser[]> {
  const tabs = Array.from({ length: TABS }, (_, n) => new Browser(ports[n % ports.length]!, cookies));
  const answers = await Promise.all(tabs.map(async (tab, n) => await tab.text(`/write/${n}`)));
  assert.deepEqual(new Set(answers), new Set(['ada']));
  return tabs;
}

async function fieldsAt(port: number, cookies: Browser['cookies']): Promise<number> {
  const shown = JSON.parse(await new Browser(port, cookies).text('/show')) as object;
  return Object.keys(shown).filter((name) => /^f\d+$/.test(name)).length;
}

/** Several sessions, so that their keys are in several slots. */
const USERS = Array.from({ length: 6 }, (_, i) => i);

describe('A migration on a Cluster', () => {
  test.each(USERS)(
    'keeps what parallel requests write beside old servers, and ends a session for both (%i)',
    async () => {
      const sites = { old: all.old(), one: all.new('beside'), other: all.new('beside') };
      await during(sites, async ({ old, one, other }) => {
        const { cookies } = await loggedIn(old.port);
        await writeInTabs(cookies, [one.port, other.port]);
        assert.deepEqual([await fieldsAt(old.port, cookies), await fieldsAt(one.port, cookies)], [TABS, TABS]);
        await new Browser(other.port, cookies).visit('/logout');
        for (const { port } of [old, one, other])
          assert.equal(await new Browser(port, cookies).text('/write/1'), 'nobody');
      });
    },
  );

  test.each(USERS)('converts a session once for all parallel requests, and ends it for all (%i)', async () => {
    let cookies!: Browser['cookies'];
    await during({ old: all.old() }, async ({ old }) => {
      ({ cookies } = await loggedIn(old.port));
    });
    const sites = { one: all.new('convert'), other: all.new('convert'), last: all.final() };
    await during(sites, async ({ one, other, last }) => {
      const [tab] = await writeInTabs(cookies, [one.port, other.port]);
      assert.equal(await fieldsAt(last.port, tab!.cookies), TABS);
      await tab!.clone().visit('/logout');
      for (const { port } of [one, other, last]) {
        assert.equal(await new Browser(port, cookies).text('/write/1'), 'nobody');
        assert.equal(await new Browser(port, tab!.cookies).text('/write/1'), 'nobody');
      }
    });
  });
});

async function loggedIn(port: number): Promise<Browser> {
  const browser = new Browser(port);
  await browser.visit('/login/ada');
  return browser;
}
