import { afterAll, beforeAll } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { loginSuite } from '../contract/consistency/login-suite.ts';
import { cookieSuite } from '../contract/consistency/cookie-suite.ts';
import { requestSuite } from '../contract/consistency/request-suite.ts';
import { securitySuite } from '../contract/consistency/security-suite.ts';
import { statementsSuite } from '../contract/consistency/statements-suite.ts';
import { sessionsSuite } from '../contract/consistency/sessions-suite.ts';
import { SECRET, type MakeFactory } from '../contract/consistency/factories.ts';
import { consistencySuite } from '../contract/consistency/suite.ts';
import { startCluster, type RedisCluster } from '../support/redis-cluster.ts';
import type { GivenClient } from '../support/redis-clients.ts';
import { CLUSTER_CLIENTS } from '../support/topology-clients.ts';

let cluster: RedisCluster;
/** Two clients of each kind, as two processes have; factories take them in turn. */
const clients = new Map<string, GivenClient[]>();

beforeAll(async () => {
  cluster = await startCluster({ replicas: 0 });
  for (const [name, connect] of Object.entries(CLUSTER_CLIENTS)) {
    clients.set(name, [await connect(cluster), await connect(cluster)]);
  }
});
afterAll(async () => {
  for (const given of [...clients.values()].flat()) await given.close();
  await cluster?.stop();
});

for (const name of Object.keys(CLUSTER_CLIENTS)) {
  let made = 0;
  const make: MakeFactory = (options) =>
    createSessionFactory({ secret: SECRET, redis: { client: clients.get(name)![made++ % 2]!.client }, ...options });
  consistencySuite(`Cluster, ${name}`, make);
  loginSuite(`Cluster, ${name}`, make);
  sessionsSuite(`Cluster, ${name}`, make);
  requestSuite(`Cluster, ${name}`, make);
  securitySuite(`Cluster, ${name}`, make);
  statementsSuite(`Cluster, ${name}`, make);
  cookieSuite(`Cluster, ${name}`, make);
}
