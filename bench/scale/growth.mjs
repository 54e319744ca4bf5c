// More processes on one Redis, and more masters under one process.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { ordinarySession } from '../lib/routes.mjs';
import { during, openCluster, openServer } from './server.mjs';
import { Site } from './site.mjs';
import { median, spread, table, whole } from './table.mjs';

const SESSIONS = 2000;
const ACTS = ['read', 'change'];

async function startProcess(url) {
  const child = fork(new URL('client.mjs', import.meta.url), [url]);
  await once(child, 'message');
  return {
    async load(act, cookies, amount) {
      child.send({ act, cookies, amount });
      return (await once(child, 'message'))[0];
    },
    async stop() {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

export async function processes({ quick, rounds }) {
  const amount = quick ? 3000 : 20_000;
  const server = await openServer(['--hash-max-listpack-value', '512']);
  const site = await Site.open({ url: server.url });
  const cookies = await site.make(SESSIONS, ordinarySession(), (i) => `owner-${i}`);
  await site.close();
  const children = [await startProcess(server.url), await startProcess(server.url)];
  const kinds = [1, 2].flatMap((count) => ACTS.map((act) => ({ count, act, seen: [] })));
  for (let round = 0; round <= rounds; round++) {
    for (const { count, act, seen } of kinds) {
      const working = children.slice(0, count);
      const { result, cpus } = await during(server, () =>
        Promise.all(working.map((child) => child.load(act, cookies, amount))),
      );
      const perSecond = result.reduce((sum, { seconds }) => sum + amount / seconds, 0);
      const cpu = result.reduce((sum, each) => sum + each.cpu, 0) / count;
      if (round > 0) seen.push({ perSecond, cpu, server: cpus[0] / (count * amount) });
    }
  }
  for (const child of children) await child.stop();
  await server.stop();
  const rows = kinds.map(({ count, act, seen }) => {
    const of = (figure) => seen.map((result) => result[figure]);
    return [`${count}, ${act}`, whole(median(of('perSecond'))), spread(of('cpu'), 1), spread(of('server'), 1)];
  });
  return `## Processes

Processes of an application that share one Redis, each with 32 requests at once. CPU µs for each request.

${table(['processes', 'requests/s in all', 'application', 'Redis'], rows)}`;
}

async function openPlace(masters) {
  const servers = await openCluster(masters, ['--hash-max-listpack-value', '512']);
  const site = await Site.open({ cluster: servers.map(({ url }) => url) });
  const cookies = await site.make(SESSIONS, ordinarySession(), (i) => `owner-${i}`);
  const seen = { read: [], change: [], login: [] };
  return { masters, servers, site, cookies, seen };
}

async function measure({ servers, site, cookies }, act, amount) {
  const own = act === 'login' ? await site.make(amount, ordinarySession()) : cookies;
  const { result, cpus, stats } = await during(servers, () => site.load(act, own, amount));
  const asked = ({ calls } = { calls: 0 }) => calls;
  const commands = stats.map((each) => asked(each.get('hgetall')) + asked(each.get('evalsha')));
  return {
    client: result.cpu,
    cpus: cpus.map((cpu) => cpu / amount),
    commands: commands.map((count) => count / amount),
  };
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

export async function shards({ quick, rounds }) {
  const amount = quick ? 2000 : 10_000;
  const places = [await openPlace(1), await openPlace(3)];
  for (let round = 0; round <= rounds; round++) {
    for (const act of ['read', 'change', 'login']) {
      for (const place of places) {
        const result = await measure(place, act, amount);
        if (round > 0) place.seen[act].push(result);
      }
    }
  }
  const rows = places.flatMap(({ masters, seen }) =>
    Object.entries(seen).map(([act, results]) => {
      const shares = results[0].commands.map((_, at) => {
        const share = median(results.map(({ commands }) => commands[at] / sum(commands)));
        return `${(share * 100).toFixed(1)} %`;
      });
      return [
        `${masters}, ${act}`,
        median(results.map(({ commands }) => sum(commands))).toFixed(2),
        spread(
          results.map(({ client }) => client),
          1,
        ),
        spread(
          results.map(({ cpus }) => sum(cpus)),
          1,
        ),
        spread(
          results.map(({ cpus }) => Math.max(...cpus)),
          1,
        ),
        shares.join(', '),
      ];
    }),
  );
  for (const { servers, site } of places) {
    await site.close();
    for (const server of servers) await server.stop();
  }
  const heads = [
    'masters',
    'commands/request',
    'application',
    'all masters',
    'the busiest master',
    'commands by master',
  ];
  return `## Masters of a Cluster

One process with a cluster client of node-redis, 32 requests at once, ${whole(SESSIONS)} owners. CPU µs for each request;
a login is that of an anonymous session, which changes its slot.

${table(heads, rows)}`;
}
