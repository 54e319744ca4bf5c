// What counting live sessions costs, and how exact it is, by the number of sessions.
import { randomBytes } from 'node:crypto';
import { createRedisStore } from 'websauna-session/redis';
import { during, memoryOf, openServer } from './server.mjs';
import { spread, table, whole } from './table.mjs';

/** Sessions in one report, as of a process that writes so many in a few seconds. */
const REPORT = 10_000;
const TIMEOUT = 1_200_000;
const NONE = { written: new Map(), ended: new Map() };

/** Reports so many sessions, of which every third has ended before. */
async function fill(store, count) {
  const now = await store.now();
  for (let left = count; left > 0; left -= REPORT) {
    const handles = Array.from({ length: Math.min(left, REPORT) }, () => randomBytes(32).toString('base64url'));
    const written = new Map(handles.map((handle, i) => [handle, now + TIMEOUT * (0.1 + (0.9 * i) / REPORT)]));
    const ended = new Map(
      handles.filter((_, i) => i % 3 === 0).map((handle) => [handle, written.get(handle) + 120_000]),
    );
    await store.addStats({ counts: [], anonymous: NONE, owned: { written, ended } }, 3600);
  }
  let live = 0;
  for (let left = count; left > 0; left -= REPORT) {
    const size = Math.min(left, REPORT);
    live += size - Math.ceil(size / 3);
  }
  return live;
}

export async function stats({ quick, rounds }) {
  const numbers = quick ? [1000, 100_000] : [1000, 100_000, 1_000_000];
  const rows = [];
  for (const number of numbers) {
    const seen = { add: [], read: [], off: [], stated: 0, bytes: 0 };
    for (let round = 0; round < rounds; round++) {
      const server = await openServer();
      const store = createRedisStore({ url: server.url, socketTimeout: 60 });
      const empty = await memoryOf(server);
      const filled = await during(server, () => fill(store, number));
      const { result, cpus } = await during(server, () => store.readStats(null, 3600));
      seen.add.push(filled.cpus[0] / number);
      seen.read.push(cpus[0] / 1000);
      seen.off.push((100 * Math.abs(result.owned - filled.result)) / filled.result);
      seen.stated = result.error;
      seen.bytes = (await memoryOf(server)) - empty;
      await store.close();
      await server.stop();
    }
    rows.push([
      whole(number),
      spread(seen.add, 2),
      spread(seen.read, 1),
      `${whole(seen.bytes / 1024)} KiB`,
      `${(100 * seen.stated).toFixed(2)} %`,
      `${seen.off.map((each) => each.toFixed(2)).join(', ')} %`,
    ]);
  }
  const heads = ['sessions', 'report, server µs for each', 'read, server ms', 'memory', 'stated error', 'off by'];
  return `## Statistics\n\nSessions of which a third has ended; each round with others.\n\n${table(heads, rows)}`;
}
