// What commands and requests cost, by the number of sessions in the store.
import { ordinarySession } from '../lib/routes.mjs';
import { benchmark, sha } from './benchmark.mjs';
import { dumpOf, fillNumbered } from './fill.mjs';
import { during, memoryOf, openServer, settled } from './server.mjs';
import { Site } from './site.mjs';
import { spread, table, whole } from './table.mjs';

/** Sessions that requests are made for; they are among the others. */
const OWN = 500;
/** With the number that follows, as long as the names of the others. */
const START = `session:${'-'.repeat(31)}`;
const NAME = `${START}__rand_int__`;

async function open(count) {
  const server = await openServer(['--hash-max-listpack-value', '512']);
  const site = await Site.open({ url: server.url });
  // The scripts and the connections are not part of a session's cost.
  await site.make(10, ordinarySession());
  await server.client.flushAll();
  const empty = await memoryOf(server);
  const cookies = await site.make(OWN / 2, ordinarySession());
  const dump = await dumpOf(server, 'session:*');
  await fillNumbered(server, dump, count - OWN, START);
  cookies.push(...(await site.make(OWN / 2, ordinarySession())));
  await settled(server);
  const bytes = (await memoryOf(server)) - empty;
  const save = ['EVALSHA', await sha(server.client, 'save'), '1', NAME, '__rand_int__', '', '0', '0'];
  return { count, server, site, cookies, bytes: bytes / count, save: [...save, 'views', '__rand_int__'], seen: [] };
}

async function measure({ count, server, site, cookies, save }, amount) {
  const options = { amount: amount * 5, count: count - OWN };
  const read = await benchmark(server, ['HGETALL', NAME], options);
  const change = await benchmark(server, save, options);
  const requests = {};
  for (const act of ['read', 'change']) {
    const { result, cpus } = await during(server, () => site.load(act, cookies, amount));
    requests[act] = { client: result.cpu, server: cpus[0] / amount };
  }
  return { read, change, requests };
}

export async function counts({ quick, rounds }) {
  const numbers = quick ? [1000, 100_000] : [1000, 100_000, 1_000_000, 5_000_000];
  const places = [];
  for (const number of numbers) places.push(await open(number));
  for (let round = 0; round <= rounds; round++) {
    for (const place of places) {
      const result = await measure(place, quick ? 2000 : 10_000);
      if (round > 0) place.seen.push(result);
    }
  }
  const rows = places.map(({ count, bytes, seen }) => {
    const of = (pick) => seen.map(pick);
    return [
      whole(count),
      whole(bytes),
      spread(
        of(({ read }) => read.cpu),
        1,
      ),
      spread(
        of(({ change }) => change.cpu),
        1,
      ),
      spread(
        of(({ requests }) => requests.read.client),
        1,
      ),
      spread(
        of(({ requests }) => requests.change.client),
        1,
      ),
    ];
  });
  for (const { server, site } of places) {
    await site.close();
    await server.stop();
  }
  return `## Sessions in the store

Each number of sessions in a server of its own, all at once. The commands come from redis-benchmark, 50 connections
without pipelining, for random sessions out of all; the requests from one process, 32 at once, for ${whole(OWN)} sessions
among them. CPU µs.

${table(['sessions', 'bytes for each', 'HGETALL: Redis', 'save: Redis', 'read: application', 'change: application'], rows)}`;
}
