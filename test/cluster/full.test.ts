// What a full Cluster refuses: what is written before something else is ended.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSessionFactory, type WebsaunaSession } from 'websauna-session';
import { startCluster, type RedisCluster } from '../support/redis-cluster.ts';
import { CLUSTER_CLIENTS } from '../support/topology-clients.ts';
import { Jar, visit } from '../support/visit.ts';

type Session = WebsaunaSession<Record<string, unknown>>;

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startCluster({ replicas: 0 });
});
afterAll(() => cluster?.stop());

async function setLimit(bytes: number): Promise<void> {
  for (const node of cluster.nodes) await node.cli('CONFIG', 'SET', 'maxmemory', String(bytes));
}

test.each(Object.entries(CLUSTER_CLIENTS))('a full Cluster, %s: what crosses slots is refused', async (_, connect) => {
  const { client, close } = await connect(cluster);
  const factory = createSessionFactory({ secret: 'a secret of more than thirty-two bytes', redis: { client } });
  const begin = async (act: (session: Session) => unknown): Promise<Jar> => {
    const jar = new Jar();
    await visit(factory, jar, act);
    return jar;
  };
  const anonymous = await begin((session) => session.set('a', 1));
  const owned = await begin((session) => session.login('alice'));
  const change = (jar: Jar, act: (session: Session) => unknown): Promise<unknown> => visit(factory, new Jar(jar), act);
  await setLimit(1);
  for (const [jar, act] of [
    [new Jar(), (session: Session) => session.login('bob')],
    [anonymous, (session: Session) => session.login('bob')],
    [anonymous, (session: Session) => session.rotate()],
    [owned, (session: Session) => session.login('bob')],
  ] as const) {
    const refused = { status: 503, message: expect.stringContaining('(OOM)') };
    await expect(change(jar, act)).rejects.toMatchObject(refused);
  }
  expect(await change(anonymous, (session) => session.get('a'))).toBe(1);
  await visit(factory, owned, (session) => session.login('alice'));
  await visit(factory, owned, (session) => session.rotate());
  await visit(factory, owned, (session) => session.logout());
  await setLimit(0);
  expect(await factory.owners.list('alice')).toEqual([]);
  expect(await factory.owners.list('bob')).toEqual([]);
  await close();
});
