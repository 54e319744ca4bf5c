import { afterEach, beforeEach, expect, test } from 'vitest';
import { GIVEN_CLIENTS } from '../support/redis-clients.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';
import { LOAD } from './crowd.ts';
import { closeAll, conclude, each, openSite, openSites, startAll, type Site } from './sites.ts';

/** Seconds. */
const DEADLINE = 0.5;
/** Requests of each site that fail before Redis goes on: enough for the breakers to open. */
const FAILURES = 30 * LOAD;

let server: RedisServer;
let sites: Site[] = [];

beforeEach(async () => {
  server = await startRedis();
});
afterEach(async () => {
  await closeAll(sites.splice(0));
  await server?.stop();
});

test('Redis hangs for longer than the deadline: requests fail fast, and all acknowledgements are true', async () => {
  const redis = { socketTimeout: DEADLINE };
  sites = await openSites(GIVEN_CLIENTS, server.url, { redis, people: 2 * LOAD });
  for (const library of ['redis', 'ioredis'] as const) {
    const own = { url: server.url, library, ...redis };
    sites.push(openSite(`a connection of our own, ${library}`, [own, own], 2 * LOAD));
  }
  const breakers = sites.map(({ factories }) => {
    const seen: string[] = [];
    for (const factory of factories) {
      factory.on('circuitOpen', () => seen.push('down'));
      factory.on('circuitClosed', () => seen.push('up'));
    }
    return seen;
  });
  startAll(sites);
  await each(sites, (crowd) => crowd.work(50));
  const at = performance.now();
  server.pause();
  await each(sites, (crowd) => waitFor('requests to fail', () => crowd.failed >= FAILURES, 20_000));
  server.resume();
  const resumed = performance.now();
  await each(sites, (crowd) => crowd.calm());
  const figures = { 'went on': `${Math.round(resumed - at)} ms after it` };
  await conclude(sites, { title: 'Redis hangs', at, excused: [], figures });
  for (const seen of breakers) {
    const opened = seen.filter((name) => name === 'down').length;
    expect(opened).toBeGreaterThan(0);
    expect(seen).toHaveLength(2 * opened);
  }
}, 60_000);
