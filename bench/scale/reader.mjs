// A process of an application with the client-side cache, which measures when it stops seeing the old state.
import { setImmediate as turn } from 'node:timers/promises';
import { ordinarySession } from '../lib/routes.mjs';
import { ACTS, Site } from './site.mjs';

/** Requests at once, when it is busy. */
const AT_ONCE = 32;
const OTHERS = 2000;

const site = await Site.open({ url: process.argv[2], cache: true });
const others = await site.make(OTHERS, ordinarySession(), (i) => `other-${i}`);
/** While it is busy. */
let work = new AbortController();
let lanes = [];
let next = 0;

/** Nanoseconds of a clock that all processes of the machine share. */
function now() {
  return Number(process.hrtime.bigint());
}

/** What an application sees of a session. */
async function look(cookie) {
  let seen;
  await site.visit(cookie, (session) => (seen = `${session.owner} ${session.get('views')}`));
  return seen;
}

/** One request after the other, of which one in ten changes its session; each comes in a turn of its own. */
async function lane({ signal }) {
  while (!signal.aborted) {
    const at = next++;
    await site.visit(others[at % OTHERS], at % 10 === 0 ? ACTS.change : ACTS.read);
    await turn();
  }
}

/**
 * Reads the sessions until none is as it was. Each turn of the event loop, in which what has arrived is heard, has a
 * read: of one session, and as soon as that one is not as it was, of all the others.
 */
async function watch(cookies) {
  const old = new Map();
  for (const cookie of cookies) old.set(cookie, await look(cookie));
  process.send('watching');
  let begun = 0;
  const read = async (group) => {
    begun = now();
    const seen = await Promise.all(group.map(look));
    const changed = group.filter((cookie, at) => seen[at] !== old.get(cookie));
    for (const cookie of changed) old.delete(cookie);
    return changed.length > 0;
  };
  while (old.size > 0) {
    await turn();
    const [first] = old.keys();
    if ((await read([first])) && old.size > 0) await read([...old.keys()]);
  }
  process.send({ begun, answered: now() });
}

async function become(busy) {
  work.abort();
  await Promise.all(lanes);
  work = new AbortController();
  lanes = Array.from({ length: busy ? AT_ONCE : 0 }, () => lane(work));
  process.send('so it is');
}

process.on('message', ({ cookies, load }) => (cookies === undefined ? become(load) : watch(cookies)));
process.once('disconnect', () => process.exit());
process.send('ready');
