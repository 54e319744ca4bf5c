// Two processes of an application with Socket.IO and ws, and sockets of clients: how soon a revocation closes them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { redisCommand, startRedis } from './child.mjs';

const SITE = fileURLToPath(new URL('../../test/integration/sockets/fixtures/site.mjs', import.meta.url));
const SECRET = 'a secret for benchmarks that is not one';
const OWNERS = 100;
const SOCKETS = 500;

async function startSite(options) {
  const env = { ...process.env, SESSION_OPTIONS: JSON.stringify(options) };
  const child = spawn(process.execPath, [SITE], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const [first] = await once(lines, 'line');
  const origin = `http://127.0.0.1:${JSON.parse(first).port}`;
  const interrupted = once(lines, 'line');
  const stop = async () => {
    child.kill();
    await once(child, 'exit');
  };
  const send = async (path) => {
    const response = await fetch(origin + path);
    if (response.status !== 200) throw new Error(`${path}: ${response.status}`);
    return response.headers.getSetCookie()[0]?.split(';')[0];
  };
  return { origin, interrupted, send, stop };
}

const CONNECTORS = {
  async 'Socket.IO'(origin, cookie, onClose) {
    const socket = io(origin, {
      transports: ['websocket'],
      extraHeaders: { cookie },
      reconnection: false,
      forceNew: true,
    });
    socket.once('disconnect', onClose);
    await once(socket, 'hello');
    return () => socket.close();
  },
  async ws(origin, cookie, onClose) {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, { headers: { cookie } });
    socket.once('close', onClose);
    await once(socket, 'message');
    return () => socket.close();
  },
};

/** Revokes one owner after the other; returns the delays of all closed sockets, in order, in milliseconds. */
async function revokeAll(kind, sites) {
  /** @type {Promise<number>[][]} */
  const closings = Array.from({ length: OWNERS }, () => []);
  const closers = [];
  let closed = 0;
  for (let owner = 0; owner < OWNERS; owner++) {
    const cookie = await sites[owner % 2].send(`/login?owner=owner-${owner}`);
    for (let i = 0; i < SOCKETS / OWNERS; i++) {
      const closing = withResolvers();
      closings[owner].push(closing.promise);
      const onClose = () => {
        closed++;
        closing.resolve(performance.now());
      };
      closers.push(await CONNECTORS[kind](sites[i % 2].origin, cookie, onClose));
    }
  }
  const delays = [];
  for (const [owner, own] of closings.entries()) {
    const start = performance.now();
    await sites[0].send(`/revoke?owner=owner-${owner}`);
    for (const closing of own) delays.push((await closing) - start);
    if (closed !== delays.length) throw new Error(`A revocation of one owner closed a socket of another`);
  }
  for (const close of closers) close();
  return delays.toSorted((a, b) => a - b);
}

/** @param report is called with a line for each measurement */
export async function measureSockets(report) {
  for (const kind of Object.keys(CONNECTORS)) {
    const delays = await withSites({ watchInterval: 3600 }, (sites) => revokeAll(kind, sites));
    report(`${kind}, ${SOCKETS} sockets of ${OWNERS} owners in two processes`, delays);
  }
}

/** With the subscription cut, only the regular check of sessions can notice. */
export async function measureWithoutSubscription(report, watchInterval) {
  for (const kind of Object.keys(CONNECTORS)) {
    const delays = await withSites({ watchInterval }, async (sites, redis) => {
      // A first socket opens the subscription of each process.
      const cookie = await sites[0].send('/login?owner=first');
      for (const { origin } of sites) await CONNECTORS[kind](origin, cookie, () => {});
      await redisCommand(redis.port, 'ACL', 'SETUSER', 'app', '-subscribe');
      await redisCommand(redis.port, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
      await Promise.all(sites.map(({ interrupted }) => interrupted));
      return await revokeAll(kind, sites);
    });
    report(`${kind}, the subscription cut, \`watchInterval\` of ${watchInterval} s`, delays);
  }
}

async function withSites(options, work) {
  const redis = await startRedis();
  await redisCommand(redis.port, 'ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all');
  const url = `redis://app:secret@127.0.0.1:${redis.port}`;
  const all = { secret: SECRET, library: 'redis', redis: { url, publishEnds: true }, ...options };
  const sites = [await startSite(all), await startSite(all)];
  try {
    return await work(sites, redis);
  } finally {
    for (const site of sites) await site.stop();
    await redis.stop();
  }
}

/** As `Promise.withResolvers`, which Node has from version 22 on. */
function withResolvers() {
  let resolve;
  const promise = new Promise((resolved) => (resolve = resolved));
  return { promise, resolve };
}
