import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MemoryStore } from 'websauna-session/memory';
import { startProcess, type NodeProcess } from '../support/processes.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';
import { DashboardFixture, type Visitor } from './support.ts';

const secret = 'a secret of the tests, of 32 bytes or more';
const STATS = { publishEvents: true, flushInterval: 0.1 };

const sites: DashboardFixture[] = [];
afterEach(async () => {
  for (const { dashboard, factory } of sites.splice(0)) {
    dashboard.close();
    await factory.close();
  }
});

function open(options: ConstructorParameters<typeof DashboardFixture>[0]): DashboardFixture {
  const site = new DashboardFixture(options);
  sites.push(site);
  return site;
}

async function text(site: DashboardFixture, query: string, visitor: Visitor): Promise<string> {
  return (await (await site.get(query, visitor)).text()).replaceAll(/\s+/g, ' ');
}

/** Returns the rows of events of a page: their names and handles, and whether they say that they are of another process. */
function rows(page: string): { name: string; handle: string | undefined; isForeign: boolean }[] {
  return [...page.matchAll(/<li class="row"> <time.*?<\/li>/g)].map(([row]) => ({
    name: /class="event \w+">(\w+)</.exec(row)![1]!,
    handle: /title="([\w-]{43})"/.exec(row)?.[1],
    isForeign: row.includes('another process'),
  }));
}

describe('events of a dashboard', () => {
  it('are those of its own process, which it says with what shows others, without the option', async () => {
    const store = new MemoryStore();
    const [one, other] = [open({ store }), open({ store })];
    const ada = await one.logIn('ada');
    const bob = await other.logIn('bob');
    await other.factory.stats();
    const page = await text(one, '?page=events', ada);
    expect(page).toContain('in this process, the newest first');
    expect(page).toContain('stats: { publishEvents: true }');
    expect(page).not.toContain(bob.handle);
    expect(await text(one, '', ada)).toContain('<h2>In this process</h2>');
  });

  it('are those of all processes with it, newest first, from the first visit on', async () => {
    const store = new MemoryStore();
    const [one, other] = [open({ store, stats: STATS }), open({ store, stats: STATS })];
    const ada = await one.logIn('ada');
    const early = await other.logIn('early');
    await other.factory.stats();
    const first = await text(one, '?page=events', ada);
    expect(first).toContain('in all processes that share it');
    expect(first).not.toContain('publishEvents');
    expect(first).not.toContain(early.handle);
    const bob = await other.logIn('bob');
    const loggedIn = Date.now();
    await waitFor('another millisecond', () => Date.now() > loggedIn + 1);
    await one.get('?page=events', { cookie: 'session=nonsense', handle: '' });
    await other.factory.stats();
    await expect.poll(() => text(one, '?page=events', ada)).toContain(bob.handle);
    const page = await text(one, '?page=events', ada);
    expect(rows(page).map(({ name, isForeign }) => [name, isForeign])).toEqual([
      ['rejected', false],
      ['login', true],
      ['created', true],
      ['login', false],
      ['created', false],
    ]);
    // The owner stays in the process of the login.
    expect(page).not.toContain('>bob<');
    expect(await text(one, '', ada)).toContain('<h2>In all processes</h2>');
  });

  it('say how many of other processes are not shown', async () => {
    const store = new MemoryStore();
    const [one, other] = [open({ store, stats: STATS }), open({ store, stats: STATS })];
    const ada = await one.logIn('ada');
    await text(one, '?page=events', ada);
    for (let i = 0; i < 60; i++) await other.get('', { cookie: 'session=nonsense', handle: '' });
    await other.factory.stats();
    await expect
      .poll(() => text(one, '?page=events', ada))
      .toContain('; 10 events of other processes too many to be shown, or lost on the way');
  });

  it('of others no longer come after the dashboard is closed', async () => {
    const store = new MemoryStore();
    const [one, other] = [open({ store, stats: STATS }), open({ store, stats: STATS })];
    const ada = await one.logIn('ada');
    await text(one, '?page=events', ada);
    one.dashboard.close();
    const bob = await other.logIn('bob');
    await other.factory.stats();
    expect(await text(one, '?page=events', ada)).not.toContain(bob.handle);
  });
});

describe('a dashboard and another process', () => {
  let server: RedisServer;
  let other: NodeProcess;
  beforeAll(async () => {
    server = await startRedis();
    const env = { SITE: JSON.stringify({ url: server.url, secret, stats: STATS }) };
    const fixture = new URL('../integration/audit/fixtures/happens.mjs', import.meta.url);
    other = await startProcess(fixture, { env });
  });
  afterAll(async () => {
    await other?.stop();
    await server?.stop();
  });

  it('shows what happens there, and reports that the page has changed', async () => {
    const site = open({ redis: { url: server.url, publishEnds: true }, stats: STATS });
    const ada = await site.logIn('ada');
    await text(site, '?page=events', ada);
    const stream = await site.get('?page=stream', ada);
    const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
    const handle = await (await fetch(`${other.url}/login/bob`)).text();
    let seen = '';
    while (!seen.includes('event: change')) seen += (await reader.read()).value ?? '';
    await reader.cancel();
    await fetch(`${other.url}/revoke/bob`);
    await expect
      .poll(async () => rows(await text(site, '?page=events', ada)).filter((row) => row.handle === handle), {
        timeout: 10_000,
      })
      .toEqual(['destroyed', 'revoked', 'login', 'created'].map((name) => ({ name, handle, isForeign: true })));
  });

  it('says that nothing arrives while the subscription is refused, and shows what arrives afterwards', async () => {
    const site = open({ redis: { url: server.url }, stats: STATS });
    const ada = await site.logIn('ada');
    await server.cli('ACL', 'SETUSER', 'default', '-subscribe');
    try {
      expect(await text(site, '?page=events', ada)).toContain('nothing arrives from other processes');
    } finally {
      await server.cli('ACL', 'SETUSER', 'default', '+subscribe');
    }
    await expect
      .poll(() => text(site, '?page=events', ada), { timeout: 10_000 })
      .toContain('in all processes that share it');
    const handle = await (await fetch(`${other.url}/login/carol`)).text();
    await expect.poll(() => text(site, '?page=events', ada), { timeout: 10_000 }).toContain(handle);
  });
});
