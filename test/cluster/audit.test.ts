import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { SECRET, useFactories, type MakeFactory } from '../contract/consistency/factories.ts';
import { auditSuite } from '../integration/audit/audit-suite.ts';
import { racesSuite } from '../integration/audit/races-suite.ts';
import { statsSuite } from '../integration/audit/stats-suite.ts';
import { replayTrail } from '../support/audit-trail.ts';
import { startProcess } from '../support/processes.ts';
import { startCluster, type RedisCluster } from '../support/redis-cluster.ts';
import type { GivenClient } from '../support/redis-clients.ts';
import { CLUSTER_CLIENTS } from '../support/topology-clients.ts';

// A login changes the slot of an anonymous session: it is in the trail when its last step is done.

let cluster: RedisCluster;
const clients = new Map<string, GivenClient>();

beforeAll(async () => {
  cluster = await startCluster({ replicas: 0 });
  for (const [name, connect] of Object.entries(CLUSTER_CLIENTS)) clients.set(name, await connect(cluster));
});
afterAll(async () => {
  for (const given of clients.values()) await given.close();
  await cluster?.stop();
});

for (const name of Object.keys(CLUSTER_CLIENTS)) {
  describe(`Cluster, ${name}`, () => {
    const make: MakeFactory = (options) =>
      createSessionFactory({ secret: SECRET, redis: { client: clients.get(name)!.client }, ...options });
    auditSuite(make);
    racesSuite(make, { provisional: true });
    // Factories of one test share a prefix that no other test has.
    statsSuite((options) =>
      createSessionFactory({
        secret: SECRET,
        redis: { client: clients.get(name)!.client, prefix: `${name}:${expect.getState().currentTestName}:` },
        ...options,
      }),
    );
  });
}

describe('a process that is killed', () => {
  const make: MakeFactory = (options) =>
    createSessionFactory({
      secret: SECRET,
      redis: { client: clients.get('node-redis 6')!.client },
      audit: true,
      ...options,
    });
  const { open } = useFactories(make);

  test.each([1, 2, 3])(
    'leaves no session that its trail does not tell of, but for logins under way (kill %i)',
    async (round) => {
      const owners = Array.from({ length: 4 }, () => randomBytes(9).toString('base64url'));
      const env = { BUSY: JSON.stringify({ urls: cluster.urls, secret: SECRET, owners }) };
      const fixture = new URL('../integration/audit/fixtures/busy-owners.mjs', import.meta.url);
      const busy = await startProcess(fixture, { env });
      await busy.match(new RegExp(`^done ${round * 200}$`, 'm'));
      await busy.kill();
      const factory = open();
      for (const owner of owners) {
        const { live, problem } = replayTrail(await factory.audit.read({ owner, limit: 1000 }), true);
        expect(problem).toBeNull();
        const listed = (await factory.owners.list(owner)).map(({ handle }) => handle);
        expect([...live.keys()].filter((handle) => !listed.includes(handle))).toEqual([]);
        for (const handle of listed.filter((each) => !live.has(each))) {
          const names = await Promise.all((await cluster.masters()).map((node) => node.cli('KEYS', `*}:${handle}`)));
          const [key] = names.flat() as string[];
          const left = Number(await cluster.cli(key!, 'PTTL', key!));
          expect(left, 'the copy of a login that is not complete').toBeLessThanOrEqual(15_000);
        }
      }
    },
  );
});
