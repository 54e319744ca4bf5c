import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort, startRedis, type RedisServer } from '../../support/redis-server.ts';
import { waitFor } from '../../support/wait-for.ts';
import {
  AT_ONCE,
  Browser,
  elsewhere,
  expectFailure,
  expectFailures,
  expectRecovery,
  expectSessionlessAnswers,
  insist,
  loggedIn,
  LIBRARIES,
  noCrashes,
  STACKS,
  start,
  visitor,
  type Stack,
} from './setup.ts';

noCrashes();

let server: RedisServer;
beforeEach(async () => {
  server = await startRedis();
});
afterEach(() => server.stop());

describe.each(STACKS)('$framework over $library', (stack) => {
  test('Redis is killed: requests without a session are answered, all others fail without a cookie', async () => {
    const { app } = await start(stack, server.url);
    const browser = await loggedIn(app, 'alice');
    await server.kill();
    await expectSessionlessAnswers(app, browser);
    await expectFailures(app, browser);
    await expectSessionlessAnswers(app, browser);
  });

  test('Redis comes back empty: the same process works again, and old cookies begin new sessions', async () => {
    const setup = await start(stack, server.url);
    const browser = await loggedIn(setup.app, 'alice');
    const old = browser.jar.header;
    await server.kill();
    await expectFailures(setup.app, browser);
    await server.restart();
    await expectRecovery(setup, browser);
    expect(await browser.read()).toMatchObject({ data: {}, owner: null });
    expect(browser.jar.header).toBe(old);
    expect(await insist(browser, '/set?b=1')).toMatchObject({ status: 200 });
    expect(browser.jar.header).not.toBe(old);
    expect(await browser.read()).toMatchObject({ data: { b: '1' } });
  });

  test('repeated failures open the breaker: requests fail at once, until Redis answers again', async () => {
    const setup = await start(stack, server.url);
    const { app, breaker } = setup;
    const browser = await visitor(app);
    server.pause();
    const slow = await Promise.all(Array.from({ length: 8 }, () => browser.get('/read')));
    for (const answer of slow) expectFailure(answer);
    expect(breaker).toEqual(['down']);
    for (const path of ['/read', '/set?b=2', '/login?owner=bob', '/logout']) {
      const answers = [];
      for (let i = 0; i < 5; i++) answers.push(await browser.get(path));
      for (const answer of answers) expectFailure(answer, 'ERR_SESSION_STORE_UNAVAILABLE');
      expect(Math.min(...answers.map(({ took }) => took))).toBeLessThan(AT_ONCE);
    }
    server.resume();
    await waitFor('the breaker to close', () => breaker.length === 2);
    expect(breaker).toEqual(['down', 'up']);
    expect(await browser.read()).toMatchObject({ data: { a: '1' }, owner: null });
    await expectRecovery(setup, browser);
  });

  test('a login during an outage is never acknowledged, unless another process can read it', async () => {
    const setup = await start(stack, server.url);
    await visitor(setup.app);
    const other = elsewhere(server.url);
    const logins: Promise<void>[] = [];
    const acknowledged: string[] = [];
    const attempt = async (owner: string): Promise<void> => {
      const path = owner.endsWith('0') ? '/login-swallowing' : owner.endsWith('1') ? '/login-page' : '/login';
      const { status, cookies } = await new Browser(setup.app).get(`${path}?owner=${owner}`);
      expect([200, 302, 503]).toContain(status);
      expect(cookies).toHaveLength(status === 503 ? 0 : 1);
      if (status === 503) return;
      acknowledged.push(owner);
      expect(await other.owners.list(owner)).toHaveLength(1);
    };
    for (let i = 0; i < 60; i++) {
      logins.push(attempt(`user${i}`));
      if (i === 20) server.pause();
      if (i === 40) server.resume();
      if (i % 5 === 0) await Promise.all(logins.splice(0));
    }
    await Promise.all(logins);
    expect(acknowledged).toContain('user0');
    expect(acknowledged).not.toContain('user30');
  });
});

describe.each(LIBRARIES)('$library', (stack) => {
  test('Redis comes back before anyone has noticed: the same process works', async () => {
    const setup = await start(stack, server.url);
    const browser = await visitor(setup.app);
    for (let i = 0; i < 3; i++) {
      await server.kill();
      await server.restart();
      await expectRecovery(setup, browser);
    }
  });

  test('an application that starts before its Redis is there serves what it can, and works once Redis is up', async () => {
    const port = await freePort();
    const setup = await start(stack, `redis://127.0.0.1:${port}`);
    const { app } = setup;
    const browser = new Browser(app);
    browser.jar.cookies.set('session', (await signedCookie(stack, server.url))!);
    await expectSessionlessAnswers(app, browser);
    for (let i = 0; i < 6; i++) expectFailure(await browser.get('/read'));
    await server.cli('CONFIG', 'SET', 'port', String(port));
    await expectRecovery(setup, browser);
    expect(await browser.read()).toMatchObject({ data: { a: '1' } });
  });
});

async function signedCookie(stack: Stack, url: string): Promise<string | undefined> {
  const { app } = await start(stack, url);
  return (await visitor(app)).jar.cookies.get('session');
}

describe.each<Stack & { name: string }>([
  { name: 'a pool of connections', library: 'redis', pool: { max: 3 }, framework: 'Express' },
  { name: 'client-side caching', library: 'redis', cache: true, framework: 'Express' },
])('Express over $name', ({ name: _name, ...stack }) => {
  test('Redis is killed, and comes back: the same process works again', async () => {
    const setup = await start(stack, server.url);
    const browser = await loggedIn(setup.app, 'alice');
    await server.kill();
    await expectFailures(setup.app, browser);
    await server.restart();
    await expectRecovery(setup, browser);
  });
});

describe.each(LIBRARIES)('a durable Redis, $library', (stack) => {
  let durable: RedisServer;
  beforeEach(async () => {
    durable = await startRedis({ config: { appendonly: 'yes', appendfsync: 'always' } });
  });
  afterEach(() => durable.stop());

  test('Redis comes back with its data: sessions from before the crash are readable by the same process', async () => {
    const setup = await start(stack, durable.url);
    const browser = await loggedIn(setup.app, 'alice');
    await durable.kill();
    await expectFailures(setup.app, browser);
    await durable.restart();
    await expectRecovery(setup, browser);
    expect(await browser.read()).toMatchObject({ data: { a: '1' }, owner: 'alice' });
  });

  test('a request with `load: lazy` meets the outage when it loads, and not before', async () => {
    const { app } = await start(stack, durable.url, { load: 'lazy' });
    const browser = await visitor(app);
    expect(await insist(browser, '/load')).toMatchObject({ status: 200, body: { a: '1' } });
    await durable.kill();
    expect(await browser.get('/')).toMatchObject({ status: 200, cookies: [] });
    expectFailure(await browser.get('/load'));
  });
});
