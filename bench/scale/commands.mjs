// What the commands cost the server, and how many of them one server carries out.
import { ordinarySession } from '../lib/routes.mjs';
import { benchmark, sha } from './benchmark.mjs';
import { dumpOf, fillNumbered } from './fill.mjs';
import { during, openServer, settled } from './server.mjs';
import { Site } from './site.mjs';
import { median, spread, table, whole } from './table.mjs';

const LIMITS = [64, 512];

/** Requests through node-redis: what each asks of the server besides the read, and how it is made. */
const REQUESTS = {
  'read, anonymous': { act: 'read' },
  'read, owned': { act: 'read', owned: true },
  'change, anonymous': { act: 'change', script: true },
  'change, owned': { act: 'change', owned: true, script: true },
  'read that renews the idle time, owned': { act: 'read', owned: true, touch: true, script: true },
  'login of an anonymous session': { act: 'login', fresh: true, script: true },
};

async function open(limit, count) {
  const server = await openServer(['--hash-max-listpack-value', String(limit)]);
  const site = await Site.open({ url: server.url });
  const touching = await Site.open({ url: server.url }, 0);
  const anonymous = await site.make(count, ordinarySession());
  const dump = await dumpOf(server, 'session:*');
  const owned = await site.make(count, ordinarySession(), (i) => `owner-${Math.floor(i / 5)}`);
  // Asks for the server's time, once for a minute.
  await touching.load('read', anonymous, 1);
  return { limit, server, site, touching, anonymous, owned, dump };
}

async function request(place, { act, owned, fresh, touch, script }, amount) {
  const site = touch ? place.touching : place.site;
  const cookies = fresh ? await site.make(amount, ordinarySession()) : owned ? place.owned : place.anonymous;
  const { cpus, stats } = await during(place.server, () => site.load(act, cookies, amount));
  const { calls, usec } = stats[0].get(script ? 'evalsha' : 'hgetall');
  if (calls !== amount) throw new Error(`${amount} requests took ${calls} commands`);
  return { cpu: cpus[0] / amount, work: usec / calls };
}

async function requests(places, { quick, rounds }) {
  const amount = quick ? 2000 : 10_000;
  const seen = new Map();
  for (let round = 0; round <= rounds; round++) {
    for (const [name, kind] of Object.entries(REQUESTS)) {
      for (const place of places) {
        const result = await request(place, kind, amount);
        if (round > 0) seen.set(name + place.limit, [...(seen.get(name + place.limit) ?? []), result]);
      }
    }
  }
  const rows = Object.entries(REQUESTS).map(([name, { script }]) => [
    name,
    script ? 'HGETALL, EVALSHA' : 'HGETALL',
    ...places.flatMap(({ limit }) => {
      const results = seen.get(name + limit);
      return [
        spread(
          results.map(({ cpu }) => cpu),
          1,
        ),
        median(results.map(({ work }) => work)).toFixed(1),
      ];
    }),
  ]);
  const heads = LIMITS.flatMap((limit) => [`${limit}: CPU`, 'its last command']);
  return table(['request', 'commands', ...heads], rows);
}

/** With the number that follows, as long as the names of other sessions. */
const START = `session:${'-'.repeat(31)}`;

/** Commands for redis-benchmark, which puts a number of twelve digits in place of `__rand_int__`. */
async function commandsOf({ client }) {
  const name = `${START}__rand_int__`;
  const hash = await sha(client, 'save');
  // As in the header of lua/save.lua: nothing but the fields changes, and there is no deadline.
  const save = (...fields) => ['EVALSHA', hash, '1', name, '__rand_int__', '', '', '1', '0', '0', ...fields, ''];
  return {
    'PING, for comparison': ['PING'],
    'HGETALL (read)': ['HGETALL', name],
    'save, one field (change)': save('views', '__rand_int__'),
    'save, no fields (touch)': save(),
  };
}

async function saturation(places, { quick, rounds }) {
  const count = quick ? 10_000 : 100_000;
  const amount = quick ? 50_000 : 200_000;
  for (const { server, dump } of places) {
    await fillNumbered(server, dump, count, START);
    await settled(server);
  }
  const seen = new Map();
  for (let round = 0; round < rounds; round++) {
    for (const { server, limit } of places) {
      for (const [name, words] of Object.entries(await commandsOf(server))) {
        const result = await benchmark(server, words, { amount, count });
        seen.set(name + limit, [...(seen.get(name + limit) ?? []), result]);
      }
    }
  }
  const names = Object.keys(await commandsOf(places[0].server));
  const rows = names.flatMap((name) =>
    LIMITS.map((limit) => {
      const of = (figure) => seen.get(name + limit).map((result) => result[figure]);
      const busy = `${Math.round(median(of('busy')) * 100)} %`;
      return [name, limit, spread(of('cpu'), 1), whole(median(of('perSecond'))), busy];
    }),
  );
  return table(['command', '`hash-max-listpack-value`', 'CPU µs/command', 'commands/s', 'server busy'], rows);
}

export async function commands(options) {
  const places = [];
  for (const limit of LIMITS) places.push(await open(limit, options.quick ? 2000 : 20_000));
  const first = await requests(places, options);
  const second = await saturation(places, options);
  for (const { server, site, touching } of places) {
    await touching.close();
    await site.close();
    await server.stop();
  }
  return `## CPU time of Redis

Requests of one process with node-redis, 32 at once. CPU µs of the server for each request, by \`hash-max-listpack-value\`;
the last command's own work, in the second column of each, is what \`INFO commandstats\` says, without reading from and writing to the connection.

${first}
One command after the other on each of 50 connections of redis-benchmark, without pipelining, on random sessions out of
${whole(options.quick ? 10_000 : 100_000)}. Where the server is busy for less than the whole time, the loader was the limit.

${second}`;
}
