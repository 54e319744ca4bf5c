import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { waitFor } from '../../support/wait-for.ts';
import {
  Browser,
  expectFailure,
  expectRecovery,
  IN_TIME,
  loggedIn,
  noCrashes,
  STACKS,
  start,
  visitor,
  WRITES,
} from './setup.ts';

noCrashes();

let server: RedisServer;
beforeEach(async () => {
  server = await startRedis({ config: { appendonly: 'yes', appendfsync: 'always' } });
});
afterEach(async () => {
  if (server.running) server.resume();
  await server.stop();
});

const OUTAGES = {
  'is killed': () => server.kill(),
  hangs: async () => server.pause(),
} as const;
const RECOVERIES = {
  'is killed': () => server.restart(),
  hangs: async () => server.resume(),
} as const;

describe.each(STACKS)('onStoreError: anonymous, $framework over $library', (stack) => {
  test.each(['is killed', 'hangs'] as const)(
    'Redis %s: pages are served to strangers, writing is refused, the cookie stays',
    async (outage) => {
      const setup = await start(stack, server.url, { onStoreError: 'anonymous' });
      const { app } = setup;
      const browser = await loggedIn(app, 'alice');
      const cookie = browser.jar.header;
      await OUTAGES[outage]();
      const answer = await browser.get('/read');
      expect(answer).toMatchObject({ status: 200, body: { data: {}, owner: null, degraded: true }, cookies: [] });
      expect(answer.took).toBeLessThan(IN_TIME);
      expect(await browser.get('/')).toMatchObject({ status: 200, cookies: [] });
      expect(await browser.get('/try')).toMatchObject({ status: 200, body: 'ERR_SESSION_DEGRADED', cookies: [] });
      for (const path of WRITES) expectFailure(await browser.get(path), 'ERR_SESSION_DEGRADED');
      expect(browser.jar.header).toBe(cookie);
      await RECOVERIES[outage]();
      await waitFor('the application to recover by itself', async () => !(await browser.read()).degraded);
      expect(await browser.read()).toMatchObject({ data: { a: '1' }, owner: 'alice', degraded: false });
      await expectRecovery(setup, browser);
    },
  );

  test('a client without a session is not degraded: it reads nothing, and its first write fails as an error', async () => {
    const { app } = await start(stack, server.url, { onStoreError: 'anonymous' });
    await visitor(app);
    await server.kill();
    const browser = new Browser(app);
    expect(await browser.read()).toMatchObject({ data: {}, degraded: false });
    for (const path of ['/set?b=2', '/login?owner=bob', '/login-swallowing?owner=bob', '/stream?b=2']) {
      expectFailure(await browser.get(path));
    }
    expect(browser.jar.header).toBeUndefined();
  });

  test('Redis fails between reading and writing: the response is an error all the same', async () => {
    const { app, factory } = await start(stack, server.url, { onStoreError: 'anonymous' });
    const browser = await visitor(app);
    let stopping: Promise<void> | undefined;
    const off = factory.on('loaded', () => {
      stopping ??= server.kill();
    });
    expectFailure(await browser.get('/set?b=2'), /^ERR_SESSION_STORE/);
    off();
    await stopping;
    expect(await browser.get('/try')).toMatchObject({ status: 200, body: 'ERR_SESSION_DEGRADED' });
  });
});
