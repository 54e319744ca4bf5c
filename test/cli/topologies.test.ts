import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { SessionFactory } from 'websauna-session';
import { startCluster, type RedisCluster } from '../support/redis-cluster.ts';
import { startSentinel, type RedisSentinel } from '../support/redis-sentinel.ts';
import { Jar, visit } from '../support/visit.ts';
import { objects, run } from './run.ts';

const module = new URL('fixtures/topology-factory.mjs', import.meta.url).pathname;

async function examine(...args: string[]): Promise<{ code: number; found: Record<string, unknown>[] }> {
  const { code, stdout } = await run(['doctor', '--json', ...args]);
  return { code, found: objects(stdout) };
}

afterEach(() => vi.unstubAllEnvs());

describe('doctor on a Cluster', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startCluster({ masters: 3, replicas: 0, config: { 'cluster-require-full-coverage': 'no' } });
  });
  afterAll(() => cluster?.stop());

  it('looks at every master', async () => {
    vi.stubEnv('TEST_CLUSTER', cluster.urls.join(' '));
    const { code, found } = await examine('--factory', `${module}#cluster`);
    expect(code).toBe(0);
    const addresses = cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).toSorted();
    for (const check of ['cluster', 'permissions', 'messages', 'role']) {
      const finding = found.find((each) => each['check'] === check)!;
      expect(finding['status']).toBe('ok');
      expect((finding['servers'] as string[]).toSorted()).toEqual(addresses);
    }
    expect(found.find((each) => each['check'] === 'permissions')!['message']).toContain(
      'also for audit, stats, redis.publishEnds, stats.publishEvents',
    );
  });

  it('finds a client that is not one of a cluster', async () => {
    const { code, found } = await examine('--redis', cluster.urls[0]!);
    expect(code).toBe(1);
    expect(found.find((each) => each['check'] === 'cluster')).toMatchObject({
      status: 'problem',
      advice: 'Pass a cluster client in redis.client',
    });
  });

  it('finds slots without a server', async () => {
    const master = await cluster.masterOf(16_383);
    for (const node of cluster.nodes) await node.cli('CLUSTER', 'DELSLOTS', '16383');
    try {
      vi.stubEnv('TEST_CLUSTER', cluster.urls.join(' '));
      const { code, found } = await examine('--factory', `${module}#cluster`);
      expect(code).toBe(1);
      expect(found.find((each) => each['check'] === 'cluster')).toMatchObject({
        status: 'problem',
        message: '1 slots have no server, and 0 one that does not answer',
      });
    } finally {
      await master.cli('CLUSTER', 'ADDSLOTS', '16383');
    }
  });
});

/** Runs every command on the sessions of a factory that a module makes. */
async function useSessions(factory: SessionFactory, specifier: string): Promise<void> {
  const jar = new Jar();
  await visit(factory, jar, (session) => session.login('alice', { index: { sid: 'one' } }));
  const handle = await visit(factory, jar, (session) => session.handle);
  await visit(factory, new Jar(), (session) => session.set('cart', 1));
  const use = async (...args: string[]): Promise<Record<string, unknown>[]> => {
    const { code, stdout, stderr } = await run([...args, '--json', '--factory', specifier]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return objects(stdout);
  };
  expect(await use('list', 'alice')).toMatchObject([{ handle }]);
  expect(await use('list', '--by', 'sid=one')).toMatchObject([{ handle }]);
  expect(await use('list')).toHaveLength(2);
  expect(await use('show', handle)).toMatchObject([{ handle, owner: 'alice' }]);
  expect(await use('stats', '--scan')).toMatchObject([{ sessions: 2, owned: 1 }]);
  expect(await use('revoke', '--owner', 'alice', '--yes')).toEqual([{ ended: 1 }]);
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
  expect(await use('purge', '--before', tomorrow, '--yes')).toMatchObject([{ ended: 1 }]);
  expect(await use('list')).toEqual([]);
}

it('every command works on a Cluster and behind Sentinel', async () => {
  const [whole, watched] = await Promise.all([startCluster({ masters: 2, replicas: 0 }), startSentinel()]);
  try {
    vi.stubEnv('TEST_CLUSTER', whole.urls.join(' '));
    vi.stubEnv('TEST_SENTINELS', JSON.stringify({ name: watched.name, addresses: watched.addresses }));
    for (const name of ['cluster', 'sentinel'] as const) {
      const made = (await import(module)) as Record<typeof name, () => Promise<SessionFactory>>;
      const factory = await made[name]();
      await useSessions(factory, `${module}#${name}`);
    }
  } finally {
    await Promise.all([whole.stop(), watched.stop()]);
  }
});

describe('doctor behind Sentinel', () => {
  let sentinel: RedisSentinel;
  beforeAll(async () => {
    sentinel = await startSentinel();
  });
  afterAll(() => sentinel?.stop());

  it('looks at the master', async () => {
    vi.stubEnv('TEST_SENTINELS', JSON.stringify({ name: sentinel.name, addresses: sentinel.addresses }));
    const { code, found } = await examine('--factory', `${module}#sentinel`);
    expect(code).toBe(0);
    expect(found.find((each) => each['check'] === 'role')).toMatchObject({ status: 'ok', message: 'a master' });
    expect(found.find((each) => each['check'] === 'permissions')).toMatchObject({ status: 'ok' });
  });
});
