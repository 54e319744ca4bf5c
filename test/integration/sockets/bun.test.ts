// Sockets of Bun, and of Elysia on it, whose handshakes are Fetch requests.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { NodeProcess } from '../../support/processes.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { waitFor } from '../../support/wait-for.ts';
import { connectWs, send, startBunSite, type TestSocket } from './site.ts';

const SECRET = 'a secret of more than thirty-two bytes';

describe.each([
  ['bun', 'memory'],
  ['bun', 'Redis'],
  ['elysia', 'memory'],
  ['elysia', 'Redis'],
] as const)('%s, sessions in %s', (fixture, store) => {
  let redis: RedisServer | undefined;
  /** Two processes on Redis; sessions in memory are of one. */
  let sites: readonly [NodeProcess, NodeProcess];
  const sockets: TestSocket[] = [];

  beforeAll(async () => {
    // A look would notice nothing during this test.
    const options = { secret: SECRET, watchInterval: 3600 };
    if (store === 'memory') {
      const site = await startBunSite(fixture, options);
      sites = [site, site];
      return;
    }
    redis = await startRedis();
    const shared = { ...options, redis: { url: redis.url, publishEnds: true } };
    sites = [await startBunSite(fixture, shared), await startBunSite(fixture, shared)];
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.close();
  });
  afterAll(async () => {
    for (const site of sites) await site.stop();
    await redis?.stop();
  });

  async function connect(site: NodeProcess, headers: Record<string, string>): Promise<TestSocket> {
    const socket = await connectWs(site, headers);
    sockets.push(socket);
    return socket;
  }

  test('refuses what has no login, and pages of other origins', async () => {
    await expect(connect(sites[0], {})).rejects.toThrow(/401/);
    await expect(connect(sites[0], { cookie: await send(sites[0], '/') })).rejects.toThrow(/401/);
    const cookie = await send(sites[0], '/login?owner=alice');
    await expect(connect(sites[0], { cookie, origin: 'https://evil.example' })).rejects.toThrow(/401/);
    expect((await connect(sites[0], { cookie, origin: sites[0].url })).owner).toBe('alice');
  });

  test('a logout closes the sockets of its session, in both processes, and no other', async () => {
    const [phone, laptop] = [await send(sites[0], '/login?owner=bob'), await send(sites[0], '/login?owner=bob')];
    const own = [await connect(sites[0], { cookie: phone }), await connect(sites[1], { cookie: phone })];
    const other = await connect(sites[1], { cookie: laptop });
    await send(sites[0], '/logout', phone);
    for (const { closed } of own) expect(await closed).toMatch(/^4401 (logout|unknown)$/);
    expect(other.open).toBe(true);
    await send(sites[0], '/revoke?owner=bob');
    expect(await other.closed).toBe('4401 revoked');
  });

  test('goes on after a rotation and a new login of the owner, and closes when that session ends', async () => {
    let cookie = await send(sites[0], '/login?owner=carol');
    const socket = await connect(sites[1], { cookie });
    cookie = await send(sites[0], '/rotate', cookie);
    cookie = await send(sites[0], '/login?owner=carol', cookie);
    cookie = await send(sites[0], '/rotate', cookie);
    expect(socket.open).toBe(true);
    await send(sites[0], '/logout', cookie);
    expect(await socket.closed).toMatch(/^4401 (logout|unknown)$/);
  });

  test('a socket that its client has closed is not watched', async () => {
    const cookie = await send(sites[0], '/login?owner=dave');
    const [gone, open] = [await connect(sites[0], { cookie }), await connect(sites[0], { cookie })];
    const count = (word: string): number => sites[0].output.split(word).length - 1;
    const [closed, ended] = [count('closed'), count('ended')];
    gone.close();
    await waitFor('the socket to be closed', async () => count('closed') === closed + 1);
    await send(sites[1], '/revoke?owner=dave');
    await open.closed;
    await waitFor('the other to be closed', async () => count('closed') === closed + 2);
    expect(count('ended')).toBe(ended + 1);
  });

  test('server-sent events end with the session', async () => {
    const cookie = await send(sites[0], '/login?owner=erin');
    const response = await fetch(`${sites[1].url}/events`, { headers: { cookie } });
    await send(sites[0], '/revoke?owner=erin');
    expect(await response.text()).toMatch(/^data: hello\n\ndata: (revoked|unknown)\n\n$/);
  });
});
