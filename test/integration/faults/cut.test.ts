import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { startProxy, type CutPoint, type TcpProxy } from '../../support/tcp-proxy.ts';
import {
  Browser,
  closeLater,
  elsewhere,
  expectFailure,
  insist,
  loggedIn,
  noCrashes,
  SECRET,
  STACKS,
  start,
  visitor,
} from './setup.ts';

noCrashes();

let server: RedisServer;
let proxy: TcpProxy;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.cli('FLUSHALL');
  proxy = await startProxy(server);
  closeLater(() => proxy.close());
});
afterEach(() => server.cli('CONFIG', 'RESETSTAT'));

describe.each(STACKS)('$framework over $library', (stack) => {
  test('connections are killed again and again: requests fail or succeed, and the last one succeeds', async () => {
    const { app } = await start(stack, server.url);
    const browser = await loggedIn(app, 'alice');
    for (let i = 0; i < 10; i++) {
      const answering = [browser.get('/read'), browser.get(`/set?f${i}=1`), new Browser(app).get('/login?owner=bob')];
      await server.cli('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      for (const { status, cookies } of await Promise.all(answering)) {
        expect([200, 302, 503]).toContain(status);
        if (status === 503) expect(cookies).toEqual([]);
      }
      expect(await insist(browser, `/set?g${i}=1`)).toMatchObject({ status: 200 });
    }
    const { data, owner } = await browser.read();
    expect(owner).toBe('alice');
    expect(Object.keys(data).filter((name) => name.startsWith('g'))).toHaveLength(10);
  });

  test.each(['request', 'reply'] as const)(
    'reading: the connection is cut at the %s, and the next one answers',
    async (at) => {
      const { app } = await start(stack, proxy.url);
      const browser = await loggedIn(app, 'alice');
      const cutting = proxy.cutAt(at, 'session:{');
      expect(await browser.read()).toMatchObject({ data: { a: '1' }, owner: 'alice' });
      await cutting;
    },
  );

  test.each(['request', 'reply'] as const)(
    'writing: the connection is cut at the %s, nothing is acknowledged, and nothing is done twice',
    async (at) => {
      const { app } = await start(stack, proxy.url);
      const browser = await visitor(app);
      expect(await insist(browser, '/count')).toMatchObject({ body: 1 });
      const cutting = proxy.cutAt(at, 'count');
      expectFailure(await browser.get('/count'));
      await cutting;
      expect((await browser.read()).data['count']).toBe(at === 'request' ? 1 : 2);
      expect(await insist(browser, '/count')).toMatchObject({ body: at === 'request' ? 2 : 3 });
    },
  );

  test.each(['request', 'reply'] as const)('a first write is cut at the %s: the client gets no cookie', async (at) => {
    const { app } = await start(stack, proxy.url);
    await visitor(app);
    const newcomer = new Browser(app);
    const cutting = proxy.cutAt(at, 'marked');
    expectFailure(await newcomer.get('/set?x=marked'));
    await cutting;
    expect(newcomer.jar.header).toBeUndefined();
    expect(await insist(newcomer, '/set?x=again')).toMatchObject({ status: 200 });
    expect((await newcomer.read()).data).toEqual({ x: 'again' });
  });

  test.each(['request', 'reply'] as const)(
    'a login is cut at the %s: it is not acknowledged, and another process agrees',
    async (at) => {
      const { app } = await start(stack, proxy.url);
      const other = elsewhere(server.url);
      for (const path of ['/login', '/login-page']) {
        const browser = await visitor(app);
        const before = browser.jar.header;
        const cutting = proxy.cutAt(at, 'marked-user');
        expectFailure(await browser.get(`${path}?owner=marked-user`));
        await cutting;
        expect(browser.jar.header).toBe(before);
        // Cut at the reply, the old id is dead, because a login ends it, and no client has the new one.
        expect(await browser.read()).toMatchObject({ data: at === 'request' ? { a: '1' } : {}, owner: null });
        await other.owners.revoke('marked-user');
        expect(await insist(browser, '/login?owner=marked-user')).toMatchObject({ status: 302 });
        expect(await other.owners.list('marked-user')).toHaveLength(1);
        expect(await browser.read()).toMatchObject({ owner: 'marked-user' });
        await other.owners.revoke('marked-user');
      }
    },
  );

  test('a rotation is cut at the reply: the old id leads to the session within its grace', async () => {
    const { app } = await start(stack, proxy.url);
    const browser = await loggedIn(app, 'alice');
    const cutting = proxy.cutAt('reply', stack.library === 'ioredis' ? 'evalsha' : 'EVALSHA');
    expectFailure(await browser.get('/rotate'));
    await cutting;
    expect(await insist(browser, '/rotate')).toMatchObject({ status: 200 });
    expect(await browser.read()).toMatchObject({ data: { a: '1' }, owner: 'alice' });
  });

  test('a storm of cuts: what was acknowledged is true in another process, at once and in the end', async () => {
    const { app } = await start(stack, proxy.url);
    await visitor(app);
    const other = elsewhere(server.url);
    const acknowledged: { browser: Browser; owner: string; counted: number; attempts: number }[] = [];
    const client = async (owner: string): Promise<void> => {
      const browser = new Browser(app);
      const { status, cookies } = await browser.get(`/login?owner=${owner}`);
      if (status === 503) return expect(cookies).toEqual([]);
      expect(status).toBe(302);
      expect(await other.owners.list(owner)).toHaveLength(1);
      const history = { browser, owner, counted: 0, attempts: 0 };
      acknowledged.push(history);
      for (; history.attempts < 5; history.attempts++) {
        if ((await browser.get('/count')).status === 200) history.counted++;
      }
    };
    const clients = Promise.all(
      Array.from({ length: 4 }, async (_, n) => {
        for (let i = 0; i < 12; i++) await client(`user${n}-${i}`);
      }),
    );
    const over = clients.then(() => true);
    for (let at: CutPoint = 'request'; ; at = at === 'request' ? 'reply' : 'request') {
      const cut = proxy.cutAt(at, 'count').then(() => false);
      if (await Promise.race([cut, over])) break;
    }
    expect(acknowledged.length).toBeGreaterThan(0);
    for (const { browser, owner, counted, attempts } of acknowledged) {
      const { data, owner: found } = await browser.read();
      expect(found).toBe(owner);
      const count = Number(data['count'] ?? 0);
      expect(count).toBeGreaterThanOrEqual(counted);
      expect(count).toBeLessThanOrEqual(attempts);
    }
  });
});

test('the proxy of these tests passes what it does not cut, unchanged', async () => {
  const { app } = await start(STACKS[0]!, proxy.url);
  const browser = await visitor(app);
  const long = 'ž'.repeat(2_000);
  expect(await insist(browser, `/set?long=${encodeURIComponent(long)}`)).toMatchObject({ status: 200 });
  expect((await browser.read()).data['long']).toBe(long);
  expect(proxy.connections).toBeGreaterThan(0);
  expect(JSON.stringify(await browser.get('/read'))).not.toContain(SECRET);
});
