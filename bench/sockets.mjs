// How soon sockets of two processes learn that a session has ended, and what publishing costs the script that ends it.
// Needs `npm run build`. The sockets have a Redis of their own; the rest needs one: REDIS_URL, default
// redis://127.0.0.1:6379. Its keys begin with `bench-sockets:`.
//
//   node bench/sockets.mjs [owners] [watches of each owner in each process]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createSessionFactory } from '../dist/index.js';
import { measureSockets, measureWithoutSubscription } from './lib/socket-sites.mjs';

const [owners = 500, perOwner = 5] = process.argv.slice(2).map(Number);
const url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const secret = 'a secret for benchmarks that is not one';

function makeFactory(publishEnds) {
  return createSessionFactory({ secret, watchInterval: 3600, redis: { url, prefix: 'bench-sockets:', publishEnds } });
}

/** A request without a server: what matters here is between the store and the watches. */
function exchangeOf(cookie) {
  return {
    method: 'GET',
    url: '/',
    secure: false,
    clientAddress: null,
    request: {},
    header: (name) => (name === 'cookie' ? cookie : undefined),
    onClose() {},
  };
}

async function login(factory, owner) {
  const session = await factory.load(exchangeOf(undefined));
  session.login(owner);
  let cookie;
  const head = { status: 200, get: () => undefined, set() {}, appendCookie: (value) => (cookie = value.split(';')[0]) };
  await factory.commit(session, head);
  return cookie;
}

/** Watches as a process with sockets does, and reports the time of each end by the clock that all processes share. */
async function watch() {
  const factory = makeFactory(true);
  const [cookies] = await once(process, 'message');
  for (const [owner, cookie] of cookies.entries()) {
    for (let i = 0; i < perOwner; i++) {
      const session = await factory.load(exchangeOf(cookie));
      session.onEnd(() => process.send({ owner, at: Date.now() }));
    }
  }
  // The first looks at the sessions are over by then, and the subscription is there.
  setTimeout(() => process.send('ready'), 1000);
  process.on('disconnect', () => process.exit(0));
}

function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

async function measureDelays() {
  const factory = makeFactory(true);
  const cookies = [];
  for (let i = 0; i < owners; i++) cookies.push(await login(factory, `owner-${i}`));
  const children = [0, 1].map(() =>
    fork(fileURLToPath(import.meta.url), process.argv.slice(2), { env: { ...process.env, WATCH: '1' } }),
  );
  for (const child of children) child.send(cookies);
  await Promise.all(children.map((child) => once(child, 'message')));
  const revokedAt = [];
  const delays = [];
  const all = new Promise((resolve) => {
    for (const child of children) {
      child.on('message', (message) => {
        delays.push(message.at - revokedAt[message.owner]);
        if (delays.length === owners * perOwner * 2) resolve();
      });
    }
  });
  for (let i = 0; i < owners; i++) {
    revokedAt[i] = Date.now();
    await factory.owners.revoke(`owner-${i}`);
  }
  await all;
  for (const child of children) child.disconnect();
  await factory.close();
  report(
    `${delays.length} watches in two processes`,
    delays.toSorted((a, b) => a - b),
  );
}

function report(what, sorted) {
  const [p50, p99, max] = [percentile(sorted, 0.5), percentile(sorted, 0.99), sorted.at(-1)].map(Math.round);
  console.log(`${what}: p50 ${p50} ms, p99 ${p99} ms, at most ${max} ms after the call of revoke()`);
}

/** Logins and logouts one after the other, published or not, in turns. */
async function measureCost() {
  const factories = [makeFactory(false), makeFactory(true)];
  const spent = [0, 0];
  const rounds = 2000;
  for (let i = -200; i < rounds; i++) {
    for (const [which, factory] of factories.entries()) {
      const cookie = await login(factory, `cost-${i}`);
      const session = await factory.load(exchangeOf(cookie));
      session.logout();
      const start = performance.now();
      await factory.commit(session, { status: 200, get: () => undefined, set() {}, appendCookie() {} });
      if (i >= 0) spent[which] += performance.now() - start;
    }
  }
  for (const factory of factories) await factory.close();
  const [off, on] = spent.map((ms) => ((ms / rounds) * 1000).toFixed(0));
  console.log(`a logout: ${off} \u00b5s without \`redis.publishEnds\`, ${on} \u00b5s with it`);
}

if (process.env.WATCH === '1') {
  await watch();
} else {
  await measureSockets(report);
  await measureWithoutSubscription(report, 1);
  await measureDelays();
  await measureCost();
}
