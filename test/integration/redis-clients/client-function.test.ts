import { createClient } from 'redis';
import { createSessionFactory, type SessionFactory } from 'websauna-session';
import type { RedisClient, RedisClientOption } from 'websauna-session/redis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { Jar, visit } from '../../support/visit.ts';

// A function that returns the client of a request: each tenant has a database of its own.

let server: RedisServer;
const tenants: Record<string, ReturnType<typeof createClient>> = {};

beforeAll(async () => {
  server = await startRedis();
  for (const [database, url] of ['/one', '/two'].entries()) {
    tenants[url] = createClient({ url: server.url, database });
    await tenants[url].connect();
  }
});
afterEach(() => server.cli('FLUSHALL'));
afterAll(async () => {
  for (const client of Object.values(tenants)) client.destroy();
  await server?.stop();
});

function make(client: RedisClientOption): SessionFactory<{ user: string }> {
  return createSessionFactory<{ user: string }>({
    secret: 'a secret of more than thirty-two bytes',
    redis: { client },
  });
}

const ofTenant = (request: unknown): RedisClient => tenants[(request as { url: string }).url]!;

test.each([
  ['a client', ofTenant],
  ['the promise of one', async (request: unknown) => ofTenant(request)],
] satisfies [string, RedisClientOption][])(
  'sessions are where the client of their request is: %s',
  async (_, client) => {
    const factory = make(client);
    const jar = new Jar();
    const user = (url: string): Promise<string | undefined> =>
      visit(factory, new Jar(jar), (session) => session.get('user'), { url });
    await visit(factory, jar, (session) => session.set('user', 'ada'), { url: '/one' });
    expect([await user('/one'), await user('/two'), await user('/one')]).toEqual(['ada', undefined, 'ada']);
    expect([await tenants['/one']!.dbSize(), await tenants['/two']!.dbSize()]).toEqual([1, 0]);
    // The clients are the application's.
    await factory.close();
    expect(await tenants['/one']!.ping()).toBe('PONG');
  },
);

test('what is no client is an error of the request that says so', async () => {
  const jar = new Jar();
  await visit(make(ofTenant), jar, (session) => session.set('user', 'ada'), { url: '/one' });
  const wrong = make((() => ({})) as never);
  await expect(visit(wrong, jar, (session) => session.get('user'))).rejects.toThrow(
    'Expected `redis.client()` to be a client of node-redis or ioredis, got an object',
  );
});
