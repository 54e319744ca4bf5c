// What a request costs the application, by the size of its session and the number of its fields.
import { during, openServer } from './server.mjs';
import { Site } from './site.mjs';
import { spread, table } from './table.mjs';

/** KB. */
const SIZES = [0.2, 1, 4, 16, 64, 256];
const FIELDS = [3, 30, 300];
/** Bytes of the least that a field can be here, its name included. */
const LEAST = 24;
/** Bytes that all requests of a measurement read, about. */
const AMOUNT = 40_000_000;

/** Fields of `{ text }`, one of them `views`; `undefined` where so many do not fit. */
function content(kilobytes, fields) {
  const each = Math.floor((kilobytes * 1024) / fields);
  if (each < LEAST) return undefined;
  const others = Array.from({ length: fields - 1 }, (_, i) => [`field${i}`, { text: 'x'.repeat(each - 20) }]);
  return { views: 1, ...Object.fromEntries(others) };
}

export async function sizes({ quick, rounds }) {
  const server = await openServer(['--hash-max-listpack-value', '512']);
  const site = await Site.open({ url: server.url });
  const cells = new Map();
  for (const size of SIZES) {
    for (const fields of FIELDS) {
      const data = content(size, fields);
      if (data === undefined) continue;
      const cookies = await site.make(64, data);
      cells.set(`${size} ${fields}`, { size, cookies, read: [], change: [] });
    }
  }
  for (let round = 0; round <= rounds; round++) {
    for (const cell of cells.values()) {
      const amount = Math.round(Math.min(5000, Math.max(500, AMOUNT / 1024 / cell.size)) / (quick ? 5 : 1));
      for (const act of ['read', 'change']) {
        const { result, cpus } = await during(server, () => site.load(act, cell.cookies, amount));
        if (round > 0) cell[act].push({ client: result.cpu, server: cpus[0] / amount });
      }
    }
  }
  await site.close();
  await server.stop();
  const rows = (act, side) =>
    SIZES.map((size) => [
      `${size} KB`,
      ...FIELDS.map((fields) => {
        const cell = cells.get(`${size} ${fields}`);
        return cell === undefined ? '' : spread(cell[act].map((each) => each[side]));
      }),
    ]);
  const heads = (what) => [what, ...FIELDS.map((fields) => `${fields} fields`)];
  return `## The size of a session

CPU µs for each request, which reads or sets one small field of its session; one process, 32 requests at once. Sessions
that would have less than ${LEAST} bytes to a field are left out.

${table(heads('application, read'), rows('read', 'client'))}
${table(heads('application, change'), rows('change', 'client'))}
${table(heads('Redis, read'), rows('read', 'server'))}
${table(heads('Redis, change'), rows('change', 'server'))}`;
}
