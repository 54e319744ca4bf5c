// Listing and ending the sessions of one owner, among few sessions and among many.
import { ordinarySession } from '../lib/routes.mjs';
import { dumpOf, fill, fillOwners, startOfCookie } from './fill.mjs';
import { during, openServer, settled } from './server.mjs';
import { Site } from './site.mjs';
import { median, spread, table, whole } from './table.mjs';

const FEW = 1000;
/** Sessions of an owner, where the others are counted. */
const OWN = 10;
/** Owners whose sessions are ended in one round. */
const OWNERS = 50;

async function open(stored) {
  const server = await openServer(['--hash-max-listpack-value', '512']);
  const site = await Site.open({ url: server.url });
  const cookies = await site.make(OWNERS, ordinarySession(), (i) => `owner-${i}`);
  const dump = await dumpOf(server, 'session:*');
  const starts = cookies.map(startOfCookie);
  await fill(server, dump, stored - OWNERS * OWN);
  await settled(server);
  return { stored, server, site, dump, starts };
}

/** Makes the owners have so many sessions each, and lists and ends them. */
async function measure({ server, site, dump, starts }, own, several) {
  const list = (owner) => site.factory.owners.list(owner);
  const revoke = (owner) => site.factory.owners.revoke(owner);
  for (let i = 0; i < several; i++) await revoke(`owner-${i}`);
  await fillOwners(server, dump, starts.slice(0, several), own);
  const results = {};
  for (const [name, call] of Object.entries({ list, revoke })) {
    const latencies = [];
    const { cpus, stats } = await during(server, async () => {
      for (let i = 0; i < several; i++) {
        const begun = performance.now();
        const found = await call(`owner-${i}`);
        latencies.push(performance.now() - begun);
        if ((found.length ?? found) !== own) throw new Error(`${name} found ${found.length ?? found} of ${own}`);
      }
    });
    const calls = [...stats[0].values()].reduce((sum, stat) => sum + stat.calls, 0) / several;
    results[name] = { cpu: cpus[0] / several, latency: median(latencies), calls: calls - 1 };
  }
  return results;
}

function cells(results) {
  const of = (name, figure) => results.map((result) => result[name][figure]);
  return ['list', 'revoke'].flatMap((name) => [
    spread(of(name, 'cpu')),
    whole(median(of(name, 'calls'))),
    spread(of(name, 'latency'), 2),
  ]);
}

const HEADS = ['list', 'revoke'].flatMap((name) => [`${name}: CPU µs`, 'inner commands', 'latency ms']);

export async function owners({ quick, rounds }) {
  const many = quick ? 100_000 : 1_000_000;
  const places = [await open(FEW), await open(many)];
  const others = new Map(places.map(({ stored }) => [stored, []]));
  for (let round = 0; round <= 2 * rounds; round++) {
    for (const place of places) {
      const result = await measure(place, OWN, OWNERS);
      if (round > 0) others.get(place.stored).push(result);
    }
  }
  const own = new Map([1, 10, 100, 1000].map((count) => [count, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [count, results] of own) {
      const result = await measure(places[1], count, count < 1000 ? OWNERS : OWNERS / 5);
      if (round > 0) results.push(result);
    }
  }
  for (const { server, site } of places) {
    await site.close();
    await server.stop();
  }
  const rows = (map) => [...map].map(([count, results]) => [whole(count), ...cells(results)]);
  return `## Owners

\`owners.list\` and \`owners.revoke\`, one call after the other: CPU of the server, the commands inside the one script, and
the median latency of the client.

${table([`sessions stored, ${OWN} of them the owner's`, ...HEADS], rows(others))}
${table([`the owner's sessions, among ${whole(many)}`, ...HEADS], rows(own))}`;
}
