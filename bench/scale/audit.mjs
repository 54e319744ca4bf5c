// What the audit trail and counting cost a request: the same requests without and with them, in turns in one process.
import { createSessionFactory } from 'websauna-session';
import { SECRET } from '../lib/clients.mjs';
import { during, openServer } from './server.mjs';
import { median, table } from './table.mjs';

const KINDS = { neither: {}, audit: { audit: true }, stats: { stats: true } };

/** One request of a browser, which has one cookie or none. */
async function visit(factory, browser, act) {
  const session = await factory.load({
    method: 'GET',
    url: '/',
    secure: false,
    clientAddress: null,
    request: null,
    header: (name) => (name === 'cookie' ? browser.cookie : undefined),
  });
  act(session);
  await factory.commit(session, {
    status: 200,
    get: () => undefined,
    set: () => {},
    appendCookie: (text) => {
      browser.cookie = text.includes('Max-Age=0') ? undefined : text.split(';')[0];
    },
  });
}

const ACTS = {
  login: (session, i) => session.login(`user-${i % 100}`, { method: 'password' }),
  read: (session) => session.get('views'),
  change: (session, i) => session.set('views', i),
  logout: (session) => session.logout(),
};

async function measure(server, factory, browsers, act) {
  const before = process.cpuUsage();
  const { cpus } = await during(server, async () => {
    const left = browsers.entries();
    const work = async () => {
      for (const [i, browser] of left) await visit(factory, browser, (session) => ACTS[act](session, i));
    };
    await Promise.all(Array.from({ length: 32 }, work));
  });
  const { user, system } = process.cpuUsage(before);
  return { client: (user + system) / browsers.length, server: cpus[0] / browsers.length };
}

export async function audit({ quick, rounds }) {
  const server = await openServer();
  const amount = quick ? 1000 : 4000;
  const factories = Object.entries(KINDS).map(([kind, options]) => [
    kind,
    createSessionFactory({ secret: SECRET, redis: { url: server.url, prefix: `${kind}:` }, ...options }),
  ]);
  const results = [];
  for (let round = -1; round < rounds; round++) {
    for (let i = 0; i < factories.length; i++) {
      const [kind, factory] = factories[(i + round + 1) % factories.length];
      const browsers = Array.from({ length: amount }, () => ({}));
      for (const act of ['login', 'read', 'change', 'logout']) {
        const result = await measure(server, factory, browsers, act);
        if (round >= 0) results.push({ round, kind, act, ...result });
      }
    }
  }
  for (const [, factory] of factories) await factory.close();
  await server.stop();
  const rows = Object.keys(ACTS).map((act) => {
    const of = (kind, side) =>
      median(results.filter((each) => each.kind === kind && each.act === act).map((each) => each[side]));
    // Of each round, so that a machine which is slower for some minutes is slower with and without them.
    const ratio = (kind, side) =>
      median(
        Array.from({ length: rounds }, (_, round) => {
          const [own, base] = [kind, 'neither'].map(
            (each) => results.find((one) => one.round === round && one.kind === each && one.act === act)[side],
          );
          return own / base;
        }),
      );
    return [act, 'client', 'server'].flatMap((side) =>
      side === act
        ? [act]
        : [of('neither', side).toFixed(0), ratio('audit', side).toFixed(2), ratio('stats', side).toFixed(2)],
    );
  });
  const heads = ['request', 'process µs', '× audit', '× stats', 'Redis µs', '× audit', '× stats'];
  return `## Audit and statistics\n\nCPU time of a request, in turns in one run.\n\n${table(heads, rows)}`;
}
