import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRedisStore, type RedisClient } from 'websauna-session/redis';
import { examine } from '../../src/cli/doctor/checks.ts';
import { collectFacts } from '../../src/cli/doctor/facts.ts';
import type { Usage } from '../../src/cli/doctor/permissions.ts';
import { GIVEN_CLIENTS } from '../support/redis-clients.ts';
import { startCluster, type RedisCluster } from '../support/redis-cluster.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { CLUSTER_CLIENTS } from '../support/topology-clients.ts';

let server: RedisServer;
let cluster: RedisCluster;
beforeAll(async () => {
  server = await startRedis({ config: { 'hash-max-listpack-value': '777', save: '60 1' } });
  cluster = await startCluster({ masters: 2, replicas: 0, config: { 'hash-max-listpack-value': '777' } });
});
afterAll(async () => {
  await server?.stop();
  await cluster?.stop();
});

async function look(client: RedisClient): Promise<Record<string, string>> {
  const store = createRedisStore({ client });
  try {
    const usage: Usage = { prefix: 'session:', options: ['audit', 'stats'], channels: [] };
    const findings = examine(await collectFacts(await store.inspect(), usage, []));
    return Object.fromEntries(findings.map(({ check, status, message }) => [check, `${status}: ${message}`]));
  } finally {
    await store.close();
  }
}

describe('doctor reads what a server says through', () => {
  it.each(Object.entries(GIVEN_CLIENTS))('%s', async (_, connect) => {
    const { client, close } = await connect(server.url);
    expect(await look(client)).toMatchObject({
      role: 'ok: a master',
      permissions: 'ok: every command that the library uses is allowed, also for audit, stats',
      access: 'warning: who reaches the server needs no password',
      hashes: 'ok: hash-max-listpack-value 777',
      persistence: expect.stringContaining('snapshots only (60 1)') as string,
      clock: expect.stringMatching(/^ok: \d+ ms/) as string,
    });
    await close();
  });

  it.each(Object.entries(CLUSTER_CLIENTS))('%s, of a cluster', async (_, connect) => {
    const { client, close } = await connect(cluster);
    expect(await look(client)).toMatchObject({
      cluster: 'ok: all 16384 slots are served',
      permissions: 'ok: every command that the library uses is allowed, also for audit, stats',
      hashes: 'ok: hash-max-listpack-value 777',
    });
    await close();
  });
});
