import { afterEach, beforeEach, test } from 'vitest';
import { GIVEN_CLIENTS } from '../support/redis-clients.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';
import { LOAD } from './crowd.ts';
import { closeAll, conclude, each, openSite, openSites, startAll, type Site } from './sites.ts';

/** Seconds. */
const DEADLINE = 0.5;
const CUTS = 60 * LOAD;

let server: RedisServer;
let proxy: TcpProxy;
let sites: Site[] = [];

beforeEach(async () => {
  server = await startRedis();
  proxy = await startProxy(server);
});
afterEach(async () => {
  await closeAll(sites.splice(0));
  await proxy?.close();
  await server?.stop();
});

const redis = { socketTimeout: DEADLINE };

function openOwn(): Site[] {
  return (['redis', 'ioredis'] as const).map((library) => {
    const own = { url: proxy.url, library, ...redis };
    return openSite(`a connection of our own, ${library}`, [own, own], LOAD);
  });
}

async function openAll(): Promise<void> {
  sites = [...(await openSites(GIVEN_CLIENTS, proxy.url, { redis, people: LOAD })), ...openOwn()];
  startAll(sites);
  await each(sites, (crowd) => crowd.work(30));
}

test('connections are cut before a request and within a reply: all acknowledgements are true', async () => {
  await openAll();
  const at = performance.now();
  for (let i = 0; i < CUTS; i++) {
    // Scripts alone: a login, a rotation or a revocation that was carried out, but not acknowledged.
    await proxy.cutAt(i % 3 === 0 ? 'request' : 'reply', 'EVALSHA');
    if (i % 10 === 9) proxy.cut();
  }
  await each(sites, (crowd) => crowd.calm());
  await conclude(sites, { title: `${CUTS} connections cut`, at, excused: [] });
});

test('replies come after the deadline: acknowledgements are true, and no late write undoes a later one', async () => {
  await openAll();
  const at = performance.now();
  proxy.delay(DEADLINE * 1000 + 200);
  await each(sites, (crowd) => waitFor('requests to fail', () => crowd.errors.size > 0));
  proxy.delay(0);
  await each(sites, (crowd) => crowd.calm());
  await conclude(sites, { title: 'replies delayed', at, excused: [] });
});

test('a firewall forgets the connections: our own are replaced, and all acknowledgements are true', async () => {
  sites = openOwn();
  startAll(sites);
  await each(sites, (crowd) => crowd.work(50));
  const at = performance.now();
  proxy.freeze();
  await each(sites, (crowd) => waitFor('requests to fail', () => crowd.errors.size > 0));
  await each(sites, (crowd) => crowd.calm());
  await conclude(sites, { title: 'connections forgotten', at, excused: [] });
});

test('a partition: all requests fail until it heals, and all acknowledgements are true', async () => {
  await openAll();
  const at = performance.now();
  proxy.partition();
  await each(sites, (crowd) => waitFor('requests to fail', () => crowd.errors.size > 0));
  proxy.heal();
  const healed = performance.now();
  await each(sites, (crowd) => crowd.calm());
  const figures = { 'healed after': `${Math.round(healed - at)} ms` };
  await conclude(sites, { title: 'a partition', at, excused: [], figures });
});
