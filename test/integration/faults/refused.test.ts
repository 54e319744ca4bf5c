import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { WebsaunaSession } from 'websauna-session';
import { startRedis, startReplica, type RedisServer } from '../../support/redis-server.ts';
import { Jar, visit } from '../../support/visit.ts';
import { waitFor } from '../../support/wait-for.ts';
import {
  AT_ONCE,
  Browser,
  elsewhere,
  expectFailure,
  expectFailures,
  expectRecovery,
  expectSessionlessAnswers,
  loggedIn,
  noCrashes,
  SECRET,
  STACKS,
  start,
  visitor,
  type Answer,
} from './setup.ts';

noCrashes();

type Session = WebsaunaSession<Record<string, unknown>>;

let server: RedisServer;
const stopping: RedisServer[] = [];
async function redis(options: Parameters<typeof startRedis>[0] = {}): Promise<RedisServer> {
  const started = await startRedis(options);
  stopping.push(started);
  return started;
}
beforeEach(async () => {
  server = await redis();
});
afterEach(async () => {
  await Promise.all(stopping.splice(0).map((each) => each.stop()));
});

function expectRefusal(answer: Answer, errors: unknown[], code: string): void {
  expectFailure(answer, 'ERR_SESSION_STORE');
  expect((errors.at(-1) as Error).message).toMatch(code);
}

test('Redis is full: a request that only reads succeeds, and its session is renewed later', async () => {
  const factory = elsewhere(server.url, { touchInterval: 0 });
  const jar = new Jar();
  await visit(factory, jar, (session) => session.set('a', 1));
  const events: string[] = [];
  factory.on('storeError', ({ operation, error }) => events.push(`${operation}: ${(error as Error).message}`));
  factory.on('touched', () => events.push('touched'));
  const read = (): Promise<unknown> => visit(factory, jar, (session) => session.get('a'));
  await server.cli('CONFIG', 'SET', 'maxmemory', '1');
  expect(await read()).toBe(1);
  expect(events).toEqual([expect.stringMatching(/^touch: .*\(OOM\)/)]);
  await expect(visit(factory, jar, (session) => session.update('a', () => 2))).rejects.toMatchObject({ status: 503 });
  expect(events.slice(1)).toEqual([expect.stringMatching(/^update: .*\(OOM\)/)]);
  await server.cli('CONFIG', 'SET', 'maxmemory', '0');
  expect(await read()).toBe(1);
  expect(events.slice(2)).toEqual(['touched']);
});

describe.each(STACKS)('$framework over $library', (stack) => {
  test('Redis is full: reading and logging out work, and what cannot be stored is refused', async () => {
    const setup = await start(stack, server.url);
    const { app } = setup;
    const [browser, leaving] = [await loggedIn(app, 'alice'), await loggedIn(app, 'bob')];
    await server.cli('CONFIG', 'SET', 'maxmemory', '1');
    expect(await browser.read()).toMatchObject({ data: { a: '1' }, owner: 'alice' });
    await expectSessionlessAnswers(app, browser);
    for (const path of ['/set?b=2', '/count', '/save?b=2', '/stream?b=2']) {
      expectRefusal(await browser.get(path), app.errors, '(OOM)');
    }
    for (const path of ['/set?b=2', '/login?owner=carol', '/login-swallowing?owner=carol']) {
      const newcomer = new Browser(app);
      expectRefusal(await newcomer.get(path), app.errors, '(OOM)');
      expect(newcomer.jar.header).toBeUndefined();
    }
    const other = elsewhere(server.url);
    expect(await other.owners.list('carol')).toEqual([]);
    expect(await leaving.get('/logout')).toMatchObject({ status: 302 });
    expect(await other.owners.list('bob')).toEqual([]);
    expect(await other.owners.revoke('alice')).toBe(1);
    expect(await browser.read()).toMatchObject({ data: {}, owner: null });
    expect(setup.breaker).toEqual([]);
    await server.cli('CONFIG', 'SET', 'maxmemory', '0');
    await expectRecovery(setup, browser);
  });

  test('Redis is full: a login is acknowledged only if another process can read it', async () => {
    const { app } = await start(stack, server.url);
    const browsers = await Promise.all(Array.from({ length: 4 }, () => visitor(app)));
    const other = elsewhere(server.url);
    await server.cli('CONFIG', 'SET', 'maxmemory', '1');
    for (const [index, browser] of browsers.entries()) {
      const owner = `user${index}`;
      const { status } = await browser.get(`/login?owner=${owner}`);
      expect(await other.owners.list(owner)).toHaveLength(status === 302 ? 1 : 0);
      expect(await browser.read()).toMatchObject({ data: { a: '1' }, owner: status === 302 ? owner : null });
    }
  });

  test('Redis is a replica: reading works, and every write is refused, until it is a primary', async () => {
    const replica = await startReplica(server);
    stopping.push(replica);
    const browser = await loggedIn((await start(stack, server.url)).app, 'alice');
    const setup = await start(stack, replica.url);
    const { app } = setup;
    const reader = new Browser(app);
    for (const [name, value] of browser.jar.cookies) reader.jar.cookies.set(name, value);
    await waitFor('the session to be copied', async () => {
      const [keys, copied] = await Promise.all([server.cli('DBSIZE'), replica.cli('DBSIZE')]);
      return copied === keys;
    });
    expect(await reader.read()).toMatchObject({ data: { a: '1' }, owner: 'alice' });
    for (const path of [
      '/set?b=2',
      '/count',
      '/logout',
      '/rotate',
      '/login?owner=bob',
      '/login-swallowing?owner=bob',
    ]) {
      expectRefusal(await reader.get(path), app.errors, '(READONLY)');
    }
    expectRefusal(await new Browser(app).get('/login?owner=bob'), app.errors, '(READONLY)');
    expect(reader.jar.header).toBe(browser.jar.header);
    expect(await reader.read()).toMatchObject({ data: { a: '1' }, owner: 'alice' });
    expect(setup.breaker).toEqual([]);
    await replica.cli('REPLICAOF', 'NO', 'ONE');
    expect(await reader.get('/set?b=2')).toMatchObject({ status: 200 });
    expect(await reader.read()).toMatchObject({ data: { a: '1', b: '2' } });
    await expectRecovery(setup, reader);
  });

  test('a wrong password: requests fail at once, and work once the password is right', async () => {
    const guarded = await redis({ password: 'a right password' });
    const cookie = (await visitor((await start(stack, guarded.url)).app)).jar.cookies.get('session')!;
    const setup = await start(stack, guarded.url.replace('right', 'wrong'));
    const { app } = setup;
    const browser = new Browser(app);
    browser.jar.cookies.set('session', cookie);
    await waitFor('the first refusal', () => browser.get('/read'));
    await expectSessionlessAnswers(app, browser);
    await expectFailures(app, browser);
    const took = [];
    for (let i = 0; i < 5; i++) took.push((await browser.get('/read')).took);
    expect(Math.min(...took)).toBeLessThan(AT_ONCE);
    for (const error of app.errors) {
      expect((error as Error).message).toMatch(/Redis (?:refused the login|has not answered|did not answer)/);
      expect((error as Error).message).not.toMatch(/password"|a wrong|a right/);
      expect((error as Error).message).not.toContain(SECRET);
    }
    expect(app.errors.map((error) => (error as Error).message).join()).toContain('authentication failed');
    await guarded.cli('CONFIG', 'SET', 'requirepass', 'a wrong password');
    await expectRecovery(setup, browser);
    expect((await browser.read()).data).toEqual({ a: '1' });
  });

  test('the password changes while connections are open: it fails when they break, and recovers', async () => {
    const guarded = await redis({ password: 'first' });
    const setup = await start(stack, guarded.url);
    const browser = await loggedIn(setup.app, 'alice');
    await guarded.cli('CONFIG', 'SET', 'requirepass', 'second');
    expect(await browser.read()).toMatchObject({ owner: 'alice' });
    await guarded.cli('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await waitFor('the connection to break', async () => (await browser.get('/read')).status === 503);
    await expectFailures(setup.app, browser);
    await guarded.cli('CONFIG', 'SET', 'requirepass', 'first');
    await expectRecovery(setup, browser);
    expect(await browser.read()).toMatchObject({ data: { a: '1' }, owner: 'alice' });
  });

  test('the user may not run a command: that is a failure like any other', async () => {
    await server.cli('ACL', 'SETUSER', 'default', 'on', 'nopass', '~*', '+@all', '-evalsha', '-eval');
    const setup = await start(stack, server.url);
    const { app } = setup;
    await expectSessionlessAnswers(app, new Browser(app));
    const answer = await waitFor('a connection', async () => {
      const refused = await new Browser(app).get('/set?b=2');
      return refused.body === 'ERR_SESSION_STORE' ? refused : undefined;
    });
    expectRefusal(answer, app.errors, '(NOPERM)');
    await server.cli('ACL', 'SETUSER', 'default', '+@all');
    await expectRecovery(setup, new Browser(app));
  });
});

test('Redis could not write its snapshot: reading works, and every write is refused, logouts too', async () => {
  const factory = elsewhere(server.url, { touchInterval: 0 });
  const jar = new Jar();
  await visit(factory, jar, (session) => session.login('alice'));
  // A folder of that name is in the way of the snapshot.
  mkdirSync(join(server.dir, 'dump.rdb'));
  await server.cli('CONFIG', 'SET', 'save', '1 1');
  await server.cli('BGSAVE');
  await waitFor('the snapshot to fail', async () =>
    String(await server.cli('INFO', 'persistence')).includes('rdb_last_bgsave_status:err'),
  );
  const events: string[] = [];
  factory.on('storeError', ({ operation, error }) => events.push(`${operation}: ${(error as Error).message}`));
  expect(await visit(factory, jar, (session) => session.owner)).toBe('alice');
  expect(events).toEqual([expect.stringMatching(/^touch: .*\(MISCONF\)/)]);
  for (const change of [
    (session: Session) => session.set('a', 1),
    (session: Session) => session.rotate(),
    (session: Session) => session.logout(),
  ]) {
    const refused = visit(factory, new Jar(jar), change);
    await expect(refused).rejects.toMatchObject({ status: 503, message: expect.stringContaining('(MISCONF)') });
  }
  expect(await visit(factory, jar, (session) => session.owner)).toBe('alice');
});

test('Redis still reads its data from disk: requests with a session fail at once, or have an empty one', async () => {
  // A millisecond for each key, so that reading them takes seconds.
  const config = { 'key-load-delay': '1000', 'loading-process-events-interval-bytes': '1024' };
  const slow = await redis({ config });
  const [failing, anonymous] = [elsewhere(slow.url), elsewhere(slow.url, { onStoreError: 'anonymous' })];
  const jar = new Jar();
  await visit(failing, jar, (session) => session.login('alice'));
  await slow.cli('EVAL', "for i = 1, 4000 do redis.call('SET', i, ('x'):rep(2000)) end", '0');
  await slow.cli('SAVE');
  await slow.kill();
  const started = slow.start();
  const loading = await waitFor('the server to load', async () => {
    const error = await visit(failing, new Jar(jar), (session) => session.owner).catch((thrown: unknown) => thrown);
    return error instanceof Error && error.message.includes('(LOADING)') ? error : undefined;
  });
  expect(loading).toMatchObject({ code: 'ERR_SESSION_STORE', status: 503 });
  await visit(anonymous, new Jar(jar), (session) => expect([session.degraded, session.owner]).toEqual([true, null]));
  await started;
  await waitFor('the session', async () => {
    const owner = await visit(failing, new Jar(jar), (session) => session.owner).catch(() => null);
    return owner === 'alice' ? owner : undefined;
  });
}, 60_000);
