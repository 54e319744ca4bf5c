// When a process with the client-side cache sees what another process has done.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { quantile } from '../lib/report.mjs';
import { ordinarySession } from '../lib/routes.mjs';
import { during, openServer } from './server.mjs';
import { Site } from './site.mjs';
import { table, whole } from './table.mjs';

function now() {
  return Number(process.hrtime.bigint());
}

/** A request that does something to a session. Returns when its commit was sent, and when it was answered. */
function request(act) {
  return async (site, _, [cookie]) => {
    let sent;
    await site.visit(cookie, (session) => {
      act(session);
      sent = now();
    });
    return { sent, answered: now() };
  };
}

async function revoke(site, owner, cookies) {
  const sent = now();
  const ended = await site.factory.owners.revoke(owner);
  if (ended !== cookies.length) throw new Error(`${ended} of ${cookies.length} sessions were ended`);
  return { sent, answered: now() };
}

/** What the writer does, to an owner with so many sessions. */
const KINDS = {
  'change of a field': { sessions: 1, write: request((session) => session.set('views', session.get('views') + 1)) },
  logout: { sessions: 1, write: request((session) => session.logout()) },
  '`owners.revoke`, one session': { sessions: 1, write: revoke },
  '`owners.revoke`, 100 sessions': { sessions: 100, write: revoke },
};

/** Sends the reader a message, and waits until it has carried it out. */
async function send(reader, message) {
  reader.send(message);
  await once(reader, 'message');
}

let owners = 0;

/** Milliseconds from the writer's answer, and from its send, to what the reader saw. */
async function sample(site, reader, { sessions, write }) {
  const owner = `owner-${++owners}`;
  const cookies = await site.make(sessions, ordinarySession(), () => owner);
  await send(reader, { cookies });
  const [[{ begun, answered }], written] = await Promise.all([once(reader, 'message'), write(site, owner, cookies)]);
  return {
    begun: (begun - written.answered) / 1e6,
    answered: (answered - written.answered) / 1e6,
    sinceSent: (answered - written.sent) / 1e6,
  };
}

/** All samples of a kind in a row. Reads that the cache did not answer would measure something else. */
async function measure(place, kind, load, amount) {
  const { server, site, reader } = place;
  await send(reader, { load });
  const samples = [];
  const { stats } = await during(server, async () => {
    for (let i = 0; i < amount; i++) samples.push(await sample(site, reader, kind));
  });
  await send(reader, { load: false });
  // Each session is read when the watch begins and when it ends, and by the request that changes it.
  const most = amount * (2 * kind.sessions + 1);
  const { calls } = stats[0].get('hgetall');
  if (!load && calls > most) throw new Error(`The server was asked ${calls} times, at most ${most} were expected`);
  return samples;
}

function cells(samples) {
  return ['begun', 'answered', 'sinceSent'].map((figure) => {
    const of = samples.map((each) => each[figure]);
    return [0.5, 0.99, 1].map((q) => quantile(of, q).toFixed(2).replace('-0.00', '0.00')).join(' / ');
  });
}

export async function invalidations({ quick, rounds }) {
  const amount = quick ? 50 : 400;
  const server = await openServer(['--hash-max-listpack-value', '512']);
  const site = await Site.open({ url: server.url, cache: true });
  const reader = fork(new URL('reader.mjs', import.meta.url), [server.url]);
  await once(reader, 'message');
  const place = { server, site, reader };
  const series = Object.entries(KINDS).flatMap(([name, kind]) =>
    [false, true].map((load) => ({ name, kind, load, samples: [] })),
  );
  for (let round = 0; round <= rounds; round++) {
    for (const { kind, load, samples } of series) {
      const seen = await measure(place, kind, load, kind.sessions > 1 ? amount / 2 : amount);
      if (round > 0) samples.push(...seen);
    }
  }
  reader.disconnect();
  await once(reader, 'exit');
  await site.close();
  await server.stop();
  const rows = series.map(({ name, load, samples }) => [
    `${name}, ${load ? 'busy' : 'idle'}`,
    whole(samples.length),
    ...cells(samples),
  ]);
  return `## What another process sees, with the client-side cache

ms, as median / 99th percentile / longest: from the writer's answer, or from its send, until the reader's first read
that no longer sees what was; where there are several sessions, of the last of them. Below zero: before the writer had
its answer. A busy reader has 32 requests on other sessions under way all the time, one in ten of which changes its
session.

${table(['what is done, and the reader', 'samples', 'from the answer: begins', 'is answered', 'from the send: is answered'], rows)}`;
}
