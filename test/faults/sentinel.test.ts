import { afterEach, beforeEach, test } from 'vitest';
import { startSentinel, type RedisSentinel } from '../support/redis-sentinel.ts';
import { SENTINEL_CLIENTS } from '../support/topology-clients.ts';
import { waitFor } from '../support/wait-for.ts';
import { closeAll, conclude, each, openSites, startAll, type Site } from './sites.ts';

let sentinel: RedisSentinel;
let sites: Site[] = [];

beforeEach(async () => {
  sentinel = await startSentinel();
});
afterEach(async () => {
  await closeAll(sites.splice(0));
  await sentinel?.stop();
});

async function open(): Promise<void> {
  sites = await openSites(SENTINEL_CLIENTS, sentinel, { redis: { socketTimeout: 1 } });
  startAll(sites);
  await each(sites, (crowd) => crowd.work(200));
}

test('C10: a failover in order, under load: only what was not copied is lost, and all clients follow', async () => {
  await open();
  const since = performance.now();
  await sentinel.copied();
  const at = performance.now();
  const old = await sentinel.master();
  await sentinel.failover();
  const promoted = performance.now();
  // The old master does not know that it was demoted until the sentinels inform it.
  await waitFor('the old master to follow', async () => String(await old.cli('ROLE')).startsWith('slave'), 30_000);
  const demoted = performance.now();
  await each(sites, (crowd) => crowd.calm());
  await conclude(sites, {
    title: 'a failover by sentinels',
    at,
    excused: [{ since, until: demoted + 500 }],
    figures: {
      'agreed upon': `${Math.round(promoted - at)} ms after it began`,
      'two masters until': `${Math.round(demoted - at)} ms after it began`,
    },
  });
}, 90_000);

test('C10: after a crash of the master only what was not replicated is lost, and all clients recover', async () => {
  await open();
  const since = performance.now();
  await sentinel.copied();
  const at = performance.now();
  const old = await sentinel.killMaster();
  await sentinel.successorOf(old);
  const promoted = performance.now();
  await each(sites, (crowd) => crowd.calm());
  await conclude(sites, {
    title: 'a master with sentinels killed',
    at,
    excused: [{ since, until: at }],
    figures: { 'successor agreed upon': `${Math.round(promoted - at)} ms after it` },
  });
}, 90_000);
