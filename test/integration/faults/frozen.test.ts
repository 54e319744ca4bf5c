import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { RespConnection } from '../../support/resp.ts';
import { startProxy } from '../../support/tcp-proxy.ts';
import { waitFor } from '../../support/wait-for.ts';
import {
  Browser,
  closeLater,
  elsewhere,
  expectFailure,
  expectFailures,
  expectRecovery,
  expectSessionlessAnswers,
  LIBRARIES,
  loggedIn,
  noCrashes,
  STACKS,
  start,
  visitor,
} from './setup.ts';

noCrashes();

let server: RedisServer;
beforeEach(async () => {
  server = await startRedis({ config: { 'enable-debug-command': 'yes', 'busy-reply-threshold': '100' } });
});
afterEach(async () => {
  server.resume();
  await server.stop();
});

describe.each(STACKS)('$framework over $library', (stack) => {
  test('Redis hangs: every request is answered within the deadline, and all is well when it goes on', async () => {
    const setup = await start(stack, server.url);
    const browser = await loggedIn(setup.app, 'alice');
    server.pause();
    expectFailure(await browser.get('/read'), 'ERR_SESSION_STORE_TIMEOUT');
    await expectSessionlessAnswers(setup.app, browser);
    for (const path of ['/set?b=2', '/login?owner=bob', '/save?b=2', '/stream?b=2']) {
      expectFailure(await browser.get(path));
      expectFailure(await new Browser(setup.app).get(path));
    }
    await expectFailures(setup.app, browser);
    server.resume();
    await expectRecovery(setup, browser);
    expect(await browser.read()).toMatchObject({ data: { a: '1' }, owner: 'alice' });
  });

  test('a logout while Redis hangs does not claim to have succeeded', async () => {
    const setup = await start(stack, server.url);
    const browser = await loggedIn(setup.app, 'alice');
    server.pause();
    expectFailure(await browser.get('/logout'));
    expect(browser.jar.header).toBeDefined();
    server.resume();
    expect(await waitFor('a logout', async () => (await browser.get('/logout')).status === 302)).toBe(true);
    expect(await elsewhere(server.url).owners.list('alice')).toEqual([]);
  });

  test('Redis hangs for less than the deadline: the request takes longer, and nothing else', async () => {
    const setup = await start(stack, server.url, {}, { socketTimeout: 10 });
    const { app } = setup;
    const browser = await visitor(app);
    for (const [path, status] of [
      ['/read', 200],
      ['/set?b=2', 200],
      ['/login?owner=alice', 302],
    ] as const) {
      const before = app.handled;
      server.pause();
      const answering = browser.get(path);
      await waitFor('the request to be under way', () => app.handled > before);
      server.resume();
      expect(await answering).toMatchObject({ status });
    }
    expect(await browser.read()).toMatchObject({ data: { a: '1', b: '2' }, owner: 'alice' });
    expect(setup.breaker).toEqual([]);
  });
});

describe.each(LIBRARIES)('$library', (stack) => {
  test('Redis is busy with a command of another client: requests fail in time, and work afterwards', async () => {
    const setup = await start(stack, server.url);
    const browser = await visitor(setup.app);
    const sleeping = server.cli('DEBUG', 'SLEEP', '1.5');
    await waitFor('the command to begin', async () => (await browser.get('/read')).status === 503);
    expectFailure(await browser.get('/set?b=2'));
    await expectSessionlessAnswers(setup.app, browser);
    await sleeping;
    await expectRecovery(setup, browser);
    expect((await browser.read()).data).toMatchObject({ a: '1' });
  });

  test("Redis is busy with another client's script: its refusals are failures, until the script ends", async () => {
    const setup = await start(stack, server.url);
    const browser = await visitor(setup.app);
    const looping = new RespConnection({ host: server.host, port: server.port });
    closeLater(async () => looping.close());
    const loop = looping.send(['EVAL', 'while true do end', '0']);
    await waitFor('Redis to say that it is busy', async () =>
      /BUSY/.test(String(await server.cli('PING').catch(String))),
    );
    const answer = await waitFor('a refusal', async () => {
      const refused = await browser.get('/set?b=2');
      return refused.body === 'ERR_SESSION_STORE' ? refused : undefined;
    });
    expectFailure(answer, 'ERR_SESSION_STORE');
    await expectFailures(setup.app, browser);
    await server.cli('SCRIPT', 'KILL');
    await loop;
    await expectRecovery(setup, browser);
    expect((await browser.read()).data).toEqual({ a: '1' });
  });

  test('a connection dies silently: the same process finds out, and reconnects', async () => {
    const proxy = await startProxy(server);
    closeLater(() => proxy.close());
    const setup = await start(stack, proxy.url);
    const browser = await loggedIn(setup.app, 'alice');
    proxy.freeze();
    await expectFailures(setup.app, browser);
    expect(setup.breaker).toEqual(['down']);
    await expectRecovery(setup, browser);
    expect(await browser.read()).toMatchObject({ data: { a: '1' }, owner: 'alice' });
  });

  test('the network is gone for a while, connections included that are opened meanwhile', async () => {
    const proxy = await startProxy(server);
    closeLater(() => proxy.close());
    const setup = await start(stack, proxy.url);
    const browser = await loggedIn(setup.app, 'alice');
    proxy.partition();
    await expectFailures(setup.app, browser);
    await waitFor('an attempt to reconnect', () => proxy.connections > 1);
    await expectSessionlessAnswers(setup.app, browser);
    proxy.heal();
    await expectRecovery(setup, browser);
    expect(await browser.read()).toMatchObject({ data: { a: '1' }, owner: 'alice' });
  });

  test('a slow network: what arrives within the deadline counts', async () => {
    const proxy = await startProxy(server);
    closeLater(() => proxy.close());
    const setup = await start(stack, proxy.url, {}, { socketTimeout: 10 });
    const browser = await visitor(setup.app);
    proxy.delay(50);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => browser.get(`/set?f${i}=${i}`)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(Object.keys((await browser.read()).data)).toHaveLength(21);
    expect(setup.breaker).toEqual([]);
  });

  test('a network slower than the deadline: no answer claims what it does not know', async () => {
    const proxy = await startProxy(server);
    closeLater(() => proxy.close());
    const setup = await start(stack, proxy.url);
    const browser = await visitor(setup.app);
    proxy.delay(1_000);
    const answers = await Promise.all(Array.from({ length: 3 }, (_, i) => browser.get(`/set?f${i}=${i}`)));
    for (const answer of answers) expectFailure(answer, 'ERR_SESSION_STORE_TIMEOUT');
    proxy.delay(0);
    await expectRecovery(setup, browser);
    expect((await browser.read()).data).toMatchObject({ a: '1' });
  });
});
