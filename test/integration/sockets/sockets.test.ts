import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import type { NodeProcess } from '../../support/processes.ts';
import { waitFor } from '../../support/wait-for.ts';
import { connectSocketIo, connectWs, send, startSite, type TestSocket } from './site.ts';

const SECRET = 'a secret of more than thirty-two bytes';
const CONNECTORS = { 'Socket.IO': connectSocketIo, ws: connectWs };
const ENDED = { 'Socket.IO': 'io server disconnect', ws: '4401 revoked' };

type Kind = keyof typeof CONNECTORS;

describe.each(['redis', 'ioredis'] as const)('two processes on one Redis: %s', (library) => {
  let redis: RedisServer;
  let sites: readonly [NodeProcess, NodeProcess];
  const sockets: TestSocket[] = [];

  async function start(options: object = {}): Promise<void> {
    redis = await startRedis();
    const all = { secret: SECRET, library, redis: { url: redis.url, publishEnds: true }, ...options };
    sites = [await startSite(all), await startSite(all)];
  }

  async function connect(kind: Kind, site: NodeProcess, cookie: string): Promise<TestSocket> {
    const socket = await CONNECTORS[kind](site, { cookie });
    sockets.push(socket);
    return socket;
  }

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.close();
  });
  afterAll(async () => {
    for (const site of sites) await site.stop();
    await redis.stop();
  });

  describe('messages arrive', () => {
    // A look would notice nothing during this test.
    beforeAll(() => start({ watchInterval: 3600 }));

    test('500 sockets of 100 owners: a revocation closes those of its owner, in both processes, and no other', async () => {
      const cookies: string[] = [];
      for (let i = 0; i < 100; i++) cookies.push(await send(sites[i % 2]!, `/login?owner=owner-${i}`));
      const byOwner = new Map<string, TestSocket[]>();
      await Promise.all(
        Array.from({ length: 500 }, async (_, i) => {
          const kind = i % 5 < 2 ? 'Socket.IO' : 'ws';
          const socket = await connect(kind, sites[Math.floor(i / 100) % 2]!, cookies[i % 100]!);
          expect(socket.owner).toBe(`owner-${i % 100}`);
          byOwner.set(socket.owner, [...(byOwner.get(socket.owner) ?? []), socket]);
        }),
      );
      for (const owner of ['owner-7', 'owner-42']) {
        const own = byOwner.get(owner)!;
        expect(own).toHaveLength(5);
        await send(sites[0], `/revoke?owner=${owner}`);
        await Promise.all(own.map(({ closed }) => closed));
        byOwner.delete(owner);
      }
      // Ends of one Redis are reported in order, so that a wrong one would have been seen by now.
      for (const others of byOwner.values()) for (const socket of others) expect(socket.open).toBe(true);
    });

    test.each(['Socket.IO', 'ws'] as const)(
      '%s: refuses what has no login, and pages of other origins',
      async (kind) => {
        const code = kind === 'ws' ? /401/ : /A session is required|not of this site/;
        await expect(connect(kind, sites[0], '')).rejects.toThrow(code);
        const anonymous = await send(sites[0], '/');
        await expect(connect(kind, sites[0], anonymous)).rejects.toThrow(code);
        const cookie = await send(sites[0], '/login?owner=alice');
        const evil = { cookie, origin: 'https://evil.example' };
        await expect(CONNECTORS[kind](sites[0], evil)).rejects.toThrow(code);
        const own = await CONNECTORS[kind](sites[0], { cookie, origin: sites[0].url });
        sockets.push(own);
        expect(own.owner).toBe('alice');
      },
    );

    test.each(['Socket.IO', 'ws'] as const)(
      '%s: goes on after a rotation and a new login of the owner',
      async (kind) => {
        let cookie = await send(sites[0], '/login?owner=bob');
        const socket = await connect(kind, sites[1], cookie);
        cookie = await send(sites[0], '/rotate', cookie);
        cookie = await send(sites[0], '/login?owner=bob', cookie);
        cookie = await send(sites[0], '/rotate', cookie);
        expect(socket.open).toBe(true);
        await send(sites[0], '/logout', cookie);
        expect(await socket.closed).toBe(kind === 'ws' ? '4401 logout' : ENDED[kind]);
      },
    );

    test('server-sent events end with the session', async () => {
      const cookie = await send(sites[0], '/login?owner=carol');
      const response = await fetch(`${sites[1].url}/events`, { headers: { cookie } });
      await send(sites[0], '/revoke?owner=carol');
      expect(await response.text()).toBe('data: hello\n\ndata: revoked\n\n');
    });
  });
});

describe.each(['redis', 'ioredis'] as const)('the subscription is cut: %s', (library) => {
  let redis: RedisServer;
  let site: NodeProcess;
  afterEach(async () => {
    await site.stop();
    await redis.stop();
  });

  /** Cuts the subscription, and keeps the application from making another. */
  async function cut(): Promise<void> {
    await redis.cli('ACL', 'SETUSER', 'app', '-subscribe');
    await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await site.match(/storeError watch/);
  }

  async function start(watchInterval: number): Promise<void> {
    redis = await startRedis();
    await redis.cli('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all');
    const { host, port } = redis;
    const options = { host, port, username: 'app', password: 'secret', publishEnds: true };
    site = await startSite({ secret: SECRET, library, watchInterval, redis: options });
  }

  test('ends are noticed within `watchInterval`', async () => {
    await start(0.5);
    const cookie = await send(site, '/login?owner=alice');
    const socket = await connectWs(site, { cookie });
    await cut();
    await send(site, '/revoke?owner=alice');
    // Nothing but the regular look can tell. Its answer knows no reason.
    expect(await socket.closed).toBe('4401 unknown');
  });

  test('what was missed is noticed as soon as there is a subscription again', async () => {
    await start(3600);
    const cookie = await send(site, '/login?owner=alice');
    const socket = await connectWs(site, { cookie });
    await cut();
    await send(site, '/revoke?owner=alice');
    await send(site, '/');
    expect(socket.open).toBe(true);
    await redis.cli('ACL', 'SETUSER', 'app', '+subscribe');
    expect(await socket.closed).toBe('4401 unknown');
    // And messages arrive again.
    const next = await send(site, '/login?owner=bob');
    const other = await connectWs(site, { cookie: next });
    await waitFor('the subscription', async () =>
      String(await redis.cli('PUBSUB', 'NUMSUB', 'session:ends')).endsWith('1'),
    );
    await send(site, '/revoke?owner=bob');
    expect(await other.closed).toBe('4401 revoked');
  });
});
