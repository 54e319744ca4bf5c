// What a session costs in the memory of Redis, and what the largest value of a compact hash does to it.
import { largeSession, ordinarySession } from '../lib/routes.mjs';
import { during, memoryOf, openServer, settled } from './server.mjs';
import { Site } from './site.mjs';
import { spread, table, whole } from './table.mjs';

const LIMITS = [64, 128, 256, 512, 1024];
const LARGE_LIMITS = [64, 512, 1024];
const LARGE = [1, 5, 16];
const LARGE_FIELDS = 8;

const OWNERS = {
  anonymous: () => undefined,
  'one to an owner': (i) => `user-${i}`,
  'five to an owner': (i) => `user-${Math.floor(i / 5)}`,
};

async function open(limits) {
  return await Promise.all(
    limits.map(async (limit) => {
      const server = await openServer(['--hash-max-listpack-value', String(limit)]);
      const site = await Site.open({ url: server.url });
      // The scripts and the first connections are not part of a session's cost.
      await site.make(10, ordinarySession(), (i) => `first-${i}`);
      return { limit, server, site };
    }),
  );
}

async function close(places) {
  for (const { server, site } of places) {
    await site.close();
    await server.stop();
  }
}

/** Bytes for each of `count` sessions, and their cookies. */
async function bytesOf({ server, site }, count, content, ownerOf) {
  await server.client.flushAll();
  const before = await memoryOf(server);
  const cookies = await site.make(count, content, ownerOf);
  await settled(server);
  return { bytes: ((await memoryOf(server)) - before) / count, cookies };
}

async function ordinary({ quick, rounds }) {
  const count = quick ? 10_000 : 50_000;
  const places = await open(LIMITS);
  const rows = [];
  for (const place of places) {
    const row = [place.limit];
    for (const ownerOf of Object.values(OWNERS)) {
      const { bytes, cookies } = await bytesOf(place, count, ordinarySession(), ownerOf);
      row.push(whole(bytes));
      place.cookies = cookies;
      place.cpu = { read: [], change: [] };
    }
    rows.push(row);
  }
  const amount = quick ? 3000 : 10_000;
  for (let round = 0; round <= rounds; round++) {
    for (const { server, site, cookies, cpu } of places) {
      for (const act of ['read', 'change']) {
        const { cpus } = await during(server, () => site.load(act, cookies, amount));
        // The first round warms up.
        if (round > 0) cpu[act].push(cpus[0] / amount);
      }
    }
  }
  for (const [at, { cpu }] of places.entries()) rows[at].push(spread(cpu.read, 1), spread(cpu.change, 1));
  await close(places);
  const length = JSON.stringify(ordinarySession()).length;
  return `An ordinary session, six fields with ${length} bytes of JSON; ${whole(count)} of them. Bytes of \`used_memory\` for each
session, the owner's index included; CPU µs of the server for each request, with five sessions to an owner.

${table(['`hash-max-listpack-value`', ...Object.keys(OWNERS), 'a read', 'a change'], rows)}`;
}

async function large({ quick }) {
  const count = quick ? 1000 : 5000;
  const places = await open(LARGE_LIMITS);
  const rows = [];
  for (const size of LARGE) {
    const content = largeSession(size * 1024, LARGE_FIELDS);
    const row = [`${size} KB`, whole(JSON.stringify(content).length)];
    for (const place of places) {
      const { bytes } = await bytesOf(place, count, content, OWNERS['one to an owner']);
      row.push(whole(bytes));
    }
    rows.push(row);
  }
  await close(places);
  return `Larger sessions of ${LARGE_FIELDS} fields, one to an owner; ${whole(count)} of them. Bytes for each, by \`hash-max-listpack-value\`.

${table(['session', 'bytes of JSON', ...LARGE_LIMITS.map(String)], rows)}`;
}

export async function memory(options) {
  return `## Memory of Redis for a session\n\n${await ordinary(options)}\n${await large(options)}`;
}
