// Slots with many sessions, moved to another master while their owners use them.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { OWNERS } from './crowd.mjs';
import { openCluster } from './server.mjs';
import { fillSlot, moveSlot, ownersIn } from './slot.mjs';
import { spread, table, whole } from './table.mjs';

const SLOT = 1000;
/** Sessions of each owner that fills the slot, and makes no requests. */
const EACH = 5;
const PIPELINES = [10, 100];
const CLIENTS = { 'node-redis': 'redis', ioredis: 'ioredis' };
/** Milliseconds of requests before and after the move. */
const MARGIN = 500;

async function startVisitors(servers, library) {
  const redis = { cluster: servers.map(({ url }) => url), library };
  const child = fork(new URL('visitors.mjs', import.meta.url), [JSON.stringify(redis)]);
  await once(child, 'message');
  return {
    async send(act, owners) {
      child.send({ act, owners });
      return (await once(child, 'message'))[0].result;
    },
    async stop() {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

async function measure(servers, owners, { visitors, sessions, pipeline }, at) {
  const [from, to, other] = [servers[at], servers[1 - at], servers[2]];
  for (const { client } of servers) await client.flushAll();
  await visitors.send('prepare', owners);
  await fillSlot(from, SLOT, sessions, EACH);
  await visitors.send('start');
  await pause(MARGIN);
  const seconds = await moveSlot(SLOT, from, to, [other], pipeline);
  await pause(MARGIN);
  return { seconds, ...(await visitors.send('stop')) };
}

/** What failed of the requests of a kind, in all rounds, and the longest that one took. */
function cell(results, kind) {
  const of = results.map(({ tallies }) => tallies[kind]);
  const requests = of.reduce((sum, tally) => sum + tally.requests, 0);
  const failed = of.flatMap(({ errors }) => Object.values(errors)).reduce((sum, each) => sum + each, 0);
  const longest = Math.max(...of.map((tally) => tally.longest));
  return `${whole(failed)} of ${whole(requests)}, ${(longest / 1000).toFixed(2)} s`;
}

/** Counts by name. */
function added(counts) {
  const sums = {};
  for (const [name, count] of counts.flatMap((each) => Object.entries(each))) sums[name] = (sums[name] ?? 0) + count;
  return (
    Object.entries(sums)
      .map(([name, sum]) => `${name}: ${whole(sum)}`)
      .join(', ') || 'none'
  );
}

function took(results) {
  return spread(
    results.map(({ seconds }) => seconds),
    1,
  );
}

export async function moves({ quick, rounds }) {
  const sizes = quick ? [2000, 10_000] : [10_000, 50_000];
  const servers = await openCluster(3, ['--hash-max-listpack-value', '512']);
  const owners = ownersIn(SLOT, OWNERS);
  const series = [];
  for (const [client, library] of Object.entries(CLIENTS)) {
    const visitors = await startVisitors(servers, library);
    const places = sizes.flatMap((sessions) => PIPELINES.map((pipeline) => ({ sessions, pipeline })));
    series.push(...places.map((place) => ({ ...place, client, visitors, seen: [] })));
  }
  let at = 0;
  for (let round = 0; round < rounds; round++) {
    for (const place of series) {
      place.seen.push(await measure(servers, owners, place, at));
      at = 1 - at;
    }
  }
  for (const visitors of new Set(series.map((place) => place.visitors))) await visitors.stop();
  for (const server of servers) await server.stop();
  const kinds = Object.keys(series[0].seen[0].tallies);
  const rows = series.map(({ client, sessions, pipeline, seen }) => [
    `${client}: ${whole(sessions)}, ${pipeline}`,
    `${took(seen)} s`,
    ...kinds.map((kind) => cell(seen, kind)),
  ]);
  const failures = Object.keys(CLIENTS).map((client) => {
    const results = series.filter((place) => place.client === client).flatMap(({ seen }) => seen);
    const errors = results.flatMap(({ tallies }) => Object.values(tallies).map((tally) => tally.errors));
    const wrong = results.flatMap((result) => result.wrong.map((what) => ({ [what]: 1 })));
    return `${client} failed with: ${added(errors)}. Wrong answers: ${added(wrong)}.`;
  });
  return `## A slot that is moved

A Cluster of three masters. One slot with so many sessions is moved by MIGRATE of so many keys at a time, while one
process serves requests for its sessions: how many failed of how many in all rounds, and the longest that one took.
\`redis.socketTimeout\` is 2 seconds.

${table(['client: sessions, keys at a time', 'the move took', ...kinds], rows)}
${failures.join('\n\n')}
`;
}
