// The dashboard among many sessions: how long its pages take, and how long the server works on one command.
import { randomBytes } from 'node:crypto';
import { createDashboard } from '../../dist/dashboard/index.js';
import { withSession } from '../../dist/adapters/fetch.js';
import { createSessionFactory } from '../../dist/index.js';
import { ordinarySession } from '../lib/routes.mjs';
import { command, dumpOf, fill, pipe } from './fill.mjs';
import { openServer, settled } from './server.mjs';
import { SECRET } from './site.mjs';
import { median, table, whole } from './table.mjs';

const REQUESTS = 100;
/** Devices of the owner that is looked at, and entries of the audit trail. */
const DEVICES = 10;
const ENTRIES = 1000;
const TIMEOUT = 36_000;
const HOUR = 3_600_000;
const HOURS = 168;
const DAYS = 36;
/** As many as a busy site has in each minute. */
const KINDS =
  'login logout created loaded saved touched rotated revoked destroyed:logout destroyed:revoked destroyed:evicted rejected:not-found rejected:malformed'.split(
    ' ',
  );

async function open(stored) {
  const server = await openServer(['--hash-max-listpack-value', '512']);
  const options = { secret: SECRET, redis: { url: server.url }, timeout: TIMEOUT, touchInterval: 3600 };
  const factory = createSessionFactory({ ...options, audit: true, stats: true });
  const pages = createDashboard(factory, { canView: () => true, canAct: () => true });
  const logIn = withSession(factory, (request, session) => {
    for (const [name, value] of Object.entries(ordinarySession())) session.set(name, value);
    session.login(new URL(request.url).pathname.slice(1), { method: 'password' });
    return new Response();
  });
  const cookieOf = async (owner) => {
    const { headers } = await logIn(new Request(`http://localhost/${owner}`));
    return headers.getSetCookie()[0].split(';')[0];
  };
  const admin = await cookieOf('admin');
  for (let i = 0; i < ENTRIES; i++) {
    await cookieOf('alice');
    if (i === ENTRIES - DEVICES - 1) await factory.owners.revoke('alice', { by: 'admin' });
  }
  const dump = await dumpOf(server, 'session:{????????????????}:???????????????????????????????????????????');
  await fill(server, dump, stored);
  await pipe(server, statistics());
  await settled(server);
  const visit = withSession(factory, pages.fetch);
  return {
    server,
    factory,
    get: (query) => visit(new Request(`http://localhost/${query}`, { headers: { cookie: admin } })),
  };
}

/** A week of counts by the minute, five weeks of sums by the hour, and the counters of live sessions, all full: what a busy site has. */
function* statistics() {
  const key = (name) => `session:{stats}:${name}`;
  const thisHour = Math.floor(Date.now() / HOUR);
  for (let hour = thisHour - HOURS + 1; hour <= thisHour; hour++) {
    const fields = Array.from({ length: 60 }, (_, minute) =>
      KINDS.flatMap((kind) => [`${minute}:${kind}`, '25']),
    ).flat();
    yield command(['HSET', key(`counts:${hour}`), ...fields]);
  }
  for (let day = Math.floor(thisHour / 24) - DAYS + 1; day <= Math.floor(thisHour / 24); day++) {
    const fields = Array.from({ length: 24 }, (_, hour) => KINDS.flatMap((kind) => [`${hour}:${kind}`, '1500'])).flat();
    yield command(['HSET', key(`hours:${day}`), ...fields]);
  }
  const width = 1000 * 2 ** Math.ceil(Math.log2(TIMEOUT / 32));
  for (const kind of ['anonymous:written', 'anonymous:ended', 'owned:written', 'owned:ended']) {
    for (let end = Math.ceil(Date.now() / width) + 1; end * width < Date.now() + TIMEOUT * 1000; end++) {
      const name = `${kind}:${width}:${end}`;
      const handles = Array.from({ length: 10_000 }, () => randomBytes(9).toString('base64url'));
      yield command(['PFADD', key(name), ...handles]);
      yield command(['ZADD', key('buckets'), String(end * width), name]);
    }
  }
}

async function measure({ server: { client }, get }, query) {
  await client.configSet({ 'slowlog-log-slower-than': '100', 'slowlog-max-len': '100000' });
  const times = [];
  const longest = [];
  let bytes = 0;
  for (let i = -10; i < REQUESTS; i++) {
    await client.sendCommand(['SLOWLOG', 'RESET']);
    const begun = performance.now();
    const response = await get(query);
    bytes = (await response.text()).length;
    const time = performance.now() - begun;
    if (response.status !== 200) throw new Error(`The page was answered with ${response.status}`);
    const slow = await client.sendCommand(['SLOWLOG', 'GET', '-1']);
    if (i < 0) continue;
    times.push(time);
    longest.push(Math.max(0, ...slow.map(([, , micros]) => Number(micros))) / 1000);
  }
  const sorted = times.toSorted((a, b) => a - b);
  return { median: median(times), p99: sorted[Math.floor(REQUESTS * 0.99) - 1], longest: median(longest), bytes };
}

const PAGES = {
  'overview, an hour': '',
  'overview, six hours': '?period=six',
  'overview, a day': '?period=day',
  'overview, a week': '?period=week',
  [`owner, ${DEVICES} devices and ${whole(ENTRIES)} entries`]: '?page=owner&owner=alice',
  events: '?page=events',
};

export async function dashboard({ quick }) {
  const rows = [];
  for (const stored of [1000, quick ? 100_000 : 1_000_000]) {
    const place = await open(stored);
    for (const [name, query] of Object.entries(PAGES)) {
      const { median: middle, p99, longest, bytes } = await measure(place, query);
      const cells = [whole(stored), name, middle.toFixed(1), p99.toFixed(1), longest.toFixed(1), whole(bytes)];
      rows.push(cells);
    }
    await place.factory.close();
    await place.server.stop();
  }
  const heads = ['sessions stored', 'page', 'median ms', '99 % ms', 'longest command ms', 'characters'];
  return `## Dashboard

Time to answer a page of the dashboard, from the request to the last byte in this process, ${REQUESTS} times one after the
other; and how long Redis worked on the longest command of a page, by its SLOWLOG, in the median (0.0: less than 0.1).

${table(heads, rows)}`;
}
